"""The rows of linear algebra: triangles, inverses, determinants, factorizations."""

from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, Sample, floats, ints, sample


def matrices(*shapes: tuple[int, ...], **attrs: Any) -> tuple[Sample, ...]:
    """Well-conditioned ones: a random matrix with a heavy diagonal."""
    found = []
    for shape in shapes:
        rows, columns = shape[-2:]
        found.append(sample(floats(*shape, dtype="f8") + 3 * np.eye(rows, columns), **attrs))
    return tuple(found)


def single(of: Sample) -> Sample:
    return Sample(tuple(a.astype("f4") for a in of.args), of.attrs)


SQUARE = (*matrices((3, 3), (2, 3, 3), (1, 1), (0, 2, 2)), *map(single, matrices((2, 2))))
SINGULAR = sample(np.array([[1.0, 2.0], [2.0, 4.0]]), grad=False, torch_grad=False)  # PyTorch's has slope 0 there
WIDE = matrices((2, 4), (2, 1, 3))
TALL = matrices((4, 2), (2, 3, 1))


def symmetric(low: float, *shape: int, **more: Any) -> Sample:
    x = floats(*shape, dtype="f8")
    return sample(x @ np.swapaxes(x, -2, -1) + np.diag(low + np.arange(shape[-1])), grad=False, **more)


LOWER = sample(np.array([[2, 0.3, 20], [0.5, 3, 0.7], [1, 0.4, 2]]), grad=False)  # its rows reversed will do too


def triangle(name: str) -> Row:
    shapes = [(3, 4), (2, 3, 3), (0, 2), (2, 0)]
    samples = [sample(floats(*shape), diagonal=d) for shape in shapes for d in (0, 1, -1)]
    return Row(name, (*samples, sample(ints(3, 3))), torch=getattr(torch, name))


ROWS = (
    triangle("tril"),
    triangle("triu"),
    Row("inv", SQUARE, torch=torch.linalg.inv, rtol=1e-5, atol=1e-6),
    Row(
        "solve",
        (
            sample(SQUARE[0].args[0], floats(3, 2, dtype="f8")),
            sample(SQUARE[1].args[0], floats(3, 1, dtype="f8")),
            sample(SQUARE[0].args[0], floats(2, 3, 2, dtype="f8")),
            sample(SQUARE[4].args[0], floats(2, 3)),
        ),
        torch=torch.linalg.solve,
        rtol=1e-5,
    ),
    Row(
        "pinv",
        (
            *(Sample(s.args, {"rtol": 1e-6, "atol": 0.0}) for s in (*SQUARE[:3], *WIDE, *TALL)),
            Sample(SINGULAR.args, {"rtol": 1e-6, "atol": 0.0}, grad=False),
        ),
        torch=lambda a, rtol, atol: torch.linalg.pinv(a, rtol=rtol, atol=atol),
        rtol=1e-5,
    ),
    Row("det", (*SQUARE, SINGULAR), torch=torch.linalg.det, rtol=1e-5, atol=1e-6),
    Row(
        "cofactor",
        SQUARE[:3],
        numpy=lambda a: np.linalg.det(a)[..., None, None] * np.swapaxes(np.linalg.inv(a), -2, -1),
        rtol=1e-5,
    ),
    Row("slogdet", SQUARE, torch=lambda a: tuple(torch.linalg.slogdet(a)), rtol=1e-5, atol=1e-6),
    Row(
        "matrix_exp",
        (*SQUARE[:3], sample(floats(3, 3)), sample(10 * floats(2, 2, dtype="f8"))),
        torch=torch.linalg.matrix_exp,
        rtol=1e-5,
    ),
    Row(
        "cholesky",
        (LOWER, symmetric(2.0, 2, 3, 3), symmetric(1.0, 1, 1)),
        torch=torch.linalg.cholesky,
        rtol=1e-5,
    ),
    Row(
        "qr",
        (*SQUARE[:3], *TALL, *WIDE),
        numpy=lambda a: tuple(np.linalg.qr(a)),
    ),
    Row("eigh", (symmetric(1.0, 3, 3), symmetric(2.0, 2, 3, 3)), numpy=lambda a: tuple(np.linalg.eigh(a))),
    Row(
        "svd",
        (*SQUARE[:3], *TALL, *WIDE),
        numpy=lambda a: tuple(np.linalg.svd(a, full_matrices=False)),
    ),
)
