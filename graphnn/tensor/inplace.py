"""In-place operations: eager ones write the memory, traced ones the block's current value; views and bases follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.autodiff.modes import state as grad_mode
from graphnn.errors import AutogradError, DTypeError, ShapeError
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.op import Op, array_type, builders
from graphnn.tensor.history import needs_grad, rebase
from graphnn.tensor.tensor import Tensor

_NAMES = {0: "Bool", 1: "Long", 2: "Float"}


def update(target: Tensor, op: Op, *args: Any, **attrs: Any) -> Tensor:
    """`target` becomes `op(*args)` in place (`target` is usually the first of them); returns it."""
    recording = grad_mode.enabled and any(isinstance(a, Tensor) and needs_grad(a) for a in (target, *args))
    if recording:
        _refuse_leaf(target)
    if recording or builders.stack:
        assign(target, op(*args, **attrs))
        return target
    arrays = [a.values("") if isinstance(a, Tensor) else a for a in args]
    full = op.attrs(attrs)
    kind = op.infer_types([array_type(a) for a in arrays], full)[0]
    check_fits(op.name, target, kind)
    _run_into(target._array, op, arrays, full, kind)
    target._storage.wrote()
    return target


def assign(target: Tensor, source: Tensor) -> None:
    """Writes `source` (broadcast and converted) over `target`'s memory, history included."""
    check_fits("copy_", target, source.type, converting=True)
    if grad_mode.enabled and (needs_grad(source) or needs_grad(target)):
        _refuse_leaf(target)
        source = fit(source, target.type)
        _write(target, source)
        rebase(target, source)
        return
    _write(target, fit(source, target.type) if builders.stack else source)


def fit(source: Tensor, kind: TensorType) -> Tensor:
    """The source broadcast to the shape and converted to the dtype of `kind`, through ops."""
    from graphnn.ir.registry import lookup

    if source.dtype is not kind.dtype:
        source = lookup("cast")(source, dtype=kind.dtype)
    if source.type.shape != kind.shape:
        source = lookup("expand")(source, shape=kind.shape)
    return source


def check_fits(name: str, target: Tensor, kind: TensorType, converting: bool = False) -> None:
    """Refuses an in-place result that the target's shape or dtype category cannot hold."""
    if not converting and kind.dtype.category > target.dtype.category:
        raise DTypeError(
            f"{name}_: result type {_NAMES[kind.dtype.category]} can't be cast to the desired output type "
            f"{_NAMES[target.dtype.category]}: {kind} into {target.type}"
        )
    if kind.shape == target.type.shape:
        return
    padded = (1,) * (target.ndim - len(kind.shape)) + kind.shape
    if not converting or len(padded) != target.ndim or any(m not in (1, n) for m, n in zip(padded, target.shape, strict=True)):
        raise ShapeError(
            f"{name}: output with shape {list(target.shape)} doesn't match the broadcast shape {list(kind.shape)}"
        )


def _write(target: Tensor, source: Tensor) -> None:
    if builders.stack:
        builders.stack[-1].write(target, source)
    else:
        np.copyto(target.values("written to"), source.values(""), casting="unsafe")
    target._storage.wrote()


def _run_into(out: np.ndarray, op: Op, arrays: list[Any], attrs: Any, kind: TensorType) -> None:
    direct = (
        Trait.ELEMENTWISE in op.traits
        and kind.shape == out.shape
        and kind.dtype.numpy == out.dtype
        and all(a is out or not isinstance(a, np.ndarray) or not np.may_share_memory(a, out) for a in arrays)
    )
    outs = (out,) if direct else (np.empty(kind.shape, kind.dtype.numpy),)
    with np.errstate(all="ignore"):
        for call in op.bind(outs, arrays, attrs):
            call[0](*call[1:])
        if not direct:
            np.copyto(out, outs[0], casting="unsafe")


def _refuse_leaf(target: Tensor) -> None:
    base = target._base if target._base is not None else target
    if not (needs_grad(base) and base.is_leaf):
        return
    what = "a leaf Variable" if base is target else "a view of a leaf Variable"
    raise AutogradError(
        f"{what} that requires grad is being used in an in-place operation: {target.type}. "
        "Update it under graphnn.no_grad(), or through .data"
    )
