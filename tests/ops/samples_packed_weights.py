"""The rows of weights in panels, and of the layers that take them so."""

from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, floats, sample

F = torch.nn.functional
G4 = (
    *((1, 0, 0), (1 / 3, 1 / 3, 1 / 3), (-1 / 3, 1 / 3, -1 / 3)),
    *((-16 / 15, -8 / 15, -4 / 15), (1 / 15, -2 / 15, 4 / 15), (0, 0, 1)),
)
G2 = ((-1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1))
G = {4: G4, 2: G2}


def packed(weight: np.ndarray, width: int, winograd: int = 0) -> np.ndarray:
    """(⌈O / width⌉, *kernel, C, width), zeros beyond the last output; for Winograd's algorithm (n², ⌈O / width⌉, C, width)."""
    if winograd:
        g = np.array(G[winograd])
        panels = packed(weight.astype("f8"), width)
        found = np.einsum("xi,pijcw,yj->xypcw", g, panels, g)
        return found.reshape(-1, *found.shape[2:]).astype(weight.dtype)
    missing = -len(weight) % width
    whole = np.concatenate([weight, np.zeros((missing, *weight.shape[1:]), weight.dtype)])
    panels = whole.reshape(-1, width, *weight.shape[1:])
    return np.ascontiguousarray(np.moveaxis(panels, (1, 2), (-1, -2)))


def layer(
    x: np.ndarray, weight: np.ndarray, *bias: np.ndarray, width: int = 8, winograd: int = 0, **attrs: Any
) -> Sample:
    return sample(x, packed(weight, width, winograd), *bias, shape=weight.shape, **attrs)


def unpacked(weight: Any, shape: Any) -> Any:
    """As PyTorch's tensors, differentiable."""
    if weight.ndim == 4 == len(shape):
        back = torch.linalg.pinv(torch.tensor(G4 if len(weight) == 36 else G2, dtype=weight.dtype))
        squares = weight.unflatten(0, (len(back.T), -1)).permute(2, 4, 3, 0, 1)
        return (back @ squares @ back.T).reshape(-1, *shape[1:])[: shape[0]]
    axes = len(shape) - 2
    return weight.permute(0, axes + 2, axes + 1, *range(1, axes + 1)).reshape(-1, *shape[1:])[: shape[0]]


def linear(x: Any, weight: Any, bias: Any = None, *, shape: Any, relu: bool = False) -> Any:
    out = F.linear(x, unpacked(weight, shape), bias)
    return out.relu() if relu else out


def conv2d(x: Any, weight: Any, bias: Any = None, *, shape: Any, relu: bool = False, **geometry: Any) -> Any:
    out = F.conv2d(x, unpacked(weight, shape), bias, **geometry)
    return out.relu() if relu else out


def transposed(x: np.ndarray, weight: np.ndarray, *bias: np.ndarray, width: int = 8, **attrs: Any) -> Sample:
    turned = np.flip(weight.swapaxes(0, 1), (2, 3))
    return sample(x, packed(turned, width), *bias, shape=weight.shape, **attrs)


def conv_transpose2d(x: Any, weight: Any, bias: Any = None, *, shape: Any, **geometry: Any) -> Any:
    turned = unpacked(weight, (shape[1], shape[0], *shape[2:]))
    return F.conv_transpose2d(x, turned.transpose(0, 1).flip(2, 3), bias, **geometry)


WEIGHTS = (
    sample(floats(5, 3), width=4),
    sample(floats(16, 7), width=16),
    sample(floats(33, 6), width=8),
    sample(floats(5, 3, 2, 3), width=8),
    sample(floats(4, 3, 5), width=3),
    sample(floats(6, 2, 3, 3, dtype="f8"), width=4),
    sample(floats(20, 3, 3, 3), width=16, winograd=4),
    sample(floats(20, 3, 3, 3), width=16, winograd=2),
)
LAYERS = (
    layer(floats(20, 7), floats(33, 7), floats(33), width=16),
    layer(floats(20, 7), floats(33, 7), width=24, relu=True),
    layer(floats(20, 7), floats(33, 7), width=5),
    layer(floats(2, 9, 64), floats(16, 64), floats(16), width=16, relu=True),
    layer(floats(3, 5), floats(4, 5), floats(4)),
    layer(floats(14, 700) / 8, floats(9, 700) / 8, grad=False),  # several blocks of the sum
)
IMAGES = (
    layer(floats(2, 3, 6, 5), floats(20, 3, 3, 2), floats(20), width=16),
    layer(floats(2, 3, 7, 5), floats(6, 3, 3, 3), width=24, stride=(2, 1), padding=(1, 2), relu=True),
    layer(floats(2, 8, 4, 4), floats(16, 8, 1, 1), floats(16), width=16),
    layer(floats(1, 8, 9, 9), floats(8, 8, 3, 3), floats(8), padding=(2, 2), dilation=(2, 2)),
    layer(
        floats(2, 16, 9, 7) / 4,
        floats(16, 16, 3, 3) / 4,
        floats(16),
        width=16,
        winograd=4,
        padding=(1, 1),
        grad=False,
    ),
    layer(floats(1, 3, 5, 6), floats(4, 3, 3, 3), width=4, winograd=4, relu=True),
    layer(floats(2, 8, 5, 6), floats(16, 8, 3, 3), floats(16), width=8, winograd=2, padding=(1, 1)),
)
TRANSPOSED = (
    transposed(floats(2, 3, 6, 5), floats(3, 20, 4, 4), floats(20), width=16, stride=(2, 2), padding=(1, 1)),
    transposed(floats(1, 8, 1, 1), floats(8, 17, 4, 4), width=16),
    transposed(floats(2, 4, 5, 6), floats(4, 9, 3, 2), floats(9), stride=(2, 3), padding=(1, 0), output_padding=(1, 2)),
    transposed(floats(1, 8, 5, 5), floats(8, 8, 3, 3), floats(8), width=24, dilation=(2, 1)),
)

ROWS: tuple[Row, ...] = (
    Row("pack_weight", WEIGHTS, numpy=packed, rtol=1e-5, atol=1e-6, named=False),
    Row("packed_linear", LAYERS, torch=linear, rtol=1e-5, atol=1e-5, named=False),
    Row("packed_conv2d", IMAGES, torch=conv2d, rtol=1e-5, atol=1e-5, named=False),
    Row("packed_conv_transpose2d", TRANSPOSED, torch=conv_transpose2d, rtol=1e-5, atol=1e-5, named=False),
)
