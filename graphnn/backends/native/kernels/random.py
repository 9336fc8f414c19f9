"""Random numbers: the stream of graphnn/ops/random.py, cut into parts at whole blocks; the same bits for any of them.

Uniform numbers are drawn a short run at a time into a buffer on the stack and go from there through vector code.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from graphnn.backends.native import expressions as ex
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node
from graphnn.ops.dropout import scale

RUN = 256  # numbers drawn at a time; a multiple of what a block holds and of every vector
PARTS = 8
UNIFORM_COST, NORMAL_COST = 1.5, 3.0  # nanoseconds a number
HELPERS = ('#include "philox.h"',)
Statement = Callable[[str, str], list[str]]


def accepts_any(node: Node) -> bool:
    return True


def accepts_float_data(node: Node) -> bool:
    """Whether what is drawn for is floating point; the state is not."""
    value = node.inputs[0]
    return value is not None and value.type.dtype.is_floating_point


def wide(dtype: DType) -> DType:
    return dtypes.float32 if dtype in dtypes.NARROW else dtype


# ---- texts


def state_lines(rng: Operand) -> list[str]:
    stride = rng.strides[0]
    return [f"    const uint64_t rng[2] = {{{rng.pointer}[0], {rng.pointer}[{stride}]}};"]


def part_count(count: int) -> int:
    return max(1, min(PARTS, count // (4 * RUN)))


def bounds(count: int, parts: int) -> list[str]:
    """Declares `from` and `to`, the part's share: whole runs."""
    share = -(-count // parts // RUN) * RUN
    return [
        f"    const long from = part * {share} < {count} ? part * {share} : {count};",
        f"    const long to = part + 1 < {parts} && from + {share} < {count} ? from + {share} : {count};",
    ]


def over_runs(drawn: DType, offset: int, lines: list[str]) -> list[str]:
    """Draws numbers i to i + n of the part's share into `u`, run by run, each followed by the lines."""
    c_type = "double" if drawn is dtypes.float64 else "float"
    return [
        f"    for (long i = from; i < to; i += {RUN}) {{",
        f"        const long n = to - i < {RUN} ? to - i : {RUN};",
        f"        {c_type} u[{RUN}];",
        f"        gn_uniforms_{drawn.short}(rng, {offset}u, i, i + n, u);",
        *lines,
        "    }",
    ]


def over_lanes(statement: Statement, *, vectors: bool = True) -> list[str]:
    """Lines for each k of n, by vectors as far as they go; `statement(k, form)` gives them."""
    lines = ["        long k = 0;"]
    if vectors:
        lines += ["        for (; k + GN_LANES <= n; k += GN_LANES) {", *_indented(statement("k", "v")), "        }"]
    return [*lines, "        for (; k < n; k++) {", *_indented(statement("k", "s")), "        }"]


def _indented(lines: list[str]) -> list[str]:
    return ["            " + line for line in lines]


# ---- uniform numbers and integers


@lowers("rand", accepts=accepts_any)
def _rand(step: Step) -> list[Phase]:
    (rng,), (out,) = step.inputs, step.outputs
    assert rng is not None
    assert out is not None
    dtype = out.type.dtype

    def put(k: str, form: str) -> list[str]:
        drawn = ex.load(wide(dtype), f"u + {k}", form)
        if dtype in dtypes.NARROW:
            drawn = cut_digits(drawn, 11 if dtype is dtypes.float16 else 8, form)
        return [ex.store(dtype, f"{out.pointer} + i + {k}", drawn, form) + ";"]

    return draw(step, rng, out.type.size, wide(dtype), over_lanes(put))


def cut_digits(number: str, digits: int, form: str) -> str:
    """Rounded towards zero, so that it stays below 1."""
    up, down = (ex.constant(2.0**d, dtypes.float32, form) for d in (digits, -digits))
    return f"gn_floor_f32{form}({number} * {up}) * {down}"


def draw(step: Step, rng: Operand, count: int, drawn: DType, lines: list[str]) -> list[Phase]:
    """One phase: the draw of so many numbers, each run of it followed by the lines."""
    if count == 0:
        return []
    parts = part_count(count)
    body = [*state_lines(rng), *bounds(count, parts), *over_runs(drawn, step.attrs["offset"], lines)]
    return [Phase("\n".join(body), parts, count * UNIFORM_COST, HELPERS)]


@lowers("randint", accepts=accepts_any)
def _randint(step: Step) -> list[Phase]:
    (rng,), (out,) = step.inputs, step.outputs
    assert rng is not None
    assert out is not None
    low, high = step.attrs["low"], step.attrs["high"]

    def put(k: str, form: str) -> list[str]:
        scaled = f"u[{k}] * {ex.constant(float(high - low), dtypes.float64, 's')}"
        whole = f"(int64_t)((uint64_t)(int64_t)({scaled}) + (uint64_t){ex.constant(low, dtypes.int64, 's')})"
        return [f"{out.pointer}[i + {k}] = {whole};"]

    return draw(step, rng, out.type.size, dtypes.float64, over_lanes(put, vectors=False))


# ---- normal numbers, by Box and Muller


def _randn_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    return (TensorType(wide(node.output.type.dtype), (2, (node.output.type.size + 1) // 2)),)


@lowers("randn", accepts=accepts_any, scratch=_randn_scratch)
def _randn(step: Step) -> list[Phase]:
    """Two phases: the uniform numbers, whose pairs lie half a draw apart, and what is made of the pairs."""
    (rng,), (out,), (uniform,) = step.inputs, step.outputs, step.scratch
    assert rng is not None
    assert out is not None
    if out.type.size == 0:
        return []
    count, short = uniform.type.size, uniform.type.dtype.short
    parts = part_count(count)
    call = f"    gn_uniforms_{short}(rng, {step.attrs['offset']}u, from, to, {uniform.pointer} + from);"
    drawing = "\n".join([*state_lines(rng), *bounds(count, parts), call])
    return [Phase(drawing, parts, count * UNIFORM_COST, HELPERS), _normal_phase(out, uniform)]


def _normal_phase(out: Operand, uniform: Operand) -> Phase:
    """An odd count leaves the last pair's sine out."""
    pairs = out.type.size // 2
    parts = part_count(pairs)
    lines = [*bounds(pairs, parts), "    {", "        const long n = to - from;"]
    lines += [*over_lanes(lambda k, form: _normal_pair(out, uniform, f"from + {k}", form)), "    }"]
    if out.type.size % 2:
        last = _normal_pair(out, uniform, str(pairs), "s")[:-1]
        lines += [f"    if (part == {parts - 1}) {{", *(f"        {line}" for line in last), "    }"]
    return Phase("\n".join(lines), parts, pairs * NORMAL_COST)


def _normal_pair(out: Operand, uniform: Operand, i: str, form: str) -> list[str]:
    drawn, dtype, half = uniform.type.dtype, out.type.dtype, uniform.shape[1]
    name, kind = ex.register_name(drawn) + form, ex.register_type(drawn, form)
    u, v = (ex.load(drawn, f"{uniform.pointer} + {row * half} + {i}", form) for row in range(2))
    minus_two, circle = (ex.constant(c, drawn, form) for c in (-2.0, 2.0 * math.pi))
    parts = (f"gn_{f}_{name}(angle) * r" for f in ("cos", "sin"))
    return [
        f"const {kind} r = gn_sqrt_{name}(gn_log1p_{name}(-{u}) * {minus_two}), angle = {v} * {circle};",
        *(f"{ex.store(dtype, f'{out.pointer} + {k * half} + {i}', x, form)};" for k, x in enumerate(parts)),
    ]


# ---- dropout


@lowers("dropout", accepts=accepts_float_data)
def _dropout(step: Step) -> list[Phase]:
    """x * mask * scale, and the mask; either may be unwanted."""
    (x, rng), (out, mask) = step.inputs, step.outputs
    assert x is not None
    assert rng is not None
    if out is None and mask is None:
        return []

    def keep(k: str, form: str) -> list[str]:
        return [*_kept(mask, step.attrs["p"], k, form), *_scaled(x, out, step.attrs["p"], k, form)]

    return draw(step, rng, x.type.size, dtypes.float32, over_lanes(keep, vectors=x.is_contiguous))


def _kept(mask: Operand | None, p: float, k: str, form: str) -> list[str]:
    bound = ex.constant(p, dtypes.float32, form)
    lines = [f"const b8{form} kept = gn_truth_f32{form}(gn_ge_f32{form}(gn_load_f32{form}(u + {k}), {bound}));"]
    return lines if mask is None else [*lines, f"gn_store_b8{form}({mask.pointer} + i + {k}, kept);"]


def _scaled(x: Operand, out: Operand | None, p: float, k: str, form: str) -> list[str]:
    if out is None:
        return []
    dtype = wide(x.type.dtype)
    value = ex.load(x.type.dtype, f"{x.pointer} + {_place(x, f'i + {k}')}", form)
    factor = ex.convert("kept", dtypes.bool, dtype, form)
    product = f"{value} * {factor} * {ex.constant(scale(p), dtype, form)}"
    return [ex.store(x.type.dtype, f"{out.pointer} + i + {k}", product, form) + ";"]


def _place(x: Operand, index: str) -> str:
    """Where the element with that number in C order lies."""
    if x.is_contiguous:
        return index
    terms, inner = [], 1
    for size, stride in zip(reversed(x.shape), reversed(x.strides), strict=True):
        terms.append(f"({index}) / {inner} % {size} * {stride}")
        inner *= size
    return " + ".join(terms)


# ---- the state itself


@lowers("rng_advance", accepts=accepts_any)
def _rng_advance(step: Step) -> list[Phase]:
    (rng,), (out,) = step.inputs, step.outputs
    assert rng is not None
    assert out is not None
    count = ex.constant(step.attrs["blocks"], dtypes.uint64, "s")
    text = [*state_lines(rng), f"    {out.pointer}[0] = rng[0];", f"    {out.pointer}[1] = rng[1] + {count};"]
    return [Phase("\n".join(text), 1, 5.0)]
