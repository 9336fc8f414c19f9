"""Large weights are asked for a panel ahead; that changes no result."""

import numpy as np
import pytest

import graphnn


@pytest.mark.parametrize(
    ("channels", "results", "size", "asks"),
    [
        (256, 256, 2, True),  # four pixels, a grid for each
        (192, 192, 5, True),  # direct, or by Winograd's algorithm in groups of panels
        (64, 96, 16, True),  # by Winograd's algorithm in blocks
        (16, 16, 8, False),  # all weights stay in the cache
        (64, 128, 80, False),  # so many pixels that it does not matter (stride 2)
    ],
)
def test_large_weights_are_asked_for_and_results_are_the_same(channels, results, size, asks):
    graphnn.manual_seed(1)
    stride = 2 if size == 80 else 1
    layer = graphnn.nn.Conv2d(channels, results, 3, padding=1, stride=stride)
    fast = graphnn.compile(layer, backend="native")
    x = graphnn.randn(1, channels, size, size)
    with graphnn.no_grad():
        np.testing.assert_allclose(fast(x).numpy(), layer(x).numpy(), rtol=1e-3, atol=2e-4)
    assert ("__builtin_prefetch(ask" in fast.source) == asks
