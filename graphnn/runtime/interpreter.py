"""What a graph means, in ten lines: the oracle that passes, plans and backends are tested against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError
from graphnn.ir.graph import Graph
from graphnn.ir.value import LITERAL, Value


def interpret(graph: Graph, *inputs: Any, state: Sequence[Any] | None = None) -> tuple[list[Any], dict[Value, Any]]:
    """The outputs, and for each updated param its new value. Nothing given is written to; what is returned unchanged is
    the array that was given.

    `state` holds an array for each of `graph.params`; by default the arrays that the graph was traced with. Every result
    is an array of its own, elements in order, so that sums don't depend on how a graph comes by its operands.
    """
    env: dict[Value, Any] = dict(zip(graph.inputs, _checked(graph, inputs), strict=True))
    env.update(zip(graph.params, _state(graph) if state is None else state, strict=True))

    def read(value: Value | None) -> Any:
        return env[value] if value is not None and value.kind != LITERAL else getattr(value, "literal", None)

    for node in graph.nodes:
        arrays = [read(v) for v in node.inputs]
        types = tuple(v.type for v in node.outputs)
        env.update(zip(node.outputs, node.op.allocate_and_run(arrays, node.attrs, types), strict=True))  # type: ignore[attr-defined]
    return [read(v) for v in graph.outputs], {p: read(v) for p, v in graph.updates.items()}


def _state(graph: Graph) -> list[np.ndarray]:
    if len(graph.bindings) == len(graph.params):
        return [np.asarray(owner.array, order="C") for owner in graph.bindings]
    raise ArgumentError(f"graph @{graph.name} was not traced from arrays; give state=, an array for each of its params")


def _checked(graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    if len(inputs) != len(graph.inputs):
        raise ArgumentError(f"graph @{graph.name} takes {len(graph.inputs)} inputs, got {len(inputs)}")
    return [_checked_input(value, item) for value, item in zip(graph.inputs, inputs, strict=True)]


def _checked_input(value: Value, item: Any) -> Any:
    array = np.asarray(item, value.type.dtype.numpy, order="C")
    if array.shape != value.shape:
        raise ArgumentError(f"input %{value.name} is {value.type}, got an array of shape {list(array.shape)}")
    return array
