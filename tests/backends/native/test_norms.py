"""Normalisations as C: sizes that end within a vector, samples in parts, statistics left out, channels side by side."""

import numpy as np
import pytest

import graphnn
from graphnn import ops
from graphnn.backends.native.kernels import norm_rows
from tests.backends.native.native_runs import assert_native
from tests.ops.rows import floats

IMAGES = [(6, 5, 3, 3), (4, 33, 20, 21), (65, 20)]


def vectors(channels, count):
    return [floats(channels, low=0.5, high=2, seed=k) for k in range(count)]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", IMAGES)
def test_batch_norm_and_its_gradient(shape, training):
    def build(x, g, mean, var, weight, bias):
        made = ops.batch_norm(x, mean, var, weight, bias, training=training)
        grads = ops.batch_norm_grad(g, x, weight, made[1], made[2], training=training, eps=1e-5)
        return *made, *grads

    assert_native(build, floats(*shape), floats(*shape, seed=1), *vectors(shape[1], 4), rtol=2e-5, atol=1e-4)


def test_batch_norm_of_images_whose_channels_lie_side_by_side():
    def build(x, g, mean, var, weight, bias):
        x, g = (ops.contiguous(a, memory_format="channels_last") for a in (x, g))
        made = ops.batch_norm(x, mean, var, weight, bias, training=True)
        return *made, *ops.batch_norm_grad(g, x, weight, made[1], made[2], training=True, eps=1e-5)

    shape = (4, 36, 17, 16)
    assert_native(build, floats(*shape), floats(*shape, seed=1), *vectors(36, 4), rtol=2e-5, atol=1e-4)


def test_batch_norm_of_numbers_far_from_zero_keeps_its_digits():
    x = floats(64, 9, low=-1, high=1) + np.float32(1000)
    assert_native(lambda x: ops.batch_norm(x, training=True)[0], x, atol=2e-3)


@pytest.mark.parametrize("shape", [(7, 5), (130, 3, 33), (40, 300)])
def test_layer_and_rms_norm_and_their_gradients(shape):
    size = shape[-1:]

    def build(x, g, weight, bias):
        out, mean, rstd = ops.layer_norm(x, weight, bias, normalized_shape=size)
        grads = ops.layer_norm_grad(g, x, weight, mean, rstd, normalized_shape=size)
        root, factor = ops.rms_norm(x, weight, normalized_shape=size)
        return out, mean, rstd, *grads, root, *ops.rms_norm_grad(g, x, weight, factor, normalized_shape=size)

    assert_native(build, floats(*shape), floats(*shape, seed=1), *vectors(shape[-1], 2), rtol=2e-5, atol=1e-4)


def test_layer_norm_of_a_transposed_tensor():
    def build(x):
        seen = ops.transpose(x, dim0=0, dim1=1)
        return ops.layer_norm(seen, normalized_shape=(30,))[0], ops.layer_norm(seen, normalized_shape=(20, 30))[0]

    assert_native(build, floats(30, 20))


@pytest.mark.parametrize("stored", ["as they come", "channels-last"])
@pytest.mark.parametrize("shape", [(5, 12, 11, 13), (1, 12, 40, 40), (2, 12, 1, 9), (8, 12, 30, 30), (3, 12, 1, 1)])
@pytest.mark.parametrize("groups", [1, 3, 12])
def test_group_norm_and_its_gradient(groups, shape, stored):
    def build(x, g, weight, bias):
        if stored == "channels-last":
            x, g = (ops.contiguous(a, memory_format="channels_last") for a in (x, g))
        out, mean, rstd = ops.group_norm(x, weight, bias, num_groups=groups)
        return out, mean, rstd, *ops.group_norm_grad(g, x, weight, mean, rstd, num_groups=groups)

    assert_native(build, floats(*shape), floats(*shape, seed=1), *vectors(12, 2), rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("samples", [1, 2, 16])
def test_instance_norm_of_images_stored_channels_last(samples):
    def build(x, weight, bias):
        x = ops.contiguous(x, memory_format="channels_last")
        return *ops.instance_norm(x, None, None, weight, bias), ops.group_norm(x, num_groups=2)[0]

    assert_native(build, floats(samples, 10, 21, 8), *vectors(10, 2), rtol=2e-5, atol=1e-4)


def test_group_norm_far_from_zero():
    def build(x):
        return ops.group_norm(ops.contiguous(x, memory_format="channels_last"), num_groups=2)[0]

    assert_native(build, floats(2, 8, 50, 50) + np.float32(1000), rtol=1e-3, atol=1e-3)


def test_whole_numbers_for_eps_and_momentum():
    def build(x, mean, var):
        return (
            *ops.batch_norm(x, mean, var, training=True, momentum=1, eps=1),
            *ops.layer_norm(x, normalized_shape=(20,), eps=1),
            *ops.group_norm(x, num_groups=2, eps=1),
        )

    assert_native(build, floats(33, 20), *vectors(20, 2))


@pytest.mark.parametrize("norm", [graphnn.nn.LayerNorm, graphnn.nn.RMSNorm], ids=["layer", "rms"])
def test_rows_that_come_from_memory_are_asked_for_ahead(norm):
    for rows, asks in ((4000, True), (40, False)):
        layer, x = norm(300), graphnn.randn(rows, 300)
        fast = graphnn.compile(layer, backend="native")
        with graphnn.no_grad():
            np.testing.assert_allclose(fast(x).numpy(), layer(x).numpy(), rtol=1e-5, atol=1e-5)
        assert ("__builtin_prefetch(x" in fast.source) == asks


@pytest.mark.parametrize("shape", [(40, 64), (33, 5, 48), (6, 40)])
def test_rows_that_are_stored_past_the_caches(shape, monkeypatch):
    """In place, too; rows that end within a vector are not."""
    monkeypatch.setattr(norm_rows, "BEYOND", 1)
    size = shape[-1:]

    def build(x, weight, bias):
        out = ops.layer_norm(x, weight, bias, normalized_shape=size)[0]
        root = ops.rms_norm(ops.mul(x, 2.0), weight, normalized_shape=size)[0]
        return out, root, ops.layer_norm(out, normalized_shape=size)[0]

    assert_native(build, floats(*shape), *vectors(shape[-1], 2), rtol=2e-5, atol=1e-4)
    fast = graphnn.compile(graphnn.nn.LayerNorm(size).eval(), backend="native")
    with graphnn.no_grad():
        fast(graphnn.tensor(floats(*shape)))
    assert ("gn_streamed();" in fast.source) == (shape[-1] % 16 == 0)
