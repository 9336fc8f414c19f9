"""Moving elements between channels and space, and channels among themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.types import TensorType
from graphnn.ops.op import Call, Op, register


def _require_image(op: str, x: TensorType, name: str, factor: int) -> None:
    if x.ndim < 3:
        raise ShapeError(
            f"{op} expects input to have at least 3 dimensions, but got input with {x.ndim} dimension(s): {x}"
        )
    if factor < 1:
        raise ArgumentError(f"{op} expects a positive {name}, but got {factor}")


def _infer_shuffle(x: TensorType, *, factor: int) -> TensorType:
    """(..., C * factor ** 2, H, W) -> (..., C, H * factor, W * factor)."""
    _require_image("pixel_shuffle", x, "upscale_factor", factor)
    *lead, channels, rows, columns = x.shape
    if channels % factor**2:
        raise ShapeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {factor**2}: {x}"
        )
    return TensorType(x.dtype, (*lead, channels // factor**2, rows * factor, columns * factor))


def matching(large: np.ndarray, deep: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Views of an image and of its unshuffled form whose elements match."""
    *lead, channels, rows, columns = large.shape
    blocks = large.reshape(*lead, channels, rows // factor, factor, columns // factor, factor)
    planes = deep.reshape(*lead, channels, factor, factor, rows // factor, columns // factor)
    n = len(lead)
    return blocks.transpose(*range(n), n, n + 2, n + 4, n + 1, n + 3), planes


def _shuffle_kernel(out: np.ndarray, x: np.ndarray, *, factor: int) -> list[Call]:
    return [(np.copyto, *matching(out, x, factor))] if out.size else []


def _unshuffle_kernel(out: np.ndarray, x: np.ndarray, *, factor: int) -> list[Call]:
    return [(np.copyto, *matching(x, out, factor)[::-1])] if out.size else []


pixel_shuffle: Op = register(
    Op(
        "pixel_shuffle",
        infer=_infer_shuffle,
        numpy=_shuffle_kernel,
        vjp=lambda c, g: pixel_unshuffle(g, factor=c.attrs["factor"]),
    )
)


def _infer_unshuffle(x: TensorType, *, factor: int) -> TensorType:
    """(..., C, H * factor, W * factor) -> (..., C * factor ** 2, H, W)."""
    _require_image("pixel_unshuffle", x, "downscale_factor", factor)
    *lead, channels, rows, columns = x.shape
    for name, size, at in (("height", rows, -2), ("width", columns, -1)):
        if size % factor:
            raise ShapeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({at})={size} is not "
                f"divisible by {factor}: {x}"
            )
    return TensorType(x.dtype, (*lead, channels * factor**2, rows // factor, columns // factor))


pixel_unshuffle: Op = register(
    Op(
        "pixel_unshuffle",
        infer=_infer_unshuffle,
        numpy=_unshuffle_kernel,
        vjp=lambda c, g: pixel_shuffle(g, factor=c.attrs["factor"]),
    )
)


def _infer_channels(x: TensorType, *, groups: int) -> TensorType:
    """Channels (dimension 1) in `groups` rows, read column by column."""
    if x.ndim < 3:
        raise ShapeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(x.shape)}: {x}")
    if groups < 1:
        raise ArgumentError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if x.shape[1] % groups:
        raise ShapeError(
            f"Number of channels must be divisible by groups. Got {x.shape[1]} channels and {groups} groups.: {x}"
        )
    return x


def _channels_kernel(out: np.ndarray, x: np.ndarray, *, groups: int) -> list[Call]:
    if out.size == 0:
        return []
    return [(np.copyto, in_columns(out, groups), in_rows(x, groups))]


def in_rows(x: np.ndarray, groups: int) -> np.ndarray:
    """The channels in `groups` rows, turned round."""
    batch, channels, *rest = x.shape
    return x.reshape(batch, groups, channels // groups, *rest).swapaxes(1, 2)


def in_columns(out: np.ndarray, groups: int) -> np.ndarray:
    """The view of a result that matches `in_rows`."""
    batch, channels, *rest = out.shape
    return out.reshape(batch, channels // groups, groups, *rest)


def _channels_vjp(c: Any, g: Any) -> Any:
    return channel_shuffle(g, groups=c.types[0].shape[1] // c.attrs["groups"])


channel_shuffle: Op = register(Op("channel_shuffle", infer=_infer_channels, numpy=_channels_kernel, vjp=_channels_vjp))
