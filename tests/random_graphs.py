"""Random graphs, drawn by hypothesis from every row of the op table: views, empty and size-1 shapes, several outputs,
state with updates, random numbers, weak scalars; with the shapes of code mixed in that the passes look for.

Each value is computed as soon as it is drawn, so that operands are reused only where the op accepts them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from graphnn import ops
from graphnn.ir.dtypes import float64
from graphnn.ir.graph import Graph, numpy_type
from graphnn.ir.registry import OPS, Trait, lookup
from graphnn.ir.types import TensorType
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.typing import broadcast_shapes
from tests.ops.rows import SPECIAL, Row, Sample, floats
from tests.ops.samples import ROWS

LARGEST = 256  # elements of a sample's array; larger ones only cost time here


@dataclass
class Drawn:
    """A graph and arrays for its inputs and params; the outputs at `loose` may move within a pass's tolerance."""

    graph: Graph
    inputs: list[np.ndarray]
    state: list[np.ndarray]
    loose: set[int] = field(default_factory=set)


@st.composite
def graphs(draw, op: str | None = None, most: int = 8) -> Drawn:
    """A graph of up to `most` drawn pieces; one of them is the op, if given."""
    builder = _Builder(draw)
    count = draw(st.integers(1, most))
    at = draw(st.integers(0, count - 1))
    for i in range(count):
        if i == at and op is not None:
            builder.op(ROWS[op])
        elif draw(st.integers(0, 3)):
            builder.op(ROWS[draw(st.sampled_from(NAMES))])
        else:
            draw(st.sampled_from(MOTIFS))(builder)
            builder.settle()
    return builder.finish()


def samples_of(row: Row) -> list[Sample]:
    small = [s for s in row.samples if all(not isinstance(a, np.ndarray) or a.size <= LARGEST for a in s.args)]
    return small or list(row.samples)


NAMES = sorted(ROWS.keys() & OPS.keys())
ELEMENTWISE = [name for name in NAMES if Trait.ELEMENTWISE in OPS[name].traits]


class _Builder:
    """The graph so far and what its values are. `pool` holds what later nodes may use."""

    def __init__(self, draw: Callable) -> None:
        self.draw = draw
        self.graph = Graph("random")
        self.env: dict[Value, np.ndarray] = {}
        self.pool: list[Value] = []
        self.loose: list[Value] = []
        self.last: Node | None = None

    # ---- leaves

    def leaf(self, array: np.ndarray, kind: str = "") -> Value:
        """An input, a param or a constant that holds the array."""
        type = numpy_type(array)
        kind = kind or self.draw(st.sampled_from(("input", "param", "constant")))
        if kind == "constant":
            value = self.graph.constant(array)
            self.settle()
            return value
        if kind == "input":
            value = self.graph.add_input(type)
        else:
            role = "rng" if type.dtype.short == "u64" else "parameter"
            value = self.graph.add_param(type, f"p{len(self.graph.params)}", role)
        return self._hold(value, np.array(array, order="C"))

    def param(self, *shape: int, **more) -> Value:
        return self.leaf(floats(*shape, **more), "param")

    def _hold(self, value: Value, array: np.ndarray) -> Value:
        self.env[value] = array
        self.pool.append(value)
        return value

    # ---- operands

    def operand(self, arg, fresh: bool):
        """What stands for a sample's argument: a value there is, one made to fit, or a new leaf; numbers stay weak."""
        if arg is None:
            return None
        if isinstance(arg, bool | int | float):
            return self.number(arg)
        type = numpy_type(arg)
        fitting = [] if fresh else [v for v in self.pool if v.type.dtype is type.dtype and not v.type.weak]
        chosen = self.draw(st.sampled_from([None, *fitting[-8:]]))
        return self.leaf(arg) if chosen is None else self._fitted(chosen, type) or self.leaf(arg)

    def _fitted(self, value: Value, type: TensorType) -> Value | None:
        if value.type is type:
            return value
        if value.type.size == type.size:
            return ops.reshape(value, shape=type.shape)
        if broadcast_shapes(value.shape, type.shape) == type.shape:
            return ops.expand(value, shape=type.shape)
        longer = value.type.ndim == type.ndim > 0 and value.shape[0] > type.shape[0]
        if longer and value.shape[1:] == type.shape[1:]:
            return ops.slice(value, dim=0, stop=type.shape[0])
        return None

    def number(self, number):
        """A literal, or a weak scalar that is an input or computed from one."""
        kind = self.draw(st.sampled_from(("literal", "literal", "input", "computed")))
        if kind == "literal" or type(number) is not float:
            return number
        weak = TensorType(float64, (), True)
        value = self.graph.add_input(weak, "lr")
        self.env[value] = np.float64(number) if kind == "input" else np.float64(1.0 - number)
        self.env[value] = np.asarray(self.env[value])
        return value if kind == "input" else ops.sub(1.0, value)

    # ---- nodes

    def op(self, row: Row) -> None:
        """A node of the row's op, on operands drawn; on the sample's own where it does not accept those."""
        sample = self.draw(st.sampled_from(samples_of(row)))
        for fresh in (False, True):
            args = [self.operand(a, fresh) for a in sample.args]
            self.settle()
            try:
                self.apply(row.op, args, sample.attrs)
                self.settle()
            except Exception:
                self.discard()
                if fresh:
                    raise
            else:
                return

    def apply(self, name: str, args, attrs) -> None:
        self.graph.append(lookup(name), [self.graph.as_value(a) for a in args], attrs)

    def settle(self) -> None:
        """Computes the nodes that were added; their results can be used from now on."""
        node = self.last.next if self.last is not None else self.graph.nodes.first
        while node is not None:
            arrays = [None if v is None else v.literal if v.kind == LITERAL else self.env[v] for v in node.inputs]
            types = tuple(v.type for v in node.outputs)
            found = node.op.allocate_and_run(arrays, node.attrs, types)
            for value, array in zip(node.outputs, found, strict=True):
                self._hold(value, array)
            if node.op.name == "batch_norm" and not node.attrs["training"]:
                self.pool.remove(node.output)
                self.loose.append(node.output)
            self.last, node = node, node.next

    def discard(self) -> None:
        while self.graph.nodes.last is not self.last:
            self.graph.erase(self.graph.nodes.last)

    # ---- the end

    def finish(self) -> Drawn:
        graph = self.graph
        updates = {}
        for param in graph.params:
            fitting = [v for v in self.pool if v.type is param.type and v is not param]
            if fitting and self.draw(st.booleans()):
                updates[param] = self.draw(st.sampled_from(fitting[-6:]))
        graph.updates = updates
        kept = self.draw(st.lists(st.sampled_from(self.pool[-12:]), min_size=1, max_size=4)) + self.pool[-1:]
        graph.outputs = kept + self.loose
        inputs, state = ([self.env[v] for v in values] for values in (graph.inputs, graph.params))
        return Drawn(graph, inputs, state, set(range(len(kept), len(kept) + len(self.loose))))


# ---- the shapes of code that passes look for


def dense_block(b: _Builder) -> None:
    ops.relu(ops.linear(b.leaf(floats(2, 3)), b.param(4, 3), b.param(4)))


def conv_block(b: _Builder) -> None:
    x = b.leaf(floats(1, 2, 4, 4))
    ops.relu(ops.conv2d(x, b.param(2, 2, 3, 3), b.param(2), padding=(1, 1)))


def norms(b: _Builder):
    return b.param(3), b.param(3, low=0.5), b.param(3, seed=1), b.param(3, seed=2)


def conv_norm(b: _Builder) -> None:
    x = b.leaf(floats(2, 2, 3, 3), "input")
    ops.batch_norm(ops.conv2d(x, b.param(3, 2, 2, 2)), *norms(b))


def linear_norm(b: _Builder) -> None:
    ops.batch_norm(ops.linear(b.leaf(floats(2, 4), "input"), b.param(3, 4), b.param(3)), *norms(b))


def norm_linear(b: _Builder) -> None:
    out = ops.batch_norm(b.leaf(floats(2, 3), "input"), *norms(b))[0]
    b.loose.append(ops.linear(out, b.param(4, 3)))


def idle_dropout(b: _Builder) -> None:
    rng = b.leaf(np.array([3, 5], np.uint64), "param")
    out, mask = ops.dropout(b.leaf(floats(2, 3)), rng, p=0.0, offset=0)
    ops.mul(out, mask)


def identities(b: _Builder) -> None:
    x = b.leaf(floats(2, 3))
    y = ops.add(ops.mul(ops.neg(ops.neg(x)), 1.0), ops.neg(ops.copy(x)))
    z = ops.reshape(
        ops.flatten(ops.transpose(ops.transpose(y, dim0=0, dim1=1), dim0=0, dim1=1), end_dim=1), shape=(2, 3)
    )
    ops.div(ops.pow(z, 2), 4.0)


def twins(b: _Builder) -> None:
    x = b.leaf(floats(2, 3))
    ops.add(ops.mul(ops.exp(x), x), ops.mul(x, ops.exp(x)))


def constants(b: _Builder) -> None:
    filled = b.graph.apply(lookup("full"), (), {"shape": (2, 3), "value": 0.5})
    ops.add(ops.sum(ops.mul(filled, 3.0), dim=(0,)), b.leaf(floats(3)))


def ladder(b: _Builder) -> None:
    """Elementwise ops that meet again, around a reduction."""
    x = b.leaf(floats(2, 3))
    y = ops.tanh(ops.mul(x, 2.0))
    ops.where(ops.gt(y, 0.0), ops.sub(y, ops.sum(y, dim=None)), ops.maximum(y, x))


def elementwise_row(b: _Builder) -> None:
    """Elementwise ops drawn from the table, each on results of those before it; those that refuse are left out."""
    values = [b.leaf(floats(2, 3)), b.leaf(floats(2, 3, seed=1))]
    for _ in range(b.draw(st.integers(2, 6))):
        row = ROWS[b.draw(st.sampled_from(ELEMENTWISE))]
        sample = b.draw(st.sampled_from(samples_of(row)))
        args = [b.draw(st.sampled_from(values[-2:])) if isinstance(a, np.ndarray) else a for a in sample.args]
        try:
            b.apply(row.op, args, sample.attrs)
            b.settle()
        except Exception:
            b.discard()
        else:
            assert b.last is not None
            values.append(b.last.output)


def special_numbers(b: _Builder) -> None:
    """NaN, infinities and both zeros, with numbers that may be neutral, on either side."""
    x = b.leaf(SPECIAL.astype("f4"))
    for _ in range(b.draw(st.integers(1, 3))):
        op = lookup(b.draw(st.sampled_from(("add", "sub", "mul", "div", "pow"))))
        number = b.draw(st.sampled_from((0.0, -0.0, 0, 1, 1.0, -1.0, 2, 0.25)))
        x = op(x, number) if b.draw(st.booleans()) else op(number, x)


MOTIFS = (
    special_numbers,
    elementwise_row,
    elementwise_row,
    dense_block,
    conv_block,
    conv_norm,
    linear_norm,
    norm_linear,
    idle_dropout,
    identities,
    twins,
    constants,
    ladder,
)
