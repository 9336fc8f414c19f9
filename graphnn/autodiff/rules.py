"""Applying one op's gradient rule, on whatever the values are carried by: arrays, graph values or Tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnn.ir.attrs import Attrs
from graphnn.ir.graph import Graph, numpy_type
from graphnn.ir.registry import lookup
from graphnn.ir.types import TensorType
from graphnn.ops.evaluate import apply_graph
from graphnn.ops.op import GradContext, Op

Types = tuple[Any, ...]
_used: dict[tuple[Any, ...], tuple[str, ...]] = {}
_decomposed: dict[tuple[Any, ...], Graph] = {}


def is_differentiable(op: Op) -> bool:
    """True when the op has a gradient rule, or a decomposition to differentiate."""
    return op.vjp is not None or op.decompose is not None


def needed_names(op: Op) -> tuple[str, ...]:
    """The inputs and outputs whose values the rule needs; everything it is given, for a decomposition."""
    return op.needs if op.vjp is not None else op.input_names


def used_names(op: Op, types: Types, out_types: Types, attrs: Attrs, want: tuple[bool, ...]) -> tuple[str, ...]:
    """Those of `needed_names` that the rule makes use of when only the gradients in `want` are wanted.

    Found by applying the rule to values of a graph and looking at what the results depend on; kept for a signature's
    dtypes and numbers of dimensions, on which that may turn.
    """
    if op.vjp is None or all(w or t is None for w, t in zip(want, types, strict=True)):
        return needed_names(op)
    key = (op, attrs, want, tuple([t and (t.dtype, t.ndim, t.weak) for t in types]))
    if key not in _used:
        _used[key] = _find_used(op, types, out_types, attrs, want)
    return _used[key]


def _find_used(op: Op, types: Types, out_types: Types, attrs: Attrs, want: tuple[bool, ...]) -> tuple[str, ...]:
    graph = Graph(op.name)
    grads = [graph.add_input(t) if i < op.differentiable else None for i, t in enumerate(out_types)]
    kinds = dict(zip(op.input_names, types, strict=False)) | dict(zip(op.outputs, out_types, strict=True))
    needed = {name: graph.add_input(kind) if (kind := kinds.get(name)) else None for name in op.needs}
    assert op.vjp is not None
    found = op.vjp(GradContext(types, out_types, attrs, want, tuple(grads)), grads[0], **needed)
    wanted = zip(found if isinstance(found, tuple | list) else (found,), want, strict=True)
    pending, seen = [g for g, w in wanted if w and g is not None], set()
    while pending:
        value = pending.pop()
        if value not in seen:
            seen.add(value)
            pending += [] if value.producer is None else value.producer.operands
    return tuple(name for name in op.needs if needed[name] in seen)


def gradients(op: Op, c: GradContext, needed: Mapping[str, Any] | list[Any]) -> list[Any]:
    """One gradient an input, in its own shape and dtype; None where none flows or none is wanted."""
    if op.vjp is not None:
        assert isinstance(needed, Mapping)
        found = op.vjp(c, c.grads[0], **needed)
    else:
        found = _through_decomposition(op, c, needed)
    raw = found if isinstance(found, tuple | list) else (found,)
    return [
        restore(g, t) if w and g is not None and t is not None else None
        for g, t, w in zip(raw, c.types, c.want, strict=True)
    ]


def restore(gradient: Any, wanted: TensorType) -> Any:
    """Undoes broadcasting and promotion: the gradient summed to the shape, and converted to the dtype, of its input."""
    found = carried_type(gradient)
    if found is wanted:
        return gradient
    if found.shape != wanted.shape:
        gradient = lookup("sum_to")(gradient, shape=wanted.shape)
    if found.dtype is not wanted.dtype:
        gradient = lookup("cast")(gradient, dtype=wanted.dtype)
    return gradient


def carried_type(item: Any) -> TensorType:
    """The type of an array, a graph value or a Tensor."""
    return numpy_type(item) if isinstance(item, np.ndarray | np.generic) else item.tensor_type


def _through_decomposition(op: Op, c: GradContext, needed: Any) -> list[Any]:
    """Differentiates the op's decomposition: its backward graph is built once a signature, then applied."""
    values = list(needed.values()) if isinstance(needed, Mapping) else needed
    flowing = tuple(g is not None for g in c.grads)
    key = (op, c.types, c.attrs, c.want, flowing)
    if key not in _decomposed:
        _decomposed[key] = _decomposed_backward(op, c.types, c.attrs, c.want, flowing)
    present = [v for v in values if v is not None]
    grads = iter(apply_graph(_decomposed[key], present + [g for g in c.grads if g is not None])[0])
    reached = _decomposed[key].reached  # type: ignore[attr-defined]
    return [next(grads) if r else None for r in reached]


def decompose_graph(op: Op, types: tuple[TensorType | None, ...], attrs: Attrs) -> Graph:
    """The op's decomposition as a graph of its own; inputs that are left out stay left out."""
    assert op.decompose is not None
    graph = Graph(op.name)
    args = [None if t is None else graph.add_input(t, f"x{i}") for i, t in enumerate(types)]
    results = op.decompose(*args, **attrs)
    graph.outputs = results if isinstance(results, tuple) else (results,)
    return graph


def _decomposed_backward(op: Op, types: Any, attrs: Attrs, want: tuple[bool, ...], flowing: tuple[bool, ...]) -> Graph:
    from graphnn.autodiff.backward import differentiate

    graph = decompose_graph(op, types, attrs)
    seeds = {v: graph.add_input(v.type, "g") for v, f in zip(graph.outputs, flowing, strict=True) if f}
    inputs = iter(list(graph.inputs))
    wrt = [None if t is None else next(inputs) for t in types]
    found = differentiate(graph, seeds, [v for v, w in zip(wrt, want, strict=True) if w and v is not None])
    grads = [found.get(v) if v is not None and w else None for v, w in zip(wrt, want, strict=True)]
    graph.outputs = [g for g in grads if g is not None]
    graph.reached = [g is not None for g in grads]  # type: ignore[attr-defined]
    return graph
