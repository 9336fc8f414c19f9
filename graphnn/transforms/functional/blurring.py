"""Gaussian blur: each side is a product with a matrix of weights, mirrored at the edges."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError
from graphnn.ir import dtypes
from graphnn.tensor.creation import of_numpy
from graphnn.tensor.tensor import Tensor
from graphnn.transforms.functional.images import on_tensors


def gaussian_blur(img: Any, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None) -> Any:
    """The image blurred over (width, height) `kernel_size` pixels, with deviations `sigma`."""
    sizes = _two("kernel_size", kernel_size)
    if any(size % 2 == 0 or size < 0 for size in sizes):
        raise ArgumentError(f"kernel_size should have odd and positive integers. Got {kernel_size}")
    deviations = [size * 0.15 + 0.35 for size in sizes] if sigma is None else _two("sigma", sigma)
    if min(deviations) <= 0:
        raise ArgumentError(f"sigma should have positive values. Got {sigma}")
    return _blurred(img, tuple(sizes), tuple(deviations))


def _two(name: str, given: Any) -> list[Any]:
    numbers = [given] if isinstance(given, int | float) else list(given)
    if len(numbers) not in (1, 2):
        raise ArgumentError(f"If {name} is a sequence, its length should be 2. Got {len(numbers)}")
    return [numbers[0], numbers[-1]]


@on_tensors(None)
def _blurred(image: Tensor, sizes: tuple[int, int], sigma: tuple[float, float]) -> Any:
    exact = image.dtype in (dtypes.float32, dtypes.float64)
    pixels = image if exact else image.to(dtypes.float32)
    kind = pixels.dtype.numpy
    across = of_numpy(_weights(image.shape[-1], sizes[0], sigma[0]).T.astype(kind))
    down = of_numpy(_weights(image.shape[-2], sizes[1], sigma[1]).astype(kind))
    found = down.matmul(pixels.matmul(across))
    if exact:
        return found
    return (found if image.dtype.is_floating_point else found.round()).to(image.dtype)


@lru_cache(maxsize=64)
def _weights(count: int, size: int, sigma: float) -> np.ndarray:
    """f64[count, count]: how much of each pixel goes into each."""
    half = size // 2
    if half >= count:
        raise ArgumentError(f"gaussian_blur: a kernel of {size} pixels reaches beyond the mirror image of {count}")
    bell = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    mirrored = np.pad(np.arange(count), half, "reflect")
    found = np.zeros((count, count))
    for row in range(count):
        np.add.at(found[row], mirrored[row : row + size], bell / bell.sum())
    return found
