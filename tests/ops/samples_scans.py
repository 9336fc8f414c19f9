"""The rows of the scans, and of divisions that are rounded."""

from typing import Any

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import SPECIAL, Row, bools, floats, ints, sample, strided
from tests.ops.samples_arithmetic import mixed, pairs, tensors

WHOLE = (
    sample(floats(2, 3), dim=0),
    sample(floats(2, 3, 2), dim=1),
    sample(strided(floats(3, 4)), dim=1),
    sample(floats(), dim=0),
    sample(floats(0, 3), dim=0, torch_grad=False),
    sample(floats(2, 0), dim=1, torch_grad=False),
    sample(SPECIAL, dim=0, grad=False, torch_grad=False),
    sample(floats(2, 3, dtype="f2"), dim=1, grad=False, torch_grad=False),
)
INTEGERS = (sample(ints(2, 6), dim=1), sample(ints(2, 3, dtype="i4"), dim=0), sample(bools(4), dim=0))
ZEROS = np.array([[1.5, 0.0, 2.0, 0.5], [0.0, 3.0, 0.0, 2.0], [1.0, 2.0, 3.0, 0.0]])
TIES = np.array([[1.0, 1.0, 0.0, 1.0], [np.nan, 2.0, np.nan, 3.0]])


def rounded(mode: str) -> Row:
    def oracle(a: Any, b: Any) -> Any:
        return torch.div(a, b, rounding_mode=mode)

    whole = (sample(np.array([-7, 7, 2**60 + 1]), np.array([2, -2, 3])), sample(bools(3), 2))
    return Row(f"div_{mode}", (*pairs(low=0.5), *mixed(), *whole), torch=tensors(oracle))


def cumprod_grad(g: Any, x: Any, dim: int) -> Any:
    """By PyTorch's own rule."""
    with torch.enable_grad():
        leaf = x if x.requires_grad else x.detach().requires_grad_()
        return torch.autograd.grad(leaf.cumprod(dim), [leaf], g, create_graph=x.requires_grad or g.requires_grad)[0]


ROWS = (
    rounded("floor"),
    rounded("trunc"),
    Row(
        "cumprod",
        (*WHOLE, *INTEGERS, sample(ZEROS, dim=1, grad=False), sample(ZEROS, dim=0, grad=False)),
        torch=torch.cumprod,
        rtol=2e-5,
    ),
    Row(
        "cumprod_grad",
        (
            sample(floats(3, 4), floats(3, 4), dim=1),
            sample(floats(5), np.array([2.0, 0.0, 3.0, 0.0, 1.5], "f4"), dim=0, torch_grad=False),
            sample(floats(2, 3, 2), floats(2, 3, 2), dim=1),
            sample(floats(0, 2), floats(0, 2), dim=0),
        ),
        torch=cumprod_grad,
        named=False,
    ),
    Row("cummax", (*WHOLE, *INTEGERS, sample(TIES, dim=1, grad=False)), torch=torch.cummax),
    Row("cummin", (*WHOLE, *INTEGERS, sample(TIES, dim=1, grad=False)), torch=torch.cummin),
    Row("logcumsumexp", WHOLE, torch=torch.logcumsumexp, rtol=1e-5),
)
