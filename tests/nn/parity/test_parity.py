"""Every class of torch.nn, lazy, quantized and distributed ones aside, behaves as PyTorch's: a row a class and option set."""

import pytest

from tests.nn.parity import classes
from tests.nn.parity.row import Row, check
from tests.nn.parity.tables import ROWS

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_behaves_as_pytorch_s(row: Row):
    check(row)


def test_every_class_has_a_row():
    assert sorted(classes.wanted() - {row.name for row in ROWS}) == []
