"""Checks gradients against central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnn.autograd.gradients import grad
from graphnn.errors import AutogradError
from graphnn.tensor.creation import of_numpy
from graphnn.tensor.tensor import Tensor


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **ignored: Any,
) -> bool:
    """Compares the Jacobian of `func` that backward gives with one of differences; float64 inputs that require grad."""
    args = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    wrt = [i for i, a in enumerate(args) if isinstance(a, Tensor) and a.requires_grad]
    if not wrt:
        raise AutogradError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for out_at, output in enumerate(_outputs(func, args)):
        for i in wrt:
            analytical = _analytical(output, args[i])
            numerical = _numerical(func, args, i, out_at, eps)
            if not np.allclose(analytical, numerical, rtol, atol, equal_nan=True):
                if not raise_exception:
                    return False
                raise AutogradError(
                    f"Jacobian mismatch for output {out_at} with respect to input {i},\n"
                    f"numerical:{of_numpy(numerical)!r}\nanalytical:{of_numpy(analytical)!r}"
                )
    return True


def gradgradcheck(
    func: Callable[..., Any], inputs: Tensor | Sequence[Any], grad_outputs: Any = None, **options: Any
) -> bool:
    """`gradcheck` of the gradients of `func`, that is of its second derivatives."""
    args = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    wrt = [i for i, a in enumerate(args) if isinstance(a, Tensor) and a.requires_grad]
    random = np.random.default_rng(0)
    seeds = [of_numpy(random.standard_normal(tuple(o.shape))) for o in _outputs(func, args)]
    seeds = (
        seeds if grad_outputs is None else [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    )
    for seed in seeds:
        seed.requires_grad = True

    def gradient(*given: Any) -> tuple[Any, ...]:
        inner, outer = given[: len(args)], given[len(args) :]
        found = grad(_outputs(func, inner), [inner[i] for i in wrt], list(outer), create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None and g.requires_grad)

    return gradcheck(gradient, [*args, *seeds], **options)


def _outputs(func: Callable[..., Any], args: Sequence[Any]) -> list[Any]:
    found = func(*args)
    return [o for o in (found if isinstance(found, tuple | list) else [found]) if o.dtype.is_floating_point]


def _analytical(output: Tensor, wrt: Tensor) -> np.ndarray:
    """The Jacobian [inputs, outputs] by one backward for each output element."""
    jacobian = np.zeros((wrt.numel(), output.numel()), output.dtype.numpy)
    if not output.requires_grad:
        return jacobian
    for i in range(output.numel()):
        seed = np.zeros(output.numel(), output.dtype.numpy)
        seed[i] = 1
        seeds = of_numpy(seed.reshape(tuple(output.shape)))
        (found,) = grad([output], [wrt], [seeds], retain_graph=True, allow_unused=True)
        if found is not None:
            jacobian[:, i] = found.detach().numpy().reshape(-1)
    return jacobian


def _numerical(func: Callable[..., Any], args: list[Any], at: int, out_at: int, eps: float) -> np.ndarray:
    """The Jacobian [inputs, outputs] by central differences."""
    start = args[at].detach().clone()
    columns = []
    for i in range(start.numel()):
        high, low = (_moved(func, args, at, out_at, start, i, step) for step in (eps, -eps))
        columns.append((high - low) / (2 * eps))
    return np.array(columns).reshape(start.numel(), -1)


def _moved(
    func: Callable[..., Any], args: list[Any], at: int, out_at: int, start: Tensor, i: int, step: float
) -> np.ndarray:
    array = start.detach().numpy().copy()
    array.reshape(-1)[i] += step
    changed = [*args[:at], of_numpy(array).requires_grad_(), *args[at + 1 :]]
    found: np.ndarray = _outputs(func, changed)[out_at].detach().numpy().reshape(-1).copy()
    return found
