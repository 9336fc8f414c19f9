"""Movement, joining and indexing as C."""

import numpy as np
import pytest

from graphnn import ops
from graphnn.errors import IndexOutOfRange
from tests.backends.native.native_runs import assert_native, natively
from tests.ops.rows import floats, ints


def test_copies_of_views_in_any_order():
    def build(x):
        seen = [ops.permute(x, dims=d) for d in ((0, 1, 2, 3), (0, 2, 3, 1), (3, 2, 1, 0), (1, 0, 3, 2))]
        cut = [ops.slice(v, dim=3, start=1, stop=3, step=1) for v in seen]
        turned = [ops.flip(v, dims=(1, 3)) for v in seen]
        flat = [ops.reshape(v, shape=(3, 17 * 20 * 40)) for v in seen]
        return tuple(map(ops.contiguous, (*seen, *cut, *turned, *flat)))

    assert_native(build, floats(3, 17, 20, 40))


def test_images_in_both_formats():
    def build(x):
        stored = ops.contiguous(x, memory_format="channels_last")
        return stored, ops.contiguous(stored), ops.contiguous(ops.transpose(stored, dim0=0, dim1=1))

    assert_native(build, floats(4, 17, 20, 21))


@pytest.mark.parametrize("dim", [0, 1, 2, 3])
@pytest.mark.parametrize("samples", [1, 4, 16])
def test_joining_and_padding_of_images_stored_channels_last(samples, dim):
    def build(x, y):
        x, y = (ops.contiguous(a, memory_format="channels_last") for a in (x, y))
        joined = ops.cat(x, y, x, dim=dim)
        padded = ops.pad(x, padding=((0, 0), (1, 0), (2, -1), (0, 3)), value=-1.0)
        return joined, padded, ops.cat(ops.relu(joined), ops.contiguous(joined), dim=1)

    assert_native(build, floats(samples, 5, 8, 9), floats(samples, 5, 8, 9, seed=1))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_four_stacked_tensors_of_four_samples(threads):
    arrays = [floats(4, 40, 50, seed=k) for k in range(4)]
    for dim in range(3):
        (found,) = natively(
            lambda *xs, dim=dim: ops.relu(ops.stack(*map(ops.relu, xs), dim=dim)), *arrays, threads=threads
        )
        np.testing.assert_array_equal(found, np.stack([np.maximum(a, 0) for a in arrays], axis=dim))


def test_joining_padding_and_cutting():
    def build(x, y):
        turned = ops.transpose(y, dim0=0, dim1=1)
        return (
            ops.cat(x, turned, dim=0),
            ops.stack(x, x, dim=1),
            ops.pad(x, padding=((1, 2), (-1, 3)), value=0.5),
            ops.slice_grad(x, dim=1, start=2, stop=2 + 2 * x.shape[1], step=2, size=2 + 2 * x.shape[1]),
            ops.select_grad(x, dim=1, index=2, size=4),
            ops.cumsum(x, dim=0),
            ops.cumsum(turned, dim=1),
        )

    assert_native(build, floats(30, 50), floats(50, 20))


def test_rows_of_a_table_and_their_gradient():
    def build(index, table):
        rows = ops.embedding(index, table)
        return rows, ops.embedding_grad(rows, index, num_embeddings=50, padding_idx=3)

    assert_native(build, ints(40, 21, low=0, high=50), floats(50, 33), atol=1e-4)


@pytest.mark.parametrize("wrong", [50, -1])
def test_a_row_that_is_not_there_is_refused_as_numpy_refuses_it(wrong):
    with pytest.raises(IndexOutOfRange, match=f"embedding: index out of range in self: {wrong}"):
        natively(lambda i, t: ops.embedding(i, t), np.array([1, wrong, 2]), floats(50, 3))


def test_gathering_and_scattering():
    def build(x, index, few):
        found = ops.gather(x, index, dim=1)
        return (
            found,
            ops.gather_grad(found, index, dim=1, shape=(20, 30)),
            ops.scatter_add(x, index, found, dim=1),
            ops.scatter(x, index, 2.5, dim=0),
            ops.index_select(x, few, dim=1),
            ops.index_add(x, few, ops.index_select(x, few, dim=1), dim=1),
            ops.one_hot(few, num_classes=20),
        )

    assert_native(build, floats(20, 30), ints(20, 15, low=0, high=20), ints(6, low=0, high=20, seed=2), atol=1e-4)
