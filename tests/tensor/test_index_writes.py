"""Elements and slices written at the places that an index names, against PyTorch."""

import numpy as np
import pytest

from tests.parity import agree, check, check_error, data

X, S = data(3, 4), data(2, 4, seed=1)
WITH_ZEROS = np.array([[0.0, 2.0, 3.0], [4.0, 0.0, 6.0]])
REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


def places(t):
    return t.tensor([[0, 1, 2, 0], [2, 1, 0, 0]])


def rows(t):
    return t.tensor([2, 0])


PROGRAMS = {
    "index_fill": lambda t, x, s: (x.index_fill(0, rows(t), 7.0), t.index_fill(x, 1, t.tensor([3]), t.tensor(2.5))),
    "index_copy": lambda t, x, s: (x.index_copy(0, rows(t), s), t.index_copy(x, 1, t.tensor([1]), x[:, 2:3])),
    "put": lambda t, x, s: (x.put(t.tensor([5, 0]), s[0, :2]), t.put(x, t.tensor([1, 1]), s[1, 2:], accumulate=True)),
    "masked_scatter": lambda t, x, s: (
        x.masked_scatter(x.detach() > 0.5, s),
        t.masked_scatter(x, x.detach()[0] > 0, x * 2),
    ),
    "as_strided": lambda t, x, s: (
        x.as_strided((2, 3), (4, 1)),
        t.as_strided(x, (3, 2, 2), (2, 1, 3), 1),
        x.as_strided((0, 3), (1, 1)),
    ),
    **{
        f"scatter_reduce_{kind}": lambda t, x, s, kind=kind: (
            x.scatter_reduce(0, places(t), s, kind),
            t.scatter_reduce(x, 0, places(t), s, kind, include_self=False),
        )
        for kind in REDUCTIONS
    },
    **{
        f"index_reduce_{kind}": lambda t, x, s, kind=kind: (
            x.index_reduce(0, rows(t), s, kind),
            t.index_reduce(x, 0, rows(t), s, kind, include_self=False),
        )
        for kind in REDUCTIONS[1:]
    },
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_gives_what_pytorch_gives_traced_too(name):
    check(PROGRAMS[name], X, S, names=False, layout=False)


@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("kind", REDUCTIONS)
def test_gradients_with_zeros_and_ties(kind, include):
    def program(t, x):
        index = t.tensor([[0, 0, 1], [1, 0, 1], [0, 1, 1]])
        source = t.tensor([[0.0, 2.0, 6.0], [4.0, 0.0, 6.0], [0.0, 3.0, 1.0]], dtype=x.dtype, requires_grad=True)
        found = x.scatter_reduce(0, index, source, kind, include_self=include)
        (found * t.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=x.dtype)).sum().backward()
        return found, x.grad, source.grad

    agree(program, WITH_ZEROS)


NAMES = {
    "IndexFillBackward0": lambda t, x, s: x.index_fill(0, rows(t), 7.0),
    "IndexCopyBackward0": lambda t, x, s: x.index_copy(0, rows(t), s),
    "ScatterReduceBackward0": lambda t, x, s: x.scatter_reduce(0, places(t), s, "amax"),
    "IndexReduceBackward0": lambda t, x, s: x.index_reduce(0, rows(t), s, "amax"),
    "PutBackward0": lambda t, x, s: x.put(t.tensor([5, 0]), s[0, :2]),
    "MaskedScatterBackward0": lambda t, x, s: x.masked_scatter(x.detach() > 0.5, s),
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_grad_fn_has_pytorchs_name(name):
    import graphnn

    x, s = graphnn.tensor(X, requires_grad=True), graphnn.tensor(S, requires_grad=True)
    assert NAMES[name](graphnn, x, s).grad_fn.name() == name


def test_in_place_forms_write_through_views():
    def program(t, x, s):
        with t.no_grad():
            base = t.zeros(2, 3, 4, dtype=x.dtype)
            base[0].copy_(x)
            view = base[0]
            view.index_fill_(0, t.tensor([1]), 5.0)
            view.index_copy_(0, rows(t), s)
            view.scatter_reduce_(0, places(t), s, "amax")
            base[1].put_(t.tensor([0, 11]), s[0, :2])
            base[1].masked_scatter_(base[0] > 1, x)
            base[1].index_reduce_(0, rows(t), s, "prod")
            base.as_strided((2, 2), (1, 5), 3).add_(1.0)
            return base, view

    check(program, X, S, names=False, layout=False)


def test_a_copy_written_by_strides():
    agree(lambda t, x, s: t.as_strided_scatter(x.detach(), s.detach(), (2, 4), (4, 1), 2), X, S)


def test_scatter_that_adds_or_multiplies():
    def program(t, x, s):
        x, s = x.detach(), s.detach()
        added = x.scatter(0, places(t), s, reduce="add")
        return added, x.clone().scatter_(0, places(t), s, reduce="multiply"), x.scatter(0, places(t), 2.0, reduce="add")

    agree(program, X, S)


def test_integers():
    def program(t, n):
        index = t.tensor([[0, 1, 1, 0, 2]])
        source = t.tensor([[3, -4, 6, 2, 7]])
        kinds = (n.scatter_reduce(0, index, source, kind) for kind in REDUCTIONS)
        return *kinds, n.index_fill(1, t.tensor([0]), 9), n.put(t.tensor([3]), t.tensor([8]))

    agree(program, data(4, 5, dtype="int64"))


ERRORS = {
    "reduce": (lambda t, x: x.scatter_reduce(0, places(t), x, "median"), RuntimeError, "reduce"),
    "index_copy": (lambda t, x: x.index_copy(0, rows(t), x), IndexError, "(?i)slice|size"),
    "index_fill": (lambda t, x: x.index_fill(0, rows(t), x), RuntimeError, "0-dimensional"),
    "put": (lambda t, x: x.put(t.tensor([1, 2]), x), IndexError, "same number of elements"),
    "masked_scatter": (lambda t, x: x.masked_scatter(x, x), RuntimeError, "(?i)bool"),
    "masked_scatter_short": (lambda t, x: x.masked_scatter(x == x, x[0]), RuntimeError, "(?i)number of elements"),
    "as_strided": (lambda t, x: x.as_strided((5, 5), (4, 1)), RuntimeError, "out of bounds"),
    "as_strided_length": (lambda t, x: x.as_strided((5, 5), (4,)), RuntimeError, "mismatch in length"),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_what_pytorch_refuses_is_refused(name):
    program, kind, gist = ERRORS[name]
    check_error(program, X, kind=kind, gist=gist)
