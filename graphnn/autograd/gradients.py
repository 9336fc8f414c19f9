"""`grad` and `backward` as functions of several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, AutogradError
from graphnn.tensor.backward import backward as run_backward
from graphnn.tensor.backward import carrier_for, gradients_of
from graphnn.tensor.tensor import Tensor

Tensors = Tensor | Sequence[Tensor]


def _listed(given: Any) -> list[Any]:
    return [given] if given is None or isinstance(given, Tensor) else list(given)


def _seeds(outputs: list[Tensor], gradients: Any) -> list[Any]:
    seeds = _listed(gradients) if gradients is not None else [None] * len(outputs)
    if len(seeds) != len(outputs):
        raise ArgumentError(f"got {len(outputs)} tensors and {len(seeds)} gradients")
    return seeds


def backward(
    tensors: Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Accumulates the gradients of all `tensors` into the leaves' `.grad`."""
    listed = _listed(tensors)
    keep = create_graph if retain_graph is None else retain_graph
    run_backward(listed, _seeds(listed, grad_tensors), keep, create_graph, None if inputs is None else _listed(inputs))


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, one each; `.grad` is not touched."""
    if is_grads_batched:
        raise ArgumentError("grad: is_grads_batched is not served; call grad once for each gradient")
    listed, wanted = _listed(outputs), _listed(inputs)
    keep = create_graph if retain_graph is None else retain_graph
    carrier = carrier_for(create_graph)
    payloads = gradients_of(listed, _seeds(listed, grad_outputs), wanted, keep, create_graph, carrier)
    found = [None if p is None else carrier.wrap(p) for p in payloads]
    if materialize_grads:
        from graphnn.tensor.creation import zeros_like

        return tuple(zeros_like(x) if g is None else g for g, x in zip(found, wanted, strict=True))
    if not allow_unused and any(g is None for g in found):
        raise AutogradError(
            "One of the differentiated Tensors appears to not have been used in the graph. "
            "Set allow_unused=True if this is the desired behavior."
        )
    return tuple(found)
