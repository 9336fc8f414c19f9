"""What values select, counts in bins and places in an order, against PyTorch."""

import numpy as np
import pytest

import graphnn
from graphnn.errors import TraceError
from tests.parity import agree, check, check_error, data

X, V = data(3, 4), data(6, seed=1)
N = data(4, 5, dtype="int64")
HOLES = np.array([[1.0, np.nan, 0.0, np.nan], [np.nan, np.nan, np.nan, np.nan], [3.0, 1.0, 2.0, 5.0]])

VALUES = {  # shapes depend on values: eager only
    "nonzero": lambda t, n: (
        n.nonzero(),
        t.nonzero(n > 2),
        *n.nonzero(as_tuple=True),
        *t.tensor(3).nonzero(as_tuple=True),
    ),
    "nonzero_static": lambda t, n: (t.nonzero_static(n, size=3), n.nonzero_static(size=30, fill_value=9)),
    "argwhere": lambda t, n: (n.argwhere(), t.argwhere(n == 4), t.tensor(1).argwhere()),
    "masked_select": lambda t, n: (n.masked_select(n > 2), t.masked_select(n, n[0] > 2)),
    "unique": lambda t, n: (n.unique(), *t.unique(n, return_inverse=True, return_counts=True), t.unique(n, dim=0)),
    "unique_of_slices": lambda t, n: t.unique(n[:, :2] // 3, return_inverse=True, return_counts=True, dim=0),
    "unique_consecutive": lambda t, n: (
        *t.unique_consecutive(n.sort().values, return_inverse=True, return_counts=True),
        *t.unique_consecutive(n // 3, return_inverse=True, return_counts=True, dim=1),
        n[:0].unique_consecutive(),
    ),
    "bincount": lambda t, n: (n[0].bincount(), t.bincount(n[1], minlength=9), n[2].bincount(n[3].float())),
}


@pytest.mark.parametrize("name", sorted(VALUES))
def test_what_values_select(name):
    agree(VALUES[name], N)


def test_masked_select_has_gradients():
    def program(t, x):
        found = x.masked_select(x.detach() > 0)
        (found * found).sum().backward()
        return found, x.grad

    agree(program, X)


@pytest.mark.parametrize("name", ["nonzero", "argwhere", "unique", "unique_consecutive"])
def test_a_shape_that_depends_on_values_is_refused_while_tracing(name):
    with pytest.raises(TraceError, match=rf"(?s)read by {name} .*test_selection.py"):
        graphnn.trace(lambda x: getattr(x, name)(), graphnn.ones(3))


STATIC = {
    "mode": lambda t, x, v: (*x.mode(), *t.mode(x, 0, keepdim=True), *v[0].mode()),
    "nanmedian": lambda t, x, v: (
        x.nanmedian(),
        *t.nanmedian(x, 1),
        *x.nanmedian(dim=0, keepdim=True),
        v[0].nanmedian(),
    ),
    "quantile": lambda t, x, v: (
        *(x.quantile(0.3, dim=1, interpolation=i) for i in ("linear", "lower", "higher", "midpoint", "nearest")),
        t.quantile(x, t.tensor([0.0, 0.25, 1.0], dtype=x.dtype), dim=0, keepdim=True),
        x.quantile(0.5),
        x.quantile(0.5, keepdim=True),
        x.quantile(t.tensor([0.1, 0.9], dtype=x.dtype)),
    ),
    "nanquantile": lambda t, x, v: (t.nanquantile(x, 0.7, dim=1), x.nanquantile(t.tensor([0.2, 0.5], dtype=x.dtype))),
    "take_along_dim": lambda t, x, v: (
        t.take_along_dim(x, x.detach().argsort(1), 1),
        x.take_along_dim(x.detach().argsort(0)[:, :1], 0),
        x.take_along_dim(x.detach().flatten().argsort()),
    ),
    "gradient": lambda t, x, v: (
        *t.gradient(x),
        *t.gradient(x, spacing=2.0, dim=1, edge_order=2),
        *t.gradient(v, spacing=(t.tensor([0.0, 1.0, 1.5, 3.0, 5.0, 6.0], dtype=v.dtype),), edge_order=2),
        *t.gradient(x, spacing=(0.5, 3.0)),
    ),
}


@pytest.mark.parametrize("name", sorted(STATIC))
def test_gives_what_pytorch_gives_traced_too(name):
    check(STATIC[name], X, V, names=False, layout=False)


def test_the_most_frequent_element_of_integers():
    agree(lambda t, n: (*n.mode(), *n.mode(0), *(n // 2).mode(1)), N)


def test_medians_and_quantiles_with_nan():
    def program(t, x):
        with t.no_grad():
            some = x[[0, 2]]
            return (
                x.nanmedian(),
                x.nanmedian(1).values,
                x.quantile(0.4, dim=1),
                x.nanquantile(0.4, dim=1),
                some.nanquantile(0.6),
            )

    agree(program, HOLES)


ORDERED = {
    "searchsorted": lambda t, x, v: (
        t.searchsorted(v.sort().values, x),
        t.searchsorted(v, x, sorter=v.argsort(), right=True, out_int32=True),
        t.searchsorted(x.sort(1).values, x, side="right"),
        t.searchsorted(v.sort().values, 0.5),
    ),
    "bucketize": lambda t, x, v: (t.bucketize(x, v.sort().values), t.bucketize(x, v.sort().values, right=True)),
    "isin": lambda t, x, v: (
        t.isin(x, x[0]),
        t.isin(x, x[:, 1], invert=True),
        t.isin(x, x[:0]),
        t.isin(v.round(), t.tensor([0, 1])),
    ),
    "histc": lambda t, x, v: (x.histc(5), t.histc(v, 4, -1, 1), t.histc(v * 0, 3), t.histc(v, 3, 0, 0)),
    "histogram": lambda t, x, v: (
        *t.histogram(x, 5),
        *v.histogram(4, range=(-1.0, 1.0), density=True),
        *t.histogram(v, v.sort().values, weight=v.abs()),
    ),
}


@pytest.mark.parametrize("name", sorted(ORDERED))
def test_places_and_counts(name):
    def program(t, x, v):
        with t.no_grad():
            return ORDERED[name](t, x, v)

    check(program, X, V, names=False, layout=False)


def test_ends_of_the_range_and_nothing():
    def program(t, x):
        with t.no_grad():
            y = t.cat([x.flatten(), t.tensor([float("inf"), float("-inf")], dtype=x.dtype)])
            many = t.tensor([0.0, 0.3, 0.5, 0.95, 1.0], dtype=x.dtype)
            found = [y.quantile(many, interpolation=i) for i in ("linear", "midpoint", "lower")]
            return *found, x[:0].nanmedian(), x[:0].median(), t.searchsorted(t.tensor([1, 3]), x), t.isin(x, 2)

    agree(program, X)


ERRORS = {
    "masked_select": (lambda t, x: x.masked_select(x), RuntimeError, "(?i)bool"),
    "bincount": (lambda t, x: t.bincount(x), NotImplementedError, "bincount"),
    "negative_bincount": (lambda t, x: t.bincount(t.tensor([-1])), RuntimeError, "non-negative"),
    "quantile_q": (lambda t, x: x.quantile(1.5), RuntimeError, r"range \[0, 1\]"),
    "quantile_kind": (lambda t, x: x.quantile(0.5, interpolation="cubic"), RuntimeError, "interpolation"),
    "quantile_dtype": (lambda t, x: x.long().quantile(0.5), RuntimeError, "float or double"),
    "searchsorted_side": (lambda t, x: t.searchsorted(x, x, side="up"), RuntimeError, "side"),
    "searchsorted_shapes": (lambda t, x: t.searchsorted(x, x[0]), RuntimeError, "boundaries"),
    "bucketize": (lambda t, x: t.bucketize(x, x), RuntimeError, "1 dimension"),
    "histc_bins": (lambda t, x: x.histc(0), RuntimeError, "bins"),
    "histc_range": (lambda t, x: x.histc(3, 2, 1), RuntimeError, "max"),
    "histc_dtype": (lambda t, x: x.long().histc(3), NotImplementedError, "not implemented"),
    "histc_of_nan": (lambda t, x: (x / 0 * 0).histc(3), RuntimeError, "(?i)finite"),
    "histogram_weight": (lambda t, x: t.histogram(x, 3, weight=x[0]), RuntimeError, "weight"),
    "mode_of_nothing": (lambda t, x: x[:0].mode(0), IndexError, "mode"),
    "nanmedian_of_nothing": (lambda t, x: x[:0].nanmedian(0), IndexError, "median"),
    "quantile_vector": (lambda t, x: x.quantile(t.tensor([0.5, 1.5]).to(x.dtype)), RuntimeError, r"\[0, 1\]"),
    "searchsorted_sorter": (lambda t, x: t.searchsorted(x[0], x, sorter=x[0].argsort().int()), RuntimeError, "long"),
    "gradient_order": (lambda t, x: t.gradient(x, edge_order=3), RuntimeError, "edge_order"),
    "gradient_size": (lambda t, x: t.gradient(x[:1]), RuntimeError, "edge_order"),
    "take_along_dim": (lambda t, x: x.take_along_dim(x.int(), 0), RuntimeError, "Long"),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_what_pytorch_refuses_is_refused(name):
    program, kind, gist = ERRORS[name]
    check_error(program, X, kind=kind, gist=gist)
