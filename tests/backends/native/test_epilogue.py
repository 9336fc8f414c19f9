"""Elementwise ops behind a product, on operands that are views of any strides."""

import numpy as np
import pytest

import graphnn

VIEWS = {
    "expanded along a batch": lambda: graphnn.randn(2, 1, 5, 11).expand(2, 3, 5, 11),
    "expanded along the rows": lambda: graphnn.randn(2, 3, 1, 11).expand(2, 3, 5, 11),
    "expanded along the columns": lambda: graphnn.randn(2, 3, 5, 1).expand(2, 3, 5, 11),
    "turned": lambda: graphnn.randn(2, 3, 11, 5).transpose(2, 3),
    "every other column": lambda: graphnn.randn(2, 3, 5, 22)[..., ::2],
    "every other of a vector": lambda: graphnn.randn(22)[::2],
}


@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS.keys())
def test_takes_operands_of_any_strides_along(make):
    graphnn.manual_seed(0)
    x, w, base = graphnn.randn(2, 3, 5, 7), graphnn.randn(2, 3, 7, 11), make()

    def f(x, w, base):
        return graphnn.relu(x @ w + base)

    fast = graphnn.compile(f, backend="native")
    np.testing.assert_allclose(fast(x, w, base).numpy(), f(x, w, base).numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 1, 5, 11), (2, 3, 1, 11), (2, 3, 5, 1), (2, 1, 1, 11)])
def test_takes_what_is_expanded_inside_along(shape):
    graphnn.manual_seed(0)
    x, w, mask = graphnn.randn(2, 3, 5, 7), graphnn.randn(2, 3, 7, 11), graphnn.randn(shape)

    def f(x, w, mask):
        return graphnn.relu(x @ w + mask.expand(2, 3, 5, 11))

    fast = graphnn.compile(f, backend="native")
    got = fast(x, w, mask)
    assert "fused_epilogue" in fast.source
    np.testing.assert_allclose(got.numpy(), f(x, w, mask).numpy(), rtol=1e-5, atol=1e-5)
