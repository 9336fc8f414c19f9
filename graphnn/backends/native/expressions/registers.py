"""Registers: their types, loading and storing, constants in them, converting from one to another."""

from __future__ import annotations

import math

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType

Number = bool | int | float


def register_name(dtype: DType) -> str:
    """The name of the register type, without the form."""
    if dtype in dtypes.NARROW:
        return "f32"
    return "b8" if dtype is dtypes.bool else dtype.short


def register_type(dtype: DType, form: str) -> str:
    return register_name(dtype) + form


def _memory_name(dtype: DType) -> str:
    return "b8" if dtype is dtypes.bool else dtype.short


def load(dtype: DType, pointer: str, form: str) -> str:
    return f"gn_load_{_memory_name(dtype)}{form}({pointer})"


def store(dtype: DType, pointer: str, value: str, form: str) -> str:
    return f"gn_store_{_memory_name(dtype)}{form}({pointer}, {value})"


def splat(dtype: DType, value: str) -> str:
    """A vector of one element many times."""
    return f"gn_splat_{register_name(dtype)}v({value})"


def convert(value: str, source: DType, target: DType, form: str) -> str:
    """The value in another dtype, rounded to it; to 16 bits from float32, as the kernels do."""
    if source is target:
        return value
    a, b = register_name(source), register_name(target)
    found = value if a == b else f"gn_convert_{a}{form}_{b}{form}({value})"
    return rounded(found, target, form) if _needs_rounding(source, target) else found


def _needs_rounding(source: DType, target: DType) -> bool:
    exact = (dtypes.bool, dtypes.int8, dtypes.uint8)
    return target in dtypes.NARROW and source not in exact


def rounded(value: str, dtype: DType, form: str) -> str:
    """A register's number as the dtype can hold it."""
    return f"gn_round_{dtype.short}{form}({value})" if dtype in dtypes.NARROW else value


# ---- constants


def constant(number: Number, dtype: DType, form: str) -> str:
    """A Python number in a register, brought to the dtype as NumPy brings it."""
    text = _number(number, dtype)
    return text if form == "s" else f"gn_splat_{register_name(dtype)}v({text})"


def _number(number: Number, dtype: DType) -> str:
    if dtype is dtypes.bool:
        return str(int(bool(number)))
    if not dtype.is_floating_point:
        return _integer(number, dtype)
    with np.errstate(all="ignore"):
        held = np.array(float(number), dtype.numpy).astype(np.float64).item()
    if math.isnan(held):
        return "NAN"
    if math.isinf(held):
        return "INFINITY" if held > 0 else "-INFINITY"
    return held.hex() + ("" if dtype is dtypes.float64 else "f")


def _integer(number: Number, dtype: DType) -> str:
    bits = 8 * dtype.itemsize
    whole = int(number) % (1 << bits)
    if dtype.is_signed and whole >> (bits - 1):
        whole -= 1 << bits
    if whole == -(1 << 63):
        return "INT64_MIN"
    return str(whole) + ("ull" if dtype is dtypes.uint64 else "ll" if bits == 64 else "")
