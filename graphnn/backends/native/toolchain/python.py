"""C functions as functions of Python: a call of one takes a tenth of what a call through ctypes takes."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

FASTCALL = 0x80  # METH_FASTCALL: arguments come as a C array of objects
KEYWORDS = 0x2  # METH_KEYWORDS: then a tuple of the names of the last of them, or NULL
LENT = ("PyFloat_AsDouble", "PyLong_AsLongLong", "PyObject_IsTrue", "PyLong_FromLong")
LOCK = ("PyEval_SaveThread", "PyEval_RestoreThread")


class _Definition(ctypes.Structure):
    """PyMethodDef; Python keeps its address, so it must live as long as the function."""

    _fields_ = (("name", ctypes.c_char_p), ("run", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p))


def can_make_functions() -> bool:
    """Whether this Python has the C functions that are needed (CPython has)."""
    return has_functions("PyCFunction_NewEx", *LENT, *LOCK)


def has_functions(*names: str) -> bool:
    return all(hasattr(ctypes.pythonapi, name) for name in names)


def python_function(name: str, address: int, context: list[int]) -> Any:
    """The C function at `address`, of the signature `PyObject *(PyObject *self, PyObject *const *args, Py_ssize_t n)`, whose
    `self` is an array of the words of `context` and of what it may call (see `gn_context` in array.h)."""
    return function_of(name, address, [*context, *lent(*LENT, *LOCK)])


def function_of(name: str, address: int, words: list[int], flags: int = FASTCALL, alive: Any = None) -> Any:
    """A C function as above, whose `self` is an array of just these words; it keeps `alive` alive."""
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.argtypes, new.restype = (ctypes.c_void_p, ctypes.py_object, ctypes.py_object), ctypes.py_object
    return new(ctypes.addressof(_definition(name, address, flags)), np.array(words, np.uintp), alive)


@cache
def _definition(name: str, address: int, flags: int) -> _Definition:
    return _Definition(name.encode(), address, flags, None)


@cache
def lent(*names: str) -> list[int]:
    """The addresses of Python's own C functions."""
    return [ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0 for name in names]
