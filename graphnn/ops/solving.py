"""Inverses, determinants, solutions of linear systems, pseudo-inverses and exponentials of (batches of) matrices.

Gradients are those of M. Giles, "Collected matrix derivative results" (2008); the pseudo-inverse's is of G. Golub and
V. Pereyra (1973).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.errors import DTypeError, LinAlgError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.broadcasting import expand
from graphnn.ops.elementwise import add, mul, neg, sub
from graphnn.ops.joining import cat
from graphnn.ops.matrix import matmul
from graphnn.ops.movement import transpose, unsqueeze
from graphnn.ops.op import Call, Op, register
from graphnn.ops.reduce import sum
from graphnn.ops.slicing import slice
from graphnn.ops.typing import broadcast_shapes

CHECKS = (Trait.CHECKS,)


def require_matrix(op: str, *given: TensorType) -> None:
    """Matrices or batches of them, of float32 or float64, all of one dtype."""
    for t in given:
        if t.ndim < 2:
            raise ShapeError(f"{op}: The input tensor must have at least 2 dimensions, got {t}")
        if t.dtype not in (dtypes.float32, dtypes.float64):
            raise DTypeError(f"{op}: Expected a tensor of float32 or float64, got {t}; convert with .float()")
    if len({t.dtype for t in given}) > 1:
        raise DTypeError(f"{op}: expected tensors of one dtype, got {' and '.join(map(str, given))}")


def require_square(op: str, a: TensorType) -> None:
    require_matrix(op, a)
    if a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            f"{op}: A must be batches of square matrices, but they are {a.shape[-2]} by {a.shape[-1]}: {a}"
        )


def matrix_calls(op: str, function: Callable[..., Any], outs: Any, *args: np.ndarray) -> list[Call]:
    """One call that writes what a function of NumPy returns; `outs` is an array or a tuple of them."""
    return [(_run, op, function, outs if isinstance(outs, tuple) else (outs,), args)]


def _run(op: str, function: Callable[..., Any], outs: tuple[Any, ...], args: tuple[np.ndarray, ...]) -> None:
    try:
        found = function(*args)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{op}: {_words(op, str(error))}") from None
    for out, array in zip(outs, found if len(outs) > 1 else (found,), strict=True):
        if out is not None:
            np.copyto(out, array, casting="same_kind")


def _words(op: str, said: str) -> str:
    if "ingular" in said:
        return "the input matrix is singular: the solve or inversion could not be completed; pinv() or lstsq() can"
    if "positive" in said:
        return "the factorization could not be completed because the input is not positive-definite"
    return said


def swapped(x: Any) -> Any:
    """Each matrix transposed."""
    return transpose(x, dim0=len(x.shape) - 2, dim1=len(x.shape) - 1)


def as_matrices(x: Any) -> Any:
    """A number of each matrix, shaped to be multiplied with it."""
    return unsqueeze(unsqueeze(x, dim=len(x.shape)), dim=len(x.shape) + 1)


# ---- inverses


def _inv(a: TensorType) -> TensorType:
    require_square("linalg.inv", a)
    return a


inv = register(
    Op(
        "inv",
        infer=_inv,
        numpy=lambda out, a: matrix_calls("linalg.inv", np.linalg.inv, out, a),
        vjp=lambda c, g, out: neg(matmul(swapped(out), matmul(g, swapped(out)))),
        traits=CHECKS,
        grad_name="LinalgInvExBackward0",
    )
)


def _solve(a: TensorType, b: TensorType) -> TensorType:
    """x with a x = b, where b has matrices."""
    require_square("linalg.solve", a)
    require_matrix("linalg.solve", a, b)
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    if batch is None or a.shape[-1] != b.shape[-2]:
        raise ShapeError(f"linalg.solve: Incompatible shapes of A and B for the equation AX = B: {a} and {b}")
    return TensorType(a.dtype, (*batch, *b.shape[-2:]))


def _solve_vjp(c: Any, g: Any, a: Any, out: Any) -> Any:
    right = solve(swapped(a), g)
    return neg(matmul(right, swapped(out))) if c.want[0] else None, right


solve: Op = register(
    Op(
        "solve",
        infer=_solve,
        numpy=lambda out, a, b: matrix_calls("linalg.solve", np.linalg.solve, out, a, b),
        vjp=_solve_vjp,
        traits=CHECKS,
        grad_name="LinalgSolveExBackward0",
    )
)


def _pinv(a: TensorType, *, rtol: float, atol: float = 0.0) -> TensorType:
    """The pseudo-inverse; singular values up to max(atol, rtol * the largest) count as 0."""
    require_matrix("linalg.pinv", a)
    return TensorType(a.dtype, (*a.shape[:-2], a.shape[-1], a.shape[-2]))


def _pseudo_inverse(a: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    limit = np.maximum(atol, rtol * s.max(-1, initial=0.0, keepdims=True))
    large = s > limit
    inverse = np.where(large, 1 / np.where(large, s, 1), 0)
    return np.matmul(np.swapaxes(vh, -2, -1) * inverse[..., None, :], np.swapaxes(u, -2, -1))  # type: ignore[no-any-return]


def _pinv_vjp(c: Any, g: Any, a: Any, out: Any) -> Any:
    """-(p gᵀ p)ᵀ, and what the parts of g outside of a's rows and columns give."""
    turned, back = swapped(g), swapped(out)
    inner = neg(swapped(matmul(out, matmul(turned, out))))
    rows = matmul(sub(turned, matmul(a, matmul(out, turned))), matmul(out, back))
    columns = matmul(matmul(back, out), sub(turned, matmul(matmul(turned, out), a)))
    return add(inner, add(rows, columns))


pinv: Op = register(
    Op(
        "pinv",
        infer=_pinv,
        numpy=lambda out, a, *, rtol, atol: matrix_calls(
            "linalg.pinv", lambda x: _pseudo_inverse(x, rtol, atol), out, a
        ),
        vjp=_pinv_vjp,
        grad_name="LinalgPinvBackward0",
    )
)


# ---- determinants


def _det(a: TensorType) -> TensorType:
    require_square("linalg.det", a)
    return TensorType(a.dtype, a.shape[:-2])


det = register(
    Op(
        "det",
        infer=_det,
        numpy=lambda out, a: matrix_calls("linalg.det", np.linalg.det, out, a),
        vjp=lambda c, g, a: mul(as_matrices(g), cofactor(a)),
        grad_name="LinalgDetBackward0",
    )
)


def _cofactor(a: TensorType) -> TensorType:
    """The cofactors: what the determinant's slope is, for singular matrices too."""
    require_square("linalg.det", a)
    return a


def _cofactors(a: np.ndarray) -> np.ndarray:
    """By singular values: the product of all others stands for each."""
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * np.matmul(u * others[..., None, :], vh)  # type: ignore[no-any-return]


def _cofactor_vjp(c: Any, h: Any, a: Any, out: Any) -> Any:
    """det(a) (<h, b> b - b hᵀ b), where b is the transposed inverse and the cofactors det(a) b; a must have one."""
    back = swapped(inv(a))
    along = sum(mul(h, back), dim=(len(back.shape) - 2, len(back.shape) - 1), keepdim=True)
    return sub(mul(along, out), matmul(back, matmul(swapped(h), out)))


cofactor: Op = register(
    Op(
        "cofactor",
        infer=_cofactor,
        numpy=lambda out, a: matrix_calls("linalg.det", _cofactors, out, a),
        vjp=_cofactor_vjp,
    )
)


def _slogdet(a: TensorType) -> tuple[TensorType, TensorType]:
    """The sign of the determinant, and the logarithm of its magnitude."""
    kind = _det(a)
    return kind, kind


def _slogdet_vjp(c: Any, g: Any, a: Any) -> Any:
    return None if c.grads[1] is None else mul(as_matrices(c.grads[1]), swapped(inv(a)))


slogdet = register(
    Op(
        "slogdet",
        infer=_slogdet,
        numpy=lambda outs, a: matrix_calls("linalg.slogdet", np.linalg.slogdet, outs, a),
        vjp=_slogdet_vjp,
        outputs=("sign", "logabsdet"),
        differentiable=2,
        grad_name="LinalgSlogdetBackward0",
    )
)


# ---- exponentials

PADE = (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600)
PADE_REST = (670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1)


def _exponential(a: np.ndarray) -> np.ndarray:
    """N. Higham, "The scaling and squaring method for the matrix exponential revisited" (2005), of order 13."""
    norm = np.abs(a).sum(-2).max(initial=0.0)
    halvings = max(0, int(np.ceil(np.log2(norm / 4.25)))) if norm > 4.25 and np.isfinite(norm) else 0
    x = a.astype(np.float64) / 2.0**halvings
    power, square = np.broadcast_to(np.eye(a.shape[-1]), a.shape), x @ x
    even, odd = np.zeros_like(x), np.zeros_like(x)
    for k in range(0, 14, 2):
        low, high = (*PADE, *PADE_REST)[k : k + 2]
        even, odd = even + low * power, odd + high * power
        power = power @ square
    odd = x @ odd
    found = np.linalg.solve(even - odd, even + odd)
    for _ in range(halvings):
        found = found @ found
    return found.astype(a.dtype)


def _matrix_exp(a: TensorType) -> TensorType:
    require_square("linalg.matrix_exp", a)
    return a


def _matrix_exp_vjp(c: Any, g: Any, a: Any) -> Any:
    """The upper right block of exp([[aᵀ, g], [0, aᵀ]])."""
    n, rows, columns = a.shape[-1], len(a.shape) - 2, len(a.shape) - 1
    turned = swapped(a)
    top = cat(turned, expand(g, shape=tuple(turned.shape)), dim=columns)
    bottom = cat(mul(turned, 0.0), turned, dim=columns)
    whole = matrix_exp(cat(top, bottom, dim=rows))
    return slice(slice(whole, dim=rows, start=0, stop=n), dim=columns, start=n, stop=2 * n)


matrix_exp: Op = register(
    Op(
        "matrix_exp",
        infer=_matrix_exp,
        numpy=lambda out, a: matrix_calls("linalg.matrix_exp", _exponential, out, a),
        vjp=_matrix_exp_vjp,
        grad_name="LinalgMatrixExpBackward0",
    )
)
