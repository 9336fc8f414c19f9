"""Dropouts draw what they should; layers of two inputs, and a weight that compiled calls pack once."""

import math

import numpy as np
import pytest

import graphnn
import graphnn.nn.functional as F
from graphnn import nn
from graphnn.errors import ArgumentError, ShapeError

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(("layer", "shape"), [(nn.Dropout1d, (50, 40, 3)), (nn.Dropout2d, (50, 40, 2, 3))])
def test_whole_channels_are_dropped(layer: type, shape: tuple[int, ...]):
    graphnn.manual_seed(0)
    out = layer(0.25)(graphnn.ones(*shape)).numpy().reshape(2000, -1)
    assert np.all(out == out[:, :1])
    assert set(np.round(np.unique(out), 5)) == {0.0, np.float32(1.33333)}
    assert 0.2 < np.mean(out == 0) < 0.3


@pytest.mark.parametrize("layer", [nn.AlphaDropout(0.3), nn.FeatureAlphaDropout(0.3)])
def test_alpha_dropout_keeps_mean_and_variance(layer: nn.Module):
    graphnn.manual_seed(0)
    out = layer(graphnn.randn(200, 100, 5))
    assert abs(out.mean().item()) < 0.03
    assert abs(out.std().item() - 1.0) < 0.03


@pytest.mark.parametrize("name", ["dropout", "dropout1d", "dropout2d", "dropout3d"])
def test_dropouts_write_over_their_input_where_asked(name: str):
    x = graphnn.ones(2, 3, 4, 5) if name != "dropout1d" else graphnn.ones(2, 3, 4)
    assert getattr(F, name)(x, 0.5, True, True) is x


def test_a_channel_keeps_its_fate_in_the_gradient():
    graphnn.manual_seed(0)
    x = graphnn.ones(4, 5, 6, requires_grad=True)
    out = F.dropout1d(x, 0.5)
    out.sum().backward()
    assert np.array_equal(x.grad.numpy(), out.detach().numpy())


def test_refuses_what_pytorch_refuses():
    with pytest.raises(ArgumentError, match=r"between 0 and 1, but got 1\.5"):
        nn.Dropout2d(1.5)
    with pytest.raises(ArgumentError, match="Expected 2D or 3D input, but received a 4D input"):
        F.dropout1d(graphnn.ones(1, 2, 3, 4))
    with pytest.warns(UserWarning, match="assuming that channel-wise 1D dropout"):
        F.dropout2d(graphnn.ones(1, 2, 3))
    with pytest.raises(ShapeError, match="input1 size does not match"):
        nn.Bilinear(2, 3, 4)(graphnn.ones(5, 3), graphnn.ones(5, 3))
    with pytest.raises(ArgumentError, match="in1_features must be > 0"):
        nn.Bilinear(0, 3, 4)


def test_a_packed_weight_that_is_a_transposed_view_is_read_in_its_order():
    graphnn.manual_seed(0)
    layer = nn.Bilinear(3, 4, 5)
    gradients = []
    for call in (layer, graphnn.compile(layer)):
        x = graphnn.arange(6.0).reshape(2, 3).requires_grad_(True)
        (call(x, graphnn.arange(8.0).reshape(2, 4)) * graphnn.arange(10.0).reshape(2, 5)).sum().backward()
        gradients.append(x.grad.numpy())
    np.testing.assert_allclose(gradients[1], gradients[0], rtol=1e-5)


@pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, math.inf])
def test_pdist_gives_pytorchs_distances(p: float):
    numbers = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    found = F.pdist(graphnn.tensor(numbers), p).numpy()
    np.testing.assert_allclose(found, torch.nn.functional.pdist(torch.tensor(numbers), p).numpy(), rtol=1e-5)


@pytest.mark.parametrize(("p", "dim"), [(2.0, 1), (1.0, 0), (3.0, -1), (math.inf, 1), (2.0, (0, 1))])
def test_normalize_gives_pytorchs_vectors(p: float, dim: int):
    numbers = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    found = F.normalize(graphnn.tensor(numbers), p, dim).numpy()
    np.testing.assert_allclose(found, torch.nn.functional.normalize(torch.tensor(numbers), p, dim).numpy(), rtol=1e-5)
