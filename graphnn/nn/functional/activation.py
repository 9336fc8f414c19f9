"""Activation functions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.dtypes import DType
from graphnn.ops import activation, piecewise, unary
from graphnn.ops.op import Op
from graphnn.ops.random import rand as rand_op
from graphnn.ops.random import uniform_words
from graphnn.ops.softmax import log_softmax as log_softmax_op
from graphnn.ops.softmax import softmax as softmax_op
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.inplace import update
from graphnn.tensor.random import reserve
from graphnn.tensor.tensor import Tensor

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _apply(op: Op, input: Tensor, inplace: bool = False, **attrs: Any) -> Tensor:
    """The op, written over its input where asked for."""
    return update(input, op, input, **attrs) if inplace else op(input, **attrs)


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


# ---- smooth ones


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (exp(x) - 1)."""
    return _apply(activation.elu, input, inplace, alpha=float(alpha))


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """ELU with the scales that keep mean 0 and variance 1 from layer to layer."""
    return _apply(activation.elu, input, inplace, alpha=SELU_ALPHA, scale=SELU_SCALE)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (exp(x / alpha) - 1)."""
    return _apply(activation.celu, input, inplace, alpha=float(alpha))


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """x times the normal distribution function of x, or with "tanh" an approximation of it."""
    return _apply(activation.gelu, input, approximate=approximate)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x)."""
    return _apply(activation.silu, input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x))."""
    return _apply(activation.mish, input, inplace)


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + exp(beta * x)) / beta; x itself where beta * x > threshold."""
    return _apply(activation.softplus, input, beta=float(beta), threshold=float(threshold))


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), computed without overflow."""
    return _apply(activation.log_sigmoid, input)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half along `dim` times the sigmoid of the second."""
    return _apply(activation.glu, input, dim=normalize_dim(dim, input.ndim, "glu"))


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)  # type: ignore[no-any-return]


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return input - input.tanh()  # type: ignore[no-any-return]


# ---- piecewise ones


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope * x."""
    return _apply(piecewise.leaky_relu, input, inplace, negative_slope=float(negative_slope))


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else weight * x; one weight, or one a channel (dimension 1)."""
    if weight.ndim > 1:
        raise ShapeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    if weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if input.ndim == 0:
            raise ShapeError("Not allow zero-dim input tensor.")
        if weight.numel() != channels:
            raise ShapeError(
                "Mismatch of parameter numbers and input channel size. "
                f"Found parameter numbers = {weight.numel()} and channel size = {channels}."
            )
    if weight.ndim == 1 and input.ndim != 1:
        weight = weight.view(*(-1 if d == 1 else 1 for d in range(input.ndim)))
    return piecewise.prelu(input, weight)  # type: ignore[no-any-return]


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """Leaky ReLU with slopes drawn from [lower, upper) in training, else their mean."""
    if lower > upper:
        raise ArgumentError(f"Lower bound should be less than or equal to the upper bound: got {lower} and {upper}")
    noise = _uniform(input, lower, upper) if training else None
    out: Tensor = piecewise.rrelu(input, noise, lower=float(lower), upper=float(upper))
    return input.copy_(out) if inplace else out


def _uniform(input: Tensor, low: float, high: float) -> Tensor:
    rng, offset = reserve(uniform_words(input.numel(), input.dtype))
    return rand_op(rng, shape=tuple(input.shape), dtype=input.dtype, offset=offset) * (high - low) + low  # type: ignore[no-any-return]


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x brought between min_val and max_val."""
    if min_val > max_val:
        raise ArgumentError(f"min_val cannot be greater than max_val: got {min_val} and {max_val}")
    return _apply(piecewise.hardtanh, input, inplace, min_val=float(min_val), max_val=float(max_val))


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x brought between 0 and 6."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x / 6 + 1/2, brought between 0 and 1."""
    return _apply(piecewise.hardsigmoid, input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * hardsigmoid(x)."""
    return _apply(piecewise.hardswish, input, inplace)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by lambd, at most to 0."""
    return _apply(piecewise.softshrink, input, lambd=float(lambd))


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x, or 0 between -lambd and lambd."""
    return _apply(piecewise.hardshrink, input, lambd=float(lambd))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else `value`."""
    return _apply(piecewise.threshold, input, inplace, threshold=float(threshold), value=float(value))


# ---- in place


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(*args: Any, **kwargs: Any) -> Tensor:
        return function(*args, **kwargs, inplace=True)

    call.__name__ = call.__qualname__ = f"{function.__name__}_"
    call.__doc__ = f"`{function.__name__}`, written over its input."
    return call


elu_, selu_, celu_ = _in_place(elu), _in_place(selu), _in_place(celu)
leaky_relu_, rrelu_ = _in_place(leaky_relu), _in_place(rrelu)
hardtanh_, threshold_ = _in_place(hardtanh), _in_place(threshold)


# ---- along a dimension


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
