"""The type rules of convolutions and transposed convolutions over one, two or three spatial dimensions."""

from __future__ import annotations

import math

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.windows import span

Sizes = tuple[int, ...]  # a number for each spatial dimension
_COUNTED = {1: "one integer", 2: "two integers", 3: "three integers"}
_MAY_BE_ZERO = ("padding", "output_padding")


def check_floats(op: str, *, integers: bool = False, **operands: TensorType | None) -> None:
    """DTypeError unless all that are there have one floating-point dtype, or one of `integers`."""
    there = {name: t for name, t in operands.items() if t is not None}
    first = next(iter(there.values()))
    for name, t in there.items():
        good = t.dtype.is_floating_point or (integers and t.dtype is not dtypes.bool)
        if t.dtype is not first.dtype or not good:
            listed = ", ".join(f"{n} {t}" for n, t in there.items())
            raise DTypeError(
                f"{op}: input, weight and bias must be floating point and of one dtype, got {listed}; "
                f"convert {name} with .to(dtype)"
            )


def check_ranks(op: str, count: int, **operands: TensorType) -> None:
    """ShapeError unless all have `count` spatial dimensions besides their first two."""
    for name, t in operands.items():
        if t.ndim != count + 2:
            raise ShapeError(f"{op}: expected a {count + 2}-D {name}, got {t.ndim} dimensions: {t}")


def check_bias(op: str, weight: TensorType, bias: TensorType | None, count: int) -> None:
    """ShapeError unless the bias has one number for each of `count` output channels."""
    if bias is not None and bias.shape != (count,):
        raise ShapeError(
            f"{op}: Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with "
            f"{count} elements, but got bias of size {list(bias.shape)}"
        )


def check_gradient(op: str, g: TensorType, wanted: TensorType) -> None:
    if g.shape != wanted.shape:
        raise ShapeError(f"{op}: the output's gradient must be {wanted}, got {g}")


def require_sizes(op: str, count: int, **sizes: Sizes) -> None:
    """ArgumentError unless all are tuples of `count` positive ints (paddings: none negative)."""
    for name, size in sizes.items():
        least = 0 if name in _MAY_BE_ZERO else 1
        good = isinstance(size, tuple) and len(size) == count and all(isinstance(s, int) and s >= least for s in size)
        if not good:
            wanted = _COUNTED[count] + (", none negative" if least == 0 else " greater than zero")
            raise ArgumentError(f"{op}: {name} must be {wanted}, got {size!r}")


def check_groups(op: str, groups: int) -> None:
    if not isinstance(groups, int) or groups < 1:
        raise ArgumentError(f"{op}: groups must be a positive integer, got {groups!r}")


def _check_weight(op: str, x: TensorType, weight: TensorType, groups: int, kind: str) -> None:
    check_groups(op, groups)
    if weight.shape[0] % groups:
        raise ShapeError(f"{op}: {weight.shape[0]} {kind} channels do not divide into groups={groups}: {x} x {weight}")
    if 0 in weight.shape:
        raise ShapeError(f"{op}: weight has no elements: {weight}")


def _check_channels(op: str, x: TensorType, weight: TensorType, wanted: int, groups: int) -> None:
    if x.shape[1] != wanted:
        raise ShapeError(
            f"{op}: input has {x.shape[1]} channels, weight {weight} with groups={groups} wants {wanted}: {x}"
        )


# ---- convolution


def _spatial_size(op: str, x: TensorType, weight: TensorType, stride: Sizes, padding: Sizes, dilation: Sizes) -> Sizes:
    require_sizes(op, x.ndim - 2, stride=stride, padding=padding, dilation=dilation)
    padded = tuple(s + 2 * p for s, p in zip(x.shape[2:], padding, strict=True))
    reach = tuple(map(span, weight.shape[2:], dilation))
    if any(r > p for r, p in zip(reach, padded, strict=True)):
        raise ShapeError(
            f"{op}: Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
            f"({' x '.join(map(str, reach))}). Kernel size can't be greater than actual input size: {x} x {weight}"
        )
    return tuple((p - r) // s + 1 for p, r, s in zip(padded, reach, stride, strict=True))


def output_type(
    op: str, x: TensorType, weight: TensorType, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> TensorType:
    """What a convolution of `x` with `weight` gives; all shapes are checked."""
    check_ranks(op, len(stride), input=x, weight=weight)
    _check_weight(op, x, weight, groups, "output")
    _check_channels(op, x, weight, weight.shape[1] * groups, groups)
    size = _spatial_size(op, x, weight, stride, padding, dilation)
    if 0 in x.shape[2:]:
        raise ShapeError(f"{op}: Only zero batch or zero channel inputs are supported, but got input shape: {x}")
    return TensorType(x.dtype, (x.shape[0], weight.shape[0], *size))


# ---- transposed convolution


def transposed_size(
    size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, output_padding: Sizes
) -> Sizes:
    """The spatial size of a transposed convolution's output."""
    each = zip(size, kernel, stride, padding, dilation, output_padding, strict=True)
    return tuple((n - 1) * s - 2 * p + span(k, d) + extra for n, k, s, p, d, extra in each)


def transposed_type(
    op: str,
    x: TensorType,
    weight: TensorType,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
) -> TensorType:
    """What a transposed convolution of `x` with `weight` (C, O/groups, *kernel) gives; all shapes are checked."""
    check_ranks(op, len(stride), input=x, weight=weight)
    _check_weight(op, x, weight, groups, "input")
    _check_channels(op, x, weight, weight.shape[0], groups)
    require_sizes(op, x.ndim - 2, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation)
    if any(extra >= s for extra, s in zip(output_padding, stride, strict=True)):
        raise ArgumentError(
            f"{op}: output padding must be smaller than stride, but got output_padding={list(output_padding)} and "
            f"stride={list(stride)}"
        )
    size = transposed_size(x.shape[2:], weight.shape[2:], stride, padding, dilation, output_padding)
    if math.prod(x.shape[2:]) == 0 or min(size) < 1:
        raise ShapeError(
            f"{op}: the output would have the spatial size {list(size)}, which is too small: {x} x {weight}"
        )
    return TensorType(x.dtype, (x.shape[0], weight.shape[1] * groups, *size))
