"""The rows of reductions, matrix products and broadcasting."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import SPECIAL, Row, Sample, bools, floats, ints, sample


def over(make: Callable[..., np.ndarray] = floats, empty: bool = True, **more: Any) -> tuple[Sample, ...]:
    """All dimensions, one, several, with and without keeping them; 0-d, one element, none."""
    some = (
        sample(make(2, 3, 4), **more),
        sample(make(2, 3, 4), dim=(1,), **more),
        sample(make(2, 3, 4), dim=(0, 2), **more),
        sample(make(2, 3, 4), dim=(2,), keepdim=True, **more),
        sample(make(2, 3), dim=None, keepdim=True, **more),
        sample(make(), **more),
        sample(make(), dim=(0,), **more),
        sample(make(1), **more),
        sample(make(3, 0), dim=(0,), **more),
    )
    return (*some, sample(make(0, 3), **more), sample(make(3, 0), dim=(1,), **more)) if empty else some


def called(name: str) -> Callable[..., Any]:
    """The method of that name; without `dim` where the attr is None."""

    def call(x: Any, dim: Any = None, **attrs: Any) -> Any:
        if dim is None and attrs.get("keepdim"):
            return getattr(x, name)(dim=tuple(range(x.ndim)), **attrs)
        if dim is None:
            attrs.pop("keepdim", None)
            return getattr(x, name)(**attrs)
        return getattr(x, name)(dim=dim, **attrs)

    return call


def _prod(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """PyTorch's takes one dimension at a time."""
    if dim is None and not keepdim:
        return x.prod()
    for d in reversed(range(x.ndim) if dim is None else dim):
        x = x.prod(dim=d, keepdim=keepdim)
    return x


ZEROS = np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]])

REDUCTIONS = (
    Row("sum", (*over(), *over(ints), sample(bools(2, 3)), sample(floats(2000, 3), dim=(0,))), torch=called("sum")),
    Row("mean", over(), torch=called("mean")),
    Row(
        "prod",
        (*over(), sample(ints(2, 3)), sample(bools(3)), sample(ZEROS, dim=(1,), grad=False), sample(ZEROS, grad=False)),
        torch=_prod,
        named=False,
    ),
    Row(
        "amax",
        (
            *over(empty=False),
            sample(ints(2, 3)),
            sample(SPECIAL.astype("f4"), grad=False),
            sample(np.array([[1.0, 1.0, 0.0]]), dim=(1,), grad=False),
        ),
        torch=called("amax"),
    ),
    Row("amin", (*over(empty=False), sample(ints(2, 3)), sample(SPECIAL, grad=False)), torch=called("amin")),
    Row(
        "var",
        (*over(correction=1), *over(correction=0), sample(floats(2, 3), dim=(1,), correction=3)),
        torch=called("var"),
    ),
    Row(
        "all", (*over(bools), sample(floats(2, 3)), sample(SPECIAL)), torch=lambda x, **a: called("all")(x, **a).bool()
    ),
    Row("any", (*over(bools), sample(ints(2, 3)), sample(SPECIAL)), torch=lambda x, **a: called("any")(x, **a).bool()),
    Row(
        "cumsum",
        (
            sample(floats(2, 3), dim=0),
            sample(floats(2, 3), dim=1),
            sample(floats(), dim=0),
            sample(floats(0, 3), dim=0),
            sample(ints(2, 3, dtype="i4"), dim=1),
            sample(bools(4), dim=0),
        ),
        torch=torch.cumsum,
    ),
)


# ---- where the extremes are

PLACES = (
    sample(floats(2, 3, 4), dim=0),
    sample(floats(2, 3, 4), dim=1),
    sample(floats(2, 3, 4), dim=2, keepdim=True),
    sample(floats(), dim=0),
    sample(floats(0, 3), dim=1),
    sample(ints(3, 20), dim=1),
    sample(np.array([[1.0, np.nan, 3.0], [np.inf, np.inf, 2.0]]), dim=1, grad=False),
)
ANYWHERE = (sample(floats(2, 3)), sample(floats(2, 3), keepdim=True), sample(floats()))

EXTREMES = (
    Row("argmax", (*PLACES, *ANYWHERE), torch=torch.argmax),
    Row("argmin", (*PLACES, *ANYWHERE), torch=torch.argmin),
    Row("max_dim", PLACES, torch=lambda x, **a: tuple(torch.max(x, **a))),
    Row("min_dim", PLACES, torch=lambda x, **a: tuple(torch.min(x, **a))),
)


# ---- matrix products


def product(a: tuple[int, ...], b: tuple[int, ...], dtype: str = "f4") -> Sample:
    return sample(floats(*a, dtype=dtype), floats(*b, dtype=dtype, seed=1))


MATMUL = Row(
    "matmul",
    (
        product((3,), (3,)),
        product((2, 3), (3,)),
        product((3,), (3, 2)),
        product((2, 3), (3, 4)),
        product((5, 2, 3), (5, 3, 4)),
        product((5, 2, 3), (3, 4)),
        product((2, 3), (5, 3, 4)),
        product((5, 2, 3), (3,)),
        product((3,), (5, 3, 2)),
        product((7, 1, 2, 3), (5, 3, 4)),
        product((0, 3), (3, 4)),
        product((2, 0), (0, 4)),
        product((1, 1), (1, 1), "f8"),
        sample(ints(2, 3), ints(3, 4)),
    ),
    torch=torch.matmul,
    rtol=1e-5,
    atol=1e-6,
)


def layer(x: tuple[int, ...], bias: bool = True, outputs: int = 4) -> Sample:
    parts = (floats(*x), floats(outputs, x[-1], seed=1))
    return sample(*parts, floats(outputs, seed=2)) if bias else sample(*parts)


LAYERS = (
    layer((2, 3)),
    layer((2, 3), bias=False),
    sample(floats(2, 3), floats(4, 3, seed=1), None),
    layer((5, 2, 3)),
    layer((5, 2, 3), bias=False),
    layer((3,)),
    layer((0, 3)),
    layer((1, 1), outputs=1),
    layer((2, 0, 3)),
)


def _linear(*args: Any) -> Any:
    return torch.nn.functional.linear(*args)


LINEAR = (
    Row("linear", LAYERS, torch=_linear, rtol=1e-5, atol=1e-6),
    Row("linear_relu", LAYERS, torch=lambda *args: torch.relu(_linear(*args)), rtol=1e-5, atol=1e-6),
)


# ---- broadcasting

BROADCASTING = (
    Row(
        "expand",
        (
            sample(floats(3, 1), shape=(3, 4)),
            sample(floats(3), shape=(2, 3)),
            sample(floats(), shape=(2, 3)),
            sample(floats(1, 3), shape=(0, 3)),
            sample(floats(2, 3), shape=(2, 3)),
            sample(ints(1), shape=(4,)),
        ),
        torch=lambda x, shape: x.expand(shape),
    ),
    Row(
        "sum_to",
        (
            sample(floats(2, 3), shape=(3,)),
            sample(floats(2, 3), shape=(2, 1)),
            sample(floats(5, 2, 3), shape=(2, 1)),
            sample(floats(2, 3), shape=()),
            sample(floats(2, 3), shape=(2, 3)),
            sample(floats(1, 1, 3), shape=(3,)),
            sample(floats(0, 3), shape=(1, 3)),
            sample(ints(2, 3), shape=(3,)),
        ),
        torch=lambda x, shape: x.sum_to_size(shape),
        named=False,
    ),
)

ROWS = (*REDUCTIONS, *EXTREMES, MATMUL, *LINEAR, *BROADCASTING)
