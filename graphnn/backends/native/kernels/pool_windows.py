"""Pooling over windows of images, and its gradients: image by image, or rows of windows with channels side by side."""

from __future__ import annotations

import math
from typing import Any

from graphnn.backends.native.kernels.axes import (
    Lines,
    axes,
    cut,
    dealt,
    loop,
    nest,
    parts_for,
    pointers,
    shares_of,
    text,
    there,
)
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir.types import Shape
from graphnn.ir.value import Node

HELPERS = ('#include "windows.h"',)


def _accepts(node: Node) -> bool:
    """Floats; places in an image are counted by 32 bits."""
    values = [v for v in (*node.inputs, *node.outputs) if v is not None]
    small = all(math.prod(v.type.shape[-2:]) < 1 << 31 for v in values)
    return (
        small
        and all(v.type.dtype.short in ("f32", "i64") for v in values)
        and node.outputs[0].type.size > 0
        and (values[0].type.dtype.short == "f32")
    )


class _Images:
    """Images (N, C, H, W) or (C, H, W), by their strides."""

    def __init__(self, operand: Operand) -> None:
        four = operand.type.ndim == 4
        self.n, self.c, self.h, self.w = operand.shape if four else (1, *operand.shape)
        self.moves: Shape = operand.strides if four else (0, *operand.strides)

    def at(self, name: str) -> str:
        """Image c of sample n."""
        return f"{name} + n * {self.moves[0]} + c * {self.moves[1]}"


def _windows(x: _Images, out: _Images, indices: _Images | None, attrs: Any) -> str:
    """The C struct of these windows."""
    dilation = attrs.get("dilation", (1, 1))
    numbers = [x.h, x.w, out.h, out.w, *attrs["kernel_size"], *attrs["stride"], *attrs["padding"], *dilation]
    numbers += [*x.moves[2:], *out.moves[2:], *(indices or out).moves[2:]]
    numbers += [int(attrs.get("count_include_pad", True)), attrs.get("divisor_override") or 0]
    return f"const gn_windows w = {{{', '.join(map(str, numbers))}}};"


def _side_by_side(*images: _Images | None) -> bool:
    """Whether channels are the innermost axis of all."""
    return all(i is None or (i.moves[1] == 1 and i.c > 1) for i in images)


def _planes(step: Step, head: Lines, x: _Images, work: int, cost: float, *body: str | Lines) -> Phase:
    """`body` for image c of sample n."""
    place = [f"const long n = k / {x.c}, c = k % {x.c};"]
    return _over_samples(step, head, x.n, x.c, work, cost, place, *body)


def _rows(step: Step, head: Lines, n: int, rows: int, work: int, cost: float, *body: str | Lines) -> Phase:
    """`body` for row of windows r of sample n."""
    place = [f"const long n = k / {rows}, r = k % {rows};"]
    return _over_samples(step, head, n, rows, work, cost, place, *body)


def _over_samples(step: Step, head: Lines, n: int, each: int, work: int, cost: float, *body: str | Lines) -> Phase:
    """`body` for all k of `each` pieces of n samples."""
    shares = shares_of(n)
    parts = shares or parts_for(work, min(8, n * each))
    lines = text(head, cut(n * each, parts), loop("k", "from", "to", *body))
    return Phase(lines, parts, cost, HELPERS, shares=shares, dealt=dealt(*step.inputs, *step.outputs))


# ---- the greatest


@lowers("max_pool2d", accepts=_accepts)
def _max_pool2d(step: Step) -> list[Phase]:
    x = _Images(there(step.inputs[0]))
    out, indices = step.outputs
    head = pointers(x=step.inputs[0], out=out, indices=indices)
    images, places = (None if o is None else _Images(o) for o in (out, indices))
    shown = images or places
    assert shown is not None
    head.append(_windows(x, shown, places, step.attrs))
    taps = math.prod(step.attrs["kernel_size"])
    work = shown.n * shown.c * shown.h * shown.w * taps
    if _side_by_side(x, images, places):
        to = "0" if images is None else f"out + n * {images.moves[0]}"
        to_index = "0" if places is None else f"indices + n * {places.moves[0]}"
        call = f"gn_max_windows_channels({to}, {to_index}, x + n * {x.moves[0]}, r, {x.c}, w);"
        return [_rows(step, head, x.n, shown.h, work, 0.3 * work, call)]
    to = "0" if images is None else images.at("out")
    to_index = "0" if places is None else places.at("indices")
    return [_planes(step, head, x, work, 0.5 * work, f"gn_max_windows({to}, {to_index}, {x.at('x')}, w);")]


@lowers("max_pool2d_grad", accepts=_accepts)
def _max_pool2d_grad(step: Step) -> list[Phase]:
    g, indices, out = (_Images(there(o)) for o in (*step.inputs, step.outputs[0]))
    head = pointers(g=step.inputs[0], indices=step.inputs[1], out=step.outputs[0])
    work, cost = 4 * out.n * out.c * out.h * out.w, 1.0 * out.n * out.c * out.h * out.w
    at = f"indices[n * {indices.moves[0]} + c * {indices.moves[1]} + i0 * {indices.moves[2]} + i1 * {indices.moves[3]}]"
    value = f"{g.at('g')} + i0 * {g.moves[2]} + i1 * {g.moves[3]}"
    if _side_by_side(g, indices, out):
        put = f"{'=' if step.attrs.get('disjoint') else '+='} *({value});"
        return [_scatter_channels(head, g, out, put, at, cost)]
    wide = out.moves[2] == out.w * out.moves[3]
    place = f"at * {out.moves[3]}" if wide else f"at / {out.w} * {out.moves[2]} + at % {out.w} * {out.moves[3]}"
    lines = [f"const int64_t at = {at};", f"({out.at('out')})[{place}] += *({value});"]
    every = nest(axes((g.h, g.w), g.moves[2:]), lines) if min(g.h, g.w) > 1 else _whole(g, lines)
    return [_planes(step, head, out, work, cost, _clear(out), every)]


def _whole(g: _Images, body: Lines) -> Lines:
    return loop("i0", 0, g.h, loop("i1", 0, g.w, body))


def _clear(out: _Images) -> Lines:
    """Image c of sample n set to 0."""
    if out.moves[2:] == (out.w, 1):
        return [f"gn_fill({out.at('out')}, {out.h * out.w}, 0);"]
    return loop("h", 0, out.h, loop("v", 0, out.w, f"({out.at('out')})[h * {out.moves[2]} + v * {out.moves[3]}] = 0;"))


def _scatter_channels(head: Lines, g: _Images, out: _Images, put: str, at: str, cost: float) -> Phase:
    """Samples, and where these are few pieces of their channels, are shared out."""
    pieces = 1 if out.n >= 8 or out.c < 64 else 4
    parts = parts_for(int(4 * cost), min(8, out.n * pieces))
    size = out.c // pieces
    clear = loop(
        "j", 0, out.h * out.w, f"gn_fill(out + n * {out.moves[0]} + j * {out.moves[3]} + start, stop - start, 0);"
    )
    add = f"out[n * {out.moves[0]} + {at} * {out.moves[3]} + c] {put}"
    each = [
        f"const long n = k / {pieces}, start = k % {pieces} * {size};",
        f"const long stop = k % {pieces} == {pieces - 1} ? {out.c} : start + {size};",
        *clear,
        *loop("i0", 0, g.h, loop("i1", 0, g.w, loop("c", "start", "stop", add))),
    ]
    return Phase(text(head, cut(out.n * pieces, parts), loop("k", "from", "to", each)), parts, cost, HELPERS)


# ---- the mean


@lowers("avg_pool2d", accepts=_accepts)
def _avg_pool2d(step: Step) -> list[Phase]:
    x, out = _Images(there(step.inputs[0])), _Images(there(step.outputs[0]))
    head = [*pointers(x=step.inputs[0], out=step.outputs[0]), _windows(x, out, None, step.attrs)]
    work = out.n * out.c * out.h * out.w * math.prod(step.attrs["kernel_size"])
    if _side_by_side(x, out):
        call = f"gn_mean_windows_channels(out + n * {out.moves[0]}, x + n * {x.moves[0]}, r, {x.c}, w);"
        return [_rows(step, head, x.n, out.h, work, 0.3 * work, call)]
    return [_planes(step, head, x, work, 0.5 * work, f"gn_mean_windows({out.at('out')}, {x.at('x')}, w);")]


@lowers("avg_pool2d_grad", accepts=_accepts)
def _avg_pool2d_grad(step: Step) -> list[Phase]:
    g, out = _Images(there(step.inputs[0])), _Images(there(step.outputs[0]))
    head = [*pointers(g=step.inputs[0], out=step.outputs[0]), _windows(out, g, None, step.attrs)]
    work = g.n * g.c * g.h * g.w * math.prod(step.attrs["kernel_size"])
    if not _side_by_side(g, out):
        call = f"gn_mean_windows_grad({out.at('out')}, {g.at('g')}, 1, w);"
        return [_planes(step, head, out, work, 1.5 * work, _clear(out), call)]
    size = out.c * out.h * out.w
    lines = [
        f"gn_fill(out + n * {out.moves[0]}, {size}, 0);",
        f"gn_mean_windows_grad(out + n * {out.moves[0]}, g + n * {g.moves[0]}, {g.c}, w);",
    ]
    parts = parts_for(work, min(8, out.n))
    return [Phase(text(head, cut(out.n, parts), loop("n", "from", "to", lines)), parts, 0.5 * work, HELPERS)]
