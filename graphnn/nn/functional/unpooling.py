"""Undoing max pooling by the indices that it gave."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.errors import ArgumentError
from graphnn.nn.functional.sizes import Sizes, require_space, several, strides
from graphnn.ops.unpool import max_unpool
from graphnn.tensor.tensor import Tensor


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with the values of (N, C, L) or (C, L) where they came from."""
    require_space(input, 1, "max_unpool1d")
    size = _size(input, 1, kernel_size, stride, padding, output_size)
    return max_unpool(input.unsqueeze(-1), indices.unsqueeze(-1), size=(*size, 1)).squeeze(-1)  # type: ignore[no-any-return]


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with the values of (N, C, H, W) or (C, H, W) where they came from."""
    require_space(input, 2, "max_unpool2d")
    size = _size(input, 2, kernel_size, stride, padding, output_size)
    return max_unpool(input, indices, size=size)  # type: ignore[no-any-return]


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with the values of (N, C, D, H, W) or (C, D, H, W) where they came from."""
    require_space(input, 3, "max_unpool3d")
    size = _size(input, 3, kernel_size, stride, padding, output_size)
    return max_unpool(input, indices, size=size)  # type: ignore[no-any-return]


def _size(
    input: Tensor,
    spatial: int,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    output_size: Sequence[int] | None,
) -> tuple[int, ...]:
    """The size that was pooled: the least that fits, or the given one (with batch and channels, or without)."""
    kernel = several(kernel_size, spatial, "max_unpool: kernel_size")
    steps = strides(stride, kernel, "max_unpool")
    edges = several(padding, spatial, "max_unpool: padding")
    each = zip(input.shape[-spatial:], kernel, steps, edges, strict=True)
    least = tuple((n - 1) * s + k - 2 * p for n, k, s, p in each)
    if output_size is None:
        return least
    given = tuple(output_size)
    wanted = given[2:] if len(given) == spatial + 2 else given
    if len(wanted) != spatial:
        raise ArgumentError(
            f"output_size should be a sequence containing {spatial} or {spatial + 2} elements, but it has a length of "
            f"'{len(given)}'"
        )
    for dim, (size, default, step) in enumerate(zip(wanted, least, steps, strict=True)):
        if not default - step < size < default + step:
            raise ArgumentError(
                f'invalid output_size "{wanted}" (dim {dim} must be between {default - step} and {default + step})'
            )
    return wanted
