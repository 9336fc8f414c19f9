"""Random numbers: distributions, ranges, dtypes and refusals as PyTorch's; the streams differ."""

import math
from typing import Any

import numpy as np
import pytest

import graphnn

torch = pytest.importorskip("torch")

COUNT = 20000


@pytest.fixture(autouse=True)
def seeded():
    graphnn.manual_seed(1)
    torch.manual_seed(1)


DRAWS: dict[str, Any] = {
    "rand": lambda m: m.rand(COUNT),
    "rand float64": lambda m: m.rand(COUNT, dtype=m.float64),
    "randn": lambda m: m.randn(COUNT),
    "randint": lambda m: m.randint(-3, 9, (COUNT,)),
    "randint_like": lambda m: m.randint_like(m.zeros(COUNT), 5),
    "normal": lambda m: m.normal(2.0, 3.0, (COUNT,)),
    "normal of tensors": lambda m: m.normal(m.zeros(COUNT) + 1, m.ones(COUNT) * 2),
    "bernoulli": lambda m: m.bernoulli(m.full((COUNT,), 0.3)),
    "multinomial": lambda m: m.multinomial(m.tensor([1.0, 0.0, 3.0]), COUNT, replacement=True),
    "multinomial without": lambda m: m.multinomial(m.tensor([[1.0, 2.0, 3.0]]).expand(COUNT, 3), 2)[:, 1],
    "poisson": lambda m: m.poisson(m.full((COUNT,), 4.0)),
    "binomial": lambda m: m.binomial(m.full((COUNT,), 10.0), m.full((COUNT,), 0.3)),
    "uniform_": lambda m: m.zeros(COUNT).uniform_(-2, 5),
    "normal_": lambda m: m.zeros(COUNT).normal_(1, 2),
    "bernoulli_": lambda m: m.zeros(COUNT, dtype=m.bool).bernoulli_(0.7),
    "exponential_": lambda m: m.zeros(COUNT).exponential_(2.0),
    "geometric_": lambda m: m.zeros(COUNT).geometric_(0.3),
    "geometric_ of integers": lambda m: m.zeros(COUNT, dtype=m.int64).geometric_(0.6),
    "log_normal_": lambda m: m.zeros(COUNT).log_normal_(0.5, 0.3),
    "cauchy_": lambda m: m.zeros(COUNT).cauchy_(1.0, 2.0),
    "random_": lambda m: m.zeros(COUNT, dtype=m.uint8).random_(),
    "random_ below": lambda m: m.zeros(COUNT).random_(7),
    "random_ between": lambda m: m.zeros(COUNT, dtype=m.int16).random_(-5, 5),
}


@pytest.mark.parametrize("name", DRAWS)
def test_quantiles_are_those_of_pytorchs_distribution(name):
    found, wanted = DRAWS[name](graphnn), DRAWS[name](torch)
    assert (repr(found.dtype), tuple(found.shape)) == (repr(wanted.dtype), tuple(wanted.shape))
    mine, theirs = (np.sort(np.array(x.double().tolist())) for x in (found, wanted))
    at = np.unique(theirs[COUNT // 20 :: COUNT // 10])
    shares = [np.searchsorted(x, at, side="right") / COUNT for x in (mine, theirs)]
    np.testing.assert_allclose(*shares, atol=4 * math.sqrt(0.5 / COUNT))  # the rare draw is 4 deviations off


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_narrow_uniform_numbers_stay_below_one_and_take_every_value(kind):
    digits = {"float16": 11, "bfloat16": 8}[kind]
    found = graphnn.rand(200000, dtype=getattr(graphnn, kind)).tolist()
    assert min(found) >= 0.0
    assert max(found) == 1 - 2.0**-digits
    assert len(set(found)) == 1 << digits


def test_permutations_hold_every_number_once():
    for dtype in ("int64", "int8", "float16"):
        found = graphnn.randperm(50, dtype=getattr(graphnn, dtype))
        assert (repr(found.dtype), sorted(found.tolist())) == (f"torch.{dtype}", list(range(50)))


def test_without_replacement_no_index_comes_twice_and_impossible_ones_come_last():
    found = graphnn.multinomial(graphnn.tensor([1.0, 0.0, 2.0]).expand(50, 3), 3).tolist()
    assert all(row[2] == 1 and sorted(row) == [0, 1, 2] for row in found)


def test_the_state_can_be_kept_and_set_again():
    state = graphnn.get_rng_state()
    first = graphnn.rand(5).tolist()
    graphnn.set_rng_state(state)
    assert graphnn.rand(5).tolist() == first
    generator = graphnn.Generator().manual_seed(7)
    twin = generator.clone_state()
    assert generator.initial_seed() == 7
    assert graphnn.randn(3, generator=generator).tolist() == graphnn.randn(3, generator=twin).tolist()


def test_seed_gives_a_new_stream_each_time():
    assert graphnn.seed() == graphnn.initial_seed()
    assert graphnn.seed() != graphnn.seed()


def test_compiled_draws_are_the_eager_ones():
    def draw():
        x = graphnn.zeros(100)
        return x.exponential_(2.0), graphnn.zeros(100).geometric_(0.3), graphnn.zeros(9).cauchy_(), graphnn.rand(3)

    graphnn.manual_seed(3)
    wanted = draw()
    graphnn.manual_seed(3)
    for found, eager in zip(graphnn.compile(draw)(), wanted, strict=True):
        np.testing.assert_allclose(found.numpy(), eager.numpy(), rtol=1e-5)


MISTAKES = (
    lambda m: m.rand(2, dtype=m.int64),
    lambda m: m.rand(-1),
    lambda m: m.randint(0, (2,)),
    lambda m: m.randint(0, 300, (3,), dtype=m.uint8),
    lambda m: m.randint(1.5, (2,)),
    lambda m: m.randperm(-1),
    lambda m: m.normal(0.0, -1.0, (2,)),
    lambda m: m.normal(m.zeros(2), m.tensor([-1.0, 1.0])),
    lambda m: m.bernoulli(m.tensor([2.0])),
    lambda m: m.zeros(2).bernoulli_(2),
    lambda m: m.multinomial(m.tensor([1.0, 2.0]), 3),
    lambda m: m.multinomial(m.tensor([0.0, 0.0]), 1),
    lambda m: m.multinomial(m.tensor([-1.0, 2.0]), 1),
    lambda m: m.multinomial(m.tensor([1, 2]), 1),
    lambda m: m.multinomial(m.ones(2, 3), 0),
    lambda m: m.multinomial(m.ones(2, 2, 3), 1),
    lambda m: m.poisson(m.tensor([-1.0])),
    lambda m: m.zeros(2).exponential_(0),
    lambda m: m.zeros(2, dtype=m.int64).exponential_(),
    lambda m: m.zeros(2).geometric_(1.0),
    lambda m: m.zeros(2).log_normal_(0, -1),
    lambda m: m.zeros(2).cauchy_(0, 0),
    lambda m: m.zeros(2).uniform_(2, 1),
    lambda m: m.zeros(2).normal_(0, -1),
    lambda m: m.zeros(2).random_(3, 3),
    lambda m: m.zeros(2, dtype=m.int8).random_(0, 300),
    lambda m: m.set_rng_state(m.zeros(3)),
)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_pytorch_refuses_is_refused(mistake):
    with pytest.raises(Exception) as theirs:
        mistake(torch)
    with pytest.raises((theirs.type, *theirs.type.__bases__)[: 1 + (theirs.type is NotImplementedError)]):
        mistake(graphnn)


def test_draws_that_go_by_values_say_so_while_tracing():
    with pytest.raises(graphnn.errors.TraceError, match="probabilities"):
        graphnn.trace(lambda p: graphnn.multinomial(p, 1), graphnn.ones(3))
