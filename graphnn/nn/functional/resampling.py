"""Giving signals, images and volumes another size."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError, UnsupportedError
from graphnn.nn.functional.adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from graphnn.ops.resample import resample
from graphnn.tensor.tensor import Tensor

Size = int | Sequence[int]
Factor = float | Sequence[float]
COPYING = ("nearest", "area", "nearest-exact")
SMOOTH = ("bilinear", "bicubic", "lanczos")
DIMENSIONS = {"linear": 3, "bilinear": 4, "bicubic": 4, "lanczos": 4, "trilinear": 5}
AREA = {3: adaptive_avg_pool1d, 4: adaptive_avg_pool2d, 5: adaptive_avg_pool3d}


def interpolate(
    input: Tensor,
    size: Size | None = None,
    scale_factor: Factor | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """(N, C, L), (N, C, H, W) or (N, C, D, H, W) in another size, or larger by a factor.

    Modes: nearest, nearest-exact, area; linear for 3 dimensions, bilinear, bicubic and (with antialias) lanczos for 4,
    trilinear for 5. The factor also places the outputs, unless `recompute_scale_factor`.
    """
    _check_mode(input, mode, align_corners, antialias)
    output, factors = _output_size(input, size, scale_factor, recompute_scale_factor)
    if mode == "area":
        return AREA[input.ndim](input, output)
    keep = factors is not None and not recompute_scale_factor
    return resample(  # type: ignore[no-any-return]
        input,
        size=output,
        mode=mode,
        scales=factors if keep else None,
        align_corners=bool(align_corners),
        antialias=antialias,
    )


def _check_mode(input: Tensor, mode: str, align_corners: bool | None, antialias: bool) -> None:
    if mode in COPYING and align_corners is not None:
        raise ArgumentError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    if (mode not in COPYING and mode not in DIMENSIONS) or input.ndim not in AREA:
        raise UnsupportedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.ndim}D) for the modes: nearest | linear "
            f"| bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
        )
    if antialias and not (mode in SMOOTH and input.ndim == 4):
        raise ArgumentError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    if input.ndim != DIMENSIONS.get(mode, input.ndim):
        raise UnsupportedError(f"Got {input.ndim}D input, but {mode} mode needs {DIMENSIONS[mode]}D input")
    if mode == "lanczos" and (align_corners or not antialias):
        raise ArgumentError("Lanczos mode requires antialias=True, and does not support align_corners=True")


def _output_size(
    input: Tensor, size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[tuple[int, ...], tuple[float, ...] | None]:
    """The output's size, and the factors where they were given."""
    sizes = tuple(input.shape[2:])
    if size is not None and scale_factor is not None:
        raise ArgumentError("only one of size or scale_factor should be defined")
    if size is not None:
        if recompute:
            raise ArgumentError("recompute_scale_factor is not meaningful with an explicit size.")
        return tuple(map(_whole, _each(size, sizes, "output size"))), None
    if scale_factor is None:
        raise ArgumentError("either size or scale_factor should be defined")
    factors = tuple(map(float, _each(scale_factor, sizes, "scale_factor")))
    return tuple(int(n * f) for n, f in zip(sizes, factors, strict=True)), factors


def _each(given: Any, sizes: tuple[int, ...], what: str) -> tuple[Any, ...]:
    if not isinstance(given, Sequence):
        return (given,) * len(sizes)
    if len(given) != len(sizes):
        raise ArgumentError(
            f"Input and {what} must have the same number of spatial dimensions, but got input with spatial dimensions of "
            f"{list(sizes)} and {what} of {given!r}. Please provide one number for each."
        )
    return tuple(given)


def _whole(size: Any) -> int:
    if not isinstance(size, int):
        raise ArgumentTypeError(f"interpolate: expected size to be one of int or tuple of ints, got {size!r}")
    return size


def upsample(
    input: Tensor,
    size: Size | None = None,
    scale_factor: Factor | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """The older name of `interpolate`."""
    _warn("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Size | None = None, scale_factor: Factor | None = None) -> Tensor:
    """`interpolate` by nearest neighbours."""
    _warn("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Size | None = None, scale_factor: Factor | None = None) -> Tensor:
    """`interpolate` in mode "bilinear" with aligned corners."""
    _warn("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _warn(name: str) -> None:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=3)
