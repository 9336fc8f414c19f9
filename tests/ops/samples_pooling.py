"""The rows of pooling in three dimensions and to given sizes, of padding with edges, resampling and shuffling."""

import math
from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, floats, ints, sample

F = torch.nn.functional
NAN = np.nan


def distinct(*shape: int, dtype: str = "f4") -> np.ndarray:
    """Numbers far enough apart that finite differences do not swap them."""
    return np.random.default_rng(shape).permutation(math.prod(shape)).reshape(shape).astype(dtype) / 8


def with_nans(*shape: int) -> np.ndarray:
    """Many equal numbers, and NaNs among them."""
    x = np.round(floats(*shape)).astype("f4")
    x[np.random.default_rng(0).random(shape) < 0.1] = NAN
    return x


def out_shape(name: str, s: Sample) -> tuple[int, ...]:
    from graphnn import ops

    found = getattr(ops, name)(*s.args, **s.attrs)
    return tuple((found[0] if isinstance(found, tuple) else found).shape)


def transposed(forward: Any) -> Any:
    """The gradient of a linear function of an input, by PyTorch."""

    def gradient(g: Any, shape: Any, **attrs: Any) -> Any:
        x = torch.zeros(shape, dtype=g.dtype, requires_grad=True)
        return torch.autograd.grad(forward(x, **attrs), x, g, create_graph=g.requires_grad)[0]

    return gradient


# ---- volumes

TWICE = {"kernel_size": (2, 2, 2), "stride": (2, 2, 2)}
OVERLAPPING = {"kernel_size": (3, 2, 2), "stride": (2, 1, 1), "padding": (1, 1, 0)}
VOLUMES = (
    sample(distinct(2, 2, 4, 4, 5), **TWICE),
    sample(distinct(2, 4, 3, 5), **OVERLAPPING),
    sample(distinct(1, 2, 4, 5, 4), ceil_mode=True, **OVERLAPPING),
    sample(distinct(0, 2, 4, 4, 4), **TWICE),
    sample(distinct(1, 1, 3, 3, 3, dtype="f8"), kernel_size=(3, 3, 3), stride=(1, 1, 1)),
    sample(with_nans(1, 2, 5, 6, 5), grad=False, torch_grad=False, **OVERLAPPING),
)
MAX_VOLUMES = (
    *VOLUMES,
    sample(distinct(1, 2, 6, 4, 5), kernel_size=(2, 2, 2), stride=(1, 2, 1), dilation=(2, 1, 3)),
    sample(np.round(floats(2, 2, 4, 4, 4)).astype("f4"), grad=False, **OVERLAPPING),  # ties
    sample(ints(1, 2, 4, 4, 4), **TWICE),
)
MEAN_VOLUMES = (
    *VOLUMES[:-1],
    sample(floats(1, 2, 4, 4, 4), count_include_pad=False, **OVERLAPPING),
    sample(floats(1, 2, 4, 4, 4), divisor_override=-3, **OVERLAPPING),
)


def mean_grad(s: Sample) -> Sample:
    g = floats(*out_shape("avg_pool3d", s), dtype=s.args[0].dtype.str)
    return sample(g, size=s.args[0].shape[-3:], **s.attrs)


def mean_gradient(g: Any, size: Any, **attrs: Any) -> Any:
    return transposed(F.avg_pool3d)(g, (*g.shape[:-3], *size), **attrs)


# ---- to given sizes

ADAPTIVE = (
    sample(distinct(2, 3, 7, 8), size=(3, 4)),
    sample(distinct(3, 4, 3), size=(5, 2)),
    sample(distinct(2, 4, 3), size=(4, 3)),
    sample(distinct(2, 2, 5, 4, 6), size=(2, 3, 6)),
    sample(distinct(0, 2, 4, 4), size=(2, 2)),
    sample(distinct(1, 2, 4, 4), size=(0, 2), torch_grad=False),
    sample(distinct(1, 2, 4, 4, dtype="f8"), size=(3, 3)),
)
ADAPTIVE_MAX = (
    *ADAPTIVE,
    sample(with_nans(2, 2, 5, 6), size=(2, 4), grad=False, torch_grad=False),
    sample(np.round(floats(2, 2, 6, 6)).astype("f4"), size=(4, 4), grad=False),
)


def adaptive(kind: str, **more: Any) -> Any:
    def pool(x: Any, size: Any) -> Any:
        return getattr(F, f"adaptive_{kind}_pool{len(size)}d")(x, size, **more)

    return pool


def adaptive_grad(s: Sample) -> Sample:
    size = s.attrs["size"]
    return sample(
        floats(*s.args[0].shape[: -len(size)], *size, dtype=s.args[0].dtype.str), size=s.args[0].shape[-len(size) :]
    )


def adaptive_gradient(g: Any, size: Any) -> Any:
    n = len(size)
    return transposed(adaptive("avg"))(g, (*g.shape[:-n], *size), size=tuple(g.shape[-n:]))


def fractional(x: Any, samples: Any, kernel_size: Any, size: Any) -> Any:
    pool = getattr(F, f"fractional_max_pool{len(size)}d")
    return pool(x, kernel_size, size, return_indices=True, _random_samples=samples.detach().to(x.dtype))


FRACTIONAL = (
    sample(distinct(2, 3, 7, 8), floats(2, 3, 2, low=0.0, high=1.0), kernel_size=(2, 3), size=(3, 4), grad=False),
    sample(distinct(3, 7, 5), floats(1, 3, 2, low=0.0, high=1.0), kernel_size=(2, 2), size=(4, 1), grad=False),
    sample(
        distinct(1, 2, 5, 6, 7), floats(1, 2, 3, low=0.0, high=1.0), kernel_size=(2, 1, 3), size=(3, 4, 2), grad=False
    ),
)


def unpool(x: Any, indices: Any, size: Any) -> Any:
    flat = torch.zeros((*x.shape[: -len(size)], math.prod(size)), dtype=x.dtype)
    return flat.scatter(-1, indices.flatten(-len(size)), x.flatten(-len(size))).reshape(*flat.shape[:-1], *size)


PLACES = np.array([[[[0, 3], [9, 7]]], [[[15, 14], [2, 1]]]])

# ---- edges, sizes, channels

EDGES = tuple(
    sample(floats(2, 2, 4, 5), padding=padding, mode=mode)
    for mode in ("reflect", "replicate", "circular")
    for padding in (((1, 2), (3, 0)), ((-1, 2), (2, -2)), ((2, 1),), ((0, 0), (0, 0)))
)


def edged(x: Any, padding: Any, mode: str) -> Any:
    flat = [side for pair in reversed(padding) for side in pair]
    kept = x[0] if len(padding) == 1 else x
    found = F.pad(kept, flat, mode=mode)
    return torch.stack([found, F.pad(x[1], flat, mode=mode)]) if len(padding) == 1 else found


def edge_grad(s: Sample) -> Sample:
    return sample(floats(*out_shape("edge_pad", s)), size=s.args[0].shape[-len(s.attrs["padding"]) :], **s.attrs)


def edge_gradient(g: Any, size: Any, **attrs: Any) -> Any:
    return transposed(edged)(g, (2, 2, 4, 5), **attrs)


IMAGE, SIGNAL, VOLUME = floats(2, 3, 4, 5), floats(2, 2, 6), floats(1, 2, 3, 4, 3)
RESAMPLED = (
    *(sample(x, size=n, mode=m) for m in ("nearest", "nearest-exact") for x, n in ((IMAGE, (6, 3)), (SIGNAL, (9,)))),
    sample(VOLUME, size=(5, 4, 2), mode="nearest", scales=(1.7, None, 0.7)),
    sample(SIGNAL, size=(4,), mode="linear"),
    sample(SIGNAL, size=(10,), mode="linear", scales=(1.7,)),
    sample(IMAGE, size=(7, 3), mode="bilinear", align_corners=True),
    sample(IMAGE, size=(2, 9), mode="bicubic"),
    sample(IMAGE, size=(1, 2), mode="bicubic", align_corners=True),
    sample(VOLUME, size=(2, 6, 3), mode="trilinear"),
    sample(IMAGE, size=(2, 3), mode="bilinear", antialias=True),
    sample(IMAGE.astype("f8"), size=(2, 3), mode="bicubic", antialias=True),
    sample(floats(1, 1, 9, 9), size=(2, 12), mode="lanczos", antialias=True),
    sample(ints(1, 2, 3, 3, low=0, dtype="u1"), size=(5, 2), mode="nearest"),
)


def resampled(x: Any, size: Any, mode: str, scales: Any = None, **more: Any) -> Any:
    align = None if mode.startswith("nearest") else more.pop("align_corners", False)
    if scales is None:
        return F.interpolate(x, size, mode=mode, align_corners=align, **more)
    factors = tuple(b / a if s is None else s for a, b, s in zip(x.shape[2:], size, scales, strict=True))
    return F.interpolate(x, scale_factor=factors, mode=mode, align_corners=align, **more)


def resample_grad(s: Sample) -> Sample:
    g = floats(*out_shape("resample", s), dtype=s.args[0].dtype.str)
    return sample(g, input_size=s.args[0].shape[2:], **s.attrs)


def resample_gradient(g: Any, input_size: Any, **attrs: Any) -> Any:
    return transposed(resampled)(g, (*g.shape[:2], *input_size), **attrs)


ROWS = (
    Row("max_pool3d", MAX_VOLUMES, torch=lambda x, **attrs: F.max_pool3d(x, return_indices=True, **attrs)),
    Row("avg_pool3d", MEAN_VOLUMES, torch=F.avg_pool3d),
    Row("avg_pool3d_grad", tuple(map(mean_grad, MEAN_VOLUMES)), torch=mean_gradient, named=False),
    Row("adaptive_avg_pool", ADAPTIVE, torch=adaptive("avg")),
    Row("adaptive_avg_pool_grad", tuple(map(adaptive_grad, ADAPTIVE[:4])), torch=adaptive_gradient, named=False),
    Row("adaptive_max_pool", ADAPTIVE_MAX, torch=adaptive("max", return_indices=True)),
    Row("fractional_max_pool", FRACTIONAL, torch=fractional),
    Row(
        "max_unpool",
        (sample(floats(2, 1, 2, 2), PLACES, size=(4, 4)), sample(floats(1, 2, 2), PLACES[0], size=(5, 2))),
        torch=unpool,
        named=False,
    ),
    Row("edge_pad", EDGES, torch=edged, named=False),
    Row("edge_pad_grad", tuple(map(edge_grad, EDGES)), torch=edge_gradient, named=False),
    Row("resample", RESAMPLED, torch=resampled, atol=2e-6),
    Row("resample_grad", tuple(map(resample_grad, RESAMPLED[:-1])), torch=resample_gradient, atol=2e-6, named=False),
    Row(
        "pixel_shuffle",
        (sample(floats(2, 8, 3, 2), factor=2), sample(floats(9, 1, 2), factor=3), sample(ints(4, 2, 2), factor=1)),
        torch=lambda x, factor: F.pixel_shuffle(x, factor),
    ),
    Row(
        "pixel_unshuffle",
        (sample(floats(2, 2, 4, 6), factor=2), sample(floats(1, 3, 3), factor=3), sample(ints(4, 2, 2), factor=1)),
        torch=lambda x, factor: F.pixel_unshuffle(x, factor),
    ),
    Row(
        "channel_shuffle",
        (sample(floats(2, 6, 3, 2), groups=2), sample(floats(1, 6, 3), groups=3), sample(ints(2, 4, 1), groups=1)),
        torch=lambda x, groups: F.channel_shuffle(x, groups),
    ),
)
