"""Methods that are functions of linear algebra, and products with something added."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphnn.ops import compare, elementwise, matrix
from graphnn.tensor.methods.elementwise import scaled
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor


def _of(module: str, name: str) -> Callable[..., Any]:
    """A function of a module that itself needs the class Tensor, as a method."""

    def method(self: Tensor, *args: Any, **options: Any) -> Any:
        return getattr(import_module(f"graphnn.tensor.{module}"), name)(self, *args, **options)

    method.__name__, method.__doc__ = name, f"`{name}`, see `graphnn.tensor.{module}`."
    return method


class LinearAlgebraMethods:
    cdist = _of("contractions", "cdist")
    cross = _of("contractions", "cross")
    det = _of("linalg", "det")
    dist = _of("contractions", "dist")
    inner = _of("contractions", "inner")
    inverse = _of("linalg", "inv")
    kron = _of("contractions", "kron")
    matrix_exp = _of("linalg", "matrix_exp")
    matrix_power = _of("linalg", "matrix_power")
    pinverse = _of("linalg", "pinv")
    slogdet = _of("linalg", "slogdet")
    vdot = _of("contractions", "vdot")

    def cholesky(self: Tensor, upper: bool = False) -> Any:
        """The triangle whose product with its transpose is this matrix."""
        from graphnn.tensor.linalg import cholesky

        return cholesky(self, upper=upper)

    def cholesky_solve(self: Tensor, input2: Tensor, upper: bool = False) -> Any:
        """x with A x = self, from the Cholesky triangle of A."""
        lower = input2.mT if upper else input2
        return named((lower @ lower.mT).inverse() @ self, "CholeskySolveBackward0")

    def cholesky_inverse(self: Tensor, upper: bool = False) -> Any:
        """The inverse of the matrix of which this is the Cholesky triangle."""
        lower = self.mT if upper else self
        return named((lower @ lower.mT).inverse(), "CholeskyInverseBackward0")

    def logdet(self: Tensor) -> Any:
        """The logarithm of the determinant; NaN where that is negative."""
        sign, logarithm = self.slogdet()
        return compare.where(compare.lt(sign, 0), float("nan"), logarithm)

    def qr(self: Tensor, some: bool = True) -> Any:
        """Orthonormal columns and a triangle whose product is this matrix."""
        from graphnn.tensor.linalg import qr

        return qr(self, "reduced" if some else "complete")

    def svd(self: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
        """U, S, V with U diag(S) Vᵀ being this matrix."""
        from graphnn.tensor.linalg import svd
        from graphnn.tensor.named_results import named_results

        u, s, vh = svd(self, full_matrices=not some)
        if compute_uv:
            return named_results("svd", U=u, S=s, V=vh.mT)
        return named_results("svd", U=u.new_zeros(tuple(u.shape)), S=s, V=vh.new_zeros(tuple(vh.mT.shape)))

    def triangular_solve(
        self: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
    ) -> Any:
        """x with A x = self, reading one triangle of A; and A."""
        from graphnn.tensor.linalg import solve_triangular
        from graphnn.tensor.named_results import named_results

        used = A.mT if transpose else A
        found = solve_triangular(used, self, upper=upper != transpose, unitriangular=unitriangular)
        return named_results("triangular_solve", solution=found, cloned_coefficient=A.clone())

    def ger(self: Tensor, vec2: Tensor) -> Any:
        return self.outer(vec2)

    def addr(self: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Any:
        """`beta * self + alpha * outer(vec1, vec2)`."""
        return named(_plus(self, vec1.outer(vec2), beta, alpha), "AddrBackward0")

    def addbmm(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Any:
        """`beta * self + alpha * sum of bmm(batch1, batch2)`."""
        return named(_plus(self, batch1.bmm(batch2).sum(0), beta, alpha), "AddbmmBackward0")

    def addmm(self: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Any:
        """`beta * self + alpha * (mat1 @ mat2)`."""
        return named(_plus(self, mat1.mm(mat2), beta, alpha), "AddmmBackward0")

    def baddbmm(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Any:
        """`beta * self + alpha * bmm(batch1, batch2)`."""
        return named(_plus(self, batch1.bmm(batch2), beta, alpha), "BaddbmmBackward0")

    def addmv(self: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Any:
        """`beta * self + alpha * (mat @ vec)`."""
        return named(_plus(self, matrix.matmul(mat, vec), beta, alpha), "AddmvBackward0")


def _plus(x: Tensor, product: Tensor, beta: Any, alpha: Any) -> Any:
    """With beta 0 not even a NaN of x counts."""
    found = scaled(product, alpha)
    if type(beta) in (int, float) and beta == 0:
        return found.expand(x.shape) if found.ndim < x.ndim else found
    return elementwise.add(scaled(x, beta), found)
