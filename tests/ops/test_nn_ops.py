"""The layers' ops beyond the op table: kernels that make no arrays, blocks, digits that must not be lost."""

from typing import Any

import numpy as np
import pytest

from graphnn import ops
from graphnn.ops.conv_lowering import BUDGET, geometry
from graphnn.ops.op import Op
from tests.ops.rows import floats, ints, strided
from tests.ops.test_allocation import LIMIT, peak_of

P: dict[str, Any] = {"kernel_size": (2, 2), "stride": (2, 2)}
KEY = np.zeros(2, np.uint64)

# ---- memory

LOGITS, CLASSES = floats(4000, 100), ints(4000, low=0, high=100)
TOTAL, ONE = np.array(4000, "f4"), np.array(1, "f4")
IMAGES, KERNELS = floats(40, 8, 40, 40), floats(8, 8, 3, 3)
CHANNELS, STATISTICS = floats(8), (floats(8), floats(8, low=0.5))
POOLED, INDICES = ops.max_pool2d(IMAGES, **P)
SMOOTHED = {"reduction": "none", "label_smoothing": 0.1}

LARGE: list[tuple[Op, tuple[Any, ...], dict[str, Any]]] = [
    (ops.conv2d, (IMAGES, KERNELS, CHANNELS), {"padding": (1, 1)}),
    (ops.conv2d_relu, (IMAGES, KERNELS, CHANNELS), {"padding": (1, 1), "stride": (2, 1)}),
    (ops.conv2d_input_grad, (IMAGES, KERNELS), {"padding": (1, 1), "size": (40, 40)}),
    (ops.conv2d_input_grad, (IMAGES, floats(8, 2, 3, 3)), {"padding": (1, 1), "size": (40, 40), "groups": 4}),
    (ops.conv2d_weight_grad, (IMAGES, IMAGES), {"padding": (1, 1), "kernel_size": (3, 3)}),
    (ops.conv2d, (IMAGES, floats(8, 8, 1, 1), CHANNELS), {}),
    (ops.max_pool2d, (IMAGES,), P),
    (ops.max_pool2d, (IMAGES,), {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1)}),
    (ops.max_pool2d_grad, (POOLED, INDICES), {"size": (40, 40), "disjoint": True}),
    (ops.max_pool2d_grad, (POOLED, INDICES), {"size": (40, 40)}),
    (ops.avg_pool2d, (IMAGES,), P),
    (ops.avg_pool2d_grad, (POOLED,), {"size": (40, 40), **P}),
    (ops.softmax, (LOGITS,), {"dim": 1}),
    (ops.log_softmax, (LOGITS,), {"dim": 0}),
    (ops.softmax_grad, (LOGITS, LOGITS), {"dim": 1}),
    (ops.log_softmax_grad, (LOGITS, LOGITS), {"dim": 1}),
    (ops.cross_entropy, (LOGITS, CLASSES, None), {}),
    (ops.cross_entropy, (LOGITS, CLASSES, floats(100)), SMOOTHED),
    (ops.cross_entropy, (LOGITS, LOGITS, None), {"label_smoothing": 0.1}),
    (ops.cross_entropy_grad, (ONE, LOGITS, CLASSES, None, TOTAL), {}),
    (ops.nll_loss, (LOGITS, CLASSES, floats(100)), {}),
    (ops.nll_loss_grad, (ONE, CLASSES, None, TOTAL), {"classes": 100}),
    (ops.mse_loss, (LOGITS, LOGITS), {}),
    (ops.batch_norm, (IMAGES, *STATISTICS, CHANNELS, CHANNELS), {"training": True}),
    (ops.batch_norm, (IMAGES, *STATISTICS, CHANNELS, CHANNELS), {"training": False}),
    (ops.batch_norm_grad, (IMAGES, IMAGES, CHANNELS, *STATISTICS), {"training": True, "eps": 1e-5}),
    (ops.dropout, (LOGITS, KEY), {}),
    (ops.embedding, (CLASSES, LOGITS[:, :50]), {}),
    (ops.embedding_grad, (LOGITS, CLASSES), {"num_embeddings": 100}),
]


@pytest.mark.parametrize(("op", "args", "attrs"), LARGE)
def test_replaying_a_kernel_makes_no_array(op: Op, args: Any, attrs: Any):
    assert peak_of(op, args, attrs) < LIMIT
    assert peak_of(op, [strided(a) if isinstance(a, np.ndarray) and a.ndim > 1 else a for a in args], attrs) < LIMIT


@pytest.mark.parametrize("shape", [(64, 1, 32, 32), (8, 64, 16, 16), (1, 64, 56, 56), (300, 3, 2, 2)])
def test_a_convolution_keeps_its_columns_within_the_budget(shape: tuple[int, ...]):
    weight = (16, shape[1], 3, 3)
    geo = geometry(shape, weight, (1, 1), (1, 1), (1, 1), 1, itemsize=4)
    assert 4 * geo.depth * geo.columns <= BUDGET
    assert geo.samples == 1 or geo.rows == geo.size[0]


# ---- values


def test_blocks_that_do_not_divide_the_batch_agree_with_single_samples():
    x, weight = floats(37, 3, 9, 9), floats(4, 3, 3, 3)
    whole = ops.conv2d(x, weight, padding=(1, 1))
    single = np.concatenate([ops.conv2d(x[i : i + 1], weight, padding=(1, 1)) for i in range(37)])
    np.testing.assert_allclose(whole, single, rtol=1e-5, atol=1e-6)


def test_the_running_variance_is_unbiased_and_the_one_used_is_not():
    x = np.array([[1.0], [3.0]])
    out, mean, invstd, new_mean, new_var = ops.batch_norm(
        x, np.zeros(1), np.ones(1), training=True, momentum=0.5, eps=0.0
    )
    np.testing.assert_array_equal(out, [[-1.0], [1.0]])
    assert (mean, invstd, new_mean, new_var) == (2.0, 1.0, 1.0, 1.5)


def test_batch_norm_keeps_its_digits_far_from_zero():
    torch = pytest.importorskip("torch")
    x = floats(16, 4, 10, 10) + np.float32(1000)
    wanted = torch.nn.functional.batch_norm(torch.tensor(x, dtype=torch.float64), None, None, training=True)
    np.testing.assert_allclose(ops.batch_norm(x, training=True)[0], wanted.numpy(), atol=2e-3)


def test_large_logits_lose_no_digits():
    found = ops.log_softmax(np.array([1e4, 1e4 + 1, 1e4 - 1], "f4"), dim=0)
    np.testing.assert_allclose(found, [-1.407606, -0.407606, -2.407606], rtol=1e-6)


def test_an_ignored_target_hides_what_stands_there():
    loss, total = ops.nll_loss(np.array([[0.0, 1.0], [np.nan, np.inf]]), np.array([1, -100]))
    assert (loss, total) == (-1.0, 1.0)


def test_dropout_draws_what_rand_draws():
    key = np.array([3, 11], np.uint64)
    mask = ops.dropout(np.ones((5, 7), "f4"), key, p=0.3, offset=4)[1]
    np.testing.assert_array_equal(mask, ops.rand(key, shape=(5, 7), offset=4) >= 0.3)
