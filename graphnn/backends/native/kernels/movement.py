"""Ops that move elements: copies, views that must be copied, and parts put back into wholes."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.backends.native.kernels.axes import dense_strides, there
from graphnn.backends.native.kernels.copying import Place, base, copy, fill, literal, same_dtype, whole
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir.types import Shape
from graphnn.ops.shuffle import in_columns, in_rows, matching
from graphnn.ops.slicing import part_of


def seen(shape: Shape, strides: Shape, view: Any) -> tuple[int, Shape] | None:
    """Start and strides, in elements, of a view of such an array; None where it cannot be had without copying."""
    memory = np.lib.stride_tricks.as_strided(np.zeros(1, np.int8), shape, strides)
    found = view(memory)
    if found is None:
        return None
    start = found.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return start, found.strides


def part(operand: Operand, view: Any) -> Place:
    """What a view sees of an operand."""
    found = seen(operand.shape, operand.strides, view)
    assert found is not None
    return Place(operand, *found)


# ---- copies


@lowers("copy", "contiguous", accepts=same_dtype)
def _copy(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    if x.number is not None:
        return [fill(out, literal(x.number, out.type.dtype))]
    return [copy(out.shape, whole(out), whole(x))]


@lowers("reshape", "flatten", accepts=same_dtype)
def _reshape(step: Step) -> list[Phase]:
    """In the order of the source's elements, which is the result's."""
    x, out = there(step.inputs[0]), there(step.outputs[0])
    return [copy(x.shape, Place(out, 0, dense_strides(x.shape)), whole(x))]


@lowers("squeeze", "unsqueeze", "permute", "transpose", "expand", "slice", "select", "diagonal", accepts=same_dtype)
def _view(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    view = step.op.view  # type: ignore[attr-defined]
    return [copy(out.shape, whole(out), part(x, lambda a: view(a, **step.attrs)))]


@lowers("flip", accepts=same_dtype)
def _flip(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    dims = step.attrs["dims"] if x.type.ndim else ()
    start = sum((x.shape[d] - 1) * x.strides[d] for d in dims)
    turned = tuple(-s if d in dims else s for d, s in enumerate(x.strides))
    return [copy(out.shape, whole(out), Place(x, start, turned))]


@lowers("pixel_shuffle", "pixel_unshuffle", "channel_shuffle", accepts=same_dtype)
def _shuffle(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    if step.name == "channel_shuffle":
        groups = step.attrs["groups"]
        target, source = part(out, lambda a: in_columns(a, groups)), part(x, lambda a: in_rows(a, groups))
        batch, channels, *rest = x.shape
        return [copy((batch, channels // groups, groups, *rest), target, source)]
    factor, grows = step.attrs["factor"], step.name == "pixel_shuffle"
    large, deep = (out, x) if grows else (x, out)
    planes = np.empty(deep.shape, np.int8)
    shape = matching(np.empty(large.shape, np.int8), planes, factor)[1].shape
    blocks = part(large, lambda a: matching(a, planes, factor)[0])
    flat = part(deep, lambda a: matching(np.empty(large.shape, np.int8), a, factor)[1])
    return [copy(shape, blocks, flat) if grows else copy(shape, flat, blocks)]


# ---- parts put back


def _where(step: Step) -> Any:
    """The view of the whole that the op's part belongs to."""
    attrs, name = step.attrs, step.name.split("_")[0]
    if name == "select":
        return lambda a: part_of(a, attrs["dim"], attrs["index"])
    return lambda a: part_of(a, attrs["dim"], slice(attrs["start"], attrs["stop"], attrs["step"]))


@lowers("slice_grad", "select_grad", accepts=same_dtype)
def _grad(step: Step) -> list[Phase]:
    g, out = there(step.inputs[0]), there(step.outputs[0])
    return [fill(out, "0"), copy(g.shape, part(out, _where(step)), whole(g))]


@lowers("slice_scatter", "select_scatter", accepts=same_dtype)
def _scatter(step: Step) -> list[Phase]:
    """A part of the shape of the whole replaces all of it, and the result may lie over either."""
    given, new, out = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    if new.shape == out.shape:
        return [base(out, new)]
    return [base(out, given), copy(new.shape, part(out, _where(step)), whole(new))]
