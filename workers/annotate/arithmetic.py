"""The matrix multiplication of the models: numpy's BLAS in place of thinc's own, which is several times slower here.

The results differ in the last bits of a float only. Nothing else of thinc is changed. And the C library's memory: it is
told to keep what it has, because large arrays come and go with every batch.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from thinc.api import NumpyOps, set_current_ops

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h
_KEPT_BYTES = 128 * 2**20


class DotOps(NumpyOps):  # type: ignore[misc]  # thinc's class is compiled and has no types
    """`NumpyOps` whose `gemm` is `numpy.dot`."""

    def gemm(self, x: Any, y: Any, out: Any = None, trans1: bool = False, trans2: bool = False) -> Any:
        """`x` times `y`, either transposed first if asked; written into `out` if that is given."""
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.ndim == y.ndim == 2:
            first, second = x.T if trans1 else x, y.T if trans2 else y
            if out is None or (out.flags.c_contiguous and out.dtype == x.dtype == y.dtype):
                return np.dot(first, second, out=out)
            out[:] = np.dot(first, second)
            return out
        return super().gemm(x, y, out=out, trans1=trans1, trans2=trans2)


def use_fast_arithmetic() -> None:
    """Make models that this thread loads from now on multiply with numpy."""
    set_current_ops(DotOps())


def keep_memory() -> None:
    """Have glibc reuse memory up to 128 MB rather than give it back: fresh pages would be cleared for every batch.

    Other C libraries have no such call, and then nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
