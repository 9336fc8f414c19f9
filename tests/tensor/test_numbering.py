"""Positions of triangles and combinations of elements, against PyTorch."""

import numpy as np
import pytest

from tests.parity import agree, check, check_error, data

V, W = data(3), data(4, seed=1)


@pytest.mark.parametrize("sizes", [(3, 4), (4, 2, 1), (2, 5, -1), (0, 3), (3, 0), (2, 2, -5), (2, 3, 9)])
def test_positions_of_triangles(sizes):
    def program(t):
        found = t.tril_indices(*sizes), t.triu_indices(*sizes), t.triu_indices(*sizes, dtype=t.int32)
        return *found, *(str(f.dtype) for f in found)

    agree(program)


def test_products_of_vectors():
    check(lambda t, v, w: (t.cartesian_prod(v, w), t.cartesian_prod(v), t.cartesian_prod(v, w, v)), V, W, names=False)


@pytest.mark.parametrize("r", [0, 1, 2, 3, 5])
def test_combinations_of_elements(r):
    check(
        lambda t, w: (t.combinations(w, r), t.combinations(w, r, with_replacement=True)), W, names=False, layout=False
    )


def test_flat_indices_in_a_shape():
    agree(
        lambda t, i: (*t.unravel_index(i, (2, 3, 4)), *t.unravel_index(i.reshape(2, 2), [24])), np.array([0, 5, 23, 7])
    )


def test_errors():
    check_error(lambda t, v: t.cartesian_prod(v, v[None]), V, kind=RuntimeError, gist="Expect a 1D vector")
    check_error(lambda t, v: t.combinations(v[None]), V, kind=RuntimeError, gist="Expect a 1D vector")
    check_error(lambda t, v: t.combinations(v, -1), V, kind=RuntimeError, gist="non-negative")
    check_error(lambda t: t.tril_indices(-1, 2), kind=RuntimeError, gist="non-negative")
    check_error(lambda t, v: t.unravel_index(v, (2,)), V, kind=TypeError, gist="integer dtype")
