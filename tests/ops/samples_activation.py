"""The rows of activations beyond relu, sigmoid and tanh, and of bilinear maps."""

import dataclasses
from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import SPECIAL, Row, Sample, floats, sample

F = torch.nn.functional
FAR = np.array([-200.0, -30.0, -3.5, 2.7, 19.0, 21.0, 200.0], "f4")


def samples(kinks: tuple[float, ...] = (), **attrs: Any) -> tuple[Sample, ...]:
    """Plain numbers, far ones, special ones, the function's kinks, and the shapes that are edge cases."""
    return (
        sample(floats(3, 5, low=-4.0, high=4.0), **attrs),
        sample(floats(3, 5, low=-4.0, high=4.0, dtype="f8"), **attrs),
        sample(floats(3, 5, low=-4.0, high=4.0, dtype="f2"), grad=False, torch_grad=False, **attrs),
        sample(FAR, grad=False, **attrs),
        sample(SPECIAL.astype("f4"), grad=False, torch_grad=False, **attrs),
        *((sample(np.array(kinks, "f4"), grad=False, **attrs),) if kinks else ()),
        sample(floats(), **attrs),
        sample(floats(0, 3), **attrs),
    )


def row(op: str, given: tuple[Sample, ...], function: Any, **more: Any) -> Row:
    return Row(op, given, torch=function, **({"rtol": 2e-5, "atol": 1e-6} | more))


def elu(x: Any, alpha: float = 1.0, scale: float = 1.0) -> Any:
    return torch._C._nn.elu(x, alpha, scale)


def rrelu(x: Any, noise: Any = None, lower: float = 0.125, upper: float = 1 / 3) -> Any:
    return F.rrelu(x, lower, upper) if noise is None else F.prelu(x.reshape(1, -1), noise.reshape(-1)).reshape(x.shape)


HALVES = (
    sample(floats(4, 6), dim=1),
    sample(floats(4, 6), dim=0),
    sample(floats(2, 4, 3, dtype="f8"), dim=1),
    sample(floats(8), dim=0),
    sample(floats(0, 4), dim=1),
    sample(floats(3, 0), dim=1),
)

SMOOTH = (
    row("elu", samples((0.0,)) + samples(alpha=0.5, scale=2.0), elu),
    row("celu", samples((0.0,)) + samples(alpha=2.0), F.celu),
    row("gelu", samples() + samples(approximate="tanh"), F.gelu),
    row("silu", samples(), F.silu),
    row("mish", samples(), F.mish),
    row("softplus", samples((20.0,)) + samples(beta=2.0, threshold=3.0), F.softplus),
    row("log_sigmoid", samples(), F.logsigmoid),
    row("glu", HALVES, F.glu),
)

PIECEWISE = (
    row("leaky_relu", samples((0.0,)) + samples(negative_slope=1.5), F.leaky_relu),
    row(
        "prelu",
        (
            sample(floats(2, 3, 4), floats(1, 3, 1)),
            sample(floats(2, 3, dtype="f8"), floats(1, 1, dtype="f8")),
            sample(SPECIAL.astype("f4"), np.full(1, 0.5, "f4"), grad=False, torch_grad=False),
            sample(floats(5), floats(5)),
            sample(floats(0, 3), floats(1, 3)),
        ),
        torch._prelu_kernel,
    ),
    row(
        "rrelu",
        (
            *samples((0.0,), lower=0.1, upper=0.5),
            sample(floats(2, 3), floats(2, 3, low=0.1, high=0.5)),
        ),
        rrelu,
        named=False,
    ),
    row("hardtanh", samples((-1.0, 1.0)) + samples(min_val=-2.0, max_val=0.5), F.hardtanh),
    row(
        "hardsigmoid", tuple(dataclasses.replace(s, torch_grad=False) for s in samples()), F.hardsigmoid
    ),  # its 1/6: f32
    row("hardswish", samples((-3.0, 3.0)), F.hardswish),
    row("softshrink", samples((-0.5, 0.5)) + samples(lambd=0.0), F.softshrink),
    row("hardshrink", samples((-0.5, 0.5)) + samples(lambd=1.5), F.hardshrink),
    row("threshold", samples((0.5,), threshold=0.5, value=7.0), F.threshold),
)

PAIRS = (
    row(
        "bilinear",
        (
            sample(floats(4, 3), floats(4, 2), floats(5, 3, 2), floats(5)),
            sample(floats(2, 4, 3, dtype="f8"), floats(2, 4, 2, dtype="f8"), floats(5, 3, 2, dtype="f8")),
            sample(floats(3), floats(2), floats(5, 3, 2)),
            sample(floats(0, 3), floats(0, 2), floats(5, 3, 2), floats(5)),
        ),
        F.bilinear,
    ),
)

ROWS = (*SMOOTH, *PIECEWISE, *PAIRS)
