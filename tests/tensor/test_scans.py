"""Scans and what runs along a dimension, against PyTorch: values, gradients, names, ties, NaN, empty and 0-d tensors."""

import numpy as np
import pytest

import graphnn
from tests.parity import agree, check, check_error, data

X, V = data(3, 4), data(5, seed=1)
ZEROS = np.array([[1.5, 0.0, 2.0, 0.5], [0.0, 3.0, 0.0, 2.0], [1.0, 2.0, 3.0, 0.0]])
TIES = np.array([[1.0, 1.0, 0.0, 1.0], [2.0, -1.0, 2.0, 3.0]])
HOLES = np.array([[1.0, np.nan, 0.0, np.nan], [np.inf, -np.inf, 2.0, np.inf]])

SCANS = {
    "cumprod": lambda t, x, v: (x.cumprod(0), t.cumprod(x, 1), v.cumprod(-1), t.cumprod(v, dim=0)),
    "cumprod_dtype": lambda t, x, v: (x.detach().cumprod(1, dtype=t.float32), t.cumprod(v, 0, dtype=t.float64)),
    "cumsum": lambda t, x, v: (x.cumsum(0), t.cumsum(x, -1), (v * 1).cumsum_(0), (x * 1).cumprod_(1)),
    "cummax": lambda t, x, v: (*x.cummax(0), *t.cummax(x, 1), *t.cummin(v, dim=-1), *x.cummin(1)),
    "named": lambda t, x, v: (t.cummax(x, 0).values, t.cummax(x, 0).indices, v.aminmax().min, t.aminmax(x, dim=1).max),
    "logcumsumexp": lambda t, x, v: (x.logcumsumexp(0), t.logcumsumexp(x * 50, 1), v.logcumsumexp(-1)),
    "diff": lambda t, x, v: (x.diff(), t.diff(x, dim=0), x.diff(2), t.diff(v, 0), v.diff(9), t.diff(x, n=2, dim=0)),
    "diff_joined": lambda t, x, v: (v.diff(prepend=v[:2]), t.diff(x, dim=0, prepend=x[:1], append=x[1:])),
    "repeat_interleave": lambda t, x, v: (
        x.repeat_interleave(2),
        t.repeat_interleave(x, 3, 0),
        v.repeat_interleave(2, dim=-1, output_size=10),
        x.repeat_interleave(0, 1),
    ),
}


@pytest.mark.parametrize("name", sorted(SCANS))
def test_scans_give_what_pytorch_gives(name):
    check(SCANS[name], X, V, names=False, layout=False)


@pytest.mark.parametrize("array", [ZEROS, TIES, np.array(2.5), np.zeros((0, 3)), np.zeros((2, 0))], ids=str)
def test_scans_of_zeros_ties_and_nothing(array):
    dim = array.ndim - 1
    check(lambda t, x: (x.cumprod(dim), *x.cummax(dim), *x.cummin(dim), x.logcumsumexp(dim)), array, layout=False)
    check(lambda t, x: (x.cumprod(0), *x.cummax(0), x.cumsum(0)), array, layout=False)


def test_scans_of_nan_and_infinities():
    def program(t, x):
        with t.no_grad():
            return *x.cummax(1), *x.cummin(1), x.cumprod(1), x.cumsum(1), x.logcumsumexp(1)

    agree(program, HOLES)


def test_scans_of_integers_and_bools():
    def program(t, i, b):
        return i.cumprod(1), *i.cummax(0), *i.cummin(1), b.cumprod(0), *b.cummax(0), i.diff(), b.diff()

    check(program, data(3, 4, dtype="int64"), data(4, dtype="bool"))
    agree(lambda t, i: (i.to(t.int32).cumprod(0), i.to(t.uint8).cummax(0).values), data(4, dtype="int64"))


@pytest.mark.parametrize("name", ["cumprod", "logcumsumexp", "cumsum"])
def test_second_derivatives(name):
    def program(t, x):
        (first,) = t.autograd.grad((getattr(x, name)(1) ** 2).sum(), x, create_graph=True)
        return t.autograd.grad(first.sin().sum(), x)

    agree(program, X)


@pytest.mark.parametrize("name", ["cumprod", "cumsum", "logcumsumexp", "cummax", "cummin"])
def test_grad_fns_are_named_as_in_pytorch(name):
    def program(t, x):
        found = getattr(x, name)(0)
        return ((found if isinstance(found, t.Tensor) else found.values).grad_fn.name(),)

    torch = pytest.importorskip("torch")
    x = data(3)
    assert program(graphnn, graphnn.tensor(x, requires_grad=True)) == program(
        torch, torch.tensor(x, requires_grad=True)
    )


def test_results_print_as_in_pytorch():
    torch = pytest.importorskip("torch")
    for name, options in (("cummax", {"dim": 0}), ("cummin", {"dim": 0}), ("aminmax", {})):
        ours = getattr(graphnn, name)(graphnn.tensor([1.0, 3.0, 2.0]), **options)
        assert repr(ours) == repr(getattr(torch, name)(torch.tensor([1.0, 3.0, 2.0]), **options))


def test_elements_are_repeated_as_often_as_a_vector_says():
    def program(t, x, times, one):
        return (
            t.repeat_interleave(times),
            x.repeat_interleave(times, 0),
            t.repeat_interleave(x, one, dim=1),
            t.repeat_interleave(x[:, 0], times, output_size=5),
        )

    agree(program, X, np.array([2, 0, 3]), np.array([2]))


ERRORS = {
    "dim": (lambda t, x: x.cumprod(2), IndexError, "out of range"),
    "cummax_dim": (lambda t, x: t.cummax(x, -3), IndexError, "out of range"),
    "logcumsumexp_int": (lambda t, x: x.long().logcumsumexp(0), RuntimeError, "not implemented for"),
    "diff_0d": (lambda t, x: x[0, 0].diff(), RuntimeError, "at least one-dimensional"),
    "diff_negative": (lambda t, x: x.diff(-1), RuntimeError, "order must be non-negative"),
    "diff_prepend": (lambda t, x: x.diff(prepend=x[0]), RuntimeError, "same dimension as input"),
    "repeat_negative": (lambda t, x: x.repeat_interleave(-1), RuntimeError, "(?i)negative"),
    "repeat_length": (lambda t, x: x.repeat_interleave(t.tensor([1, 2]), 0), RuntimeError, "same size as input along"),
    "repeat_float": (lambda t, x: t.repeat_interleave(x[0]), RuntimeError, "(?i)repeat"),
    "no_dim": (lambda t, x: x.cumprod(), TypeError, "dim"),
    "cumprod_leaf": (lambda t, x: x.cumprod_(0), RuntimeError, "a leaf Variable that requires grad"),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_what_pytorch_refuses_is_refused(name):
    program, kind, gist = ERRORS[name]
    check_error(program, X, kind=kind, gist=gist)


@pytest.mark.parametrize("values", [[2.0, 0.0, 3.0, 0.0, 1.5], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0]], ids=str)
def test_second_derivatives_of_products_with_zeros(values):
    def program(t, x):
        products = x.cumprod(0)
        (first,) = t.autograd.grad((products * products).sum() + products.sum(), [x], create_graph=True)
        (second,) = t.autograd.grad((first * first).sum() + first.sum(), [x])
        return first, second

    agree(program, np.array(values))
