"""The rows of the rarer elementwise functions: angles, logarithms, parts of numbers, gamma and error functions; and
of diagonals."""

from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, bools, floats, ints, sample
from tests.ops.samples_arithmetic import mixed, pairs, specials, tensors, ties, whole_numbers

WIDE = np.array([-12.5, -7.25, -2.5, -1.75, -0.5, -1e-3, 1e-3, 0.4, 0.5, 1.0, 2.0, 3.5, 9.99, 10.0, 45.0, 120.0])


def narrow(low: float = -2.0, high: float = 2.0) -> tuple[Sample, ...]:
    args = [floats(*shape, low=low, high=high) for shape in ((3, 4), (), (1,), (0, 3))]
    return (*map(sample, args), sample(floats(2, 3, low=low, high=high, dtype="f8")))


def one(name: str, *extra: Sample, low: float = -2.0, high: float = 2.0, **more: Any) -> Row:
    oracle = more.pop("torch", getattr(torch, name))
    return Row(name, (*narrow(low, high), *extra), torch=oracle, **more)


ANGLES = (
    one("tan", *specials()[1:], *whole_numbers(), low=-1.4, high=1.4),
    one("asin", *specials()[1:], *whole_numbers()[:1], low=-0.9, high=0.9),
    one("acos", *specials()[1:], low=-0.9, high=0.9),
    one("atan", *specials(), *whole_numbers()),
    one("sinh", *whole_numbers()),
    one("cosh", *whole_numbers()),
    one("asinh", *specials(), *whole_numbers()),
    one("acosh", low=1.2, high=5.0),
    one("atanh", low=-0.9, high=0.9),
    one("sinc", sample(np.array([0.0, 1.0, 1e-3, -0.0]), grad=False), *whole_numbers(), atol=2e-7),
    Row("atan2", (*pairs(), *mixed()[:3]), torch=tensors(torch.atan2)),
    Row("hypot", (*pairs(), sample(floats(2, 3), floats(dtype="f8"))), torch=tensors(torch.hypot)),
)

LOGARITHMS = (
    one("exp2", *specials(), *whole_numbers()),
    one("log10", *specials(), *whole_numbers(), low=0.1),
    Row("logaddexp", pairs(), torch=tensors(torch.logaddexp)),
    Row("logaddexp2", pairs(), torch=tensors(torch.logaddexp2)),
    Row(
        "xlogy",
        (
            *pairs(low=0.2),
            sample(ints(3), floats(3, low=0.2)),
            sample(np.zeros(3), np.array([0.0, np.nan, 2.0]), grad=False),
        ),
        torch=torch.xlogy,
    ),
    Row(
        "xlog1py",
        (*pairs(low=-0.8), sample(np.zeros(2), np.array([-1.0, 2.0]), grad=False)),
        torch=torch.special.xlog1py,
    ),
)

SHIFTED = (sample(ints(2, 3), ints(3, low=0, high=9)), sample(ints(3, dtype="i4"), 2), sample(ints(0), ints(1, low=0)))
INTEGERS = (sample(ints(2, 3), ints(3, seed=1)), sample(ints(3, dtype="i4"), ints(3, seed=1)), sample(ints(), ints()))

NUMERALS = (
    Row("signbit", (*narrow(), *specials(), *whole_numbers(), sample(bools(3))), torch=torch.signbit),
    Row("copysign", (*pairs()[:8], *mixed()[:2], *ties()), torch=torch.copysign),
    one("frac", sample(np.array([-1.5, 2.0, -0.25]), grad=False), low=0.1, high=0.9),
    Row("nextafter", pairs()[:7], torch=torch.nextafter),
    Row(
        "heaviside",
        (
            sample(floats(2, 3), floats(3)),
            sample(ints(2, 3), ints(3, seed=1)),
            sample(np.array([0.0, np.nan, -1.0, np.inf]), np.array(0.5)),
        ),
        torch=torch.heaviside,
    ),
    Row("fmax", (*pairs(), *mixed()[:3], *ties()), torch=tensors(torch.fmax)),
    Row("fmin", (*pairs(), *mixed()[:3], *ties()), torch=tensors(torch.fmin)),
    Row("fmod", (*pairs(low=0.5), *mixed()), torch=tensors(torch.fmod), named=False),
    Row("gcd", INTEGERS, torch=torch.gcd),
    Row("lcm", INTEGERS, torch=torch.lcm),
    Row("bitwise_left_shift", SHIFTED, torch=torch.bitwise_left_shift),
    Row("bitwise_right_shift", SHIFTED, torch=torch.bitwise_right_shift),
)

GAMMA = (
    one("lgamma", sample(WIDE.copy()), *specials()[1:], *whole_numbers()[2:], low=0.1, high=5.0, atol=1e-6),
    one("digamma", sample(WIDE.copy(), grad=False), *whole_numbers()[2:], low=0.1, high=5.0, rtol=1e-5, atol=1e-6),
    Row(
        "polygamma",
        (
            *(sample(floats(3, low=0.2, high=15.0, dtype="f8"), n=n) for n in (0, 1, 2, 4)),
            sample(WIDE[2:].copy(), n=1),
            sample(floats(2, 2, low=0.5), n=1),
            sample(floats(0), n=3),
        ),
        torch=lambda x, n: torch.polygamma(n, x),
        rtol=1e-5,
    ),
    one("erfc", sample(np.linspace(-6.0, 10.0, 33)), *specials()[1:], rtol=1e-5, atol=1e-7),
    one("erfinv", sample(np.array([-1.0, 1.0, 2.0, np.nan, 0.0, 0.999]), grad=False), low=-0.95, high=0.95, rtol=1e-5),
    one(
        "erfcx",
        sample(np.linspace(-3.0, 30.0, 34)),
        torch=torch.special.erfcx,
        rtol=1e-5,
    ),
    one("log_ndtr", sample(np.linspace(-30.0, 8.0, 20)), torch=torch.special.log_ndtr, rtol=1e-5, atol=1e-7),
)


# ---- diagonals

PLACES = ({}, {"offset": 1}, {"offset": -2}, {"offset": 7}, {"offset": -1, "dim1": 1, "dim2": 0})


def _embed(g: Any, shape: Any, **attrs: int) -> Any:
    found = np.zeros(shape, g.dtype)
    rest = [i for i in range(len(shape)) if i not in (attrs.get("dim1", 0), attrs.get("dim2", 1))]
    moved = found.transpose(*rest, attrs.get("dim1", 0), attrs.get("dim2", 1))
    for i in range(g.shape[-1]):
        row = i + max(0, -attrs.get("offset", 0))
        moved[..., row, row + attrs.get("offset", 0)] = g[..., i]
    return found


DIAGONALS = (
    Row(
        "diagonal",
        (
            *(sample(floats(3, 4), **place) for place in PLACES),
            sample(floats(2, 3, 4), dim1=2, dim2=1),
            sample(floats(2, 3, 4), offset=1, dim1=0, dim2=2),
            sample(ints(3, 3)),
            sample(floats(0, 3)),
        ),
        torch=torch.diagonal,
    ),
    Row(
        "diagonal_grad",
        (
            sample(floats(3), shape=(3, 4)),
            sample(floats(2), shape=(4, 3), offset=-2),
            sample(floats(4, 2), shape=(2, 4, 3), offset=1, dim1=0, dim2=2),
            sample(floats(0), shape=(3, 4), offset=9),
        ),
        numpy=_embed,
    ),
    Row(
        "diagonal_scatter",
        (
            sample(floats(3, 4), floats(3, seed=1)),
            sample(floats(4, 3), floats(2, seed=1), offset=-2),
            sample(floats(2, 3, 4), floats(2, 3, seed=1), dim1=1, dim2=2),
            sample(ints(3, 3), ints(2, seed=1), offset=1),
        ),
        torch=torch.diagonal_scatter,
    ),
)

ROWS = (*ANGLES, *LOGARITHMS, *NUMERALS, *GAMMA, *DIAGONALS)
