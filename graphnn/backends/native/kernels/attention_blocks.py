"""How attention is cut: heads into blocks of queries, and a worker's memory into what a block needs.

A worker packs the keys and values of a head, then goes through blocks of queries: their scores, the weights made of
them, the products with the values. Nothing of the size of all scores is ever written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

from graphnn.backends.native.kernels.attention_products import Panels, Times
from graphnn.backends.native.kernels.attention_rows import HELPERS, Rows
from graphnn.backends.native.kernels.axes import Lines, axes, merged, text, there, unravel
from graphnn.backends.native.kernels.matrix_blocking import main_tile, nanoseconds
from graphnn.backends.native.kernels.matrix_tile import Finish
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node
from graphnn.ops.attention_kernels import factor_of

NAME = "scaled_dot_product_attention"
SCORES = 12288  # of a block, about: they stay in the cache with what they are made of
ROWS = 96  # of a block, at most
PARTS = 16
LONGEST = 1 << 14  # keys: what dropout draws for a row stands on the stack


def accepts(node: Node) -> bool:
    first = 1 if node.op.name.endswith("_grad") else 0
    given = [v.type for v in node.inputs[first : first + 3] if v is not None]
    mask = node.inputs[6 if first else 3] if len(node.inputs) > (6 if first else 3) else None
    fits = all(t.dtype.short == "f32" and t.size for t in given) and given[1].shape[-2] <= LONGEST
    return fits and (mask is None or mask.type.dtype.short in ("f32", "bool"))


class Blocks:
    """Sizes: a head has `rows` queries and `columns` keys of `width` numbers, values of `depth`; `block` rows go at a
    time. The places of a worker's pieces of memory, one after the other, in floats."""

    def __init__(self, node: Node, machine: Machine) -> None:
        self.backward = node.op.name.endswith("_grad")
        q, v = node.operands[self.backward].type, node.operands[self.backward + 2].type
        self.machine = machine
        self.lead = node.outputs[0].type.shape[:-2]
        self.rows, self.width = q.shape[-2:]
        self.columns, self.depth = v.shape[-2:]
        self.causal, self.dropout = node.attrs["is_causal"], node.attrs["dropout_p"] > 0.0
        height = main_tile(machine, 2 * machine.lanes)[0]
        most = min(ROWS, max(height, SCORES // self.columns))
        self.count = -(-self.rows // most)
        self.block = -(-self.rows // self.count)
        if self.count > 1:
            self.block = -(-self.block // height) * height
        self.count = -(-self.rows // self.block)
        self.heights = tuple({self.block, self.rows - (self.count - 1) * self.block})
        self.stride = (-(-self.columns // (2 * machine.lanes)) * 2 + 1) * machine.lanes  # odd: not on the same lines
        self.size = 0
        self.places: dict[str, int] = {}
        for name, size in self._pieces():
            self.places[name] = self.size
            self.size += -(-size // 16) * 16

    @property
    def heads(self) -> int:
        return math.prod(self.lead)

    def _pieces(self) -> list[tuple[str, int]]:
        scores = self.block * self.stride
        found = [("turned_keys", self.turned_keys.size), ("scores", scores), ("numbers", self.block)]
        if not self.backward:
            return [*found, ("values", self.values.size)]
        found += [("turned_values", self.turned_values.size), ("keys", self.keys.size), ("slopes", scores)]
        found += [("queries", self.queries.size), ("grads", self.grads.size)]
        found += [("kept", scores)] if self.dropout else []
        sums = self.count > 1
        found += [("key_sums", self.sums_size(self.queries) * sums), ("value_sums", self.sums_size(self.grads) * sums)]
        return found

    def sums_size(self, panels: Panels) -> int:
        rows = panels.rows(self.columns)
        return panels.number * -(-self.columns // rows) * rows * panels.width

    def at(self, name: str) -> str:
        return f"(memory + {self.places[name]})" if name in self.places else ""

    def _panels(self, name: str, k: int, n: int) -> Panels:
        places = getattr(self, "places", {})
        return Panels(self.machine, f"(memory + {places.get(name, 0)})", k, n)

    @property
    def turned_keys(self) -> Panels:
        return self._panels("turned_keys", self.width, self.columns)

    @property
    def turned_values(self) -> Panels:
        return self._panels("turned_values", self.depth, self.columns)

    @property
    def keys(self) -> Panels:
        return self._panels("keys", self.columns, self.width)

    @property
    def values(self) -> Panels:
        return self._panels("values", self.columns, self.depth)

    @property
    def queries(self) -> Panels:
        return self._panels("queries", self.block, self.width)

    @property
    def grads(self) -> Panels:
        return self._panels("grads", self.block, self.depth)

    def cost(self, products: int) -> float:
        scores: int = self.heads * self.rows * self.columns // (2 if self.causal else 1)
        each = 3.0 if self.dropout else 1.0
        return nanoseconds(self.machine, scores * self.width * products) + each * scores


def scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """A worker's memory."""
    return (TensorType(dtypes.float32, (machine.threads, Blocks(node, machine).size)),)


class Heads:
    """What the forward and the gradient share: where operands lie, and the blocks' scores."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.blocks = Blocks(step.node, step.machine)
        self.helpers: dict[str, None] = dict.fromkeys(HELPERS)
        self.factor = factor_of(self.blocks.width, step.attrs["scale"])
        first = 1 if self.blocks.backward else 0
        inputs = [*step.inputs, *[None] * 3]
        self.q, self.k, self.v = (there(o) for o in inputs[first : first + 3])
        self.mask, self.rng = inputs[6 if first else 3 :][:2]

    @cached_property
    def rows(self) -> Rows:
        b, a = self.blocks, self.step.attrs
        rng = self.rng if b.dropout else None
        return Rows(b.lead, b.rows, b.columns, b.causal, self.mask, rng, a["dropout_p"], a["offset"])

    def places(self, **operands: Operand) -> Lines:
        """Declares where the head begins in each operand."""
        lines: Lines = []
        for name, o in operands.items():
            lead, strides = list(self.blocks.lead), list(o.strides[:-2])
            if lead and len(o.shape) > 2 and self.step.attrs["enable_gqa"] and o.shape[-3] != lead[-1]:
                heads = o.shape[-3]
                lead, strides = [*lead[:-1], heads, lead[-1] // heads], [*strides, 0]
            missing = len(lead) - len(strides)
            own = (*[1] * missing, *o.shape[:-2], *[1] * (len(strides) - len(o.shape) + 2))
            moves = [0] * missing + strides
            moves = [0 if n == 1 else s for n, s in zip(own, moves, strict=True)]
            lines += unravel(merged(axes(lead, moves)), (f"{name}_at",), "head")
            lines.append(f"const float *const {name} = {o.pointer} + {name}_at;")
        return lines

    def scores(self) -> Times:
        b, q = self.blocks, self.q
        finish = held(lambda value, offset: f"({value}) * gn_splat_f32v({self.factor!r}f)")
        left = f"q + row0 * {q.strides[-2]}L"
        return Times(left, moves(q), b.turned_keys, b.heights, finish, b.stride, "0", True, b.at("scores"))

    def used(self, rounded: int = 1) -> str:
        """Declares how many columns a block reads: those that its last row sees, made a multiple."""
        b = self.blocks
        if not b.causal:
            return f"const long used = {b.columns};"
        whole = f"(row0 + m + {rounded - 1}) / {rounded} * {rounded}" if rounded > 1 else "(row0 + m)"
        more = f"block < {b.count - 1} && " if b.backward else ""
        return f"const long used = {more}{whole} < {b.columns} ? {whole} : {b.columns};"

    def block(self) -> Lines:
        b = self.blocks
        first = f"const long row0 = block * {b.block};"
        return [first, f"const long m = {b.rows} - row0 < {b.block} ? {b.rows} - row0 : {b.block};"]

    def phase(self, units: int, cost: float, body: Lines) -> Phase:
        parts = max(1, min(PARTS, units))
        memory = self.step.scratch[0]
        head = [f"float *const memory = {memory.pointer} + worker * {memory.shape[1]}L;"]
        head.append(f"const long from = part * {units} / {parts}, to = (part + 1) * {units} / {parts};")
        return Phase(text(head, body), parts, cost, tuple(self.helpers))


def held(change: Callable[[str, str], str]) -> Finish:
    """Results that stay in the worker's memory, in rows of whole vectors; `change` gets the sum and its offset."""

    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        return f"gn_store_f32v(acc + ({offset}), {change(value, offset)});"

    return finish


def moves(o: Operand) -> tuple[int, int]:
    return o.strides[-2], o.strides[-1]


def store(to: Operand, value: str, offset: str, lanes: str | None) -> str:
    at = f"{to.pointer} + ({offset})"
    return f"gn_store_f32v({at}, {value});" if lanes is None else f"gn_store_part_f32v({at}, {value}, {lanes});"
