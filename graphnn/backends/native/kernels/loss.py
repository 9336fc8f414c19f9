"""Losses over class indices and class probabilities, and their gradients.

First a value and a weight for each sample, then their sums. A target that is no class refuses the run in the ops that
check theirs, and adds nothing in the gradients, which come after.
"""

from __future__ import annotations

from typing import Any

from graphnn.backends.native.kernels.axes import (
    Lines,
    axes,
    count,
    cut,
    flat,
    loop,
    merged,
    parts_for,
    pointers,
    text,
    there,
    unravel,
)
from graphnn.backends.native.kernels.softmax import line_phase
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import Shape, TensorType
from graphnn.ir.value import Node
from graphnn.ops.class_targets import as_three, class_dim, without_classes

HELPERS = ('#include "softmax.h"',)
TARGETS = ("i64", "u8", "f32")


def _accepts(node: Node) -> bool:
    values = [v for v in (*node.inputs, *node.outputs) if v is not None]
    floats = all(v.type.dtype.short == "f32" for v in values if v.type.dtype.is_floating_point)
    return floats and all(v.type.dtype.short in TARGETS for v in values) and all(v.type.size for v in values)


def _samples(shape: Shape) -> TensorType:
    """A number for each sample of an input of that shape."""
    return TensorType(dtypes.float32, without_classes(shape))


# ---- forward


def _cross_entropy_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    x = node.inputs[0]
    assert x is not None
    kept = node.outputs[1].uses
    return (*(_samples(x.type.shape),) * 2, *(() if kept else (x.type,)))


def _nll_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    x = node.inputs[0]
    assert x is not None
    return (_samples(x.type.shape),) * 2


@lowers("cross_entropy", accepts=_accepts, scratch=_cross_entropy_scratch)
def _cross_entropy(step: Step) -> list[Phase]:
    x, target, *weight = step.inputs
    log_probs = step.outputs[1] or step.scratch[2]
    phases = [line_phase("gn_log_softmax", log_probs, [there(x)], class_dim(there(x)))]
    if step.outputs[0] is None and step.outputs[2] is None:
        return phases
    given = log_probs, there(target), weight[0] if weight else None
    smoothing = step.attrs["label_smoothing"]
    if there(target).type.dtype.is_floating_point:
        return [*phases, _over_probabilities(step, *given, smoothing), _sums(step, step.outputs[2], counted=True)]
    return [*phases, _over_classes(step, *given, smoothing), _sums(step, step.outputs[2])]


@lowers("nll_loss", accepts=_accepts, scratch=_nll_scratch)
def _nll_loss(step: Step) -> list[Phase]:
    x, target, *weight = step.inputs
    picked = _over_classes(step, there(x), there(target), weight[0] if weight else None, 0.0)
    return [picked, _sums(step, step.outputs[1])]


def _values(step: Step) -> Operand:
    """Where each sample's loss goes."""
    return there(step.outputs[0]) if step.attrs["reduction"] == "none" and step.outputs[0] else step.scratch[0]


def _per_sample(x: Operand, target: Operand, more: Operand | None = None) -> tuple[Lines, int]:
    """Declares `at` (in x) and `t` (in the target) of sample k; how many samples there are."""
    dim, shape = class_dim(x), without_classes(x.shape)
    strides = [s for d, s in enumerate(x.strides) if d != dim or (x.type.ndim == 1 and d != 0)]
    of_target = target.strides
    if target.type.ndim == x.type.ndim:
        of_target = tuple(s for d, s in enumerate(target.strides) if d != dim)
    along = merged(axes(shape, strides, of_target))
    return unravel(along, ("at", "t")), count(along)


def _over_classes(step: Step, log_probs: Operand, target: Operand, weight: Operand | None, smoothing: float) -> Phase:
    dim, ignored = class_dim(log_probs), step.attrs["ignore_index"]
    classes, stride = log_probs.shape[dim], log_probs.strides[dim]
    places, samples = _per_sample(log_probs, target)
    picked = f"-log_probs[at + label * {stride}]"
    one = [f"values[k] = {picked if weight is None else f'{picked} * weight[label * {weight.strides[0]}]'};"]
    one += ["weights[k] = 1;" if weight is None else f"weights[k] = weight[label * {weight.strides[0]}];"]
    if smoothing:
        one += _smoothed(classes, stride, weight, smoothing)
    lines = [
        *places,
        "const int64_t label = (int64_t)targets[t];",
        "values[k] = weights[k] = 0;",
        f"if (label == {ignored}) continue;",
        f"if ((uint64_t)label >= {classes}) {{ {step.refuse()} continue; }}",
        *one,
    ]
    head = pointers(log_probs=log_probs, targets=target, weight=weight, values=_values(step), weights=step.scratch[1])
    work = samples * (classes if smoothing else 4)
    parts = parts_for(work)
    return Phase(text(head, cut(samples, parts), loop("k", "from", "to", lines)), parts, 1.0 * work, HELPERS)


def _smoothed(classes: int, stride: int, weight: Operand | None, smoothing: float) -> Lines:
    term = f"log_probs[at + c * {stride}]" + (f" * weight[c * {weight.strides[0]}]" if weight else "")
    total = ["double rest = 0;", *loop("c", 0, classes, f"rest += {term};")]
    return [*total, f"values[k] = values[k] * {1.0 - smoothing!r}f + (float)(rest * {-smoothing / classes!r});"]


def _over_probabilities(
    step: Step, log_probs: Operand, target: Operand, weight: Operand | None, smoothing: float
) -> Phase:
    dim = class_dim(log_probs)
    classes = log_probs.shape[dim]
    places, samples = _per_sample(log_probs, target)
    share = f"targets[t + c * {target.strides[dim]}]"
    if smoothing:
        share = f"({share} * {1.0 - smoothing!r}f + {smoothing / classes!r}f)"
    share += f" * weight[c * {weight.strides[0]}]" if weight else ""
    each = f"total += {share} * log_probs[at + c * {log_probs.strides[dim]}];"
    lines = flat(places, "double total = 0;", loop("c", 0, classes, each), "values[k] = (float)-total;")
    head = pointers(log_probs=log_probs, targets=target, weight=weight, values=_values(step))
    parts = parts_for(samples * classes)
    body = text(head, cut(samples, parts), loop("k", "from", "to", lines))
    return Phase(body, parts, 1.0 * samples * classes, HELPERS)


def _sums(step: Step, total: Operand | None, counted: bool = False) -> Phase:
    """The sum of the weights, and the loss; `counted`: every sample weighs 1."""
    values, weights = step.scratch[:2]
    samples, reduction = values.type.size, step.attrs["reduction"]
    weight = f"{samples}" if counted else f"gn_row_sum(weights, {samples})"
    lines = [*pointers(weights=weights, total=total), f"const float weight = (float){weight};"]
    lines += ["*total = weight;"] if total is not None else []
    loss = step.outputs[0]
    if loss is not None and reduction != "none":
        found = f"gn_row_sum(values, {samples})" + (" / weight" if reduction == "mean" else "")
        lines += [*pointers(loss=loss, values=values), f"*loss = (float)({found});"]
    return Phase(text(lines), 1, 0.2 * samples, HELPERS)


# ---- gradients


def _grad_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    return (_samples(node.outputs[0].type.shape),)


def _share(g: Operand, reduction: str) -> str:
    """The gradient that sample k's loss gets."""
    value = f"g[{offset_of_sample(g)}]" if reduction == "none" else "g[0]"
    return f"{value} / total[0]" if reduction == "mean" else value


def offset_of_sample(g: Operand) -> str:
    return "of_g" if g.type.ndim else "0"


def _shares(step: Step, g: Operand, target: Operand, weight: Operand | None, total: Operand | None) -> Phase:
    """shares[k] = the gradient of the loss by minus the picked number of sample k; 0 where it is ignored."""
    out, reduction = there(step.outputs[0]), step.attrs["reduction"]
    classes, along = out.shape[class_dim(out)], target.shape
    spread = g.strides if g.type.ndim else (0,) * len(along)
    found = merged(axes(along, target.strides, spread))
    share = _share(g, reduction)
    if weight is not None:
        share = f"weight[label * {weight.strides[0]}] * {share}"
    keep = f"label != {step.attrs['ignore_index']} && (uint64_t)label < {classes}"
    lines = [
        *unravel(found, ("t", "of_g")),
        "const int64_t label = (int64_t)targets[t];",
        f"shares[k] = {keep} ? {share} : 0;",
    ]
    head = pointers(g=g, targets=target, weight=weight, total=total, shares=step.scratch[0])
    return Phase(text(head, loop("k", 0, count(found), lines)), 1, 2.0 * count(found), HELPERS)


def _picked(step: Step, target: Operand, source: Operand | None) -> Phase:
    """out = exp(source) * share (or zeros), less the share at each sample's class."""
    out = there(step.outputs[0])
    n, classes, size = as_three(out.shape)
    parts = parts_for(4 * out.type.size, min(8, n))
    fill = f"gn_fill(out + n * {classes * size}, {classes * size}, 0);"
    lines: Lines = [fill] if source is None else _spread(source, classes, size)
    dims = (1, *target.shape) if out.type.ndim == 1 else target.shape
    strides = (0, *target.strides) if out.type.ndim == 1 else target.strides
    inner = merged(axes(dims[1:], strides[1:]))
    place = f"out[n * {classes * size} + label * {size} + s]"
    hit = [
        *unravel(inner, ("t",), "s"),
        f"const int64_t label = (int64_t)targets[n * {strides[0]} + t];",
        f"if ((uint64_t)label < {classes}) {place} -= shares[n * {size} + s];",
    ]
    head = pointers(out=out, targets=target, log_probs=source, shares=step.scratch[0])
    body = text(head, cut(n, parts), loop("n", "from", "to", lines, loop("s", 0, size, hit)))
    return Phase(body, parts, 1.5 * out.type.size, HELPERS)


def _spread(source: Operand, classes: int, size: int) -> Lines:
    """out = exp(log_probs) * share for sample row n."""
    if source.is_contiguous:
        at = f"n * {classes * size}"
        if size == 1:
            return [f"gn_exp_scaled(out + {at}, log_probs + {at}, {classes}, shares[n]);"]
        call = f"gn_exp_product(out + {at} + c * {size}, log_probs + {at} + c * {size}, shares + n * {size}, {size});"
        return loop("c", 0, classes, call)
    lead = source.type.ndim > 1
    inner = axes(source.shape[lead:], source.strides[lead:])
    step = source.strides[0] if lead else 0
    place = f"n * {classes * size} + j"
    line = f"out[{place}] = gn_exp_f32s(log_probs[n * {step} + from_j]) * shares[n * {size} + j % {size}];"
    return loop("j", 0, classes * size, unravel(merged(inner), ("from_j",), "j"), line)


def _lower_grad(step: Step, g: Any, source: Any, target: Any, weight: Any, total: Any) -> list[Phase]:
    return [_shares(step, there(g), there(target), weight, total), _picked(step, there(target), source)]


@lowers("cross_entropy_grad", accepts=_accepts, scratch=_grad_scratch)
def _cross_entropy_grad(step: Step) -> list[Phase]:
    g, log_probs, target, weight, total = step.inputs
    return _lower_grad(step, g, there(log_probs), target, weight, total)


@lowers("nll_loss_grad", accepts=_accepts, scratch=_grad_scratch)
def _nll_loss_grad(step: Step) -> list[Phase]:
    g, target, weight, total = step.inputs
    return _lower_grad(step, g, None, target, weight, total)
