"""Losses as C: every option, and the error for a target that is no class."""

import numpy as np
import pytest

from graphnn import ops
from graphnn.errors import IndexOutOfRange
from tests.backends.native.native_runs import assert_native, natively
from tests.ops.rows import floats, ints

REDUCTIONS = ["mean", "sum", "none"]


def targets(shape):
    found = ints(*shape[:1], *shape[2:], low=0, high=shape[1])
    found.reshape(-1)[1] = -100
    return found


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(9, 5), (300, 33), (4, 7, 5, 6)])
def test_cross_entropy_over_classes_and_its_gradient(shape, reduction):
    def build(x, target, weight, g):
        found = []
        for w in (None, weight):
            for smoothing in (0.0, 0.1):
                found += ops.cross_entropy(x, target, w, reduction=reduction, label_smoothing=smoothing)
            _, log_probs, total = ops.cross_entropy(x, target, w, reduction=reduction)
            found.append(ops.cross_entropy_grad(g, log_probs, target, w, total, reduction=reduction))
            found += [*ops.nll_loss(log_probs, target, w, reduction=reduction)]
            found.append(ops.nll_loss_grad(g, target, w, total, classes=shape[1], reduction=reduction))
        return tuple(found)

    target = targets(shape)
    g = floats(*target.shape, seed=4) if reduction == "none" else np.array(1.5, "f4")
    assert_native(build, floats(*shape), target, floats(shape[1], low=0.1), g, atol=3e-5)


def test_cross_entropy_over_probabilities():
    target = np.random.default_rng(0).dirichlet(np.ones(11), 40).astype("f4")

    def build(x, target, weight):
        return *ops.cross_entropy(x, target, weight, label_smoothing=0.2), *ops.cross_entropy(x, target)

    assert_native(build, floats(40, 11), target, floats(11, low=0.1))


@pytest.mark.parametrize("wrong", [11, -1])
def test_a_target_that_is_no_class_is_refused_as_numpy_refuses_it(wrong):
    target = targets((9, 11))
    target[4] = wrong
    with pytest.raises(IndexOutOfRange, match=f"cross_entropy: Target {wrong} is out of bounds: the input has 11"):
        natively(lambda x, t: ops.cross_entropy(x, t)[0], floats(9, 11), target)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_number_by_number(reduction):
    def build(x, t, weight):
        return (
            ops.mse_loss(x, t, reduction=reduction),
            ops.mse_loss(x, weight, reduction=reduction),
            ops.smooth_l1_loss(x, t, reduction=reduction, beta=0.7),
            ops.huber_loss(x, t, reduction=reduction, delta=0.7),
            ops.soft_margin_loss(x, t, reduction=reduction),
            ops.binary_cross_entropy_with_logits(x, t, weight, weight, reduction=reduction),
        )

    assert_native(build, floats(300, 101), floats(300, 101, seed=1), floats(101, low=0))
