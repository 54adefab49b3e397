"""How another process of this very program is started."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def python_module(name: str) -> tuple[str, ...]:
    """The command that runs one of our modules with this Python.

    `-m` looks for modules in the current folder first, where the user may have a `topics` or a `queue.py` of his own:
    only our own folder is looked through.
    """
    return (sys.executable, *(() if _is_at_home() else ("-P",)), "-m", name)


def _is_at_home() -> bool:
    try:
        return Path.cwd() == _ROOT
    except FileNotFoundError:  # the current folder is gone
        return False
