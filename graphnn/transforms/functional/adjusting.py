"""Brightness, contrast, saturation and hue. PIL images go through Pillow's own, Tensors as torchvision has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import dtypes
from graphnn.tensor.comparing import where
from graphnn.tensor.joining import stack
from graphnn.tensor.tensor import Tensor
from graphnn.transforms.functional.coloring import luminance
from graphnn.transforms.functional.converting import bound, convert_image_dtype
from graphnn.transforms.functional.images import get_image_num_channels, on_tensors


def _enhance(name: str) -> Any:
    def enhance(image: Any, factor: float) -> Any:
        from PIL import ImageEnhance

        return getattr(ImageEnhance, name)(image).enhance(factor)

    return enhance


@on_tensors(_enhance("Brightness"))
def _brightness(image: Tensor, factor: float) -> Tensor:
    return _clipped(image * factor, image)


@on_tensors(_enhance("Contrast"))
def _contrast(image: Tensor, factor: float) -> Tensor:
    gray = luminance(image).to(image.dtype) if _channels(image) == 3 else image
    middle = gray.to(_float_of(image)).mean(dim=(-3, -2, -1), keepdim=True)
    return _blend(image, middle, factor)


@on_tensors(_enhance("Color"))
def _saturation(image: Tensor, factor: float) -> Tensor:
    if _channels(image) == 1:
        return image
    return _blend(image, luminance(image).to(image.dtype), factor)


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """0 gives black, 1 the image, 2 twice as bright."""
    return _brightness(img, _checked("brightness", brightness_factor))


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """0 gives plain gray, 1 the image, 2 twice the contrast."""
    return _contrast(img, _checked("contrast", contrast_factor))


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """0 gives the image in gray, 1 the image, 2 twice as colorful."""
    return _saturation(img, _checked("saturation", saturation_factor))


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """All colors turned around the color circle: by half of it at 0.5 and -0.5, not at all at 0."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ArgumentError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    return img if get_image_num_channels(img) == 1 else _hue(img, float(hue_factor))


def _hue_pil(image: Any, turn: float) -> Any:
    from PIL import Image

    hue, saturation, value = image.convert("HSV").split()
    turned = np.asarray(hue) + np.int32(turn * 255).astype(np.uint8)
    return Image.merge("HSV", (Image.fromarray(turned), saturation, value)).convert(image.mode)


@on_tensors(_hue_pil)
def _hue(image: Tensor, turn: float) -> Tensor:
    _channels(image)
    hue, saturation, value = _to_hsv(convert_image_dtype(image, _float_of(image)))
    return convert_image_dtype(_to_rgb((hue + turn) % 1.0, saturation, value), image.dtype)


def _to_hsv(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue as a part of the circle, saturation and value, each [..., H, W]."""
    red, green, blue = image.unbind(-3)
    value, least = image.amax(-3), image.amin(-3)
    span = value - least
    gray = span == 0
    safe = where(gray, 1.0, span)
    saturation = span / where(gray, 1.0, value)
    r, g, b = ((value - part) / safe for part in (red, green, blue))
    from_red = value == red
    from_green = (value == green) & (value != red)
    sixths = where(from_red, b - g, where(from_green, 2.0 + r - b, 4.0 + g - r))
    return where(gray, 0.0, sixths / 6.0 + 1.0) % 1.0, saturation, value


def _to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Each color falls and rises along the circle, shifted by a third of it (Smith, 1978)."""
    parts = []
    for shift in (5.0, 3.0, 1.0):
        place = (hue * 6.0 + shift) % 6.0
        away = where(place < 4.0 - place, place, 4.0 - place).clamp(0.0, 1.0)
        parts.append((value * (1.0 - saturation * away)).clamp(0.0, 1.0))
    found: Tensor = stack(parts, -3)
    return found


def _blend(image: Tensor, other: Tensor, factor: float) -> Tensor:
    """factor of the image, and the rest of the other."""
    return _clipped(image * factor + other * (1.0 - factor), image)


def _clipped(found: Tensor, image: Tensor) -> Tensor:
    clipped: Tensor = found.clamp(0, bound(image.dtype)).to(image.dtype)
    return clipped


def _channels(image: Tensor) -> int:
    channels = get_image_num_channels(image)
    if channels not in (1, 3) or image.ndim < 3:
        raise ArgumentTypeError(f"the image should have 1 or 3 channels, its shape is {list(image.shape)}")
    return channels


def _float_of(image: Tensor) -> dtypes.DType:
    return image.dtype if image.dtype.is_floating_point else dtypes.float32


def _checked(name: str, factor: float) -> float:
    if factor < 0:
        raise ArgumentError(f"{name}_factor ({factor}) is not non-negative.")
    return float(factor)
