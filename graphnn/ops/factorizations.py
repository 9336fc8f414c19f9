"""Matrices as products: Cholesky, QR, eigenvectors of symmetric matrices, singular values.

Gradients as in M. Giles, "Collected matrix derivative results" (2008), and M. Seeger et al., "Auto-differentiating
linear algebra" (2017); where eigenvalues or singular values coincide, those of their vectors are not finite.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import UnsupportedError
from graphnn.ir.types import TensorType
from graphnn.ops.diagonals import diagonal, diagonal_grad, diagonal_scatter
from graphnn.ops.elementwise import add, div, mul, sub, zeros_like
from graphnn.ops.joining import cat
from graphnn.ops.matrix import matmul
from graphnn.ops.movement import unsqueeze
from graphnn.ops.op import Call, Op, register
from graphnn.ops.slicing import slice
from graphnn.ops.solving import CHECKS, matrix_calls, require_matrix, require_square, solve, swapped
from graphnn.ops.triangles import tril

Maybe = Any


def _plus(*parts: Maybe) -> Maybe:
    """The sum of those that are there; None if none is."""
    found = None
    for part in parts:
        found = part if found is None else found if part is None else add(found, part)
    return found


def _with_diagonal(x: Any, values: Any) -> Any:
    return diagonal_scatter(x, values, offset=0, dim1=len(x.shape) - 2, dim2=len(x.shape) - 1)


def _as_diagonal(values: Any) -> Any:
    n, ndim = values.shape[-1], len(values.shape)
    return diagonal_grad(values, shape=(*values.shape, n), offset=0, dim1=ndim - 1, dim2=ndim)


def _differences(values: Any) -> Any:
    """values[j] - values[i] at [i, j], and 1 on the diagonal."""
    ndim = len(values.shape)
    found = sub(unsqueeze(values, dim=ndim - 1), unsqueeze(values, dim=ndim))
    return _with_diagonal(found, add(zeros_like(values), 1.0))


def _part(x: Any, dim: int, start: int, stop: int) -> Any:
    return slice(x, dim=len(x.shape) + dim, start=start, stop=stop)


# ---- Cholesky


def _cholesky(a: TensorType) -> TensorType:
    """The lower triangle l with l lᵀ = a; only the lower triangle of a is read."""
    require_square("linalg.cholesky", a)
    return a


def _cholesky_vjp(c: Any, g: Any, out: Any) -> Any:
    """The symmetric half of l⁻ᵀ φ(lᵀ g) l⁻¹, where φ takes the lower triangle with half of the diagonal."""
    inner = tril(matmul(swapped(out), g))
    ndim = len(inner.shape)
    halved = mul(diagonal(inner, offset=0, dim1=ndim - 2, dim2=ndim - 1), 0.5)
    middle = _with_diagonal(inner, halved)
    left = solve(swapped(out), middle)
    found = swapped(solve(swapped(out), swapped(left)))
    return mul(add(found, swapped(found)), 0.5)


cholesky = register(
    Op(
        "cholesky",
        infer=_cholesky,
        numpy=lambda out, a: matrix_calls("linalg.cholesky", np.linalg.cholesky, out, a),
        vjp=_cholesky_vjp,
        traits=CHECKS,
        grad_name="LinalgCholeskyExBackward0",
    )
)


# ---- QR


def _qr(a: TensorType, *, complete: bool = False) -> tuple[TensorType, TensorType]:
    """Orthonormal columns q and an upper triangle r with q r = a; with `complete` q is square."""
    require_matrix("linalg.qr", a)
    rows, columns = a.shape[-2:]
    inner = rows if complete else min(rows, columns)
    return TensorType(a.dtype, (*a.shape[:-2], rows, inner)), TensorType(a.dtype, (*a.shape[:-2], inner, columns))


def _qr_kernel(outs: Any, a: np.ndarray, *, complete: bool) -> list[Call]:
    mode: Any = "complete" if complete else "reduced"
    return matrix_calls("linalg.qr", lambda x: np.linalg.qr(x, mode), outs, a)


def _qr_vjp(c: Any, g: Any, a: Any, q: Any, r: Any) -> Any:
    grad_q, grad_r = c.grads
    (rows, columns), inner = a.shape[-2:], q.shape[-1]
    if inner > columns:
        raise UnsupportedError(
            "linalg.qr: The QR decomposition is not differentiable when mode='complete' and nrows > ncols; "
            "use mode='reduced'"
        )
    if columns == inner:
        return _tall_qr_gradient(grad_q, grad_r, q, r)
    right_r = None if grad_r is None else _part(grad_r, -1, rows, columns)
    left_r = None if grad_r is None else _part(grad_r, -1, 0, rows)
    through = None if right_r is None else matmul(_part(a, -1, rows, columns), swapped(right_r))
    left = _tall_qr_gradient(_plus(grad_q, through), left_r, q, _part(r, -1, 0, rows))
    right = mul(_part(a, -1, rows, columns), 0.0) if right_r is None else matmul(q, right_r)
    return cat(left, right, dim=len(a.shape) - 1)


def _tall_qr_gradient(grad_q: Maybe, grad_r: Maybe, q: Any, r: Any) -> Any:
    """(gq + q copyltu(r grᵀ - gqᵀ q)) r⁻ᵀ, where copyltu copies the lower triangle to the upper."""
    from_q = None if grad_q is None else mul(matmul(swapped(grad_q), q), -1.0)
    m = _plus(None if grad_r is None else matmul(r, swapped(grad_r)), from_q)
    symmetric = add(tril(m), swapped(tril(m, diagonal=-1)))
    whole = _plus(grad_q, matmul(q, symmetric))
    return swapped(solve(r, swapped(whole)))


qr = register(
    Op(
        "qr",
        infer=_qr,
        numpy=_qr_kernel,
        vjp=_qr_vjp,
        outputs=("q", "r"),
        differentiable=2,
        grad_name="LinalgQrBackward0",
    )
)


# ---- eigenvectors


def _eigh(a: TensorType, *, upper: bool = False) -> tuple[TensorType, TensorType]:
    """Ascending eigenvalues and orthonormal eigenvectors (columns) of symmetric matrices; one triangle is read."""
    require_square("linalg.eigh", a)
    return TensorType(a.dtype, a.shape[:-1]), a


def _eigh_kernel(outs: Any, a: np.ndarray, *, upper: bool) -> list[Call]:
    side: Any = "U" if upper else "L"
    return matrix_calls("linalg.eigh", lambda x: np.linalg.eigh(x, side), outs, a)


def _eigh_vjp(c: Any, g: Any, values: Any, vectors: Any) -> Any:
    grad_values, grad_vectors = c.grads
    if grad_vectors is None:
        inner = mul(vectors, unsqueeze(grad_values, dim=len(grad_values.shape) - 1))
        return matmul(inner, swapped(vectors))
    turned = div(matmul(swapped(vectors), grad_vectors), _differences(values))
    inner = _with_diagonal(turned, zeros_like(values) if grad_values is None else grad_values)
    return matmul(vectors, matmul(inner, swapped(vectors)))


eigh = register(
    Op(
        "eigh",
        infer=_eigh,
        numpy=_eigh_kernel,
        vjp=_eigh_vjp,
        outputs=("values", "vectors"),
        differentiable=2,
        grad_name="LinalgEighBackward0",
    )
)


# ---- singular values


def _svd(a: TensorType, *, full: bool = False) -> tuple[TensorType, TensorType, TensorType]:
    """u, s, vh with u diag(s) vh = a, s descending; with `full` u and vh are square."""
    require_matrix("linalg.svd", a)
    (rows, columns), batch = a.shape[-2:], a.shape[:-2]
    k = min(rows, columns)
    u = TensorType(a.dtype, (*batch, rows, rows if full else k))
    return u, TensorType(a.dtype, (*batch, k)), TensorType(a.dtype, (*batch, columns if full else k, columns))


def _svd_kernel(outs: Any, a: np.ndarray, *, full: bool) -> list[Call]:
    return matrix_calls("linalg.svd", lambda x: np.linalg.svd(x, full_matrices=full), outs, a)


def _svd_vjp(c: Any, g: Any, u: Any, s: Any, vh: Any) -> Any:
    grad_u, grad_s, grad_vh = c.grads
    k = s.shape[-1]
    if (grad_u is not None or grad_vh is not None) and u.shape[-2] != vh.shape[-1] and c.attrs["full"]:
        raise UnsupportedError(
            "linalg.svd: the singular vectors of full_matrices=True have no gradient where the matrix is not square; "
            "use full_matrices=False"
        )
    u, vh = _part(u, -1, 0, k), _part(vh, -2, 0, k)
    core = None if grad_s is None else _as_diagonal(grad_s)
    return _plus(
        None if core is None else matmul(u, matmul(core, vh)),
        None if grad_u is None else _left_gradient(grad_u, u, s, vh),
        None if grad_vh is None else swapped(_left_gradient(swapped(grad_vh), swapped(vh), s, swapped(u))),
    )


def _left_gradient(grad_u: Any, u: Any, s: Any, vh: Any) -> Any:
    """u (skew(uᵀ g) / (s[j]² - s[i]²)) diag(s) vh, and what of g lies outside of u's columns."""
    inner, row = matmul(swapped(u), grad_u), unsqueeze(s, dim=len(s.shape) - 1)
    turned = mul(div(sub(inner, swapped(inner)), _differences(mul(s, s))), row)
    found = matmul(u, matmul(turned, vh))
    if u.shape[-2] == u.shape[-1]:
        return found
    outside = div(sub(grad_u, matmul(u, inner)), row)
    return add(found, matmul(outside, vh))


svd = register(
    Op(
        "svd",
        infer=_svd,
        numpy=_svd_kernel,
        vjp=_svd_vjp,
        outputs=("u", "s", "vh"),
        differentiable=3,
        grad_name="LinalgSvdBackward0",
    )
)
