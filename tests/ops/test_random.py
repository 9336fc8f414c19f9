"""The stream of random numbers: where draws lie in it, and that they are distributed as they should be."""

import threading

import numpy as np
import pytest

from graphnn import ops
from graphnn.ir import dtypes
from graphnn.ops.random import blocks, normal_words, uniform_words

STATE = np.array([42, 0], np.uint64)


@pytest.mark.parametrize("dtype", [dtypes.float32, dtypes.float64])
def test_a_draw_after_another_continues_the_stream(dtype):
    both = ops.rand(STATE, shape=(32,), dtype=dtype)
    after = ops.rng_advance(STATE, blocks=blocks(uniform_words(16, dtype)))
    np.testing.assert_array_equal(both[:16], ops.rand(STATE, shape=(16,), dtype=dtype))
    np.testing.assert_array_equal(both[16:], ops.rand(after, shape=(16,), dtype=dtype))


def test_an_offset_is_the_state_advanced():
    advanced = ops.rng_advance(STATE, blocks=5)
    np.testing.assert_array_equal(ops.randn(STATE, shape=(9,), offset=5), ops.randn(advanced, shape=(9,)))


def test_a_key_has_a_stream_of_its_own():
    other = np.array([43, 0], np.uint64)
    assert not np.any(ops.rand(STATE, shape=(100,)) == ops.rand(other, shape=(100,)))


def test_words_are_counted_as_they_are_drawn():
    assert [blocks(n) for n in (0, 1, 8, 9)] == [0, 1, 1, 2]
    assert uniform_words(5) == 5
    assert uniform_words(5, dtypes.float64) == 10
    assert normal_words(5) == 6
    assert normal_words(4, dtypes.float64) == 8


def test_uniform_numbers_fill_the_unit_interval():
    drawn = ops.rand(STATE, shape=(100_000,))
    assert 0 <= drawn.min() < 1e-4
    assert 1 - 1e-4 < drawn.max() < 1
    assert np.histogram(drawn, 10, (0, 1))[0] == pytest.approx(10_000, abs=400)


@pytest.mark.parametrize("dtype", [dtypes.float32, dtypes.float64])
def test_normal_numbers_have_the_moments_of_the_normal_distribution(dtype):
    drawn = ops.randn(STATE, shape=(400_000,), dtype=dtype).astype("f8")
    moments = [np.mean(drawn**n) for n in (1, 2, 3, 4)]
    assert moments == pytest.approx([0, 1, 0, 3], abs=0.03)
    assert np.corrcoef(drawn[:200_000], drawn[200_000:])[0, 1] == pytest.approx(0, abs=0.01)


def test_each_integer_is_as_likely():
    drawn = ops.randint(STATE, low=-2, high=3, shape=(100_000,))
    assert np.bincount(drawn + 2, minlength=5) == pytest.approx(20_000, abs=600)


def test_each_position_of_a_permutation_is_as_likely():
    first = [int(ops.randperm(STATE, n=5, offset=10 * i)[0]) for i in range(5000)]
    assert np.bincount(first, minlength=5) == pytest.approx(1000, abs=130)


def test_threads_draw_the_same_numbers():
    wanted, found = ops.rand(STATE, shape=(1000,)), []
    threads = [threading.Thread(target=lambda: found.append(ops.rand(STATE, shape=(1000,)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(f, wanted) for f in found)
