"""Pooling over windows, adaptive, p-norms, fractional, and undoing it."""

import numpy as np

from tests.nn.parity.row import Row, normal, torch, uniform

INF = float("inf")

LINES = [
    Row("MaxPool1d", (2,), inputs=[normal(2, 3, 9)]),
    Row("MaxPool1d", (3,), {"stride": 2, "padding": 1}, inputs=[normal(3, 9)]),
    Row("MaxPool1d", (3, 2), {"dilation": 2, "padding": 1, "return_indices": True}, inputs=[normal(2, 3, 11)]),
    Row("MaxPool1d", (3, 2), {"ceil_mode": True, "return_indices": True}, inputs=[normal(2, 3, 10)]),
    Row("MaxPool1d", ((4,), (3,)), inputs=[normal(2, 1, 10)]),
    Row("AvgPool1d", (2,), inputs=[normal(2, 3, 9)]),
    Row("AvgPool1d", (3, 2, 1), inputs=[normal(3, 9)]),
    Row("AvgPool1d", (3, 2, 1), {"count_include_pad": False}, inputs=[normal(2, 3, 9)]),
    Row("AvgPool1d", (4, 3, 1), {"ceil_mode": True}, inputs=[normal(2, 3, 12)]),
    Row("AvgPool1d", ((3,), (2,)), inputs=[normal(2, 3, 12)]),
]

IMAGES = [
    Row("MaxPool2d", (2,), inputs=[normal(2, 3, 8, 7)]),
    Row("MaxPool2d", ((3, 2),), {"stride": (2, 1), "padding": (1, 0)}, inputs=[normal(3, 8, 7)]),
    Row(
        "MaxPool2d", (2,), {"dilation": (2, 3), "ceil_mode": True, "return_indices": True}, inputs=[normal(2, 3, 8, 9)]
    ),
    Row("MaxPool2d", (3,), {"stride": 1, "padding": 1, "return_indices": True}, inputs=[normal(1, 2, 5, 5)]),
    Row("AvgPool2d", (2,), inputs=[normal(2, 3, 8, 7)]),
    Row("AvgPool2d", ((3, 2), (2, 1)), {"padding": (1, 0), "ceil_mode": True}, inputs=[normal(3, 8, 7)]),
    Row("AvgPool2d", (3, 2, 1), {"count_include_pad": False, "ceil_mode": True}, inputs=[normal(2, 3, 8, 8)]),
    Row("AvgPool2d", (3,), {"divisor_override": 5}, inputs=[normal(2, 3, 8, 8)]),
]

VOLUMES = [
    Row("MaxPool3d", (2,), inputs=[normal(2, 3, 4, 6, 5)]),
    Row("MaxPool3d", ((3, 2, 2),), {"stride": (2, 1, 2), "padding": (1, 0, 1)}, inputs=[normal(2, 5, 6, 5)]),
    Row("MaxPool3d", (2, 2), {"dilation": (2, 1, 3), "return_indices": True}, inputs=[normal(2, 3, 5, 6, 7)]),
    Row("MaxPool3d", (3, 2, 1), {"ceil_mode": True, "return_indices": True}, inputs=[normal(1, 2, 6, 4, 5)]),
    Row("MaxPool3d", (2, 1), {"padding": 1, "dilation": 2}, inputs=[normal(1, 2, 4, 4, 4)]),
    Row("AvgPool3d", (2,), inputs=[normal(2, 3, 4, 6, 5)]),
    Row("AvgPool3d", ((3, 2, 2), (2, 1, 2)), {"padding": (1, 0, 1)}, inputs=[normal(2, 5, 6, 5)]),
    Row("AvgPool3d", (3, 2, 1), {"ceil_mode": True, "count_include_pad": False}, inputs=[normal(1, 2, 6, 4, 5)]),
    Row("AvgPool3d", (3, 2, 1), {"ceil_mode": True}, inputs=[normal(1, 2, 6, 4, 5)]),
    Row("AvgPool3d", (2,), {"divisor_override": 3}, inputs=[normal(1, 2, 6, 4, 5)]),
]

ADAPTIVE = [
    Row("AdaptiveAvgPool1d", (3,), inputs=[normal(2, 3, 10)]),
    Row("AdaptiveAvgPool1d", (1,), inputs=[normal(3, 10)]),
    Row("AdaptiveAvgPool1d", (7,), inputs=[normal(2, 3, 5)]),
    Row("AdaptiveAvgPool2d", (1,), inputs=[normal(2, 3, 6, 5)]),
    Row("AdaptiveAvgPool2d", ((3, 4),), inputs=[normal(2, 3, 7, 9)]),
    Row("AdaptiveAvgPool2d", ((None, 2),), inputs=[normal(3, 7, 9)]),
    Row("AdaptiveAvgPool2d", (5,), inputs=[normal(2, 3, 3, 10)]),
    Row("AdaptiveAvgPool3d", (2,), inputs=[normal(2, 3, 5, 4, 6)]),
    Row("AdaptiveAvgPool3d", ((1, 1, 1),), inputs=[normal(2, 3, 5, 4, 6)]),
    Row("AdaptiveAvgPool3d", ((None, 3, 7),), inputs=[normal(3, 5, 4, 6)]),
    Row("AdaptiveMaxPool1d", (3,), inputs=[normal(2, 3, 10)]),
    Row("AdaptiveMaxPool1d", (4,), {"return_indices": True}, inputs=[normal(3, 10)]),
    Row("AdaptiveMaxPool2d", (3,), inputs=[normal(2, 3, 7, 8)]),
    Row("AdaptiveMaxPool2d", ((None, 5),), {"return_indices": True}, inputs=[normal(3, 6, 8)]),
    Row("AdaptiveMaxPool2d", ((4, 6),), {"return_indices": True}, inputs=[normal(2, 3, 6, 4)]),
    Row("AdaptiveMaxPool3d", (2,), inputs=[normal(2, 3, 5, 4, 6)]),
    Row("AdaptiveMaxPool3d", ((3, None, 4),), {"return_indices": True}, inputs=[normal(3, 5, 4, 6)]),
]

POWERS = [
    Row("LPPool1d", (2, 3), inputs=[normal(2, 3, 10)]),
    Row("LPPool1d", (1, 2, 1), {"ceil_mode": True}, inputs=[uniform(3, 9, low=0.5)]),
    Row("LPPool1d", (INF, 2), inputs=[normal(2, 3, 10)]),
    Row("LPPool2d", (2, 3), {"stride": 2}, inputs=[normal(2, 3, 9, 8)]),
    Row("LPPool2d", (1.5, (2, 3)), {"ceil_mode": True}, inputs=[uniform(3, 9, 8, low=0.5)]),
    Row("LPPool2d", (3, 2), inputs=[normal(1, 2, 4, 4)]),
    Row("LPPool3d", (2, 2), inputs=[normal(2, 3, 4, 5, 6)]),
    Row("LPPool3d", (1.5, (2, 1, 3), (1, 2, 2)), inputs=[uniform(3, 4, 5, 6, low=0.5)]),
]


def _samples(*shape: int) -> "torch.Tensor":
    return torch.tensor(np.random.default_rng(3).random(shape, dtype=np.float32))


FRACTIONAL = [
    Row("FractionalMaxPool2d", (2, 3), inputs=[normal(2, 3, 7, 8)], modes=("train",), random=True, compiled=False),
    Row(
        "FractionalMaxPool3d",
        (2,),
        {"output_ratio": (0.5, 0.6, 0.7)},
        inputs=[normal(2, 3, 7, 8, 6)],
        modes=("train",),
        random=True,
        compiled=False,
    ),
    Row(
        "FractionalMaxPool2d",
        ((2, 3),),
        {"output_size": (4, 3), "return_indices": True, "_random_samples": _samples(2, 3, 2)},
        inputs=[normal(2, 3, 9, 8)],
    ),
    Row(
        "FractionalMaxPool2d",
        (3,),
        {"output_ratio": 0.5, "_random_samples": _samples(1, 3, 2)},
        inputs=[normal(3, 11, 8)],
    ),
    Row("FractionalMaxPool2d", (2, 1), {"_random_samples": _samples(1, 3, 2)}, inputs=[normal(1, 3, 5, 5)]),
    Row(
        "FractionalMaxPool3d",
        (2, (3, 4, 2)),
        {"return_indices": True, "_random_samples": _samples(2, 3, 3)},
        inputs=[normal(2, 3, 7, 9, 6)],
    ),
    Row(
        "FractionalMaxPool3d",
        (2,),
        {"output_ratio": (0.5, 0.6, 0.7), "_random_samples": _samples(1, 3, 3)},
        inputs=[normal(3, 7, 9, 6)],
    ),
]


def _places(*shape: int, size: int) -> np.ndarray:
    """Indices into a flattened volume, distinct within each channel."""
    rng = np.random.default_rng(5)
    count = int(np.prod(shape[2:]))
    found = [rng.permutation(size)[:count] for _ in range(shape[0] * shape[1])]
    return np.array(found).reshape(shape)


UNPOOLED = [
    Row("MaxUnpool1d", (2,), inputs=[normal(2, 3, 4), _places(2, 3, 4, size=8)]),
    Row("MaxUnpool1d", (3, 2, 1), inputs=[normal(3, 4), _places(1, 3, 4, size=7)[0]]),
    Row("MaxUnpool1d", (2,), inputs=[normal(2, 3, 4), _places(2, 3, 4, size=8)], call={"output_size": (2, 3, 9)}),
    Row("MaxUnpool2d", (2,), inputs=[normal(2, 3, 4, 3), _places(2, 3, 4, 3, size=48)]),
    Row(
        "MaxUnpool2d", ((2, 3), (2, 1)), {"padding": (0, 1)}, inputs=[normal(3, 4, 3), _places(1, 3, 4, 3, size=24)[0]]
    ),
    Row("MaxUnpool2d", (2,), inputs=[normal(2, 3, 2, 2), _places(2, 3, 2, 2, size=20)], call={"output_size": (5, 4)}),
    Row("MaxUnpool3d", (2,), inputs=[normal(2, 3, 2, 3, 2), _places(2, 3, 2, 3, 2, size=96)]),
    Row(
        "MaxUnpool3d",
        (2,),
        {"stride": (2, 2, 1)},
        inputs=[normal(3, 2, 3, 2), _places(1, 3, 2, 3, 2, size=70)[0]],
        call={"output_size": (5, 6, 3)},
    ),
]

ROWS = [*LINES, *IMAGES, *VOLUMES, *ADAPTIVE, *POWERS, *FRACTIONAL, *UNPOOLED]
