"""The symbolic backward: gradient nodes appended to a graph, from the same rules that eager backward uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from graphnn.autodiff.rules import gradients, is_differentiable, needed_names
from graphnn.errors import AutogradError
from graphnn.ir.graph import Graph
from graphnn.ir.registry import lookup
from graphnn.ir.value import Node, Value
from graphnn.ops.op import GradContext


def build_backward(graph: Graph, wrt: Sequence[Value | str] | None = None) -> Graph:
    """A new graph that computes `graph`'s outputs and then, for each of `wrt`, the gradient of the sum of its outputs.

    `wrt` holds values of `graph` or their names (of a param also its dotted name); by default every floating-point
    input and parameter. A floating-point output that is not a single number gets a further input `grad_<name>` that
    its gradient is seeded with (vector-Jacobian product); single numbers are seeded with 1. An entry of `wrt` that
    the outputs do not depend on gets zeros. The result can be differentiated again.
    """
    new = graph.copy()
    here = dict(zip(graph.values(), new.values(), strict=True))
    targets = [here[_find(graph, w)] for w in (_default_wrt(graph) if wrt is None else wrt)]
    outputs = new.outputs
    found = differentiate(
        new, {v: _seed(new, v) for v in dict.fromkeys(outputs) if v.type.dtype.is_floating_point}, targets
    )
    zeros = lookup("full")
    new.outputs = (*outputs, *(found.get(t) or _zeros(new, zeros, t) for t in targets))
    return new


def differentiate(graph: Graph, seeds: Mapping[Value, Value], wrt: Iterable[Value]) -> dict[Value, Value]:
    """Appends gradient nodes for what lies between `wrt` and the values in `seeds` (value -> its gradient); the
    gradients found, by value. Linear in the graph's nodes."""
    targets = set(wrt)
    wanted = _depending(graph, targets)
    grads: dict[Value, Value] = {}
    for value, seed in seeds.items():
        _accumulate(grads, value, seed)
    for node in [n for n in reversed(graph.nodes) if n in wanted]:
        _step(graph, node, wanted, targets, grads)
    return grads


def _step(graph: Graph, node: Node, wanted: set[Node], targets: set[Value], grads: dict[Value, Value]) -> None:
    incoming = tuple(grads.get(v) for v in node.outputs[: node.op.differentiable])  # type: ignore[attr-defined]
    if all(g is None for g in incoming) or not is_differentiable(node.op):  # type: ignore[arg-type]
        return
    want = tuple(
        v is not None and v.type.dtype.is_floating_point and (v in targets or v.producer in wanted) for v in node.inputs
    )
    with graph.originating(node.origins):
        for value, gradient in zip(node.inputs, _node_gradients(node, want, incoming), strict=True):
            if gradient is not None and value is not None:
                _accumulate(grads, value, gradient)


def _node_gradients(node: Node, want: tuple[bool, ...], incoming: tuple[Value | None, ...]) -> list[Value | None]:
    op = node.op
    context = GradContext(
        tuple(None if v is None else v.type for v in node.inputs),
        tuple(v.type for v in node.outputs),
        node.attrs,
        want,
        incoming + (None,) * (len(node.outputs) - len(incoming)),
    )
    by_name = dict.fromkeys(op.input_names)  # type: ignore[attr-defined]
    by_name.update(zip(op.input_names, node.inputs, strict=False))  # type: ignore[attr-defined]
    by_name.update(zip(op.outputs, node.outputs, strict=False))
    if op.vjp is None and op.variadic:  # type: ignore[attr-defined]
        return gradients(op, context, list(node.inputs))  # type: ignore[arg-type]
    return gradients(op, context, {n: by_name[n] for n in needed_names(op)})  # type: ignore[arg-type]


def _depending(graph: Graph, targets: set[Value]) -> set[Node]:
    """The nodes through which a gradient can reach one of the targets."""
    reached: set[Node] = set()
    for node in graph.nodes:
        if any(v in targets or v.producer in reached for v in node.operands):
            reached.add(node)
    return reached


def _accumulate(grads: dict[Value, Value], value: Value, gradient: Value) -> None:
    before = grads.get(value)
    grads[value] = gradient if before is None else lookup("add")(before, gradient)


def _seed(graph: Graph, value: Value) -> Value:
    if value.type.size == 1 and value.type.ndim == 0:
        return graph.apply(lookup("full"), (), {"shape": (), "value": 1.0, "dtype": value.type.dtype})  # type: ignore[no-any-return]
    return graph.add_input(value.type, f"grad_{value.name}")


def _zeros(graph: Graph, full: object, value: Value) -> Value:
    return graph.apply(lookup("full"), (), {"shape": value.shape, "value": 0.0, "dtype": value.type.dtype})  # type: ignore[no-any-return]


def _default_wrt(graph: Graph) -> list[Value]:
    state = [p for p in graph.params if p.attrs.get("role") == "parameter"]
    return [v for v in (*graph.inputs, *state) if v.type.dtype.is_floating_point and not v.type.weak]


def _find(graph: Graph, wanted: Value | str) -> Value:
    if isinstance(wanted, Value):
        if wanted.graph is graph:
            return wanted
        raise AutogradError(f"build_backward: %{wanted.name} is not a value of graph {graph.name!r}")
    name = wanted.removeprefix("%")
    for value in graph.values():
        if name in (value.name, value.attrs.get("name")):
            return value
    raise AutogradError(f"build_backward: graph {graph.name!r} has no value called {wanted!r}")
