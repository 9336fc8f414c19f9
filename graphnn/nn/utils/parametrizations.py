"""Parametrizations to register by name: weight and spectral normalisation, and orthogonal weights."""

from __future__ import annotations

from graphnn.errors import ArgumentError
from graphnn.nn.functional.normalization import normalize
from graphnn.nn.module import Module
from graphnn.nn.utils import norms
from graphnn.nn.utils.orthogonal import orthogonal
from graphnn.nn.utils.parametrize import register_parametrization
from graphnn.tensor.tensor import Tensor

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    """From sizes and directions, the weight; back, its norms and itself."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return norms.scaled_weight(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norms.norm_except_dim(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """`module.<name>` is learned as sizes (original0) and directions (original1) apart.

    States that the older `weight_norm` wrote load too, their `<name>_g` and `<name>_v` being these.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    known = module.__dict__.setdefault("_older_keys", {})
    known |= {f"{name}_{part}": f"parametrizations.{name}.original{i}" for i, part in enumerate("gv")}
    return module


class _SpectralNorm(Module):
    """The weight over its largest singular value, which power iteration follows in training."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        norms.check_spectral(weight.ndim, dim, n_power_iterations)
        self.dim = dim % weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = norms.as_matrix(weight.detach(), self.dim)
            self.register_buffer("_u", norms.random_direction(matrix.shape[0], weight, eps))
            self.register_buffer("_v", norms.random_direction(matrix.shape[1], weight, eps))
            norms.iterate(matrix, self._u, self._v, 15, eps, v_first=False)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = norms.as_matrix(weight, self.dim)
        if self.training:
            norms.iterate(matrix.detach(), self._u, self._v, self.n_power_iterations, self.eps, v_first=False)
        return weight / norms.largest_singular_value(matrix, self._u, self._v)  # type: ignore[no-any-return]

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """`module.<name>` is divided by its largest singular value."""
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ArgumentError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    dim = norms.default_dim(module) if dim is None else dim
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
