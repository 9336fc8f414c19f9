"""The older spectral normalisation: `weight` is computed from `weight_orig`; each training forward moves the vectors."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentError
from graphnn.nn.hooks import RemovableHandle
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.nn.utils import norms
from graphnn.nn.utils.computed import compute, is_computed, stop_computing
from graphnn.tensor.tensor import Tensor


class SpectralNorm:
    """The forward pre-hook, and what it is to be done with."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps
        self.handle: RemovableHandle | None = None

    def __call__(self, module: Module, inputs: Any) -> None:
        if module.training:
            matrix, u, v = self.parts(module)
            norms.iterate(matrix.detach(), u, v, self.n_power_iterations, self.eps, v_first=True)

    def parts(self, module: Module) -> tuple[Tensor, Tensor, Tensor]:
        weight, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        return norms.as_matrix(weight, self.dim), u, v

    def weight(self, module: Module) -> Tensor:
        """The weight over its largest singular value."""
        return getattr(module, f"{self.name}_orig") / norms.largest_singular_value(*self.parts(module))  # type: ignore[no-any-return]


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divides `module.<name>` by its largest singular value, which power iteration follows in training."""
    if is_computed(module, name):
        raise ArgumentError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    weight = module._parameters[name]
    if weight is None:
        raise ArgumentError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    dim = norms.default_dim(module) if dim is None else dim
    norms.check_spectral(weight.ndim, dim, n_power_iterations)
    hook = SpectralNorm(name, n_power_iterations, dim, eps)
    rows, columns = norms.as_matrix(weight.detach(), dim).shape
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    module.register_buffer(f"{name}_u", norms.random_direction(rows, weight, eps))
    module.register_buffer(f"{name}_v", norms.random_direction(columns, weight, eps))
    hook.handle = module.register_forward_pre_hook(hook)
    compute(module, name, hook.weight)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Makes `module.<name>` a parameter again, with its present value."""
    hooks = () if module._hooks is None else module._hooks.before.values()
    found = [h.function for h in hooks if isinstance(h.function, SpectralNorm) and h.function.name == name]
    if not found or found[0].handle is None:
        raise ArgumentError(f"spectral_norm of '{name}' not found in {module}")
    weight = getattr(module, name).detach()
    stop_computing(module, name)
    found[0].handle.remove()
    for part in ("orig", "u", "v"):
        delattr(module, f"{name}_{part}")
    module.register_parameter(name, Parameter(weight))
    return module
