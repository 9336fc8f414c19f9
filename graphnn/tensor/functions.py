"""PyTorch's functions: every method that is also a function, and those of several tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from graphnn.errors import ArgumentTypeError
from graphnn.tensor.comparing import allclose, equal, is_tensor, isclose, pow, where
from graphnn.tensor.joining import (
    atleast_1d,
    atleast_2d,
    broadcast_tensors,
    cat,
    dstack,
    hstack,
    meshgrid,
    stack,
    vstack,
)
from graphnn.tensor.tensor import Tensor


def of_method(name: str) -> Callable[..., Any]:
    """The method as a function of `input`."""
    method = getattr(Tensor, name)

    @functools.wraps(method)
    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tensor):
            raise ArgumentTypeError(
                f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
            )
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
OTHERS = (
    allclose,
    atleast_1d,
    atleast_2d,
    broadcast_tensors,
    cat,
    dstack,
    equal,
    hstack,
    is_tensor,
    isclose,
    meshgrid,
    pow,
    stack,
    vstack,
    where,
)
__all__ = [*METHODS, *(function.__name__ for function in OTHERS), "concat", "concatenate"]
concat = concatenate = cat
globals().update({name: of_method(name) for name in METHODS})
