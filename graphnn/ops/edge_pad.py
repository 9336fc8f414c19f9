"""Padding with what stands at the edges: mirrored, repeated, or taken from the other side."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir.attrs import Attrs
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.axis_runs import Axes, Axis, axis_of, run_calls, run_scratch
from graphnn.ops.op import Op, Types, register

Padding = tuple[tuple[int, int], ...]
MODES = ("reflect", "replicate", "circular")


def _check(x: TensorType, padding: Padding, mode: str) -> None:
    if mode not in MODES:
        raise ArgumentError(f"edge_pad: mode must be one of {', '.join(MODES)}, got {mode!r}")
    if not 1 <= len(padding) <= x.ndim or 0 in x.shape[x.ndim - len(padding) :]:
        raise ShapeError(f"edge_pad: wants {len(padding)} dimensions that are not empty, got {x}")
    if x.dtype.category == 0 and mode != "circular":
        raise DTypeError(f"edge_pad: {mode} padding is not implemented for bool, as in PyTorch: {x}")
    for dim, (low, high) in enumerate(padding, x.ndim - len(padding)):
        _check_edges(x, dim, low, high, mode)


def _check_edges(x: TensorType, dim: int, low: int, high: int, mode: str) -> None:
    size = x.shape[dim]
    if mode == "reflect" and max(low, high) >= size:
        raise ArgumentError(
            "Padding size should be less than the corresponding input dimension, but got: padding "
            f"({low}, {high}) at dimension {dim} of input {list(x.shape)}"
        )
    if mode == "circular" and max(low, high) > size:
        raise ArgumentError(
            f"Padding value causes wrapping around more than once: ({low}, {high}) at dimension {dim} of {x}"
        )
    kept = size + min(low, 0) + min(high, 0)
    if size + low + high < 1 or (mode == "circular" and kept < 1):
        raise ShapeError(f"edge_pad: ({low}, {high}) leaves nothing of dimension {dim}: output is too small: {x}")


@functools.lru_cache(maxsize=256)
def edge_axis(size: int, low: int, high: int, mode: str) -> Axis:
    """Where each output comes from."""
    places = np.arange(-low, size + high)
    if mode == "circular":
        start, kept = max(-low, 0), size + min(low, 0) + min(high, 0)  # what is cut off is not wrapped around
        return axis_of(size, (places - start) % kept + start)
    if mode == "reflect":
        mirrored = np.abs(places)
        places = np.where(mirrored >= size, 2 * (size - 1) - mirrored, mirrored)
    return axis_of(size, np.clip(places, 0, size - 1))


def _axes(sizes: Shape, padding: Padding, mode: str) -> Axes:
    return tuple(edge_axis(size, *edges, mode) for size, edges in zip(sizes, padding, strict=True))


def _of(shape: Shape, padding: Padding, mode: str) -> Axes:
    return _axes(shape[len(shape) - len(padding) :], padding, mode)


def _padded(shape: Shape, axes: Axes) -> Shape:
    return (*shape[: len(shape) - len(axes)], *(axis.count for axis in axes))


def _infer(x: TensorType, *, padding: Padding, mode: str) -> TensorType:
    """`padding` has (before, after) for each of the last dimensions; negative numbers cut away."""
    _check(x, padding, mode)
    return TensorType(x.dtype, _padded(x.shape, _of(x.shape, padding, mode)))


def _name(types: Types, attrs: Attrs) -> str:
    if attrs["mode"] == "circular":
        return "torch::autograd::CopySlices"
    kind = "Reflection" if attrs["mode"] == "reflect" else "Replication"
    return f"{kind}Pad{len(attrs['padding'])}DBackward0"


def _vjp(c: Any, g: Any) -> Any:
    return edge_pad_grad(g, size=c.types[0].shape[-len(c.attrs["padding"]) :], **c.attrs)


edge_pad: Op = register(
    Op(
        "edge_pad",
        infer=_infer,
        numpy=lambda out, x, *, padding, mode, scratch: run_calls(out, x, _of(x.shape, padding, mode), scratch),
        scratch=lambda x, *, padding, mode: run_scratch(x, _of(x.shape, padding, mode)),
        vjp=_vjp,
        grad_name=_name,
    )
)


def _infer_grad(g: TensorType, *, size: Shape, padding: Padding, mode: str) -> TensorType:
    """Each gradient added where its element came from; `size` is that of the last dimensions of edge_pad's input."""
    wanted = _padded(g.shape, _axes(size, padding, mode))
    if wanted != g.shape:
        raise ShapeError(f"edge_pad_grad: the output's gradient must have shape {list(wanted)}, got {g}")
    return TensorType(g.dtype, (*g.shape[: g.ndim - len(size)], *size))


def _grad_name(types: Types, attrs: Attrs) -> str:
    return _name(types, attrs).replace("Backward0", "BackwardBackward0")


edge_pad_grad: Op = register(
    Op(
        "edge_pad_grad",
        infer=_infer_grad,
        numpy=lambda out, g, *, size, padding, mode, scratch: run_calls(
            out, g, _axes(size, padding, mode), scratch, backward=True
        ),
        scratch=lambda g, *, size, padding, mode: run_scratch(g, _axes(size, padding, mode), backward=True),
        vjp=lambda c, gg: edge_pad(gg, padding=c.attrs["padding"], mode=c.attrs["mode"]),
        grad_name=_grad_name,
    )
)
