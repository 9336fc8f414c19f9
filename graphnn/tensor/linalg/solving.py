"""Inverses, determinants, and solutions of linear systems."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir import dtypes
from graphnn.ops import diagonals, solving, triangles
from graphnn.tensor.methods.naming import named
from graphnn.tensor.named_results import named_results
from graphnn.tensor.tensor import Tensor


def inv(A: Tensor) -> Any:
    """The inverse."""
    return solving.inv(A)


def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """The inverse, and 0 for each matrix; a singular one raises here."""
    return named_results("linalg_inv_ex", inverse=solving.inv(A), info=_no_errors(A))


def _no_errors(A: Tensor) -> Any:
    from graphnn.tensor.creation import zeros

    return zeros(tuple(A.shape[:-2]), dtype=dtypes.int32)


def det(A: Tensor) -> Any:
    """The determinant."""
    return solving.det(A)


def slogdet(A: Tensor) -> Any:
    """The determinant's sign, and the logarithm of its magnitude."""
    sign, logarithm = solving.slogdet(A)
    return named_results("linalg_slogdet", sign=sign, logabsdet=logarithm)


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Any:
    """X with A X = B (X A = B unless `left`); B holds vectors if it has the shape of A without its last dimension."""
    if left and (B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])):
        return solving.solve(A, B.unsqueeze(-1)).squeeze(-1)
    return solving.solve(A, B) if left else solving.solve(A.mT, B.mT).mT


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """`solve`, and 0 for each matrix; a singular one raises here."""
    return named_results("linalg_solve_ex", result=solve(A, B, left=left), info=_no_errors(A))


def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """X with A X = B (X A = B unless `left`), where only A's upper or lower triangle is read."""
    away = 1 if unitriangular else 0
    kept = triangles.triu(A, diagonal=away) if upper else triangles.tril(A, diagonal=-away)
    if unitriangular:
        ones = A.new_ones(tuple(A.shape[:-1]))
        kept = diagonals.diagonal_scatter(kept, ones, offset=0, dim1=A.ndim - 2, dim2=A.ndim - 1)
    found = solving.solve(kept, B) if left else solving.solve(kept.mT, B.mT).mT
    return named(found, "LinalgSolveTriangularBackward0")


def tolerances(A: Tensor, atol: Any, rtol: Any) -> tuple[float, float]:
    """PyTorch's defaults: epsilon times the longer side, relative to the largest singular value."""
    given = 0.0 if atol is None else float(atol)
    if rtol is not None:
        return given, float(rtol)
    return given, 0.0 if given > 0 else max(A.shape[-2:]) * float(np.finfo(A.dtype.numpy).eps)


def pinv(A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    """The pseudo-inverse; singular values up to max(atol, rtol * the largest) count as 0."""
    absolute, relative = tolerances(A, atol, rtol if rcond is None else rcond)
    return solving.pinv(A, rtol=relative, atol=absolute)


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """The X of least norm that makes A X - B smallest; also, where PyTorch's driver of that name gives them, the sums of
    squares left over, A's rank and singular values."""
    from graphnn.tensor.linalg.norms import matrix_rank, svdvals_of

    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise ArgumentError(
            f"torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss): {driver}"
        )
    columns = B.unsqueeze(-1) if B.ndim == A.ndim - 1 else B
    if columns.ndim < 2 or columns.shape[-2] != A.shape[-2]:
        raise ShapeError(f"linalg.lstsq: A and B need as many rows: {list(A.shape)} and {list(B.shape)}")
    relative = tolerances(A, None, rcond)[1]
    found = solving.pinv(A, rtol=relative, atol=0.0) @ columns
    none = A.new_zeros((0,))
    tall = A.shape[-2] > A.shape[-1] and driver not in (None, "gelsy")
    return named_results(
        "linalg_lstsq",
        solution=named(found if columns is B else found.squeeze(-1), "LinalgLstsqBackward0"),
        residuals=(A @ found - columns).square().sum(-2) if tall else none,
        rank=none.long() if driver == "gels" else matrix_rank(A, rtol=relative),
        singular_values=svdvals_of(A.detach()) if driver in ("gelsd", "gelss") else none,
    )


def tensorinv(A: Tensor, ind: int = 2) -> Any:
    """The inverse of A as a map between its first `ind` dimensions and the others."""
    rows, columns = math.prod(A.shape[:ind]), math.prod(A.shape[ind:])
    if ind < 1 or rows != columns:
        raise ShapeError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{columns} != {rows}"
        )
    return solving.inv(A.reshape(rows, columns)).reshape(*A.shape[ind:], *A.shape[:ind])


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None) -> Any:
    """X with tensordot(A, X, X.ndim) = B; the dimensions `dims` of A are moved to its end first."""
    moved = A if dims is None else A.movedim(tuple(dims), tuple(range(A.ndim - len(dims), A.ndim)))
    shape = moved.shape[B.ndim :]
    if math.prod(shape) != B.numel():
        raise ShapeError(f"linalg.tensorsolve: {list(A.shape)} is no square map to {list(B.shape)}")
    return solving.solve(moved.reshape(B.numel(), B.numel()), B.reshape(-1, 1)).reshape(*shape)
