"""Samplers: PyTorch's order where there is one, and the right frequencies where it is drawn."""

from collections import Counter

import pytest

import graphnn
from graphnn.errors import ArgumentError
from graphnn.utils import data


def seeded(seed=0):
    return graphnn.Generator().manual_seed(seed)


@pytest.mark.parametrize("make", [lambda m: m.SequentialSampler("abc"), lambda m: m.SequentialSampler("")])
def test_in_order_is_pytorchs(make):
    torch = pytest.importorskip("torch")
    ours, theirs = make(data), make(torch.utils.data)
    assert (list(ours), len(ours)) == (list(theirs), len(theirs))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(("count", "size"), [(7, 3), (6, 3), (2, 3), (0, 3)])
def test_batches_of_indices_are_pytorchs(count, size, drop_last):
    torch = pytest.importorskip("torch")
    ours = data.BatchSampler(range(count), size, drop_last)
    theirs = torch.utils.data.BatchSampler(range(count), size, drop_last)
    assert (list(ours), len(ours)) == (list(theirs), len(theirs))


@pytest.mark.parametrize("samples", [None, 3, 10, 25])
def test_without_replacement_every_index_comes_equally_often(samples):
    sampler = data.RandomSampler(range(10), num_samples=samples, generator=seeded())
    found = list(sampler)
    assert len(found) == len(sampler) == (samples or 10)
    counts = Counter(found).values()
    assert max(counts) - min([*counts, *([0] * (len(counts) < 10))]) <= 1


def test_with_replacement_indices_come_as_often_as_chance_has_it():
    sampler = data.RandomSampler(range(4), replacement=True, num_samples=4000, generator=seeded())
    counts = Counter(sampler)
    assert counts.total() == 4000
    assert all(abs(counts[i] - 1000) < 5 * 27.4 for i in range(4))  # five standard deviations


@pytest.mark.parametrize(
    "make",
    [
        lambda g: data.RandomSampler(range(30), generator=g),
        lambda g: data.RandomSampler(range(30), True, 20, generator=g),
        lambda g: data.SubsetRandomSampler(range(30), generator=g),
        lambda g: data.WeightedRandomSampler(range(1, 30), 20, generator=g),
        lambda g: data.WeightedRandomSampler(range(1, 30), 20, False, generator=g),
    ],
)
def test_the_seed_decides_and_the_next_epoch_is_another(make):
    first, second = make(seeded()), make(seeded())
    assert list(first) == list(second)
    assert list(first) != list(make(seeded(1)))
    epochs = make(seeded())
    assert list(epochs) != list(epochs)
    graphnn.manual_seed(7)
    drawn = list(make(None))
    graphnn.manual_seed(7)
    assert list(make(None)) == drawn


def test_a_random_subset_has_the_given_indices():
    sampler = data.SubsetRandomSampler([3, 5, 9], generator=seeded())
    assert (sorted(sampler), len(sampler)) == ([3, 5, 9], 3)


def test_weights_are_the_odds():
    sampler = data.WeightedRandomSampler([0, 1, 3, 0], 4000, generator=seeded())
    counts = Counter(sampler)
    assert set(counts) == {1, 2}
    assert abs(counts[1] - 1000) < 5 * 27.4


def test_weights_without_replacement_are_the_odds_of_coming_first():
    firsts = Counter(next(iter(data.WeightedRandomSampler([1, 3], 2, False, seeded(i)))) for i in range(400))
    assert abs(firsts[0] - 100) < 5 * 8.7


def test_without_replacement_no_index_comes_twice_and_weightless_ones_last():
    sampler = data.WeightedRandomSampler([1, 0, 5, 0, 2], 5, replacement=False, generator=seeded())
    found = list(sampler)
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert set(found[3:]) == {1, 3}


REFUSED = [
    lambda m: m.RandomSampler([]),
    lambda m: m.RandomSampler([1], num_samples=0),
    lambda m: m.WeightedRandomSampler([[1.0]], 1),
    lambda m: m.WeightedRandomSampler([1.0], 0),
    lambda m: m.WeightedRandomSampler([1.0], 1, replacement=1),
    lambda m: list(m.WeightedRandomSampler([1.0, -1], 2)),
    lambda m: list(m.WeightedRandomSampler([0.0, 0], 2)),
    lambda m: list(m.WeightedRandomSampler([1.0], 3, False)),
    lambda m: m.BatchSampler([1], 0, False),
    lambda m: m.BatchSampler([1], True, False),
    lambda m: m.BatchSampler([1], 2, None),
]


@pytest.mark.parametrize("make", REFUSED)
def test_wrong_arguments_raise_where_pytorchs_do(make):
    torch = pytest.importorskip("torch")
    with pytest.raises((ValueError, RuntimeError)):
        make(torch.utils.data)
    with pytest.raises(ArgumentError):
        make(data)


def test_a_boolean_is_wanted_for_replacement():
    with pytest.raises(TypeError, match="replacement should be a boolean value"):
        data.RandomSampler([1], replacement=1)
