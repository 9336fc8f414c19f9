"""The arithmetic of weight and spectral normalisation."""

from __future__ import annotations

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentError, IndexOutOfRange
from graphnn.nn.functional.normalization import normalize
from graphnn.nn.module import Module
from graphnn.tensor.sampling import randn
from graphnn.tensor.tensor import Tensor


def norm_except_dim(weight: Tensor, dim: int | None) -> Tensor:
    """The norms over all dimensions but `dim`, kept with size 1; one norm of everything for None or -1."""
    if dim is None or dim == -1:
        return weight.norm()  # type: ignore[no-any-return]
    return weight.norm(2, tuple(d for d in range(weight.ndim) if d != dim % weight.ndim), True)  # type: ignore[no-any-return]


def scaled_weight(direction: Tensor, size: Tensor, dim: int | None) -> Tensor:
    """The direction brought to the sizes."""
    return direction * (size / norm_except_dim(direction, dim))  # type: ignore[no-any-return]


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """`dim` as the rows, everything else as the columns."""
    if dim != 0:
        weight = weight.permute(dim, *(d for d in range(weight.ndim) if d != dim))
    return weight.reshape(weight.shape[0], -1)  # type: ignore[no-any-return]


def random_direction(size: int, like: Tensor, eps: float) -> Tensor:
    return normalize(randn(size, dtype=like.dtype), dim=0, eps=eps)


def iterate(matrix: Tensor, u: Tensor, v: Tensor, times: int, eps: float, v_first: bool) -> None:
    """Moves u and v, in place, towards the singular vectors of the largest singular value."""
    with no_grad():
        for _ in range(times):
            for of_v in (v_first, not v_first):
                target, product = (v, matrix.t().mv(u)) if of_v else (u, matrix.mv(v))
                target.copy_(normalize(product, dim=0, eps=eps))


def largest_singular_value(matrix: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """As u and v have it; they are constants to the gradient."""
    return u.clone().dot(matrix.mv(v.clone()))  # type: ignore[no-any-return]


def default_dim(module: Module) -> int:
    """Transposed convolutions have their outputs in dimension 1."""
    return 1 if any(kind.__name__.startswith("ConvTranspose") for kind in type(module).__mro__) else 0


def check_spectral(ndim: int, dim: int, n_power_iterations: int) -> None:
    if not -ndim <= dim < ndim:
        raise IndexOutOfRange(
            f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})"
        )
    if n_power_iterations <= 0:
        raise ArgumentError(
            f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
        )
