"""Sums that are cut into parts: the same bits for any number of threads."""

import numpy as np

from graphnn import ops
from tests.backends.native.native_runs import natively
from tests.ops.rows import floats, ints


def build(x, index, weight):
    out, mean, rstd = ops.layer_norm(x, weight, normalized_shape=(96,))
    images = ops.reshape(x, shape=(40, 16, 10, 96))
    normal = ops.batch_norm(images, training=True)
    columns = ops.batch_norm(x, training=True)
    return (
        ops.sum(x),
        ops.sum(x, dim=(0,)),
        ops.mean(x, dim=(1,)),
        ops.mse_loss(out, x),
        ops.cross_entropy(x, index)[0],
        *ops.layer_norm_grad(x, out, weight, mean, rstd, normalized_shape=(96,)),
        *normal[:3],
        *columns[:3],
        *ops.batch_norm_grad(out, x, None, columns[1], columns[2], training=True, eps=1e-5),
        ops.embedding_grad(x, index, num_embeddings=96),
        ops.max_pool2d(images, kernel_size=(3, 3), stride=(2, 2))[0],
        ops.softmax(x, dim=0),
    )


def test_any_number_of_threads_gives_the_same_bits():
    arrays = floats(6400, 96), ints(6400, low=0, high=96), floats(96, low=0.5)
    one, two, five = (natively(build, *arrays, threads=n) for n in (1, 2, 5))
    for a, b, c in zip(one, two, five, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
