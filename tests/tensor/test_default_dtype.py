"""The default dtype: of new tensors, and of what integers become where only floats will do, as in PyTorch."""

from collections.abc import Iterator

import numpy as np
import pytest

import graphnn

torch = pytest.importorskip("torch")
NAMES = ("float64", "float16", "bfloat16", "float32")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    for lib in (torch, graphnn):
        lib.set_default_dtype(getattr(lib, request.param))
    yield request.param
    for lib in (torch, graphnn):
        lib.set_default_dtype(lib.float32)


def results(t):
    i = t.arange(1, 4)
    return {
        "numbers": t.tensor([1.5, 2.0]),
        "zeros": t.zeros(2),
        "divided": i / 2,
        "divided_by_itself": i / i,
        "plus_a_float": i + 0.5,
        "times_a_bool": (i > 1) * 2.5,
        "exp": i.exp(),
        "sqrt_of_bool": (i > 1).sqrt(),
        "where": t.where(i > 1, i, 0.25),
        "float_tensor": t.ones(2, dtype=t.float32) * 2.5,
        "clamp": i.clamp(1.5, 2.5),
        "compared": i > 1.5,
        "mean": (i * 1.0).mean(),
        "atan2": t.atan2(i, i),
    }


def test_promotion_goes_by_it(name):
    ours, theirs = results(graphnn), results(torch)
    for key, found in ours.items():
        assert str(found.dtype) == str(theirs[key].dtype), key
        np.testing.assert_allclose(found.double().numpy(), theirs[key].double().numpy(), rtol=1e-2, err_msg=key)
    assert graphnn.result_type(graphnn.tensor([1]), 1.5) is getattr(graphnn, name)


def test_graphs_traced_under_it_have_it(name):
    compiled = graphnn.compile(lambda i: (i / 2).exp() + 0.5)
    i = graphnn.arange(4)
    assert compiled(i).dtype is getattr(graphnn, name)


def test_only_floats_can_be_the_default():
    for lib in (torch, graphnn):
        with pytest.raises(TypeError, match="floating"):
            lib.set_default_dtype(lib.int64)
