"""The one door to BLAS: matrix products under one lock.

Multi-threaded OpenBLAS has returned wrong results when several threads called it at once (OpenBLAS issue 5836, fixed in
0.3.34, which is later than what today's NumPy wheels bundle). A product threads itself, so little is lost by the lock.
"""

from __future__ import annotations

import threading

import numpy as np

_one_at_a_time = threading.Lock()


def matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """`out = a @ b`."""
    with _one_at_a_time:
        np.matmul(a, b, out)
