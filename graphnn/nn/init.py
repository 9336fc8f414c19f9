"""Starting values of parameters. Every function writes into its tensor and returns it; nothing is recorded.

Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010): `xavier_*`.
He et al., "Delving deep into rectifiers" (2015): `kaiming_*`. Saxe et al., "Exact solutions to the nonlinear dynamics
of learning in deep linear neural networks" (2013): `orthogonal_`. Martens, "Deep learning via Hessian-free
optimization" (2010): `sparse_`.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentError, ShapeError
from graphnn.ops.normal_tails import inverse_erf
from graphnn.tensor.creation import of_numpy
from graphnn.tensor.random import Generator
from graphnn.tensor.tensor import Tensor

_UNIT_GAINS = ("linear", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3)), "sigmoid")


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much the nonlinearity shrinks the standard deviation of what goes through it."""
    if nonlinearity in _UNIT_GAINS:
        return 1
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + _slope(param) ** 2))
    gains = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}
    if nonlinearity not in gains:
        raise ArgumentError(f"Unsupported nonlinearity {nonlinearity}")
    return gains[nonlinearity]


def _slope(param: float | None) -> float:
    if param is None:
        return 0.01
    if isinstance(param, bool) or not isinstance(param, int | float):
        raise ArgumentError(f"negative_slope {param} not a valid number")
    return param


def fans(tensor: Tensor) -> tuple[int, int]:
    """Inputs and outputs of one unit: of a weight (out, in, *kernel), in * kernel and out * kernel."""
    if tensor.ndim < 2:
        raise ShapeError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


_calculate_fan_in_and_fan_out = fans


# ---- plain distributions


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in [a, b)."""
    return tensor.uniform_(a, b, generator=generator)  # type: ignore[no-any-return]


@no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    return tensor.normal_(mean, std, generator=generator)  # type: ignore[no-any-return]


@no_grad()
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal with what lies outside of [a, b] left out: the inverse distribution function of uniform numbers."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=3,
        )
    low, high = (math.erf((bound - mean) / (std * math.sqrt(2.0))) for bound in (a, b))
    drawn = np.empty(tuple(tensor.shape), np.float64)
    uniform = of_numpy(drawn).uniform_(low, high, generator=generator)
    values = inverse_erf(uniform.numpy()) * (std * math.sqrt(2.0)) + mean
    return tensor.copy_(of_numpy(np.clip(values, a, b)))  # type: ignore[no-any-return]


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    return tensor.fill_(val)  # type: ignore[no-any-return]


def ones_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 0.0)


# ---- by fan


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform within gain * sqrt(6 / (fan in + fan out))."""
    bound = gain * math.sqrt(6.0 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal, of standard deviation gain * sqrt(2 / (fan in + fan out))."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(fans(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform within gain * sqrt(3 / fan)."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal, of standard deviation gain / sqrt(fan)."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans(tensor)[mode == "fan_out"])


# ---- structured


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix."""
    if tensor.ndim != 2:
        raise ShapeError("Only tensors with 2 dimensions are supported")
    return _fill(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution's weight that keeps its input channels as they are, as far as there are output channels."""
    if tensor.ndim not in (3, 4, 5):
        raise ShapeError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups:
        raise ArgumentError("dim 0 must be divisible by groups")
    weight = np.zeros(tuple(tensor.shape))
    per_group = tensor.shape[0] // groups
    centre = tuple(size // 2 for size in tensor.shape[2:])
    for group in range(groups):
        for channel in range(min(per_group, tensor.shape[1])):
            weight[(group * per_group + channel, channel, *centre)] = 1
    return _fill(tensor, weight)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Rows (of the tensor flattened to two dimensions) orthonormal, or columns where there are fewer; times gain."""
    if tensor.ndim < 2:
        raise ShapeError("Only tensors with 2 or more dimensions are supported")
    if 0 in tensor.shape:
        return tensor
    rows = tensor.shape[0]
    normal = _normal((rows, math.prod(tensor.shape[1:])), generator)
    tall = normal if rows >= normal.shape[1] else normal.T
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diagonal(r))
    return _fill(tensor, gain * (q if tall is normal else q.T).reshape(tuple(tensor.shape)))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal, with the fraction `sparsity` of each column (rounded up) set to zero."""
    if tensor.ndim != 2:
        raise ShapeError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    weight = std * _normal((rows, columns), generator)
    order = np.argsort(_normal((rows, columns), generator), axis=0)[: math.ceil(sparsity * rows)]
    np.put_along_axis(weight, order, 0.0, axis=0)
    return _fill(tensor, weight)


def _normal(shape: tuple[int, ...], generator: Generator | None) -> np.ndarray:
    return normal_(of_numpy(np.empty(shape)), generator=generator).numpy()


@no_grad()
def _fill(tensor: Tensor, array: np.ndarray) -> Tensor:
    return tensor.copy_(of_numpy(np.ascontiguousarray(array)))  # type: ignore[no-any-return]
