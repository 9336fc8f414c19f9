"""Whole calls in C (`include/call.c`): what Python lends to them, and the functions that Python calls."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from graphnn.backends.native.toolchain.arrays import reads_arrays
from graphnn.backends.native.toolchain.build import build
from graphnn.backends.native.toolchain.library import Library
from graphnn.backends.native.toolchain.python import FASTCALL, KEYWORDS, function_of, has_functions, lent
from graphnn.errors import BackendError
from graphnn.runtime.direct import Direct

MOST_ARGUMENTS = 16
PY_TP_NEW = 65  # CPython's slot number, part of its stable ABI
NEW_FROM_DESCR = 94  # its place in NumPy's C API; places never change
FUNCTIONS = (
    "PyObject_GetAttr",
    "PyObject_SetAttr",
    "PyObject_Vectorcall",
    "PyTuple_GetItem",
    "PyObject_Size",
    "Py_IncRef",
    "Py_DecRef",
    "PyErr_Clear",
)
NAMES = "_array _type tensor_type _requires _base _storage array trace enabled stack value epoch bound count state fill"


def direct_call(direct: Direct) -> Any:
    """The call as a function of its arguments; None where it cannot be had (a plan that runs already runs without it)."""
    functions = _functions()
    if functions is None or len(direct.arguments) > MOST_ARGUMENTS:
        return None
    try:
        address = _library().address("gn_call").value or 0
    except BackendError:
        return None
    shape = np.array(direct.shape, np.intp)
    words = [part for pair in (*direct.arguments, *direct.guards) for part in pair]
    listed = np.array([*map(id, words), 0], np.uintp)
    objects: list[Any] = [*map(sys.intern, NAMES.split()), None, True, False, 0, ()]
    objects += [
        direct.tensor,
        direct.storage,
        np.ndarray,
        direct.otherwise,
        direct.modes,
        direct.enabled,
        direct.builders,
    ]
    objects += [direct.epochs, direct.entry, direct.program, direct.changes, direct.take, direct.give_back]
    objects += [direct.kind, direct.dtype]
    context = [*functions, *map(id, objects), shape.size, shape.ctypes.data]
    context += [len(direct.arguments), len(direct.guards), listed.ctypes.data]
    return function_of("call", address, context, FASTCALL | KEYWORDS, (objects, words, shape, listed))


@lru_cache(maxsize=1)
def _functions() -> list[int] | None:
    """The addresses that `call.c` wants, in its order; None where this Python or NumPy does not have them."""
    if not reads_arrays() or not has_functions(*FUNCTIONS, "PyType_GetSlot", "PyCapsule_GetPointer"):
        return None
    slot = ctypes.pythonapi.PyType_GetSlot
    slot.argtypes, slot.restype = (ctypes.py_object, ctypes.c_int), ctypes.c_void_p
    numpy = _numpy_functions()
    return None if numpy is None else [*lent(*FUNCTIONS), slot(object, PY_TP_NEW) or 0, numpy[NEW_FROM_DESCR]]


def _numpy_functions() -> Any:
    """NumPy's table of C functions, as compiled extensions get it."""
    capsule = getattr(getattr(np, "_core", None), "_multiarray_umath", None)
    capsule = getattr(capsule, "_ARRAY_API", None)
    if capsule is None:
        return None
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.argtypes, pointer.restype = (ctypes.py_object, ctypes.c_char_p), ctypes.c_void_p
    return ctypes.cast(pointer(capsule, None), ctypes.POINTER(ctypes.c_size_t))


@lru_cache(maxsize=1)
def _library() -> Library:
    return build(call_units())


def call_units() -> dict[str, str]:
    return {"call": (files("graphnn.backends.native") / "include" / "call.c").read_text()}
