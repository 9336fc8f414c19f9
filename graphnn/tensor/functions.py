"""PyTorch's functions: every method that is also a function, and those of several tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from graphnn.errors import ArgumentTypeError
from graphnn.tensor.combining import (
    atleast_3d,
    block_diag,
    broadcast_shapes,
    column_stack,
    fill,
    polygamma,
    row_stack,
    scalar_tensor,
    vander,
)
from graphnn.tensor.comparing import allclose, equal, is_tensor, isclose, pow, where
from graphnn.tensor.contractions import chain_matmul, tensordot
from graphnn.tensor.einsum import einsum
from graphnn.tensor.integrals import cumulative_trapezoid, trapezoid
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
from graphnn.tensor.numbering import cartesian_prod, combinations, tril_indices, triu_indices, unravel_index
from graphnn.tensor.out import with_out
from graphnn.tensor.repeating import repeat_interleave
from graphnn.tensor.searching import bucketize, gradient, isin, searchsorted
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
    return function if name.endswith("_") else with_out(function)


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
    *(
        "acos",
        "acosh",
        "arccos",
        "arccosh",
        "arcsin",
        "arcsinh",
        "arctan",
        "arctan2",
        "arctanh",
        "asin",
        "asinh",
        "atan",
    ),
    *(
        "atan2",
        "atanh",
        "copysign",
        "cosh",
        "deg2rad",
        "digamma",
        "erfc",
        "erfinv",
        "exp2",
        "fix",
        "float_power",
        "frac",
    ),
    *("fmax", "fmin", "gcd", "heaviside", "hypot", "isneginf", "isposinf", "isreal", "lcm", "ldexp", "lgamma", "log10"),
    *("logaddexp", "logaddexp2", "logit", "mvlgamma", "nextafter", "rad2deg", "rsub", "sgn", "signbit", "sinc", "sinh"),
    *("tan", "xlogy", "bitwise_left_shift", "bitwise_right_shift", "nansum", "nanmean", "std_mean", "var_mean", "cov"),
    *("corrcoef", "renorm", "tensor_split", "hsplit", "vsplit", "dsplit", "split_with_sizes", "unsafe_split"),
    *("unsafe_chunk", "narrow_copy", "select_scatter", "slice_scatter", "diagonal_scatter", "diag_embed", "diagflat"),
    *(
        "fliplr",
        "flipud",
        "rot90",
        "adjoint",
        "is_same_size",
        "is_nonzero",
        "is_inference",
        "is_conj",
        "is_neg",
        "conj",
    ),
    *(
        "resolve_conj",
        "resolve_neg",
        "conj_physical",
        "det",
        "logdet",
        "slogdet",
        "inverse",
        "pinverse",
        "cholesky",
        "qr",
    ),
    *("svd", "triangular_solve", "cholesky_solve", "cholesky_inverse", "matrix_exp", "matrix_power", "inner", "vdot"),
    *("ger", "kron", "addr", "addbmm", "dist", "cross", "cdist", "get_device", "angle"),
    *(
        "abs_",
        "acos_",
        "asin_",
        "atan_",
        "ceil_",
        "clamp_",
        "clamp_max_",
        "clamp_min_",
        "clip_",
        "cos_",
        "cosh_",
        "erf_",
    ),
    *("detach_", "exp_", "expm1_", "floor_", "frac_", "log_", "log10_", "log1p_", "log2_", "logit_", "nan_to_num_"),
    *("neg_", "negative_", "reciprocal_", "round_", "rsqrt_", "sigmoid_", "sin_", "sinh_", "sqrt_", "square_", "tan_"),
    *(
        "tanh_",
        "trunc_",
        "zero_",
        "index_put_",
        "addmv_",
        "acosh_",
        "asinh_",
        "atanh_",
        "deg2rad_",
        "rad2deg_",
        "exp2_",
    ),
    *(
        "erfc_",
        "sinc_",
        "fix_",
        "xlogy_",
        "ldexp_",
        "gcd_",
        "lcm_",
        "sgn_",
        "arccos_",
        "arccosh_",
        "arcsin_",
        "arcsinh_",
    ),
    *("arctan_", "arctanh_"),
    *("cumprod", "cummax", "cummin", "logcumsumexp", "diff", "aminmax"),
    *("sort", "argsort", "msort", "topk", "kthvalue", "median", "mode", "nanmedian", "quantile", "nanquantile"),
    *("nonzero", "nonzero_static", "argwhere", "masked_select", "unique", "unique_consecutive", "bincount", "histc"),
    *("histogram", "index_fill", "index_copy", "index_reduce", "scatter_reduce", "put", "masked_scatter"),
    *("take_along_dim", "as_strided", "as_strided_scatter"),
    *("clone", "detach", "numel", "is_floating_point", "is_complex", "is_signed"),
)
OTHERS = (
    allclose,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    block_diag,
    broadcast_shapes,
    broadcast_tensors,
    bucketize,
    cartesian_prod,
    cat,
    chain_matmul,
    column_stack,
    combinations,
    cumulative_trapezoid,
    dstack,
    einsum,
    equal,
    fill,
    gradient,
    hstack,
    is_tensor,
    isclose,
    isin,
    meshgrid,
    polygamma,
    pow,
    repeat_interleave,
    row_stack,
    scalar_tensor,
    searchsorted,
    stack,
    tensordot,
    trapezoid,
    tril_indices,
    triu_indices,
    unravel_index,
    vander,
    vstack,
    where,
)
__all__ = [*METHODS, *(function.__name__ for function in OTHERS), "concat", "concatenate", "trapz"]
JOINING = (
    bucketize,
    isin,
    searchsorted,
    cat,
    stack,
    hstack,
    vstack,
    dstack,
    column_stack,
    row_stack,
    pow,
    where,
    tensordot,
)
globals().update({function.__name__: with_out(function) for function in JOINING})
concat = concatenate = globals()["cat"]
trapz = trapezoid
globals().update({name: of_method(name) for name in METHODS})
