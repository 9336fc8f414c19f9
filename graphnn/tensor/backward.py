"""Eager and traced backward: what gradients are carried by, and where they end up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.autodiff.engine import run_backward
from graphnn.autodiff.modes import recording
from graphnn.autodiff.tape import Edge, GradNode, Saved
from graphnn.errors import AutogradError, ShapeError
from graphnn.ops.elementwise import add
from graphnn.ops.op import builders
from graphnn.ops.unary import copy
from graphnn.tensor.history import gradient_edge, needs_grad
from graphnn.tensor.inplace import update
from graphnn.tensor.tensor import Tensor


class ArrayCarrier:
    """Eager backward: bare arrays, nothing recorded."""

    retain = False

    def __init__(self) -> None:
        self.handed_out: dict[int, np.ndarray] = {}

    def saved(self, item: Any, node: GradNode) -> Any:
        return item.check(node).values("") if isinstance(item, Saved) else item

    def wrap(self, payload: np.ndarray) -> Tensor:
        self.handed_out[id(payload)] = payload
        return Tensor.of_array(payload)

    def unwrap(self, tensor: Tensor) -> np.ndarray:
        return tensor._array

    def step(self, node: GradNode, grads: tuple[Any, ...]) -> Sequence[Any]:
        return node.backward(grads, self)

    def accumulate(self, variable: Tensor, payload: np.ndarray) -> None:
        if variable.grad is not None:
            with recording(False):
                update(variable.grad, add, variable.grad, Tensor.of_array(payload))
            return
        shared = id(payload) in self.handed_out or payload.base is not None or not payload.flags.owndata
        mine = np.array(payload) if shared else payload
        self.handed_out[id(mine)] = mine
        variable._grad = Tensor.of_array(mine)


class ValueCarrier:
    """Traced backward: graph values, so the gradient's nodes go into the graph that is being traced."""

    retain = False

    def __init__(self, trace: Any) -> None:
        self.trace = trace

    def saved(self, item: Any, node: GradNode) -> Any:
        return self.trace.read(item.check(node)) if isinstance(item, Saved) else item

    def wrap(self, payload: Any) -> Tensor:
        return self.trace.tensor_of(payload)  # type: ignore[no-any-return]

    def unwrap(self, tensor: Tensor) -> Any:
        return self.trace.read(tensor)

    def step(self, node: GradNode, grads: tuple[Any, ...]) -> Sequence[Any]:
        with self.trace.graph.originating(node.origins or self.trace.origins()):
            return node.backward(grads, self)

    def accumulate(self, variable: Tensor, payload: Any) -> None:
        with self.trace.graph.originating(()), recording(False):
            gradient = self.wrap(payload)
            if variable.grad is None:
                variable.set_grad(gradient)
            else:
                update(variable.grad, add, variable.grad, gradient)


class TensorCarrier:
    """Backward with `create_graph`: Tensors, whose operations are recorded in turn."""

    retain = False

    def saved(self, item: Any, node: GradNode) -> Any:
        if not isinstance(item, Saved):
            return item
        tensor = item.check(node)
        if item.output_nr < 0:
            return tensor
        again = tensor.alias()
        again._node, again._output_nr, again._requires = node, item.output_nr, True
        return again

    def wrap(self, payload: Any) -> Tensor:
        return payload if isinstance(payload, Tensor) else copy(payload)

    def unwrap(self, tensor: Tensor) -> Tensor:
        return tensor

    def step(self, node: GradNode, grads: tuple[Any, ...]) -> Sequence[Any]:
        return node.backward(grads, self)

    def accumulate(self, variable: Tensor, payload: Tensor) -> None:
        before = variable.grad
        variable.set_grad(payload if before is None else add(before, payload))


def backward(
    tensors: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    retain_graph: bool,
    create_graph: bool,
    inputs: Sequence[Tensor] | None = None,
) -> None:
    """Accumulates into leaves' `.grad`: into all that are reached, or into `inputs` alone."""
    if inputs is None:
        _run(tensors, gradients, retain_graph, create_graph, None)
        return
    carrier = carrier_for(create_graph)
    found = gradients_of(tensors, gradients, inputs, retain_graph, create_graph, carrier)
    for tensor, payload in zip(inputs, found, strict=True):
        if payload is not None:
            carrier.accumulate(tensor, payload)


def gradients_of(
    tensors: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    inputs: Sequence[Tensor],
    retain_graph: bool,
    create_graph: bool,
    carrier: Any,
) -> list[Any]:
    """What arrives at each of `inputs` (None where nothing does), as the carrier carries it."""
    for tensor in inputs:
        if not needs_grad(tensor):
            raise AutogradError("One of the differentiated Tensors does not require grad")
    edges: list[Edge] = [gradient_edge(t) for t in inputs]
    capture = {edge: i for i, edge in reversed(list(enumerate(edges)))}
    found = _run(tensors, gradients, retain_graph, create_graph, capture, carrier)
    return [found.get(capture[edge]) for edge in edges]


def _run(
    tensors: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    retain_graph: bool,
    create_graph: bool,
    capture: dict[Edge, int] | None,
    carrier: Any = None,
) -> dict[int, Any]:
    carrier = carrier or carrier_for(create_graph)
    roots = [(_root_edge(t), _seed(t, g, carrier, create_graph)) for t, g in zip(tensors, gradients, strict=True)]
    with recording(create_graph):
        return run_backward(roots, carrier, retain=retain_graph, capture=capture)


def carrier_for(create_graph: bool) -> Any:
    """What gradients are carried by here and now."""
    if create_graph:
        return TensorCarrier()
    return ValueCarrier(builders.stack[-1]) if builders.stack else ArrayCarrier()


def _root_edge(tensor: Tensor) -> Edge:
    edge = gradient_edge(tensor)
    if edge[0] is None:
        raise AutogradError("element 0 of tensors does not require grad and does not have a grad_fn")
    return edge


def _seed(tensor: Tensor, gradient: Tensor | None, carrier: Any, create_graph: bool) -> Any:
    if gradient is None:
        if tensor._array.size != 1:
            raise AutogradError(
                f"grad can be implicitly created only for scalar outputs, this one is {tensor.tensor_type}; "
                "pass the gradient: y.backward(gradient)"
            )
        from graphnn.tensor.creation import full

        gradient = full(tuple(tensor.shape), 1.0, dtype=tensor.dtype)
    if not isinstance(gradient, Tensor):
        raise AutogradError(f"gradients can be either Tensors or None, got {type(gradient).__name__}")
    if gradient.shape != tensor.shape:
        raise ShapeError(
            f"Mismatch in shape: grad_output has {gradient.tensor_type}, the output is {tensor.tensor_type}"
        )
    if isinstance(carrier, ArrayCarrier):
        carrier.handed_out[id(gradient._array)] = gradient._array
    return carrier.unwrap(gradient)
