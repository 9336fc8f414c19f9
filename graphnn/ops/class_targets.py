"""What losses over class indices share: their type rules, and kernels that pick one number a sample.

An input is (C,), (N, C) or (N, C, d1, ...), its target has the same shape without C. Kernels see them as (N, C, S) and
(N, S), S being the product of the d's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, IndexOutOfRange, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.op import Call, Types
from graphnn.ops.typing import require_float

REDUCTIONS = ("mean", "sum", "none")


def class_dim(x: Any) -> int:
    """The dimension of the classes."""
    return min(1, len(x.shape) - 1)


def without_classes(shape: Shape) -> Shape:
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


def require_reduction(op: str, reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise ArgumentError(
            f"{op}: {reduction!r} is not a valid value for reduction; use one of {', '.join(REDUCTIONS)}"
        )


def require_classes(op: str, x: TensorType, weight: TensorType | None) -> None:
    """Errors unless x is floating point with a dimension of classes, and weight has one number for each."""
    require_float(op, x)
    if x.ndim == 0:
        raise ShapeError(f"{op}: the input needs a dimension of classes, (C,), (N, C) or (N, C, ...), got {x}")
    classes = x.shape[class_dim(x)]
    if weight is None:
        return
    if weight.shape != (classes,):
        raise ShapeError(
            f"{op}: weight tensor should be defined either for all {classes} classes or no classes, got {weight}: {x}"
        )
    if weight.dtype is not x.dtype:
        raise DTypeError(
            f"{op}: expected weight of dtype {x.dtype!r} as the input's, got {weight}; convert with .to(dtype)"
        )


def require_targets(op: str, x: TensorType, target: TensorType) -> None:
    """Errors unless target holds one class index a sample."""
    if target.dtype not in (dtypes.int64, dtypes.uint8):
        raise DTypeError(f"{op}: expected target dtype to be Long or Byte, got {target}; convert with .long()")
    wanted = without_classes(x.shape)
    if target.shape == wanted:
        return
    if target.shape[:1] != wanted[:1]:
        raise ShapeError(f"{op}: Expected input batch_size to match target batch_size, got {x} and {target}")
    raise ShapeError(f"{op}: Expected target size {list(wanted)}, got {list(target.shape)}: {x} and {target}")


def reduced_type(x: TensorType, reduction: str) -> TensorType:
    return TensorType(x.dtype, without_classes(x.shape) if reduction == "none" else ())


# ---- kernels


def check_targets(op: str, index: np.ndarray, classes: int) -> None:
    """IndexOutOfRange for a target that is no class; `index` is read as uint64, where negative ones are the largest. A
    step of kernels."""
    if np.maximum.reduce(index, initial=0) >= classes:
        signed = index.view(np.int64)
        wrong = signed.min() if signed.min() < 0 else signed.max()
        raise IndexOutOfRange(f"{op}: Target {wrong} is out of bounds: the input has {classes} classes")


@dataclass(frozen=True)
class Picks:
    """Working memory of one kind of loss: for each sample its class, the class's flat position, whether it is ignored,
    its weight, and a number of its own."""

    shape: tuple[int, int, int]  # (N, C, S)
    index: np.ndarray
    flat: np.ndarray
    ignored: np.ndarray
    weights: np.ndarray
    values: np.ndarray

    @staticmethod
    def scratch(x: Shape, dtype: DType) -> Types:
        count = math.prod(without_classes(x))
        i, b = dtypes.int64, dtypes.bool
        return tuple(TensorType(d, (count,)) for d in (i, i, b, dtype, dtype))

    @staticmethod
    def over(x: Shape, memory: Sequence[np.ndarray]) -> Picks:
        return Picks(as_three(x), *memory)

    def locate(self, op: str, target: np.ndarray, ignore_index: int) -> list[Call]:
        """Fills index (0 where ignored), ignored and flat; raises for targets out of range."""
        n, classes, size = self.shape
        starts = (np.arange(n) * (classes * size))[:, None] + np.arange(size)
        flat = self.flat.reshape(n, size)
        return [
            (np.copyto, self.index.reshape(target.shape), target),
            (np.equal, self.index, ignore_index, self.ignored),
            (functools.partial(np.copyto, self.index, 0, where=self.ignored),),
            (check_targets, op, self.index.view(np.uint64), classes),
            (np.multiply, self.index, size, self.flat),
            (np.add, flat, starts, flat),
        ]

    def weigh(self, weight: np.ndarray | None, total: np.ndarray | None) -> list[Call]:
        """Fills weights (0 where ignored), and the total with their sum."""
        take: Call = (self.weights.fill, 1) if weight is None else (weight.take, self.index, None, self.weights, "clip")
        calls: list[Call] = [take, (functools.partial(np.copyto, self.weights, 0, where=self.ignored),)]
        return calls if total is None else [*calls, (np.add.reduce, self.weights, None, None, total)]

    def pick(self, log_probs: np.ndarray) -> list[Call]:
        """values = -weight * (the target's log-probability), 0 where ignored, whatever stands there."""
        return [
            (log_probs.reshape(-1).take, self.flat, None, self.values, "clip"),
            (np.multiply, self.values, self.weights, self.values),
            (np.negative, self.values, self.values),
            (functools.partial(np.copyto, self.values, 0, where=self.ignored),),
        ]

    def share(self, g: np.ndarray, total: np.ndarray, reduction: str) -> list[Call]:
        """values = how the loss answers to each sample's picked number, but for the sign: weight * g (/ total)."""
        weights, values = (a.reshape(g.shape) if g.ndim else a for a in (self.weights, self.values))
        calls: list[Call] = [(np.multiply, weights, g, values)]
        if reduction == "mean":
            calls.append((np.true_divide, self.values, total, self.values))
        return [*calls, (functools.partial(np.copyto, self.values, 0, where=self.ignored),)]


def as_three(x: Shape) -> tuple[int, int, int]:
    return (x[0], x[1], math.prod(x[2:])) if len(x) > 1 else (1, x[0], 1)


def reduce_calls(out: np.ndarray, values: np.ndarray, total: Any, reduction: str) -> list[Call]:
    """out = the values themselves, their sum, or their sum over `total` (0 / 0 is NaN, as in PyTorch)."""
    if reduction == "none":
        return [(np.copyto, out, values.reshape(out.shape))]
    calls: list[Call] = [(np.add.reduce, values, None, None, out)]
    return calls if reduction == "sum" else [*calls, (np.true_divide, out, total, out)]
