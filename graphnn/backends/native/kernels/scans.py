"""Scans: what becomes of each element with all those before it, along one dimension, line by line."""

from __future__ import annotations

import math
from collections.abc import Callable

from graphnn.backends.native.kernels.axes import (
    Lines,
    axes,
    count,
    cut,
    flat,
    loop,
    ordered,
    parts_for,
    pointers,
    text,
    there,
    unravel,
)
from graphnn.backends.native.kernels.reduce import PLAIN
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir.value import Node

SUM, EXPONENTIAL = 1.5, 12.0  # nanoseconds an element

At = Callable[..., str]
"""`at(NAME)` is the C of an operand's element number `i` in the line, `at(NAME, INDEX)` that of another."""


def _accepts(node: Node) -> bool:
    types = [v.type for v in (*node.operands, *node.outputs)]
    return all(t.dtype.short in PLAIN for t in types) and bool(types[0].size)


def _accepts_floats(node: Node) -> bool:
    kinds = {v.type.dtype.short for v in (*node.operands, *node.outputs)}
    return _accepts(node) and kinds in ({"f32"}, {"f64"})


def _scan(
    step: Step, lines: Callable[[At], tuple[Lines, Lines]], cost: float, **operands: Operand | None
) -> list[Phase]:
    """`lines` gives those before and those in the loop over a line; the first operand says how lines lie in memory."""
    given = {name: o for name, o in operands.items() if o is not None}
    shape = next(iter(given.values())).shape or (1,)
    dim = step.attrs["dim"] if step.inputs[0] is not None and step.inputs[0].shape else 0
    strides = {name: o.strides or (0,) for name, o in given.items()}

    def at(name: str, index: str = "i") -> str:
        return f"{name}[{name}_at + {index} * {strides[name][dim]}]"

    across = ordered(axes(*([n for d, n in enumerate(each) if d != dim] for each in (shape, *strides.values()))))
    start, each = lines(at)
    inner = flat(unravel(across, [f"{name}_at" for name in given]), start, loop("i", 0, shape[dim], each))
    parts = parts_for(4 * math.prod(shape), min(8, count(across)))
    body = text(pointers(**given), cut(count(across), parts), loop("k", "from", "to", inner))
    return [Phase(body, parts, cost * math.prod(shape))]


@lowers("cumsum", "cumprod", accepts=_accepts)
def _cumulative(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    start, sign = ("0", "+") if step.name == "cumsum" else ("1", "*")

    def lines(at: At) -> tuple[Lines, Lines]:
        return [f"{out.ctype} total = {start};"], [f"{at('out')} = total {sign}= {at('x')};"]

    return _scan(step, lines, SUM, out=out, x=x)


@lowers("cumprod_grad", accepts=_accepts_floats)
def _cumprod_grad(step: Step) -> list[Phase]:
    """As the NumPy kernel: up to the first zero the sum of g * product from there on, over x; at it the same with 1 for that
    zero; after it 0. The products are kept in the result until the way back."""
    g, x, out = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    c, n = out.ctype, math.prod(x.shape[d] for d in [step.attrs["dim"]] if x.shape)

    def lines(at: At) -> tuple[Lines, Lines]:
        products = [
            f"if ({at('x')} == 0 && zero == {n}) zero = i;",
            f"else product *= {at('x')};",
            f"{at('out')} = product;",
        ]
        back = [
            f"const long j = {n - 1} - i;",
            f"const {c} term = {at('g', 'j')} * {at('out', 'j')};",
            f"if (j >= zero) after += term, {at('out', 'j')} = j == zero ? after : 0;",
            f"else before += term, {at('out', 'j')} = before / {at('x', 'j')};",
        ]
        return flat(f"long zero = {n};", f"{c} product = 1, after = 0, before = 0;", loop("i", 0, n, products)), back

    return _scan(step, lines, 4 * SUM, out=out, x=x, g=g)


@lowers("cummax", "cummin", accepts=_accepts)
def _extremes(step: Step) -> list[Phase]:
    """The last of equals, and from the first NaN on the last NaN."""
    x = there(step.inputs[0])
    values, indices = step.outputs
    sign = ">=" if step.name == "cummax" else "<="

    def lines(at: At) -> tuple[Lines, Lines]:
        each = [f"if ({at('x')} {sign} best || {at('x')} != {at('x')}) best = {at('x')}, place = i;"]
        each += [f"{at('values')} = best;"] if values is not None else []
        each += [f"{at('indices')} = place;"] if indices is not None else ["(void)place;"]
        return [f"{x.ctype} best = {at('x', '0')};", "long place = 0;"], each

    return _scan(step, lines, 2 * SUM, values=values, indices=indices, x=x)


@lowers("logcumsumexp", accepts=_accepts_floats)
def _log_sums(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    kind, c = x.type.dtype.short, x.ctype
    added = f"high + gn_log1p_{kind}s(gn_exp_{kind}s(low - high))"

    def lines(at: At) -> tuple[Lines, Lines]:
        each = [
            f"const {c} y = {at('x')}, high = total > y ? total : y, low = total > y ? y : total;",
            f"total = total == y ? y + ({c})0.6931471805599453 : {added};",
            f"{at('out')} = total;",
        ]
        return [f"{c} total = -__builtin_inff();"], each

    return _scan(step, lines, EXPONENTIAL, out=out, x=x)
