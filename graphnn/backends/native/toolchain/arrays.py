"""Whether C can be called as a function of Python, and `array.h` reads this process's NumPy arrays rightly."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import numpy as np

from graphnn.backends.native.toolchain.build import build
from graphnn.backends.native.toolchain.python import can_make_functions

PROBE_UNITS = {
    "probe": """
#include "array.h"
__attribute__((visibility("default"))) void gn_probe(const gn_array *a, intptr_t *out)
{
    *out++ = (intptr_t)a->data;
    *out++ = a->nd;
    for (int i = 0; i < a->nd; i++) *out++ = a->dims[i];
    for (int i = 0; i < a->nd; i++) *out++ = a->strides[i];
}
"""
}


@lru_cache(maxsize=1)
def reads_arrays() -> bool:
    """Whether addresses, shapes and strides of a few arrays come out right; otherwise inputs go through NumPy."""
    if not can_make_functions():
        return False
    probe = build(PROBE_UNITS).function("gn_probe")
    probe.argtypes, probe.restype = (ctypes.py_object, ctypes.c_void_p), None
    arrays = (np.zeros((2, 3, 4), np.float32), np.zeros(5, np.int64)[::-2], np.zeros((), bool), np.zeros((3, 2)).T)
    return all(_reads(probe, array) for array in arrays)


def _reads(probe: Any, array: np.ndarray) -> bool:
    out = np.full(2 + 2 * array.ndim, -1, np.intp)
    probe(array, out.ctypes.data)
    return out.tolist() == [array.ctypes.data, array.ndim, *array.shape, *array.strides]
