"""PyTorch's functions: every method that is also a function, and those that make or take several tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from graphnn.errors import ArgumentTypeError
from graphnn.ops import compare, joining
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.tensor import Tensor


def of_method(name: str) -> Callable[..., Any]:
    """The method as a function of `input`."""
    method = getattr(Tensor, name)

    @functools.wraps(method)
    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tensor):
            raise ArgumentTypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
        return method(input, *args, **kwargs)

    function.__name__ = function.__qualname__ = name
    return function


METHODS = (
    *("abs", "absolute", "ceil", "cos", "erf", "exp", "expm1", "floor", "isfinite", "isinf", "isnan", "log", "log1p"),
    *("log2", "logical_not", "bitwise_not", "neg", "negative", "reciprocal", "relu", "rsqrt", "sigmoid", "sign", "sin"),
    *("sqrt", "square", "tanh", "trunc", "round", "positive", "softmax", "log_softmax", "relu_"),
    *("add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "floor_divide", "remainder", "fmod"),
    *("maximum", "minimum", "eq", "ne", "not_equal", "lt", "less", "le", "less_equal", "gt", "greater", "ge"),
    *("greater_equal", "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor"),
    *("masked_fill", "clamp", "clip", "clamp_min", "clamp_max", "lerp", "addcmul", "addcdiv", "nan_to_num"),
    *("sum", "mean", "prod", "var", "std", "norm", "logsumexp", "cumsum", "all", "any", "count_nonzero"),
    *("max", "min", "amax", "amin", "argmax", "argmin"),
    *("reshape", "flatten", "ravel", "unflatten", "squeeze", "unsqueeze", "broadcast_to", "tile"),
    *("permute", "transpose", "swapaxes", "swapdims", "t", "movedim", "moveaxis", "flip", "roll"),
    *("narrow", "select", "split", "chunk", "unbind", "tril", "triu", "diagonal", "diag", "trace"),
    *("gather", "index_select", "take", "scatter", "scatter_add", "index_add", "index_put"),
    *("matmul", "mm", "bmm", "mv", "dot", "outer", "addmm", "baddbmm", "addmv", "bernoulli"),
    *("clone", "detach", "numel", "is_floating_point", "is_complex", "is_signed"),
)
__all__ = [
    *METHODS,
    *("atleast_1d", "atleast_2d", "broadcast_tensors", "cat", "concat", "concatenate", "equal", "allclose", "isclose"),
    *("dstack", "hstack", "is_tensor", "meshgrid", "pow", "stack", "vstack", "where"),
]
globals().update({name: of_method(name) for name in METHODS})


# ---- several made one


def _tensors(name: str, tensors: Any) -> tuple[Any, ...]:
    if isinstance(tensors, Tensor) or not all(isinstance(t, Tensor) for t in tensors):
        raise ArgumentTypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors")
    return tuple(tensors)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Any:
    """The tensors one after the other along `dim`."""
    given = _tensors("cat", tensors)
    ndim = max((t.ndim for t in given), default=1)
    return joining.cat(*given, dim=normalize_dim(dim, ndim, "cat"))


concat = concatenate = cat


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Any:
    """The tensors side by side along a new dimension."""
    given = _tensors("stack", tensors)
    return joining.stack(*given, dim=normalize_dim(dim, given[0].ndim + 1 if given else 1, "stack"))


def atleast_1d(tensor: Tensor) -> Any:
    return tensor.reshape(1) if tensor.ndim == 0 else tensor


def atleast_2d(tensor: Tensor) -> Any:
    return atleast_1d(tensor).unsqueeze(0) if tensor.ndim < 2 else tensor


def hstack(tensors: Sequence[Tensor]) -> Any:
    """Joined along dimension 1 (vectors along their only one)."""
    given = [atleast_1d(t) for t in _tensors("hstack", tensors)]
    return cat(given, 0 if given[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Any:
    """Joined along dimension 0, vectors being rows."""
    return cat([atleast_2d(t) for t in _tensors("vstack", tensors)], 0)


def dstack(tensors: Sequence[Tensor]) -> Any:
    """Joined along dimension 2."""
    deep = [t.unsqueeze(-1) if t.ndim == 2 else t for t in map(atleast_2d, _tensors("dstack", tensors))]
    return cat(deep, 2)


# ---- pairs


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, `other` elsewhere."""
    if not isinstance(condition, Tensor):
        raise ArgumentTypeError(f"where(): argument 'condition' must be Tensor, not {type(condition).__name__}")
    if input is None or other is None:
        raise ArgumentTypeError("where() wants (condition, input, other); positions of true elements depend on values")
    return compare.where(condition, input, other)


def pow(input: Any, exponent: Any) -> Any:
    """`input ** exponent`; either may be a number."""
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise ArgumentTypeError("pow(): argument 'input' (position 1) must be Tensor")
    return input**exponent


def broadcast_tensors(*tensors: Tensor) -> tuple[Any, ...]:
    """Each expanded to the shape that they all broadcast to."""
    from graphnn.ops.typing import broadcast

    shape = broadcast("broadcast_tensors", *[t.type for t in tensors])
    return tuple(t.expand(shape) for t in tensors)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """Grids of coordinates: the i-th varies along dimension i ("xy" swaps the first two)."""
    given = tuple(tensors[0]) if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    swapped = indexing == "xy" and len(given) > 1
    axes = (given[1], given[0], *given[2:]) if swapped else given
    shape = tuple(a.numel() for a in axes)
    grids = [a.view(*[-1 if i == at else 1 for i in range(len(axes))]).expand(shape) for at, a in enumerate(axes)]
    if swapped:
        grids = [g.transpose(0, 1) for g in (grids[1], grids[0], *grids[2:])]
    return tuple(grids)


# ---- comparing values


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """`|input - other| <= atol + rtol * |other|`, element by element."""
    near = (input - other).abs() <= (other.abs() * rtol + atol)
    found = compare.logical_or(compare.logical_and(near, compare.isfinite(other)), compare.eq(input, other))
    if equal_nan:
        found = compare.logical_or(found, compare.logical_and(compare.isnan(input), compare.isnan(other)))
    return found


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close, as a Python bool."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shape and all elements are the same, as a Python bool."""
    return input.shape == other.shape and bool((input == other).all())


def is_tensor(obj: Any) -> bool:
    return isinstance(obj, Tensor)
