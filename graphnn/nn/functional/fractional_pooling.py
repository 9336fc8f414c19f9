"""Max pooling over windows at random distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.nn.functional.sizes import Sizes, several
from graphnn.ops.fractional_pool import fractional_max_pool
from graphnn.tensor.creation import tensor
from graphnn.tensor.sampling import rand
from graphnn.tensor.tensor import Tensor

Ratio = float | Sequence[float]


def _pool(
    input: Tensor, spatial: int, kernel_size: Sizes, output_size: Any, output_ratio: Any, samples: Any
) -> tuple[Tensor, Tensor]:
    name = f"fractional_max_pool{spatial}d"
    if output_size is None and output_ratio is None:
        raise ArgumentError(f"{name} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        ratios = (output_ratio,) * spatial if isinstance(output_ratio, float) else tuple(output_ratio)
        output_size = tuple(int(n * r) for n, r in zip(input.shape[-spatial:], ratios, strict=True))
    if samples is None:
        batch = 1 if input.ndim == spatial + 1 else input.shape[0]
        samples = rand(batch, input.shape[-spatial - 1], spatial, dtype=input.dtype)
    samples = samples if isinstance(samples, Tensor) else tensor(samples)
    size = several(output_size, spatial, f"{name}: output_size")
    kernel = several(kernel_size, spatial, f"{name}: kernel_size")
    return fractional_max_pool(input, samples, kernel_size=kernel, size=size)  # type: ignore[no-any-return]


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest of each window, and where it was in its flattened plane."""
    return _pool(input, 2, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest of each window of (N, C, H, W) or (C, H, W); the windows lie at random distances, which numbers
    (N, C, 2) from [0, 1) decide."""
    found = _pool(input, 2, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The largest of each window, and where it was in its flattened volume."""
    return _pool(input, 3, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Ratio | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest of each window of (N, C, D, H, W) or (C, D, H, W); the windows lie at random distances, which numbers
    (N, C, 3) from [0, 1) decide."""
    found = _pool(input, 3, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]
