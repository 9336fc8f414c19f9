"""Sizes of vectors and matrices: norms, condition numbers, ranks."""

from __future__ import annotations

import math
from typing import Any

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ops import compare, factorizations, reduce, unary
from graphnn.ops.typing import normalize_dim, normalize_dims
from graphnn.tensor.linalg.solving import inv, tolerances
from graphnn.tensor.methods.naming import named
from graphnn.tensor.tensor import Tensor


def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Any:
    """(sum |x|^ord)^(1/ord) over `dim`, by default over everything; inf and -inf take the extreme, 0 counts."""
    given = _floating("vector_norm", x if dtype is None else x.to(dtype))
    dims = None if dim is None else normalize_dims(dim, x.ndim, "vector_norm")
    if not isinstance(ord, int | float):
        raise ArgumentError(f"linalg.vector_norm: ord must be a number, got {ord!r}; matrix_norm takes names")
    return named(_p_norm(given, float(ord), dims, keepdim), "LinalgVectorNormBackward0")


def _floating(name: str, x: Tensor) -> Tensor:
    if not x.dtype.is_floating_point:
        raise ArgumentError(
            f"linalg.{name}: Expected a floating point tensor as input. Got {x.dtype!r}; convert with .float()"
        )
    return x


def _p_norm(x: Tensor, p: float, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    if x.dtype in dtypes.NARROW:  # their squares overflow
        return _p_norm(x.to(dtypes.float32), p, dims, keepdim).to(x.dtype)
    if p == 2.0:
        return _root(reduce.sum(x * x, dim=dims, keepdim=keepdim), 0.5)
    size = x.abs()
    if math.isinf(p):
        return (reduce.amax if p > 0 else reduce.amin)(size, dim=dims, keepdim=keepdim)
    if p == 0.0:
        return reduce.sum(compare.ne(x, 0).to(x.dtype), dim=dims, keepdim=keepdim)
    if p == 1.0:
        return reduce.sum(size, dim=dims, keepdim=keepdim)
    return _root(reduce.sum(size**p, dim=dims, keepdim=keepdim), 1.0 / p)


def _root(total: Tensor, power: float) -> Any:
    """total ** power, with slope 0 instead of infinity where it is 0."""
    if not total.requires_grad:
        return unary.sqrt(total) if power == 0.5 else total**power
    is_zero = compare.eq(total, 0)
    safe = compare.where(is_zero, 1.0, total)
    return compare.where(is_zero, 0.0 if power > 0 else math.inf, unary.sqrt(safe) if power == 0.5 else safe**power)


def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: DType | None = None
) -> Any:
    """A norm of the matrices in two dimensions: "fro", "nuc", or one of 1, 2, inf and their negatives."""
    given = _floating("matrix_norm", A if dtype is None else A.to(dtype))
    if len(dim) != 2 or A.ndim < 2:
        raise ShapeError(
            f"linalg.matrix_norm: dim must be a 2-tuple of a matrix's dimensions, got {dim} for {A.ndim}-D"
        )
    rows, columns = (normalize_dim(d, A.ndim, "linalg.matrix_norm") for d in dim)
    if rows == columns:
        raise ArgumentError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return vector_norm(given, 2, (rows, columns), keepdim)
    return _named_or_numbered(given, ord, rows, columns, keepdim)


def _named_or_numbered(A: Tensor, ord: Any, rows: int, columns: int, keepdim: bool) -> Any:
    if ord == "nuc" or ord in (2, -2):
        found = svdvals_of(A.movedim((rows, columns), (-2, -1)))
        found = found.sum(-1) if ord == "nuc" else found.amax(-1) if ord == 2 else found.amin(-1)
    elif ord in (1, -1, math.inf, -math.inf):
        along, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = A.abs().sum(along, keepdim=True)
        found = (sums.amax(over, keepdim=True) if ord > 0 else sums.amin(over, keepdim=True)).squeeze((rows, columns))
    else:
        raise ArgumentError(
            f"linalg.matrix_norm: Order {ord} not supported; take 'fro', 'nuc', 1, 2, inf, or negatives"
        )
    return found.unsqueeze(min(rows, columns)).unsqueeze(max(rows, columns)) if keepdim else found


def svdvals_of(A: Tensor) -> Any:
    return factorizations.svd(A, full=False)[1]


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None) -> Any:
    """The norm of a vector or matrix: of everything, or of the one or two dimensions `dim`."""
    pair = isinstance(dim, tuple | list) and len(dim) == 2
    if ord is None:
        return (
            vector_norm(A if dim is not None else A.flatten(), 2, dim, keepdim, dtype=dtype)
            if not (keepdim and dim is None)
            else vector_norm(A, 2, None, True, dtype=dtype)
        )
    if pair or (dim is None and A.ndim == 2):
        return matrix_norm(A, ord, tuple(dim) if dim is not None else (-2, -1), keepdim, dtype=dtype)
    if dim is None and A.ndim > 2:
        raise ShapeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D.")
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


def cond(A: Tensor, p: Any = None) -> Any:
    """The condition number: the norm times that of the inverse; by default the ratio of extreme singular values."""
    if p in (None, 2, -2):
        values = svdvals_of(A)
        largest, smallest = values.amax(-1), values.amin(-1)
        return smallest / largest if p == -2 else largest / smallest
    return matrix_norm(A, p) * matrix_norm(inv(A), p)


def matrix_rank(A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    """How many singular values are larger than the tolerance, max(atol, rtol * the largest)."""
    values = factorizations.eigh(A.detach())[0].abs() if hermitian else svdvals_of(A.detach())
    absolute, relative = (tol, 0.0) if tol is not None else tolerances(A, atol, rtol)
    limit = (values.amax(-1, keepdim=True) * relative).clamp(min=absolute)
    return compare.gt(values, limit).sum(-1)
