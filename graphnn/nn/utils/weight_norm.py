"""The older weight normalisation: `weight` is computed from the parameters `weight_g` and `weight_v`."""

from __future__ import annotations

import warnings

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentError
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.nn.utils import norms
from graphnn.nn.utils.computed import compute, is_computed, stop_computing
from graphnn.tensor.tensor import Tensor


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learns `module.<name>` as sizes (`<name>_g`) and directions (`<name>_v`) apart."""
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    if is_computed(module, name):
        raise ArgumentError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    weight = module._parameters[name]
    if weight is None:
        raise ArgumentError(f"weight_norm cannot be applied as parameter `{name}` is None")
    delattr(module, name)
    with no_grad():
        sizes = norms.norm_except_dim(weight, dim)
    module.register_parameter(f"{name}_g", Parameter(sizes))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))

    def read(self: Module) -> Tensor:
        return norms.scaled_weight(getattr(self, f"{name}_v"), getattr(self, f"{name}_g"), dim)

    compute(module, name, read)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Makes `module.<name>` a parameter again, with its present value."""
    if not is_computed(module, name) or f"{name}_g" not in module._parameters:
        raise ArgumentError(f"weight_norm of '{name}' not found in {module}")
    weight = getattr(module, name).detach()
    stop_computing(module, name)
    delattr(module, f"{name}_g")
    delattr(module, f"{name}_v")
    module.register_parameter(name, Parameter(weight))
    return module
