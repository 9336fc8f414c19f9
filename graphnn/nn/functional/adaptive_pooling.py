"""Pooling to a given size, whatever the size of the input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.nn.functional.sizes import require_space
from graphnn.ops.adaptive_pool import adaptive_avg_pool, adaptive_max_pool
from graphnn.tensor.tensor import Tensor

Target = int | None | Sequence[int | None]


def _target(input: Tensor, output_size: Any, spatial: int, name: str) -> tuple[int, ...]:
    """The sizes; None stands for the input's own."""
    require_space(input, spatial, name)
    given = (output_size,) * spatial if output_size is None or isinstance(output_size, int) else tuple(output_size)
    if len(given) != spatial:
        raise ArgumentError(f"{name}: output_size must be {spatial} numbers, got {output_size!r}")
    return tuple(own if size is None else size for size, own in zip(given, input.shape[-spatial:], strict=True))


def _average(input: Tensor, size: tuple[int, ...]) -> Tensor:
    """One window over all is a plain mean, as in PyTorch."""
    if all(s == 1 for s in size) and 0 not in input.shape[-len(size) :]:
        return input.mean(tuple(range(-len(size), 0)), keepdim=True)  # type: ignore[no-any-return]
    return adaptive_avg_pool(input, size=size)  # type: ignore[no-any-return]


def adaptive_avg_pool1d(input: Tensor, output_size: Target) -> Tensor:
    """The means of windows that cover (N, C, L) or (C, L) evenly."""
    size = _target(input, output_size, 1, "adaptive_avg_pool1d")
    return _average(input.unsqueeze(-2), (1, *size)).squeeze(-2)  # type: ignore[no-any-return]


def adaptive_avg_pool2d(input: Tensor, output_size: Target) -> Tensor:
    """The means of windows that cover (N, C, H, W) or (C, H, W) evenly; None in `output_size` keeps a size."""
    return _average(input, _target(input, output_size, 2, "adaptive_avg_pool2d"))


def adaptive_avg_pool3d(input: Tensor, output_size: Target) -> Tensor:
    """The means of windows that cover (N, C, D, H, W) or (C, D, H, W) evenly; None in `output_size` keeps a size."""
    return _average(input, _target(input, output_size, 3, "adaptive_avg_pool3d"))


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Target, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """The largest of each window, and where it was."""
    size = _target(input, output_size, 1, "adaptive_max_pool1d")
    out, indices = adaptive_max_pool(input.unsqueeze(-2), size=(1, *size))
    return out.squeeze(-2), indices.squeeze(-2)


def adaptive_max_pool1d(input: Tensor, output_size: Target, return_indices: bool = False) -> Any:
    """The largest of windows that cover (N, C, L) or (C, L) evenly."""
    found = adaptive_max_pool1d_with_indices(input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Target, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """The largest of each window, and where it was in its flattened plane."""
    size = _target(input, output_size, 2, "adaptive_max_pool2d")
    return adaptive_max_pool(input, size=size)  # type: ignore[no-any-return]


def adaptive_max_pool2d(input: Tensor, output_size: Target, return_indices: bool = False) -> Any:
    """The largest of windows that cover (N, C, H, W) or (C, H, W) evenly."""
    found = adaptive_max_pool2d_with_indices(input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Target, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """The largest of each window, and where it was in its flattened volume."""
    size = _target(input, output_size, 3, "adaptive_max_pool3d")
    return adaptive_max_pool(input, size=size)  # type: ignore[no-any-return]


def adaptive_max_pool3d(input: Tensor, output_size: Target, return_indices: bool = False) -> Any:
    """The largest of windows that cover (N, C, D, H, W) or (C, D, H, W) evenly."""
    found = adaptive_max_pool3d_with_indices(input, output_size)
    return found if return_indices else found[0]
