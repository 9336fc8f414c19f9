"""Cutting out, padding and turning over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.nn.functional import pad as pad_tensor
from graphnn.tensor.creation import of_numpy
from graphnn.tensor.tensor import Tensor
from graphnn.transforms.functional.images import get_dimensions, on_tensors

PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


def _crop_pil(image: Any, top: int, left: int, height: int, width: int) -> Any:
    return image.crop((left, top, left + width, top + height))


@on_tensors(_crop_pil)
def crop(img: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """The part of the image from (top, left) on; what lies outside of the image is zero."""
    rows, columns = img.shape[-2:]
    bottom, right = top + height, left + width
    inside = img[..., max(top, 0) : max(min(bottom, rows), 0), max(left, 0) : max(min(right, columns), 0)]
    outside = [max(min(right, 0) - left, 0), max(right - max(columns, left), 0)]
    outside += [max(min(bottom, 0) - top, 0), max(bottom - max(rows, top), 0)]
    return pad_tensor(inside, outside) if any(outside) else inside


def center_crop(img: Any, output_size: int | Sequence[int]) -> Any:
    """The middle of the image, with zeros around it where it is smaller."""
    height, width = pair(output_size)
    _, rows, columns = get_dimensions(img)
    if width > columns or height > rows:
        extra = max(width - columns, 0), max(height - rows, 0)
        img = pad(img, [extra[0] // 2, extra[1] // 2, (extra[0] + 1) // 2, (extra[1] + 1) // 2])
        _, rows, columns = get_dimensions(img)
    return crop(img, round((rows - height) / 2), round((columns - width) / 2), height, width)


def pair(size: Any, message: str = "Please provide only two dimensions (h, w) for size.") -> tuple[int, int]:
    """(height, width) from a number for both, or from one or two in a sequence."""
    if isinstance(size, int | float):
        return int(size), int(size)
    if not isinstance(size, tuple | list) or len(size) not in (1, 2):
        raise ArgumentError(f"{message} Got {size!r}")
    return int(size[0]), int(size[-1])


def pad(img: Any, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant") -> Any:
    """More pixels around: `padding` on all sides, or (left/right, top/bottom), or (left, top, right, bottom).

    They are `fill`, or the pixels at the edge, or those inside of it mirrored (with the edge's own: symmetric).
    """
    return _pad(img, check_padding(padding, fill, padding_mode), fill, padding_mode)


def check_padding(padding: Any, fill: Any, padding_mode: Any) -> tuple[int, int, int, int]:
    """Left, top, right and bottom, of arguments that fit."""
    if not isinstance(padding, int | list | tuple):
        raise ArgumentTypeError(f"Got inappropriate padding arg: {padding!r}")
    if not isinstance(fill, int | float | str | tuple | list):
        raise ArgumentTypeError(f"Got inappropriate fill arg: {fill!r}")
    if not isinstance(padding_mode, str):
        raise ArgumentTypeError(f"Got inappropriate padding_mode arg: {padding_mode!r}")
    if padding_mode not in PADDING_MODES:
        raise ArgumentError(f"Padding mode should be either constant, edge, reflect or symmetric, not {padding_mode!r}")
    given = [padding] if isinstance(padding, int) else list(padding)
    if len(given) not in (1, 2, 4):
        raise ArgumentError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(given)} element tuple")
    left, top, right, bottom = (given * (4 // len(given)))[:4]
    return left, top, right, bottom


def _pad_pil(image: Any, sides: tuple[int, int, int, int], fill: Any, mode: str) -> Any:
    from PIL import ImageOps

    if mode != "constant":
        return _pad_pil_by_index(image, sides, fill, mode)
    if min(sides) < 0:
        left, top, right, bottom = (min(side, 0) for side in sides)
        image = image.crop((-left, -top, image.width + right, image.height + bottom))
    border = tuple(max(side, 0) for side in sides)
    return ImageOps.expand(image, border=border, fill=color(fill, len(image.getbands())))


def color(fill: Any, channels: int) -> Any:
    """What Pillow takes for the filling: a number or a name, or as many numbers as there are channels."""
    numbers = list(fill) if isinstance(fill, tuple | list) else [fill]
    if len(numbers) not in (1, channels):
        raise ArgumentError(
            f"pad: an image of {channels} channels is filled with one number or {channels}, not {fill!r}"
        )
    if len(numbers) == 1 and (channels == 1 or isinstance(numbers[0], str)):
        return numbers[0]
    return tuple(map(int, numbers if len(numbers) > 1 else numbers * channels))


@on_tensors(_pad_pil)
def _pad(image: Tensor, sides: tuple[int, int, int, int], fill: Any, mode: str) -> Any:
    left, top, right, bottom = sides
    if mode == "constant":
        return pad_tensor(image, [left, right, top, bottom], value=_number(fill))
    rows = _mirrored(image.shape[-2], top, bottom, mode)
    return image.index_select(-2, rows).index_select(-1, _mirrored(image.shape[-1], left, right, mode))


_pad_pil_by_index = on_tensors(None)(_pad.__wrapped__)  # type: ignore[attr-defined]


def _number(fill: Any) -> float:
    if isinstance(fill, tuple | list) and len(fill) == 1:
        fill = fill[0]
    if isinstance(fill, int | float):
        return fill
    raise ArgumentTypeError(f"pad: a Tensor or an array is filled with one number, not {fill!r}")


def _mirrored(count: int, before: int, after: int, mode: str) -> Tensor:
    """The rows that stand where there are `before` and `after` more; fewer where those are below zero."""
    longest = {"reflect": count - 1, "symmetric": count}.get(mode, max(before, after))
    if max(before, after) > longest:
        raise ArgumentError(f"pad: {mode} can add {longest} pixels beside {count}, not {max(before, after)}")
    kept = np.arange(count)[max(-before, 0) : count - max(-after, 0)]
    return of_numpy(np.pad(kept, (max(before, 0), max(after, 0)), mode))  # type: ignore[call-overload]


def _mirror_pil(image: Any) -> Any:
    from PIL import ImageOps

    return ImageOps.mirror(image)


def _flip_pil(image: Any) -> Any:
    from PIL import ImageOps

    return ImageOps.flip(image)


@on_tensors(_mirror_pil)
def hflip(img: Tensor) -> Any:
    """Left and right changed."""
    return img.flip(-1)


@on_tensors(_flip_pil)
def vflip(img: Tensor) -> Any:
    """Up and down changed."""
    return img.flip(-2)


def five_crop(img: Any, size: int | Sequence[int]) -> tuple[Any, ...]:
    """Top left, top right, bottom left, bottom right and middle."""
    height, width = pair(size)
    _, rows, columns = get_dimensions(img)
    if width > columns or height > rows:
        raise ArgumentError(f"Requested crop size {(height, width)} is bigger than input size {(rows, columns)}")
    corners = [(top, left) for top in (0, rows - height) for left in (0, columns - width)]
    return (*(crop(img, *corner, height, width) for corner in corners), center_crop(img, (height, width)))


def ten_crop(img: Any, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[Any, ...]:
    """The five crops of the image, and those of it turned over."""
    return (*five_crop(img, size), *five_crop(vflip(img) if vertical_flip else hflip(img), size))
