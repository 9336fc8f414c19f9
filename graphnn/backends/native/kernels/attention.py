"""Scaled dot product attention: a block of a head's rows at a time. Parts are blocks, those of a head in a row."""

from __future__ import annotations

from graphnn.backends.native.kernels.attention_blocks import NAME, Heads, accepts, scratch, store
from graphnn.backends.native.kernels.attention_products import Times
from graphnn.backends.native.kernels.axes import Lines, flat, loop
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step


@lowers(NAME, accepts=accepts, scratch=scratch)
def _attention(step: Step) -> list[Phase]:
    it = Heads(step)
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


def _outputs(it: Heads, out: Operand) -> Lines:
    b = it.blocks

    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        factor = f"acc[(({offset}) - at) / {b.depth}]"
        return store(out, f"({value}) * gn_splat_f32v({factor})", offset, lanes)

    at, acc = f"(head * {b.rows} + row0) * {b.depth}L", f"{b.at('numbers')} + r"
    left, moves = b.at("scores"), (b.stride, 1)
    return Times(left, moves, b.values, b.heights, finish, b.depth, at, False, acc).lines(it.helpers, "m", "used")
