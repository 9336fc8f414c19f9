"""Starting values: moments of the distributions, structure, and PyTorch's words."""

import math

import numpy as np
import pytest

from graphnn.nn import init
from graphnn.ops.normal_tails import inverse_erf
from graphnn.tensor.creation import zeros
from graphnn.tensor.random import Generator, manual_seed
from tests.nn.both import array, check_same_failure, torch

SHAPE = (60, 50, 3, 3)
DRAWS = {
    "uniform": lambda i, w: i.uniform_(w, -2.0, 3.0),
    "normal": lambda i, w: i.normal_(w, 1.0, 0.5),
    "trunc_normal": lambda i, w: i.trunc_normal_(w, 0.5, 2.0, -1.0, 3.0),
    "xavier_uniform": lambda i, w: i.xavier_uniform_(w, gain=2.0),
    "xavier_normal": lambda i, w: i.xavier_normal_(w),
    "kaiming_uniform": lambda i, w: i.kaiming_uniform_(w, a=math.sqrt(5)),
    "kaiming_uniform_out": lambda i, w: i.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu"),
    "kaiming_normal": lambda i, w: i.kaiming_normal_(w, nonlinearity="tanh"),
}


@pytest.mark.parametrize("draw", DRAWS)
def test_draws_from_pytorchs_distribution(draw):
    manual_seed(3)
    torch.manual_seed(3)
    ours = array(DRAWS[draw](init, zeros(*SHAPE)))
    theirs = array(DRAWS[draw](torch.nn.init, torch.zeros(*SHAPE)))
    spread = float(theirs.std())
    assert ours.mean() == pytest.approx(float(theirs.mean()), abs=0.03 * spread)
    assert ours.std() == pytest.approx(spread, rel=0.02)
    quantiles = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]
    np.testing.assert_allclose(np.quantile(ours, quantiles), np.quantile(theirs, quantiles), atol=0.1 * spread)


@pytest.mark.parametrize("draw", DRAWS)
def test_the_same_seed_draws_the_same(draw):
    manual_seed(1)
    first, other = (array(DRAWS[draw](init, zeros(4, 5))) for _ in range(2))
    manual_seed(1)
    again = array(DRAWS[draw](init, zeros(4, 5)))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_generator_of_ones_own_is_used():
    draws = [array(init.normal_(zeros(4), generator=Generator().manual_seed(5))) for _ in range(2)]
    np.testing.assert_array_equal(*draws)


def test_truncated_draws_stay_within_their_bounds():
    manual_seed(0)
    drawn = array(init.trunc_normal_(zeros(10_000), 0.0, 1.0, -0.5, 0.25))
    assert -0.5 <= drawn.min() < -0.49
    assert 0.24 < drawn.max() <= 0.25


def test_the_inverse_error_function_is_pytorchs():
    y = np.concatenate([np.linspace(-0.999, 0.999, 999), [0.0, 1.0, -1.0, 1e-9]])
    np.testing.assert_allclose(inverse_erf(y), torch.special.erfinv(torch.tensor(y)).numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gains_are_pytorchs(name):
    assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert init.calculate_gain("leaky_relu", 0.2) == torch.nn.init.calculate_gain("leaky_relu", 0.2)


FILLS = {
    "constant": (lambda i, w: i.constant_(w, 3.5), (2, 3)),
    "ones": (lambda i, w: i.ones_(w), (2, 3)),
    "zeros": (lambda i, w: i.zeros_(w), (2, 3)),
    "eye": (lambda i, w: i.eye_(w), (3, 5)),
    "dirac": (lambda i, w: i.dirac_(w), (4, 2, 3, 3)),
    "dirac in groups": (lambda i, w: i.dirac_(w, groups=2), (4, 2, 5)),
}


@pytest.mark.parametrize("fill", FILLS)
def test_fills_as_pytorch_does(fill):
    function, shape = FILLS[fill]
    np.testing.assert_array_equal(
        array(function(init, zeros(*shape) + 7)), array(function(torch.nn.init, torch.ones(*shape)))
    )


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (5, 2, 3), (3, 3)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape):
    manual_seed(0)
    weight = array(init.orthogonal_(zeros(*shape), gain=2.0)).reshape(shape[0], -1)
    product = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_sparse_zeroes_a_part_of_each_column():
    weight = array(init.sparse_(zeros(10, 200), sparsity=0.25))
    assert ((weight == 0).sum(0) == 3).all()
    assert weight[weight != 0].std() == pytest.approx(0.01, rel=0.05)


REFUSED = {
    "gain": lambda t: t.nn.init.calculate_gain("x"),
    "slope": lambda t: t.nn.init.calculate_gain("leaky_relu", "x"),
    "fans": lambda t: t.nn.init.xavier_uniform_(t.zeros(3)),
    "mode": lambda t: t.nn.init.kaiming_uniform_(t.zeros(3, 3), mode="x"),
    "eye": lambda t: t.nn.init.eye_(t.zeros(3)),
    "dirac": lambda t: t.nn.init.dirac_(t.zeros(3)),
    "dirac groups": lambda t: t.nn.init.dirac_(t.zeros(3, 2, 2), groups=2),
    "orthogonal": lambda t: t.nn.init.orthogonal_(t.zeros(3)),
    "sparse": lambda t: t.nn.init.sparse_(t.zeros(3), 0.2),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_in_pytorchs_words(what):
    check_same_failure(REFUSED[what])


def test_initialising_leaves_no_history():
    weight = zeros(3, 3, requires_grad=True)
    init.kaiming_uniform_(weight)
    assert weight.grad_fn is None
    assert weight.requires_grad
