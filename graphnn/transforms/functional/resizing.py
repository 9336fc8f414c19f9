"""Resizing, as torchvision does it: each side is a product with a matrix of weights, or a choice of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import dtypes
from graphnn.tensor.creation import of_numpy
from graphnn.tensor.tensor import Tensor
from graphnn.transforms.functional.images import get_dimensions, on_tensors
from graphnn.transforms.functional.moving import crop


class InterpolationMode(Enum):
    """How a pixel is made of those around it. Tensors take the first four, PIL images all but NEAREST_EXACT."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


_OF_PILLOW = {
    0: InterpolationMode.NEAREST,
    2: InterpolationMode.BILINEAR,
    3: InterpolationMode.BICUBIC,
    4: InterpolationMode.BOX,
    5: InterpolationMode.HAMMING,
    1: InterpolationMode.LANCZOS,
}
PILLOWS = {mode: number for number, mode in _OF_PILLOW.items()} | {InterpolationMode.NEAREST_EXACT: 0}
_CUBIC, _CUBIC_ANTIALIAS = -0.75, -0.5  # the free parameter of Keys' cubic (1981), as PyTorch and Pillow choose it


def resize(
    img: Any,
    size: int | Sequence[int] | None,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """The image at (height, width) `size`, or with its shorter side that long and the longer one at most `max_size`."""
    mode = interpolation_mode(interpolation)
    sides = check_size(size, max_size)
    _, height, width = get_dimensions(img)
    wanted = _output_size(height, width, sides, max_size)
    return img if wanted == (height, width) else _resized(img, *wanted, mode, antialias)


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """The part of the image, resized."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def interpolation_mode(given: Any) -> InterpolationMode:
    """The mode from itself or from Pillow's number for it."""
    if isinstance(given, int) and int(given) in _OF_PILLOW:
        return _OF_PILLOW[int(given)]
    if isinstance(given, InterpolationMode):
        return given
    raise ArgumentTypeError(
        "Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant, "
        f"not {given!r}"
    )


def check_size(size: Any, max_size: int | None) -> tuple[int, ...] | None:
    """The sides that are asked for, one or two; None where only the longest is."""
    if size is None:
        if max_size is None:
            raise ArgumentError("max_size must be an integer when size is None, but got None instead.")
        return None
    if not isinstance(size, int | list | tuple):
        raise ArgumentTypeError(f"Size should be int or sequence. Got {type(size)}")
    sides = (size,) if isinstance(size, int) else tuple(size)
    if len(sides) not in (1, 2):
        raise ArgumentError(
            f"Size must be an int or a 1 or 2 element tuple/list, not a {len(sides)} element tuple/list"
        )
    if max_size is not None and len(sides) != 1:
        raise ArgumentError(
            "max_size should only be passed if size specifies the length of the smaller edge, i.e. size is an int"
        )
    if min(sides) < 1:
        raise ArgumentError(f"resize: an image of size {list(sides)} has no pixels")
    return sides


def _output_size(height: int, width: int, sides: tuple[int, ...] | None, max_size: int | None) -> tuple[int, int]:
    if sides is not None and len(sides) == 2:
        return sides[0], sides[1]
    short, long = sorted((height, width))
    new_short, new_long = _scaled_sides(short, long, sides[0] if sides else None, max_size)
    return (new_short, new_long) if height <= width else (new_long, new_short)


def _scaled_sides(short: int, long: int, wanted: int | None, max_size: int | None) -> tuple[int, int]:
    if wanted is None:
        assert max_size is not None
        return int(max_size * short / long), max_size
    if max_size is not None and max_size <= wanted:
        raise ArgumentError(
            f"max_size = {max_size} must be strictly greater than the requested size for the smaller edge size = {wanted}"
        )
    scaled = int(wanted * long / short)
    if max_size is not None and scaled > max_size:
        return int(max_size * wanted / scaled), max_size
    return wanted, scaled


def _resize_pil(image: Any, height: int, width: int, mode: InterpolationMode, antialias: bool | None) -> Any:
    return image.resize((width, height), PILLOWS[mode])


@on_tensors(_resize_pil)
def _resized(image: Tensor, height: int, width: int, mode: InterpolationMode, antialias: bool | None) -> Any:
    if mode in (InterpolationMode.NEAREST, InterpolationMode.NEAREST_EXACT):
        rows = of_numpy(_nearest(image.shape[-2], height, mode))
        return image.index_select(-2, rows).index_select(-1, of_numpy(_nearest(image.shape[-1], width, mode)))
    if mode not in (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC):
        raise ArgumentError(
            f"interpolation {mode.value!r} is for PIL images; Tensors take nearest, bilinear and bicubic"
        )
    kind = image.dtype if image.dtype in (dtypes.float32, dtypes.float64) else dtypes.float32
    across = of_numpy(_weights(image.shape[-1], width, mode, bool(antialias)).T.astype(kind.numpy))
    down = of_numpy(_weights(image.shape[-2], height, mode, bool(antialias)).astype(kind.numpy))
    found = down.matmul(image.to(kind).matmul(across))
    return _as_before(found, image, mode)


def _as_before(found: Tensor, image: Tensor, mode: InterpolationMode) -> Any:
    """In the image's dtype; cubics overshoot, and bytes must not wrap around."""
    if found.dtype is image.dtype:
        return found
    if image.dtype is dtypes.uint8 and mode is InterpolationMode.BICUBIC:
        found = found.clamp(0, 255)
    return (found if image.dtype.is_floating_point else found.round()).to(image.dtype)


@lru_cache(maxsize=64)
def _nearest(before: int, after: int, mode: InterpolationMode) -> np.ndarray:
    """The row that each row of the result is a copy of."""
    shift = 0.5 if mode is InterpolationMode.NEAREST_EXACT else 0.0
    scale = np.float32(before) / np.float32(after)  # in single precision, as PyTorch has it
    found: np.ndarray = np.floor((np.arange(after, dtype=np.float32) + np.float32(shift)) * scale).astype(np.int64)
    found = np.minimum(found, before - 1)
    return found


@lru_cache(maxsize=64)
def _weights(before: int, after: int, mode: InterpolationMode, antialias: bool) -> np.ndarray:
    """f64[after, before]: how much of each row goes into each row of the result. Pixels are squares around n + 0.5."""
    found = np.zeros((after, before))
    reach = 1.0 if mode is InterpolationMode.BILINEAR else 2.0
    scale = before / after
    stretch = max(scale, 1.0) if antialias else 1.0
    for row in range(after):
        center = scale * (row + 0.5)
        if antialias:
            first, last = max(int(center - reach * stretch + 0.5), 0), min(int(center + reach * stretch + 0.5), before)
        else:
            first, last = math.floor(center - 0.5) - int(reach) + 1, math.floor(center - 0.5) + int(reach) + 1
        taken = np.arange(first, last)
        parts = _kernel(np.abs(taken + 0.5 - center) / stretch, mode, antialias)
        np.add.at(found[row], np.clip(taken, 0, before - 1), parts / parts.sum())
    return found


def _kernel(distance: np.ndarray, mode: InterpolationMode, antialias: bool) -> np.ndarray:
    """The weight at a distance: a triangle, or Keys' cubic."""
    if mode is InterpolationMode.BILINEAR:
        triangle: np.ndarray = np.maximum(1 - distance, 0)
        return triangle
    a = _CUBIC_ANTIALIAS if antialias else _CUBIC
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * a
    found: np.ndarray = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    return found
