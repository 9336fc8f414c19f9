"""Applying a whole graph to arguments of any kind: arrays compute, values inline, Tensors run and record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphnn.ir.graph import Graph
from graphnn.ir.value import LITERAL, Value


def apply_graph(graph: Graph, args: Iterable[Any], params: Iterable[Any] = ()) -> tuple[list[Any], dict[Value, Any]]:
    """The outputs, and the environment (every value of the graph -> what stands for it)."""
    env: dict[Value, Any] = dict(zip(graph.inputs, args, strict=True))
    env.update(zip(graph.params, params, strict=True))

    def read(value: Value | None) -> Any:
        if value is None:
            return None
        return value.literal if value.kind == LITERAL else env[value]

    for node in graph.nodes:
        results = node.op(*map(read, node.inputs), **node.attrs)
        env.update(zip(node.outputs, results if isinstance(results, tuple) else (results,), strict=True))
    return [read(v) for v in graph.outputs], env | {v: read(v) for v in graph.updates.values()}
