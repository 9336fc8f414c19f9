"""Backends of the user's own."""

import pytest

import graphnn
from graphnn.backends import register_backend
from graphnn.backends.numpy.backend import NumpyBackend
from graphnn.errors import BackendError


class Quiet(NumpyBackend):
    name = "quiet"


def test_a_backend_of_ones_own_is_used_by_name():
    register_backend("quiet", Quiet)
    fast = graphnn.compile(lambda x: x + 1, backend="quiet")
    assert fast(graphnn.ones(2)).tolist() == [2.0, 2.0]
    assert fast.plans[0].backend == "quiet"


def test_the_names_that_come_with_graphnn_are_kept():
    with pytest.raises(BackendError, match="comes with graphnn"):
        register_backend("numpy", Quiet)
