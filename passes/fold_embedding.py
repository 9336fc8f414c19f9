"""Layers that read rows of a constant table, computed for the table instead."""

from __future__ import annotations

from dataclasses import dataclass

from graphnn.ir.graph import Graph
from graphnn.ir.value import Node, Value
from graphnn.ops.elementwise import add
from graphnn.ops.embedding import embedding
from graphnn.ops.matrix import linear, linear_relu
from graphnn.ops.movement import permute, reshape, transpose, unsqueeze
from graphnn.ops.packed_recurrence import LAYERS as RECURRENT
from graphnn.passes.static_values import static_values
from graphnn.rewrite.edit import substitute
from graphnn.rewrite.pass_ import Pass, Tolerance

LINEAR = (linear, linear_relu)


@dataclass(frozen=True)
class FoldEmbedding(Pass):
    """linear(embedding(i, t), w, b) -> embedding(i, linear(t, w, b)); the same with a relu, and for a recurrent layer, whose
    inputs then are what they give to its gates. Moves of dimensions between the two are done to the indices.

    Done when t, w and b are made of state that this graph does not write, so the new table is work for the prologue, and
    when it takes at most `limit` bytes. Within the tolerance: sums are rounded in another order.
    """

    limit: int = 4 << 20

    name = "fold-embedding"
    tolerance = Tolerance(rtol=1e-4, atol=1e-5)

    def apply(self, graph: Graph) -> bool:
        static = static_values(graph)
        folded = 0
        for node in graph.nodes:
            if node.op in LINEAR:
                folded += self._linear(graph, node, static)
            elif node.op.name in RECURRENT:
                folded += self._recurrent(graph, node, static)
        return folded > 0

    def _linear(self, graph: Graph, node: Node, static: set[Value | None]) -> bool:
        x, *weights = node.inputs
        found = _looked_up(x, static)
        if found is None or not all(w in static for w in weights) or not self._fits(found.table, weights[0]):
            return False
        with graph.before(node):
            substitute(graph, node, [found.of(node.op(found.table, *weights))])
        return True

    def _recurrent(self, graph: Graph, node: Node, static: set[Value | None]) -> bool:
        layer = RECURRENT[node.op.name]
        at = layer.first_weight
        inputs = [*node.inputs, *[None] * (at + 4 - len(node.inputs))]
        weight, _, bias, other = inputs[at : at + 4]
        found = _looked_up(inputs[0], static)
        if found is None or weight is None or weight not in static or not (bias is None or bias in static):
            return False
        if not self._fits(found.table, weight):
            return False
        joins = other is not None and other in static and layer.joint_biases
        with graph.before(node):
            if joins:
                bias = other if bias is None else add(bias, other)
            inputs[0] = found.of(linear(found.table, weight) if bias is None else linear(found.table, weight, bias))
            inputs[at], inputs[at + 2], inputs[at + 3] = None, None, None if joins else other
            while inputs[-1] is None:
                inputs.pop()
            made = graph.append(node.op, tuple(inputs), node.attrs)
        substitute(graph, node, list(made.outputs))
        return True

    def _fits(self, table: Value, weight: Value | None) -> bool:
        """Whether the table may become one with a number for each row of the weight."""
        assert weight is not None
        return table.type.shape[0] * weight.type.shape[0] * weight.type.dtype.itemsize <= self.limit


@dataclass(frozen=True)
class _LookUp:
    """Rows of a constant table, and the moves that their leading dimensions went through, the last one first."""

    table: Value
    indices: Value
    moves: tuple[Node, ...]

    def of(self, table: Value) -> Value:
        """The same rows of another table."""
        at = self.indices
        for move in reversed(self.moves):
            attrs = dict(move.attrs)
            for name in ("shape", "dims"):
                if name in attrs:
                    attrs[name] = attrs[name][:-1]
            at = move.op(at, **attrs)
        rows: Value = embedding(at, table)
        return rows


def _looked_up(value: Value | None, static: set[Value | None]) -> _LookUp | None:
    moves = []
    while value is not None and value.producer is not None and _keeps_rows(value.producer):
        moves.append(value.producer)
        value = value.producer.inputs[0]
    node = None if value is None else value.producer
    if node is None or node.op is not embedding:
        return None
    indices, table = node.inputs
    assert indices is not None
    assert table is not None
    return _LookUp(table, indices, tuple(moves)) if table in static and indices not in static else None


def _keeps_rows(node: Node) -> bool:
    """Whether the node moves leading dimensions only."""
    if node.op not in (reshape, permute, transpose, unsqueeze):
        return False
    x, attrs, last = node.inputs[0], node.attrs, node.output.type.ndim - 1
    assert x is not None
    if node.op is reshape:
        return x.type.size > 0 and x.type.shape[-1:] == node.output.type.shape[-1:]
    if node.op is permute:
        return bool(attrs["dims"][-1:] == (last,))
    if node.op is transpose:
        return last not in (attrs["dim0"], attrs["dim1"])
    return bool(attrs["dim"] < last)
