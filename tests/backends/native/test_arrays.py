"""Inputs of any strides are read and copied in C."""

import ctypes

import numpy as np
import pytest

from graphnn.backends.native.toolchain.arrays import reads_arrays
from graphnn.backends.native.toolchain.build import build

PROGRAM = """
#include "array.h"
__attribute__((visibility("default"))) int copy(const gn_array *a, char *to, int nd, const intptr_t *shape, intptr_t item)
{
    return gn_copy_in(a, to, nd, shape, item);
}
"""
BASE = np.arange(2 * 3 * 4 * 5)
VIEWS = {
    "dense": lambda a: a,
    "transposed": lambda a: a.transpose(3, 1, 0, 2),
    "channels last": lambda a: a.transpose(0, 2, 3, 1),
    "every other": lambda a: a[:, ::2, :, ::2],
    "backwards": lambda a: a[::-1, :, ::-1],
    "dense rows": lambda a: a[:, 1:, 1:],
    "repeated": lambda a: np.broadcast_to(a[:, :1], a.shape),
    "flat": lambda a: a.reshape(-1)[::3],
    "scalar": lambda a: a[0, 0, 0, 0, ...],
    "empty": lambda a: a[:, :0],
    "axes of one": lambda a: a[:1, :, 2:3, ::-1],
    "new axis": lambda a: a[None, :, 0],
}


def copy(array: np.ndarray, shape: tuple[int, ...]) -> tuple[int, np.ndarray]:
    function = build({"test_arrays": PROGRAM}).function("copy")
    function.argtypes = (ctypes.py_object, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_ssize_t)
    out, sizes = np.zeros(shape, array.dtype), np.array([*shape, 0], np.intp)
    return function(array, out.ctypes.data, len(shape), sizes.ctypes.data, array.itemsize), out


def test_arrays_are_read_rightly_here():
    assert reads_arrays()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8, np.bool_, np.float16])
@pytest.mark.parametrize("view", VIEWS)
def test_copies_any_strides_in_c_order(view, dtype):
    array = VIEWS[view](BASE.astype(dtype).reshape(2, 3, 4, 5))
    refused, out = copy(array, array.shape)
    assert not refused
    np.testing.assert_array_equal(out, array)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2, 1), (6,), (3, 3), ()])
def test_refuses_another_shape_and_copies_nothing(shape):
    refused, out = copy(np.ones((3, 2), np.float32), shape)
    assert refused
    assert not out.any()
