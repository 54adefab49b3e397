"""How far a replay is, in one line: what is sent, what each step has done, how fast, and how long it still takes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.archives.playing import Playing
    from workers.local.progress import Progress

_LOOK_BACK_SECONDS = 10.0


class ProgressLine:
    """Remembers the last seconds, for the rate."""

    def __init__(self, playing: Playing, clock: Callable[[], float] = time.monotonic) -> None:
        self._playing = playing
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def words(self, progress: Sequence[Progress]) -> str:
        """For example `annotate 1,200/2,759  watch 1,150/1,200  118 a second, 0:13 left`."""
        line = "  ".join(f"{step.step} {step.done:,}/{step.total:,}" for step in progress)
        if not progress:
            return line
        rate = self._rate(progress[0].done)
        if rate <= 0:
            return line
        line += f"  {rate:,.0f} a second"
        if self._playing.speed is None:
            minutes, seconds = divmod(round(progress[0].waiting / rate), 60)
            line += f", {minutes}:{seconds:02} left"
        elif self._playing.newest is not None:
            line += f", at {self._playing.newest:%Y-%m-%d %H:%M}Z"
        return line

    def _rate(self, done: int) -> float:
        now = self._clock()
        self._seen.append((now, done))
        while now - self._seen[0][0] > _LOOK_BACK_SECONDS:
            self._seen.popleft()
        (then, before) = self._seen[0]
        return (done - before) / (now - then) if now > then else 0.0
