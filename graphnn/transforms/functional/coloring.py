"""Changing pixels: normalizing, gray, inverted, erased."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir.dtypes import DType
from graphnn.tensor.creation import of_numpy
from graphnn.tensor.tensor import Tensor
from graphnn.transforms.functional.converting import bound
from graphnn.transforms.functional.images import on_tensors

GRAY = (0.2989, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, as Pillow has it


def normalize(tensor: Tensor, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    """(image - mean) / std, a mean and a deviation for each channel or one for all; of a float Tensor [..., C, H, W]."""
    check_tensor_image(tensor)
    if not tensor.dtype.is_floating_point:
        raise ArgumentTypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ArgumentError(
            "Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = " + str(tensor.shape)
        )
    middle, width = (_channels(_hashable(numbers), tensor.dtype) for numbers in (mean, std))
    if not width.all():
        raise ArgumentError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    if inplace:
        with no_grad():
            return tensor.sub_(of_numpy(middle)).div_(of_numpy(width))  # type: ignore[no-any-return]
    found: Tensor = (tensor - of_numpy(middle)) / of_numpy(width)
    return found


def check_tensor_image(image: Any) -> None:
    """Refuses PIL images and arrays where only a Tensor will do."""
    if not isinstance(image, Tensor):
        raise ArgumentTypeError(f"img should be Tensor Image. Got {type(image)}; ToTensor() makes one")


def _hashable(numbers: Any) -> Any:
    listed = numbers.tolist() if hasattr(numbers, "tolist") else numbers
    return tuple(listed) if isinstance(listed, Iterable) else listed


@lru_cache(maxsize=16)
def _channels(numbers: Any, dtype: DType) -> np.ndarray:
    """One number for each channel, to be broadcast over rows and columns."""
    found = np.array(numbers, dtype.numpy)
    return found.reshape(-1, 1, 1) if found.ndim == 1 else found


def _gray_pil(image: Any, num_output_channels: int = 1) -> Any:
    from PIL import Image

    gray = image.convert("L")
    return gray if num_output_channels == 1 else Image.merge("RGB", (gray, gray, gray))


@on_tensors(_gray_pil)
def _gray(image: Tensor, num_output_channels: int = 1) -> Tensor:
    if image.ndim < 3 or image.shape[-3] not in (1, 3):
        raise ArgumentTypeError(f"Input image tensor should have 1 or 3 channels, its shape is {list(image.shape)}")
    if image.shape[-3] == 3:
        image = luminance(image).to(image.dtype)
    else:
        image = image.clone()
    return image if num_output_channels == 1 else image.expand(*image.shape[:-3], 3, *image.shape[-2:])


def luminance(image: Tensor) -> Tensor:
    """How bright a color image is, a float for each pixel."""
    red, green, blue = (image[..., i : i + 1, :, :] for i in range(3))
    found: Tensor = red * GRAY[0] + green * GRAY[1] + blue * GRAY[2]
    return found


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """The image in gray, in one channel or three equal ones."""
    if num_output_channels not in (1, 3):
        raise ArgumentError(f"num_output_channels should be either 1 or 3, not {num_output_channels}")
    return _gray(img, num_output_channels)


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """As `rgb_to_grayscale`; torchvision has both."""
    return rgb_to_grayscale(img, num_output_channels)


def _invert_pil(image: Any) -> Any:
    from PIL import ImageOps

    return ImageOps.invert(image)


@on_tensors(_invert_pil)
def invert(img: Tensor) -> Tensor:
    """White becomes black."""
    found: Tensor = bound(img.dtype) - img
    return found


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False) -> Tensor:
    """A Tensor image with the rectangle of h rows from i and w columns from j set to `v`."""
    check_tensor_image(img)
    found = img if inplace else img.clone()
    found[..., i : i + h, j : j + w] = v
    return found
