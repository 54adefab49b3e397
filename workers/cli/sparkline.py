"""A row of counts as a line of blocks for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(counts: Sequence[int]) -> str:
    """One block a count, the highest for the greatest; a space for none.

    >>> sparkline([0, 1, 4, 8])
    ' ▁▄█'
    """
    most = max(counts, default=0)
    return "".join(_BLOCKS[max(0, -(-count * len(_BLOCKS) // most) - 1)] if count else " " for count in counts)
