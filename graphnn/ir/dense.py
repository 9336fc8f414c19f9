"""How arrays look in the graph's text: short ones spelled out (`dense`), long ones as bytes in base64 (`blob`)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np

from graphnn.ir.attrs import Constant
from graphnn.ir.dtypes import of_numpy
from graphnn.ir.types import Shape, TensorType

SPELLED_OUT = 16  # elements, at most


def format_constant(constant: Constant, implied: TensorType | None = None) -> str:
    """`dense<[1.0, 2.5]>` or `blob<"base64">` of the little-endian bytes; a type not `implied` goes first."""
    array = constant.array
    type = TensorType(of_numpy(array.dtype), array.shape)
    head = "" if type is implied else f"{type}, "
    if array.size <= SPELLED_OUT:
        spelled = _spell(array)
        if spelled is not None:
            return f"dense<{head}{spelled}>"
    return f'blob<{head}"{base64.b64encode(_little_endian(array).tobytes()).decode()}">'


def read_dense(parsed: Any, type: TensorType) -> Constant:
    """The constant of nested tuples of numbers; ValueError saying what does not fit the type."""
    if type.size == 0 and parsed == ():
        return Constant(np.empty(type.shape, type.dtype.numpy))
    flat: list[Any] = []
    _flatten(parsed, type.shape, flat)
    return Constant(_array(flat, type).reshape(type.shape))


def read_blob(text: str, type: TensorType) -> Constant:
    """The constant of base64 text; ValueError saying what does not fit the type."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"the blob is not base64: {error}") from None
    if len(data) != type.nbytes:
        raise ValueError(f"the blob holds {len(data)} bytes, {type} has {type.nbytes}")
    array = np.frombuffer(data, type.dtype.numpy.newbyteorder("<")).astype(type.dtype.numpy)
    return Constant(array.reshape(type.shape))


def _spell(array: np.ndarray) -> str | None:
    """Nested lists of the elements; None when reading them would not give the very same bytes (NaNs with a payload)."""
    type = TensorType(of_numpy(array.dtype), array.shape)
    texts = [_word(element) for element in array.ravel()]
    back = _array([_number(text) for text in texts], type)
    if back.tobytes() != array.tobytes():
        return None
    return _nest(texts, array.shape) if array.size else "[]"


def _word(element: Any) -> str:
    return str(element).lower() if isinstance(element, np.bool_) else str(element)


def _number(text: str) -> bool | int | float:
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        return float(text)


def _array(flat: list[Any], type: TensorType) -> np.ndarray:
    allowed = ((bool,), (int,), (int, float))[type.dtype.category]
    for number in flat:
        if not isinstance(number, allowed) or (isinstance(number, bool) and type.dtype.category):
            raise ValueError(f"{number!r} is no element of {type}")
    if not type.dtype.is_floating_point:
        return _integers(flat, type)
    with np.errstate(over="ignore"):
        return np.array(flat, np.float64).astype(type.dtype.numpy)


def _integers(flat: list[Any], type: TensorType) -> np.ndarray:
    try:
        return np.array(flat, type.dtype.numpy)
    except OverflowError:
        raise ValueError(f"an element is out of the range of {type.dtype.name}") from None


def _nest(texts: list[str], shape: Shape) -> str:
    if not shape:
        return texts[0]
    step = len(texts) // shape[0]
    return f"[{', '.join(_nest(texts[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0]))}]"


def _flatten(parsed: Any, shape: Shape, into: list[Any]) -> None:
    if not shape:
        into.append(parsed)
        return
    if not isinstance(parsed, tuple) or len(parsed) != shape[0]:
        got = f"{len(parsed)} elements" if isinstance(parsed, tuple) else repr(parsed)
        raise ValueError(f"dense has {got} where a list of {shape[0]} was declared")
    for part in parsed:
        _flatten(part, shape[1:], into)


def _little_endian(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder("<"))
