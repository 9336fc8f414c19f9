"""Losses that compare an input with a target number by number: an expression for each pair, and its sum or mean.

Where all operands lie alike the pairs go by vectors; long sums are cut into parts, which a second phase adds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnn.backends.native.kernels.axes import (
    BRANCH,
    Axis,
    Lines,
    axes,
    count,
    cut,
    loop,
    merged,
    nest,
    offset,
    parts_for,
    pointers,
    text,
    there,
)
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import Shape, TensorType
from graphnn.ir.value import Node
from graphnn.ops.typing import broadcast_shapes

NAMES = ("x", "t", "w", "q")  # input, target, weight, weight of the positive part
Spelling = Callable[[Any, str, tuple[bool, ...]], str]


# ---- the expressions, in "v" or "s" form


def _square(attrs: Any, form: str, there: tuple[bool, ...]) -> str:
    return f"gn_square_f32{form}(x - t)"


def _bent(attrs: Any, form: str, there: tuple[bool, ...]) -> str:
    """c (d - c / 2) with c = min(d, bend)."""
    bend = float(attrs["beta"] if "beta" in attrs else attrs["delta"])
    scale = 1.0 / bend if "beta" in attrs else 1.0
    distance = f"gn_abs_f32{form}(x - t)"
    near = f"gn_min_f32{form}({distance}, gn_splat_f32{form}({bend!r}f))"
    return f"{near} * ({distance} - {near} * 0.5f) * {scale!r}f"


def _logits(attrs: Any, form: str, there: tuple[bool, ...]) -> str:
    """log(1 + exp(-|x|)) - min(x, 0), weighed for the positive part, plus (1 - target) x."""
    soft = f"gn_log1p_f32{form}(gn_exp_f32{form}(-gn_abs_f32{form}(x)))"
    loss = f"({soft} - gn_min_f32{form}(x, gn_splat_f32{form}(0.0f)))"
    if there[3]:
        loss = f"{loss} * ((q - 1.0f) * t + 1.0f)"
    loss = f"{loss} + (1.0f - t) * x"
    return f"({loss}) * w" if there[2] else loss


def _soft_margin(attrs: Any, form: str, there: tuple[bool, ...]) -> str:
    return f"gn_log1p_f32{form}(gn_exp_f32{form}(-(x * t)))"


SPELLINGS: dict[str, Spelling] = {
    "mse_loss": _square,
    "smooth_l1_loss": _bent,
    "huber_loss": _bent,
    "binary_cross_entropy_with_logits": _logits,
    "soft_margin_loss": _soft_margin,
}


# ---- the lowering


def _pairs(node: Node) -> Shape:
    shape = broadcast_shapes(*(v.type.shape for v in node.operands))
    assert shape is not None
    return shape


def _accepts(node: Node) -> bool:
    return only_float32(node) and not any(v.type.weak for v in node.operands) and 0 not in _pairs(node)


def _scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    return () if node.attrs["reduction"] == "none" else (TensorType(dtypes.float64, (BRANCH,)),)


def _strides(operand: Operand, shape: Shape) -> Shape:
    missing = (0,) * (len(shape) - operand.type.ndim)
    return (*missing, *(0 if n == 1 else s for n, s in zip(operand.shape, operand.strides, strict=True)))


class _Loss:
    def __init__(self, step: Step) -> None:
        self.step, self.out = step, there(step.outputs[0])
        given = (*step.inputs, *(None,) * (4 - len(step.inputs)))
        self.there = tuple(o is not None for o in given)
        self.operands = {n: o for n, o in zip(NAMES, given, strict=True) if o is not None}
        shape = _pairs(step.node)
        self.each = step.attrs["reduction"] == "none"
        strides = [_strides(o, shape) for o in self.operands.values()]
        if self.each:
            strides.append(self.out.strides)
        self.axes = merged(axes(shape, *strides)) or [Axis(1, (1,) * len(strides))]
        self.plain = all(s == 1 for s in self.axes[-1].strides)
        self.size = count(self.axes)
        self.lead = self.axes[:-1]
        most = self.axes[0].size
        self.parts = parts_for(4 * self.size, min(BRANCH, most))

    def spelled(self, form: str) -> str:
        return SPELLINGS[self.step.name](self.step.attrs, form, self.there)

    def phases(self) -> list[Phase]:
        head = [f"const float *const {n}_ = {o.pointer};" for n, o in self.operands.items()]
        head += pointers(out=self.out) if self.each else [f"double *const sums = {self.step.scratch[0].pointer};"]
        bounds = cut(self.axes[0].size, self.parts)
        start, stop = ("from", "to") if not self.lead else ("0", str(self.axes[-1].size))
        line = self._vectors(start, stop) if self.plain else self._elements(start, stop)
        inner = nest(self.lead, line, cut=("from", "to"))
        cost = (1.2 if "log1p" in self.spelled("v") else 0.25) * self.size
        if self.each:
            return [Phase(text(head, bounds, inner), self.parts, cost)]
        body = text(head, bounds, "double total = 0;", inner, "sums[part] = total;")
        return [Phase(body, self.parts, cost), self._sum()]

    def _at(self, k: int) -> str:
        return offset(self.lead, k)

    def _vectors(self, start: str, stop: str) -> Lines:
        loads = {
            form: [
                f"const {kind} {n} = gn_load_f32{form}({n}_ + {self._at(k)} + i);" for k, n in enumerate(self.operands)
            ]
            for form, kind in (("v", "f32v"), ("s", "float"))
        }
        before, after = [], []
        if self.each:
            to = f"out + {self._at(len(self.operands))} + i"
            done = {form: [f"gn_store_f32{form}({to}, {self.spelled(form)});"] for form in "vs"}
        else:
            done = {"v": [f"sum += {self.spelled('v')};"], "s": [f"total += {self.spelled('s')};"]}
            before, after = ["f32v sum = gn_splat_f32v(0);"], ["total += gn_sum_f32v(sum);"]
        block_ = 64 if not self.each else 1 << 20
        return [
            f"long i = {start};",
            f"while ({stop} - i >= GN_LANES) {{",
            *("    " + line for line in before),
            f"    for (long n = 0; n < {block_} && {stop} - i >= GN_LANES; n++, i += GN_LANES) {{",
            *("        " + line for line in (*loads["v"], *done["v"])),
            "    }",
            *("    " + line for line in after),
            "}",
            f"for (; i < {stop}; i++) {{",
            *("    " + line for line in (*loads["s"], *done["s"])),
            "}",
        ]

    def _elements(self, start: str, stop: str) -> Lines:
        inner = self.axes[-1].strides
        lines = [f"const float {n} = {n}_[{self._at(k)} + i * {inner[k]}];" for k, n in enumerate(self.operands)]
        last = len(self.operands)
        put = f"out[{self._at(last)} + i * {inner[last]}] = " if self.each else "total += "
        return loop("i", start, stop, lines, f"{put}{self.spelled('s')};")

    def _sum(self) -> Phase:
        divisor = f" / {self.size}.0" if self.step.attrs["reduction"] == "mean" else ""
        head = [*pointers(out=self.out), f"const double *const sums = {self.step.scratch[0].pointer};"]
        add = loop("i", 0, self.parts, "total += sums[i];")
        return Phase(text(head, "double total = 0;", add, f"*out = (float)(total{divisor});"))


@lowers(*SPELLINGS, accepts=_accepts, scratch=_scratch)
def _loss(step: Step) -> list[Phase]:
    return _Loss(step).phases()
