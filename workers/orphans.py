"""A child process whose parent is gone: the kernel ends it, even after a `kill -9` (Linux)."""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(signum: int, parent: int) -> None:
    """Runs in the child, before exec or first of all: `signum` ends it when `parent`, a process id, has ended.

    To be exact: when the thread of the parent has ended that started it.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # it went before we asked
            os._exit(1)
