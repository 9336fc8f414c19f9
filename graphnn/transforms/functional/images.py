"""The three kinds of images: Tensors [..., C, H, W], PIL images, and arrays [H, W] or [H, W, C]."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeGuard

import numpy as np

from graphnn.errors import ArgumentTypeError
from graphnn.tensor.creation import of_numpy
from graphnn.tensor.tensor import Tensor


def is_pil(image: Any) -> TypeGuard[Any]:
    """True for a PIL image; where Pillow has not been loaded, nothing is one."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(image, module.Image)


def get_dimensions(image: Any) -> list[int]:
    """Channels, height and width."""
    if isinstance(image, np.ndarray):
        _check_array(image)
        height, width, *channels = image.shape
        return [*(channels or [1]), height, width]
    if isinstance(image, Tensor):
        _check_tensor(image)
        return [image.shape[-3] if image.ndim > 2 else 1, *image.shape[-2:]]
    if is_pil(image):
        return [len(image.getbands()), image.height, image.width]
    raise no_image(image)


def get_image_size(image: Any) -> list[int]:
    """Width and height."""
    _, height, width = get_dimensions(image)
    return [width, height]


def get_image_num_channels(image: Any) -> int:
    return get_dimensions(image)[0]


def no_image(image: Any) -> ArgumentTypeError:
    return ArgumentTypeError(f"img should be a PIL Image, a Tensor or a NumPy array. Got {type(image)}")


def _check_tensor(image: Tensor) -> None:
    if image.ndim < 2:
        raise ArgumentTypeError(f"Tensor is not a torch image: [..., H, W] is wanted, its shape is {list(image.shape)}")


def _check_array(array: np.ndarray) -> None:
    if array.ndim not in (2, 3):
        raise ArgumentTypeError(f"an image is an array of 2 or 3 dimensions, [H, W] or [H, W, C], not {array.ndim}")


def tensor_of(array: np.ndarray) -> Tensor:
    """The array's image [C, H, W], sharing its memory where that can be."""
    _check_array(array)
    layers = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return of_numpy(layers)


def on_tensors(by_pil: Callable[..., Any] | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function of Tensors one of all images.

    Arrays go through it as Tensors, PIL images through `by_pil`; without one they go through as arrays.
    """

    def widen(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def widened(img: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(img, Tensor):
                _check_tensor(img)
                return function(img, *args, **kwargs)
            if isinstance(img, np.ndarray):
                return _like(img, function(tensor_of(img), *args, **kwargs))
            if not is_pil(img):
                raise no_image(img)
            if by_pil is not None:
                return by_pil(img, *args, **kwargs)
            return _pil_like(img, function(tensor_of(np.asarray(img)), *args, **kwargs))

        return widened

    return widen


def _like(array: np.ndarray, found: Tensor) -> np.ndarray:
    """The image as an array; of two dimensions where `array` has two and one channel is left."""
    layers = found.values("given as a NumPy image")
    if array.ndim == 2 and len(layers) == 1:
        return np.ascontiguousarray(layers[0])
    return np.ascontiguousarray(layers.transpose(1, 2, 0))


def _pil_like(image: Any, found: Tensor) -> Any:
    from PIL import Image

    made = Image.fromarray(_like(np.asarray(image), found))
    if image.mode == "P":
        made.putpalette(image.getpalette())
    return made
