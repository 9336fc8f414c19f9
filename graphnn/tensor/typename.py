"""PyTorch's old names of tensor types, which its messages still use."""

from __future__ import annotations

from graphnn.tensor.tensor import Tensor

_LEGACY = {
    "float16": "Half",
    "float32": "Float",
    "float64": "Double",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "bool": "Bool",
}


def tensor_typename(tensor: Tensor) -> str:
    """`torch.FloatTensor`."""
    name = tensor.dtype.name
    return f"torch.{_LEGACY.get(name, name)}Tensor"


def typename(value: object) -> str:
    """The name of any value's type, as messages spell it."""
    return tensor_typename(value) if type(value) is Tensor else type(value).__name__
