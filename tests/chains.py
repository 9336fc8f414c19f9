"""Long graphs, to see that nothing is quadratic."""

from graphnn.ir.dtypes import float32
from graphnn.ir.graph import Graph
from graphnn.ir.registry import lookup
from graphnn.ir.types import TensorType


def chain(length: int, ops=("relu", "neg", "abs", "square"), shape=(4,)) -> Graph:
    """`length` unary ops, one after another."""
    graph = Graph("chain")
    value = graph.add_input(TensorType(float32, shape))
    for i in range(length):
        value = graph.apply(lookup(ops[i % len(ops)]), (value,), {})
    graph.outputs = [value]
    return graph
