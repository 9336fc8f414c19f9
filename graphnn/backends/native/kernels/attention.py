"""Scaled dot product attention and its gradient: a head, or a block of its rows, at a time, all in the cache.

A worker packs the keys and values of a head, then goes through blocks of queries: their scores, the weights made of
them, the products with the values. Nothing of the size of all scores is ever written. In the gradient the sums for keys
and values rest in the worker's memory from block to block. Parts are heads (of the forward: blocks, too).
"""

from __future__ import annotations

import math
from functools import cached_property

from graphnn.backends.native.kernels.attention_products import Panels, Times
from graphnn.backends.native.kernels.attention_rows import HELPERS, Rows
from graphnn.backends.native.kernels.axes import Lines, axes, flat, loop, merged, text, there, unravel
from graphnn.backends.native.kernels.matrix_blocking import main_tile, nanoseconds
from graphnn.backends.native.kernels.matrix_tile import Finish
from graphnn.backends.native.lowering import lowers
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
        found += [("key_sums", self._sums(self.queries) * sums), ("value_sums", self._sums(self.grads) * sums)]
        return found

    def _sums(self, panels: Panels) -> int:
        rows = panels.rows(self.columns)
        return panels.count * -(-self.columns // rows) * rows * panels.width

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
        scores = self.heads * self.rows * self.columns // (2 if self.causal else 1)
        return nanoseconds(self.machine, scores * self.width * products) + (1 + 2 * self.dropout) * scores


def scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """A worker's memory."""
    return (TensorType(dtypes.float32, (machine.threads, Blocks(node, machine).size)),)


class _Heads:
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
        finish = self.held(lambda value, offset: f"({value}) * gn_splat_f32v({self.factor!r}f)")
        left = f"q + row0 * {q.strides[-2]}L"
        return Times(left, _moves(q), b.turned_keys, b.heights, finish, b.stride, "0", True, b.at("scores"))

    @staticmethod
    def held(change: object) -> Finish:
        def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
            return f"gn_store_f32v(acc + ({offset}), {change(value, offset)});"  # type: ignore[operator]

        return finish

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


def _moves(o: Operand) -> tuple[int, int]:
    return o.strides[-2], o.strides[-1]


# ---- forward


@lowers(NAME, accepts=accepts, scratch=scratch)
def _attention(step: Step) -> list[Phase]:
    it = _Heads(step)
    b, out = it.blocks, step.outputs[0]
    packing = flat(
        it.places(k=it.k, v=it.v),
        b.turned_keys.packed("k", it.k.strides[-1], it.k.strides[-2], str(b.width), it.helpers),
        b.values.packed("v", it.v.strides[-2], it.v.strides[-1], str(b.columns), it.helpers),
    )
    body = flat(
        "long ready = -1;",
        loop("unit", "from", "to",
             f"const long head = unit / {b.count}, block = unit % {b.count};",
             "if (ready != head) {", ["    " + line for line in packing], "    ready = head;", "}",
             it.block(), it.used(), it.places(q=it.q),
             it.scores().lines(it.helpers, "m", str(b.width), limit="used"),
             it.rows.each(b.at("scores"), b.stride, it.rows.weights(b.at("numbers"), step.outputs[1])),
             _outputs(it, out) if out is not None else []),
    )  # fmt: skip
    return [it.phase(b.heads * b.count, b.cost(2), body)]


def _outputs(it: _Heads, out: Operand) -> Lines:
    b = it.blocks

    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        factor = f"acc[(({offset}) - at) / {b.depth}]"
        return _store(out, f"({value}) * gn_splat_f32v({factor})", offset, lanes)

    at, acc = f"(head * {b.rows} + row0) * {b.depth}L", f"{b.at('numbers')} + r"
    left, moves = b.at("scores"), (b.stride, 1)
    return Times(left, moves, b.values, b.heights, finish, b.depth, at, False, acc).lines(it.helpers, "m", "used")


def _store(to: Operand, value: str, offset: str, lanes: str | None) -> str:
    at = f"{to.pointer} + ({offset})"
    return f"gn_store_f32v({at}, {value});" if lanes is None else f"gn_store_part_f32v({at}, {value}, {lanes});"


# ---- gradient


@lowers(f"{NAME}_grad", accepts=accepts, scratch=scratch)
def _gradient(step: Step) -> list[Phase]:
    it = _Gradient(step)
    b = it.blocks
    resting = [name for name in ("key_sums", "value_sums") if b.count > 1]
    sizes = {"key_sums": b.queries, "value_sums": b.grads}
    cleared = [f"gn_fill({b.at(name)}, {b._sums(sizes[name])}, 0);" for name in resting]
    body = loop("head", "from", "to",
                it.places(q=it.q, k=it.k, v=it.v, g=it.g), it.packing(), cleared,
                loop("block", 0, b.count, it.block(), it.used(it.key_rows), it.block_lines()))  # fmt: skip
    return [it.phase(b.heads, b.cost(5), body)]


class _Gradient(_Heads):
    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self.g, self.out, self.logs = there(step.inputs[0]), there(step.inputs[4]), there(step.inputs[5])
        self.dq, self.dk, self.dv = step.outputs

    @property
    def key_rows(self) -> int:
        b = self.blocks
        return math.lcm(b.queries.rows(b.columns), b.grads.rows(b.columns))

    def packing(self) -> Lines:
        b, k, v = self.blocks, self.k, self.v
        return [
            *b.turned_keys.packed("k", k.strides[-1], k.strides[-2], str(b.width), self.helpers),
            *b.turned_values.packed("v", v.strides[-1], v.strides[-2], str(b.depth), self.helpers),
            *(b.keys.packed("k", k.strides[-2], k.strides[-1], str(b.columns), self.helpers) if self.dq else []),
        ]

    def block_lines(self) -> Lines:
        b, helpers = self.blocks, self.helpers
        rows = self.rows
        again = rows.weights_again(self.logs, self.g, self.out, b.at("numbers"))
        kept = [f"float *const kept = {b.at('kept')} + i * {b.stride}L;"]
        kept += [*rows.dropped("kept", "s"), *rows.cleared("kept")]
        lines = [
            *self.scores().lines(helpers, "m", str(b.width), limit="used"),
            *rows.each(b.at("scores"), b.stride, again, kept if b.dropout else []),
            *self._slopes().lines(helpers, "m", str(b.depth), limit="used"),
        ]
        if self.dq is not None:
            lines += self._of_queries(self.dq).lines(helpers, "m", "used")
        weights = b.at("kept" if b.dropout else "scores")
        for out, x, panels, left, name, factor in (
            (self.dv, self.g, b.grads, weights, "value_sums", 1.0),
            (self.dk, self.q, b.queries, b.at("slopes"), "key_sums", self.factor),
        ):
            if out is not None:
                start = f"{'g' if x is self.g else 'q'} + row0 * {x.strides[-2]}L"
                lines += panels.packed(start, x.strides[-2], x.strides[-1], "m", helpers)
                lines += self._of_keys(out, panels, left, name, factor)
        return lines

    def _slopes(self) -> Times:
        """The gradient of the scores: weight (gradient of the weight - sum of gradient times output)."""
        b = self.blocks
        weights, kept = (b.places.get(name, 0) - b.places["slopes"] for name in ("scores", "kept"))
        numbers = b.places["numbers"] - b.places["slopes"]
        up = 1.0 / (1.0 - self.step.attrs["dropout_p"]) if self.step.attrs["dropout_p"] < 1.0 else 0.0

        def slope(value: str, offset: str) -> str:
            if b.dropout:
                seen = f"gn_gt_f32v(gn_load_f32v(acc + {kept} + ({offset})), gn_splat_f32v(0))"
                value = f"gn_select_f32v({seen}, ({value}) * gn_splat_f32v({up!r}f), gn_splat_f32v(0))"
            delta = f"gn_splat_f32v(acc[{numbers} + ({offset}) / {b.stride}])"
            return f"(({value}) - {delta}) * gn_load_f32v(acc + {weights} + ({offset}))"

        left = f"g + row0 * {self.g.strides[-2]}L"
        given = left, _moves(self.g), b.turned_values, b.heights, self.held(slope)
        return Times(*given, b.stride, "0", True, b.at("slopes"))

    def _of_queries(self, out: Operand) -> Times:
        b = self.blocks
        at = f"(head * {b.rows} + row0) * {b.width}L"
        given = b.at("slopes"), (b.stride, 1), b.keys, b.heights, _scaled(out, self.factor)
        return Times(*given, b.width, at, False, "(float *)0")

    def _of_keys(self, out: Operand, panels: Panels, left: str, sums: str, factor: float) -> Lines:
        b = self.blocks
        acc = b.at(sums) if b.count > 1 else "(float *)0"
        given = left, (1, b.stride), panels, (b.columns,), _scaled(out, factor)
        times = Times(*given, panels.n, f"head * {b.columns * panels.n}L", False, acc)
        if b.count == 1:
            return times.lines(self.helpers, str(b.columns), "m")
        return times.lines(self.helpers, "used", "m", first="0", last=f"block == {b.count - 1}")


def _scaled(to: Operand, factor: float) -> Finish:
    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        return _store(to, f"({value}) * gn_splat_f32v({factor!r}f)" if factor != 1.0 else value, offset, lanes)

    return finish
