"""Sorting and what is read off it, against PyTorch: values, gradients, ties, NaN, 0-d and empty tensors, errors."""

import numpy as np
import pytest

import graphnn
from graphnn.runtime.interpreter import interpret
from tests.parity import agree, check, check_error, data

X, V = data(3, 4), data(5, seed=1)
HOLES = np.array([[1.0, np.nan, 0.0, np.nan], [np.inf, -np.inf, 2.0, np.inf]])

PROGRAMS = {
    "sort": lambda t, x, v: (*x.sort(), *t.sort(x, 0, True), *t.sort(v, dim=-1, stable=True), t.msort(x)),
    "argsort": lambda t, x, v: (x.argsort(), t.argsort(x, dim=0, descending=True), v.argsort(stable=True)),
    "topk": lambda t, x, v: (*x.topk(2), *t.topk(x, 2, dim=0, largest=False), v.topk(0).values, *v[0].topk(1)),
    "kthvalue": lambda t, x, v: (*x.kthvalue(2), *t.kthvalue(x, 1, 0, keepdim=True), *v[0].kthvalue(1)),
    "median": lambda t, x, v: (x.median(), *t.median(x, 1), *x.median(dim=0, keepdim=True), *v[0].median(0)),
}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_gives_what_pytorch_gives(name):
    check(PROGRAMS[name], X, V, names=False, layout=False)


def test_nan_is_the_largest():
    def program(t, x):
        with t.no_grad():
            return *x.sort(dim=1, stable=True), x.sort(1, True).values, x.topk(1).values, x.median(1).values, x.median()

    agree(program, HOLES)


ERRORS = {
    "dim": (lambda t, x: x.sort(2), IndexError, "out of range"),
    "topk": (lambda t, x: x.topk(9), RuntimeError, "selected index k out of range"),
    "kthvalue": (lambda t, x: x.kthvalue(0), RuntimeError, "k out of range"),
    "median_of_nothing": (lambda t, x: x[:0].median(0), IndexError, "(?i)median"),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_what_pytorch_refuses_is_refused(name):
    program, kind, gist = ERRORS[name]
    check_error(program, X, kind=kind, gist=gist)


NAMES = {
    "sort": lambda t, x: x.sort().values,
    "stable sort": lambda t, x: t.sort(x, dim=1, stable=True).values,
    "topk": lambda t, x: x.topk(2).values,
    "kthvalue": lambda t, x: x.kthvalue(2).values,
    "median": lambda t, x: x.median(),
    "median along": lambda t, x: x.median(1).values,
    "mode": lambda t, x: x.mode(1).values,
    "nanmedian": lambda t, x: x.nanmedian(),
    "nanmedian along": lambda t, x: x.nanmedian(1).values,
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_grad_fn_has_pytorchs_name(name):
    torch = pytest.importorskip("torch")
    shown = [NAMES[name](lib, lib.tensor(X, requires_grad=True)).grad_fn.name() for lib in (torch, graphnn)]
    assert shown[0] == shown[1]


def test_nothing_is_taken_of_empty_tensors():
    def program(t, x):
        with t.no_grad():
            return *x[:0].topk(0, dim=0), *x[:, :0].sort(), *x[:0].kthvalue(2), *x[:0].median(1), x[:0].argsort(0)

    agree(program, X)


def test_traces_as_one_sort():
    y = X.astype("f4")
    graph = graphnn.trace(lambda x: (x.topk(2).values, x.kthvalue(1).values, x.median(1).values), graphnn.ones(3, 4))
    assert {n.op.name for n in graph.nodes} >= {"sort"}
    for found, wanted in zip(
        interpret(graph, y)[0], (np.sort(y, 1)[:, :-3:-1], y.min(1), np.sort(y, 1)[:, 1]), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)
