"""Matrices taken apart: Cholesky, QR, eigenvalues, singular values."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentError, UnsupportedError
from graphnn.ir import dtypes
from graphnn.ops import factorizations
from graphnn.tensor.named_results import named_results
from graphnn.tensor.tensor import Tensor


def cholesky(A: Tensor, *, upper: bool = False) -> Any:
    """The triangle L with L Lᵀ = A (its transpose if `upper`), of symmetric positive-definite A."""
    return factorizations.cholesky(A.mT).mT if upper else factorizations.cholesky(A)


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """The triangle, and 0 for each matrix; one that is not positive-definite raises here."""
    from graphnn.tensor.creation import zeros

    info = zeros(tuple(A.shape[:-2]), dtype=dtypes.int32)
    return named_results("linalg_cholesky_ex", L=cholesky(A, upper=upper), info=info)


def qr(A: Tensor, mode: str = "reduced") -> Any:
    """Orthonormal columns Q and a triangle R with Q R = A; "complete" makes Q square, "r" leaves it out."""
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced', 'r', or 'complete'")
    q, r = factorizations.qr(A, complete=mode == "complete")
    return named_results("linalg_qr", Q=A.new_zeros((0,)) if mode == "r" else q, R=r)


def _is_upper(uplo: str) -> bool:
    if uplo.upper() not in ("L", "U"):
        raise ArgumentError(f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    return uplo.upper() == "U"


def eigh(A: Tensor, UPLO: str = "L") -> Any:
    """Ascending eigenvalues and orthonormal eigenvectors (columns) of symmetric matrices; one triangle is read."""
    values, vectors = factorizations.eigh(A, upper=_is_upper(UPLO))
    return named_results("linalg_eigh", eigenvalues=values, eigenvectors=vectors)


def eigvalsh(A: Tensor, UPLO: str = "L") -> Any:
    """Ascending eigenvalues of symmetric matrices."""
    return factorizations.eigh(A, upper=_is_upper(UPLO))[0]


def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """U, S, Vh with U diag(S) Vh = A, S descending; U and Vh are square if `full_matrices`."""
    u, s, vh = factorizations.svd(A, full=bool(full_matrices) and A.shape[-2] != A.shape[-1])
    return named_results("linalg_svd", U=u, S=s, Vh=vh)


def svdvals(A: Tensor, *, driver: str | None = None) -> Any:
    """The singular values, descending."""
    return factorizations.svd(A, full=False)[1]


def eig(A: Tensor) -> Any:
    """Refused: the results are complex numbers."""
    raise UnsupportedError(
        "linalg.eig: the eigenvalues of a general matrix are complex numbers, which graphnn does not have; "
        "use linalg.eigh for symmetric matrices, or numpy.linalg.eig on A.numpy()"
    )


def eigvals(A: Tensor) -> Any:
    """Refused: the results are complex numbers."""
    return eig(A)
