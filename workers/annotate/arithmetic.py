"""The matrix multiplication of the models: numpy's BLAS in place of thinc's own, which is several times slower here.

The results differ in the last bits of a float only. Nothing else of thinc is changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from thinc.api import NumpyOps, set_current_ops


class DotOps(NumpyOps):  # type: ignore[misc]  # thinc's class is compiled and has no types
    """`NumpyOps` whose `gemm` is `numpy.dot`."""

    def gemm(self, x: Any, y: Any, out: Any = None, trans1: bool = False, trans2: bool = False) -> Any:
        """`x` times `y`, either transposed first if asked; written into `out` if that is given."""
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.ndim == y.ndim == 2:
            product = np.dot(x.T if trans1 else x, y.T if trans2 else y, out=None)
            if out is None:
                return product
            out[:] = product
            return out
        return super().gemm(x, y, out=out, trans1=trans1, trans2=trans2)


def use_fast_arithmetic() -> None:
    """Make models that this thread loads from now on multiply with numpy."""
    set_current_ops(DotOps())
