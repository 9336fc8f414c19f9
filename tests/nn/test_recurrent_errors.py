"""What recurrent layers and cells refuse, as PyTorch does."""

from typing import Any

import pytest

import graphnn
from tests.nn.both import check_same_failure

torch = pytest.importorskip("torch")

FAILURES = [
    lambda lib: lib.nn.RNN(3, 4, nonlinearity="x"),
    lambda lib: lib.nn.RNN(3, 4, proj_size=2),
    lambda lib: lib.nn.GRU(3, 4, proj_size=2),
    lambda lib: lib.nn.LSTM(3, 4, proj_size=4),
    lambda lib: lib.nn.LSTM(3, 4, proj_size=-1),
    lambda lib: lib.nn.LSTM(3, 4, dropout=2),
    lambda lib: lib.nn.LSTM(3, 4, dropout=True),
    lambda lib: lib.nn.LSTM(3, 4.0),
    lambda lib: lib.nn.LSTM(0, 4),
    lambda lib: lib.nn.LSTM(3, 0),
    lambda lib: lib.nn.LSTM(3, 4, 0),
    lambda lib: lib.nn.LSTM(3, 4, bias=1),
    lambda lib: lib.nn.LSTM(3, 4, batch_first=1),
    *(
        lambda lib, name=name, shape=shape: getattr(lib.nn, name)(3, 4)(lib.zeros(*shape))
        for name in ("RNN", "LSTM", "GRU")
        for shape in ((2, 2, 2, 3), (3,), (2, 2, 5))
    ),
    *(
        lambda lib, name=name, x=x, h=h: getattr(lib.nn, name)(3, 4)(lib.zeros(*x), lib.zeros(*h))
        for name in ("RNN", "GRU")
        for x, h in (((5, 2, 3), (1, 3, 4)), ((5, 2, 3), (2, 4)), ((5, 3), (1, 1, 4)))
    ),
    *(
        lambda lib, x=x, h=h, c=c: lib.nn.LSTM(3, 4)(lib.zeros(*x), (lib.zeros(*h), lib.zeros(*c)))
        for x, h, c in (
            ((5, 2, 3), (1, 3, 4), (1, 3, 4)),
            ((5, 2, 3), (1, 2, 4), (1, 2, 3)),
            ((5, 2, 3), (2, 4), (2, 4)),
            ((5, 3), (1, 1, 4), (1, 1, 4)),
        )
    ),
    *(
        lambda lib, name=name, x=x: getattr(lib.nn, name)(3, 4)(lib.zeros(*x))
        for name in ("RNNCell", "LSTMCell", "GRUCell")
        for x in ((2, 2, 3), (2, 5))
    ),
    *(
        lambda lib, name=name, h=h: getattr(lib.nn, name)(3, 4)(lib.zeros(2, 3), lib.zeros(*h))
        for name in ("RNNCell", "GRUCell")
        for h in ((2, 5), (3, 4), (3, 4, 1))
    ),
    lambda lib: lib.nn.LSTMCell(3, 4)(lib.zeros(2, 3), (lib.zeros(2, 4), lib.zeros(2, 4, 1))),
    lambda lib: lib.nn.RNNCell(3, 4, nonlinearity="tanh")(lib.zeros(2, 3), lib.zeros(3, 4)),
]


@pytest.mark.parametrize("build", FAILURES)
def test_what_pytorch_refuses_is_refused_in_its_words(build: Any):
    check_same_failure(build)


def test_inputs_of_another_dtype_are_refused():
    check_same_failure(lambda lib: lib.nn.GRU(3, 4)(lib.zeros(5, 2, 3, dtype=lib.float64)))


def test_a_sequence_without_steps_is_refused():
    for library in (torch, graphnn):
        with pytest.raises(RuntimeError, match="Expected sequence length to be larger than 0 in RNN"):
            library.nn.LSTM(3, 4)(library.zeros(0, 2, 3))
