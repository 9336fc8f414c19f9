"""In-place operations: eager ones write the memory, traced ones the block's current value; views and bases follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.autodiff.modes import state as grad_mode
from graphnn.autodiff.tape import OpNode, Saved
from graphnn.errors import ArgumentError, AutogradError, DTypeError, ShapeError
from graphnn.ir.registry import Trait, lookup
from graphnn.ir.types import TensorType
from graphnn.ops.op import Op, add_operand, builders
from graphnn.tensor.history import needs_grad, rebase
from graphnn.tensor.tensor import Tensor

_NAMES = {0: "Bool", 1: "Long", 2: "Float"}


def update(target: Tensor, op: Op, *args: Any, **attrs: Any) -> Tensor:
    """`target` becomes `op(*args)` in place (`target` is usually the first of them); returns it."""
    recording = grad_mode.enabled and any(isinstance(a, Tensor) and needs_grad(a) for a in (target, *args))
    if recording:
        _refuse_leaf(target)
    if recording or builders.stack:
        result = op(*args, **attrs)
        _keep_old_value(result, target)
        assign(target, result)
        return target
    arrays: list[Any] = []
    key: list[Any] = []
    for arg in args:
        if isinstance(arg, Tensor):
            arrays.append(arg.values(""))
            key.append(arg.tensor_type)
        else:
            add_operand(arg, arrays, key)
    full = op.attrs(attrs)
    recipe = op.recipe(tuple(key), arrays, full)
    kind = recipe.out_types[0]
    if kind is not target.tensor_type:
        check_fits(op.name, target, kind)
    check_writable(target)
    if recipe.fill is not None and kind is target.tensor_type and _is_direct(target, op, args):
        recipe.fill((target._array,), arrays)
    else:
        np.copyto(target._array, op.execute(recipe, arrays, full)[0], casting="unsafe")
    target.wrote()
    return target


def _keep_old_value(result: Tensor, target: Tensor) -> None:
    """Where the operation's own gradient needs the value that it replaces, a copy of that is saved."""
    node = result._node
    if not isinstance(node, OpNode) or not isinstance(node.saved, dict):
        return
    for name, saved in node.saved.items():
        if isinstance(saved, Saved) and saved.tensor is target:
            if builders.stack:
                old = builders.stack[-1].tensor_of(builders.stack[-1].read(target))
            else:
                old = Tensor.of_array(target._array.copy())
            old._node, old._output_nr, old._requires = target._node, target._output_nr, target._requires
            node.saved[name] = Saved(old)


def check_writable(target: Tensor) -> None:
    """Refuses memory that cannot be written, or in which one place stands for several elements."""
    array = target.values("written to")
    if array.flags.writeable:
        return
    if any(stride == 0 and size > 1 for stride, size in zip(array.strides, array.shape, strict=True)):
        raise ArgumentError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            f"Please clone() the tensor before performing the operation: {target.tensor_type}"
        )
    raise ArgumentError(f"the array under this {target.tensor_type} tensor is read-only; work on a clone()")


def _is_direct(target: Tensor, op: Op, args: tuple[Any, ...]) -> bool:
    """Whether the kernel may write into the target while it reads the arguments: each is the target, or elsewhere."""
    if Trait.ELEMENTWISE not in op.traits:
        return False
    for arg in args:
        if arg is target:
            if Trait.INPLACE not in op.traits:
                return False
        elif isinstance(arg, Tensor) and not (arg._storage.foreign or target._storage.foreign):
            if arg._storage is target._storage:
                return False
        elif not isinstance(arg, int | float) and np.may_share_memory(getattr(arg, "_array", arg), target._array):
            return False
    return True


def fill(target: Tensor, number: float | int | bool) -> None:
    """Every element becomes the number."""
    if builders.stack or (grad_mode.enabled and needs_grad(target)):
        from graphnn.tensor.creation import full

        assign(target, full((), number, dtype=target.dtype))
        return
    check_writable(target)
    np.copyto(target._array, number, casting="unsafe")
    target.wrote()


def assign(target: Tensor, source: Tensor) -> None:
    """Writes `source` (broadcast and converted) over `target`'s memory, history included."""
    check_fits("copy_", target, source.tensor_type, converting=True)
    if grad_mode.enabled and (needs_grad(source) or needs_grad(target)):
        _refuse_leaf(target)
        source = fit(source, target.tensor_type)
        _write(target, source)
        rebase(target, source)
        return
    _write(target, fit(source, target.tensor_type) if builders.stack else source)


def fit(source: Tensor, kind: TensorType) -> Tensor:
    """The source broadcast to the shape and converted to the dtype of `kind`, through ops."""
    if source.dtype is not kind.dtype:
        source = lookup("cast")(source, dtype=kind.dtype)
    if source.tensor_type.shape != kind.shape:
        source = lookup("expand")(source, shape=kind.shape)
    return source


def check_fits(name: str, target: Tensor, kind: TensorType, converting: bool = False) -> None:
    """Refuses an in-place result that the target's shape or dtype category cannot hold."""
    if not converting and kind.dtype.category > target.dtype.category:
        raise DTypeError(
            f"{name}_: result type {_NAMES[kind.dtype.category]} can't be cast to the desired output type "
            f"{_NAMES[target.dtype.category]}: {kind} into {target.tensor_type}"
        )
    if kind.shape == target.tensor_type.shape:
        return
    padded = (1,) * (target.ndim - len(kind.shape)) + kind.shape
    if (
        not converting
        or len(padded) != target.ndim
        or any(m not in (1, n) for m, n in zip(padded, target.shape, strict=True))
    ):
        raise ShapeError(
            f"{name}: output with shape {list(target.shape)} doesn't match the broadcast shape {list(kind.shape)}"
        )


def _write(target: Tensor, source: Tensor) -> None:
    if builders.stack:
        builders.stack[-1].write(target, source)
    else:
        check_writable(target)
        np.copyto(target._array, source.values(""), casting="unsafe")
    target.wrote()


def _refuse_leaf(target: Tensor) -> None:
    base = target._base if target._base is not None else target
    if not (needs_grad(base) and base.is_leaf):
        return
    what = "a leaf Variable" if base is target else "a view of a leaf Variable"
    raise AutogradError(
        f"{what} that requires grad is being used in an in-place operation: {target.tensor_type}. "
        "Update it under graphnn.no_grad(), or through .data"
    )
