"""Activation functions."""

from __future__ import annotations

import warnings

from graphnn.ir.dtypes import DType
from graphnn.ops import unary
from graphnn.ops.softmax import log_softmax as log_softmax_op
from graphnn.ops.softmax import softmax as softmax_op
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    if inplace:
        return relu_(input)
    return unary.relu(input)  # type: ignore[no-any-return]


def relu_(input: Tensor) -> Tensor:
    return input.relu_()  # type: ignore[no-any-return]


def sigmoid(input: Tensor) -> Tensor:
    return unary.sigmoid(input)  # type: ignore[no-any-return]


def tanh(input: Tensor) -> Tensor:
    return unary.tanh(input)  # type: ignore[no-any-return]


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`."""
    dim = _implicit_dim("softmax", input.ndim, _stacklevel) if dim is None else dim
    return softmax_op(_cast(input, dtype), dim=normalize_dim(dim, input.ndim, "softmax"))  # type: ignore[no-any-return]


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Tensor:
    """softmax(-x)."""
    dim = _implicit_dim("softmin", input.ndim, _stacklevel) if dim is None else dim
    return softmax(-input, dim, dtype=dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Tensor:
    """log(softmax(x)), computed without overflow."""
    dim = _implicit_dim("log_softmax", input.ndim, _stacklevel) if dim is None else dim
    return log_softmax_op(_cast(input, dtype), dim=normalize_dim(dim, input.ndim, "log_softmax"))  # type: ignore[no-any-return]


def _cast(input: Tensor, dtype: DType | None) -> Tensor:
    return input if dtype is None else input.to(dtype)


def _implicit_dim(name: str, ndim: int, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1
