"""Turning, shifting, scaling and shearing: every pixel of the result is looked up where the inverse map leads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import dtypes
from graphnn.tensor.creation import of_numpy
from graphnn.tensor.tensor import Tensor
from graphnn.transforms.functional.images import get_dimensions, get_image_num_channels, on_tensors
from graphnn.transforms.functional.moving import color
from graphnn.transforms.functional.resizing import PILLOWS, InterpolationMode, interpolation_mode

Matrix = np.ndarray  # f64[3, 3], of columns (x, y, 1), in pixels


def rotate(
    img: Any,
    angle: float,
    interpolation: Any = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Any = None,
) -> Any:
    """The image turned by `angle` degrees against the clock, around `center` (x, y from the top left), or its middle.

    With `expand` the result is as large as the turned image needs; what lies outside of the image is `fill`, or 0.
    """
    if not isinstance(angle, int | float):
        raise ArgumentTypeError(f"Argument angle should be int or float, not {type(angle).__name__}")
    return _rotate(img, float(angle), interpolation_mode(interpolation), expand, _checked_center(center), fill)


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Sequence[float] | None = None,
) -> Any:
    """The image sheared (degrees along x and y), scaled and turned with the clock around its center, then shifted."""
    if not isinstance(translate, Sequence) or len(translate) != 2:
        raise ArgumentError(f"Argument translate should be a sequence of length 2, not {translate!r}")
    if scale <= 0:
        raise ArgumentError(f"Argument scale should be positive, not {scale}")
    slant = [shear, 0.0] if isinstance(shear, int | float) else list(shear)
    if len(slant) not in (1, 2):
        raise ArgumentError(f"Shear should be a sequence containing two values. Got {shear}")
    middle = _checked_center(center) or _middle(img)
    forward = _forward(middle, angle, translate, scale, (slant[0], slant[-1]))
    _, height, width = get_dimensions(img)
    return _warped(img, np.linalg.inv(forward), (height, width), interpolation_mode(interpolation), fill)


def _checked_center(center: Any) -> tuple[float, float] | None:
    if center is None:
        return None
    if not isinstance(center, Sequence) or len(center) != 2:
        raise ArgumentTypeError(f"Argument center should be a sequence of two numbers, not {center!r}")
    return float(center[0]), float(center[1])


def _middle(img: Any) -> tuple[float, float]:
    _, height, width = get_dimensions(img)
    return width / 2, height / 2


def _forward(
    center: tuple[float, float], angle: float, shift: Sequence[float], scale: float, shear: tuple[float, float]
) -> Matrix:
    """Where a pixel goes: shear along x, then along y, turn, scale, all around the center, and shift."""
    turn, slant_x, slant_y = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    along_y = np.array([[1, 0], [-math.tan(slant_y), 1]])
    along_x = np.array([[1, -math.tan(slant_x)], [0, 1]])
    found = np.eye(3)
    found[:2, :2] = scale * turned @ along_y @ along_x
    middle = np.array(center)
    found[:2, 2] = middle + np.array(shift) - found[:2, :2] @ middle
    return found


def _rotate_pil(image: Any, angle: float, mode: InterpolationMode, expand: bool, center: Any, fill: Any) -> Any:
    filled = None if fill is None else color(fill, get_image_num_channels(image))
    return image.rotate(angle, PILLOWS[mode], expand, center, fillcolor=filled)


@on_tensors(_rotate_pil)
def _rotate(image: Tensor, angle: float, mode: InterpolationMode, expand: bool, center: Any, fill: Any) -> Any:
    height, width = image.shape[-2:]
    back = np.linalg.inv(_forward(center or (width / 2, height / 2), -angle, (0, 0), 1.0, (0, 0)))
    size = (height, width)
    if expand:
        size = _turned_size(back, width, height)
        back = back @ _shifted((width - size[1]) / 2, (height - size[0]) / 2)
    return _warp_tensor(image, back, size, mode, fill)


def _turned_size(back: Matrix, width: int, height: int) -> tuple[int, int]:
    """The rows and columns that hold the turned image; as in torchvision, by where the way back leads its corners."""
    reach = back[:2] @ np.array([[0, 0, width, width], [0, height, 0, height], [1, 1, 1, 1]])
    least, most = (np.round(side, 4) for side in (reach.min(1), reach.max(1)))  # 1e-15 is no pixel
    columns, rows = np.ceil(most) - np.floor(least)
    return int(rows), int(columns)


def _shifted(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def _warp_pil(image: Any, back: Matrix, size: tuple[int, int], mode: InterpolationMode, fill: Any) -> Any:
    from PIL import Image

    filled = None if fill is None else color(fill, get_image_num_channels(image))
    coefficients = back[:2].ravel().tolist()
    return image.transform(size[::-1], Image.Transform.AFFINE, coefficients, PILLOWS[mode], fillcolor=filled)


def _warp_tensor(image: Tensor, back: Matrix, size: tuple[int, int], mode: InterpolationMode, fill: Any) -> Any:
    """`back` leads from places of the result to places of the image; pixel n lies at n + 0.5."""
    if mode not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise ArgumentError(
            f"interpolation {mode.value!r} is for PIL images; Tensors are turned by nearest or bilinear"
        )
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    x, y = (back @ np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size)]))[:2] - 0.5
    exact = image.dtype in (dtypes.float32, dtypes.float64)
    pixels = image if exact else image.to(dtypes.float32)
    found, covered = _sampled(pixels, x, y, smooth=mode is InterpolationMode.BILINEAR)
    if fill is not None:  # what is partly covered has been weighed by it already: torchvision weighs it twice
        found = found * of_numpy(covered) + _filling(fill, image, pixels) * of_numpy(1 - covered)
    found = found.unflatten(-1, size)
    if exact:
        return found
    return (found if image.dtype.is_floating_point else found.round()).to(image.dtype)


_warped = on_tensors(_warp_pil)(_warp_tensor)


def _sampled(pixels: Tensor, x: np.ndarray, y: np.ndarray, smooth: bool) -> tuple[Any, np.ndarray]:
    """The values at places between pixels, [..., n], and how much of each lies within the image."""
    height, width = pixels.shape[-2:]
    flat = pixels.flatten(-2)
    kind = pixels.dtype.numpy
    found: Any = None
    covered = np.zeros(len(x), kind)
    for row, column, part in _neighbors(x, y) if smooth else [(_nearest(y), _nearest(x), np.ones(len(x)))]:
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        part = (part * inside).astype(kind)
        place = np.where(inside, row * width + column, 0).astype(np.int64)
        taken = flat.index_select(-1, of_numpy(place)) * of_numpy(part)
        found = taken if found is None else found + taken
        covered += part
    return found, covered


def _nearest(places: np.ndarray) -> np.ndarray:
    """The pixel that each place lies in; halfway between two it is the even one, whatever the last bits say."""
    found: np.ndarray = np.rint(np.round(places, 9))
    return found


def _neighbors(x: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The four pixels around each place, and the part that each has in it."""
    left, top = np.floor(x), np.floor(y)
    right, low = x - left, y - top
    return [
        (top + down, left + across, (low if down else 1 - low) * (right if across else 1 - right))
        for down in (0, 1)
        for across in (0, 1)
    ]


def _filling(fill: Any, image: Tensor, pixels: Tensor) -> Tensor:
    """One number for all channels or one for each, as [C, 1]."""
    numbers = list(fill) if isinstance(fill, tuple | list) else [fill]
    if len(numbers) not in (1, get_image_num_channels(image)):
        raise ArgumentError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
            f"({len(numbers)} != {get_image_num_channels(image)})"
        )
    return of_numpy(np.array(numbers, pixels.dtype.numpy).reshape(-1, 1))
