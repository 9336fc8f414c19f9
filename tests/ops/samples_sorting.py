"""The rows of sorting."""

import numpy as np

from tests.ops.lazy_torch import torch
from tests.ops.rows import SPECIAL, Row, bools, floats, ints, sample, strided

TIES = np.array([[1.0, 1.0, 0.0, 1.0], [np.nan, 2.0, np.nan, 3.0]])

ROWS = (
    Row(
        "sort",
        (
            sample(floats(2, 3), dim=0),
            sample(floats(2, 3, 2), dim=1, descending=True),
            sample(strided(floats(3, 4)), dim=1),
            sample(floats(), dim=0),
            sample(floats(0, 3), dim=0, torch_grad=False),
            sample(floats(2, 0), dim=1, torch_grad=False),
            sample(SPECIAL, dim=0, grad=False, torch_grad=False),
            sample(TIES, dim=1, grad=False),
            sample(TIES, dim=1, descending=True, grad=False),
            sample(ints(2, 6), dim=1, descending=True),
            sample(bools(4), dim=0),
            sample(floats(2, 3, dtype="f2"), dim=1, grad=False, torch_grad=False),
        ),
        torch=torch.sort,
    ),
)
