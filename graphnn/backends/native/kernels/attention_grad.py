"""The gradient of attention: the weights again from the logarithms of their sums, block by block of a head.

The sums for keys and values rest in the worker's memory from block to block. Parts are heads.
"""

from __future__ import annotations

import math

from graphnn.backends.native.kernels.attention_blocks import NAME, Heads, accepts, held, moves, scratch, store
from graphnn.backends.native.kernels.attention_products import Panels, Times
from graphnn.backends.native.kernels.axes import Lines, loop, there
from graphnn.backends.native.kernels.matrix_tile import Finish
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step


@lowers(f"{NAME}_grad", accepts=accepts, scratch=scratch)
def _gradient(step: Step) -> list[Phase]:
    it = _Gradient(step)
    b = it.blocks
    resting = [name for name in ("key_sums", "value_sums") if b.count > 1]
    sizes = {"key_sums": b.queries, "value_sums": b.grads}
    cleared = [f"gn_fill({b.at(name)}, {b.sums_size(sizes[name])}, 0);" for name in resting]
    body = loop("head", "from", "to",
                it.places(q=it.q, k=it.k, v=it.v, g=it.g), it.packing(), cleared,
                loop("block", 0, b.count, it.block(), it.used(it.key_rows), it.block_lines()))  # fmt: skip
    return [it.phase(b.heads, b.cost(5), body)]


class _Gradient(Heads):
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
        given = left, moves(self.g), b.turned_values, b.heights, held(slope)
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
        return store(to, f"({value}) * gn_splat_f32v({factor!r}f)" if factor != 1.0 else value, offset, lanes)

    return finish
