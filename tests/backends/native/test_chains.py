"""Chains: steps that run share by share give what they give one by one, and only those run so that can."""

import numpy as np
import pytest

import graphnn as gn
from graphnn import ops
from graphnn.backends.native import generate
from graphnn.backends.native.backend import NativeBackend
from graphnn.ir import Graph
from graphnn.ir.dtypes import float32
from graphnn.ir.types import TensorType
from graphnn.passes import PassManager, inference_pipeline
from graphnn.plan.plan import make_plan
from graphnn.runtime.interpreter import interpret
from tests.backends.native.native_runs import natively
from tests.ops.rows import floats

SAMPLES = (4, 7, 12, 16, 17, 64)


@pytest.fixture(autouse=True)
def chains_of_any_cost(monkeypatch):
    monkeypatch.setattr(generate, "SPLIT_ABOVE", 0.0)


class Net:
    """A graph that grows by random layers, each of which may read any image made so far."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.graph = Graph("net")
        self.samples = int(self.random.choice(SAMPLES))
        self.arrays = [self._array(self.samples, int(self.random.choice([1, 3, 8])), 12, 12)]
        self.images = [self.graph.add_input(TensorType(float32, self.arrays[0].shape))]
        self.state = []
        for _ in range(int(self.random.integers(3, 9))):
            self.images.append(self._layer())
        wanted = [self.images[-1], *(v for v in self.images[1:-1] if self.random.random() < 0.15)]
        self.graph.outputs = list(dict.fromkeys(wanted))

    def _array(self, *shape: int) -> np.ndarray:
        return (self.random.standard_normal(shape) / 3).astype("f4")

    def _param(self, *shape: int):
        self.state.append(self._array(*shape))
        return self.graph.add_param(TensorType(float32, shape), f"w{len(self.state)}")

    def _layer(self):
        recent = self.images[-3:]
        x = recent[int(self.random.integers(len(recent)))] if self.random.random() < 0.3 else self.images[-1]
        _, c, h, _ = x.type.shape
        kind = str(
            self.random.choice(["conv", "conv", "pixel", "depthwise", "pool", "mean", "relu", "add", "scale", "wide"])
        )
        alike = [v for v in self.images if v.type.shape == x.type.shape]
        if kind == "add":
            return ops.relu(ops.add(x, alike[int(self.random.integers(len(alike)))]))
        if kind == "pool" and h >= 4:
            return ops.max_pool2d(
                x, kernel_size=(2, 2), stride=(2, 2), padding=(0, 0), dilation=(1, 1), ceil_mode=False
            )[0]
        if kind == "mean":
            return ops.mul(x, ops.mean(x, dim=(0,), keepdim=True))  # every sample needs all others
        if kind == "scale":
            return ops.mul(x, ops.sigmoid(ops.mean(x, dim=(2, 3), keepdim=True)))
        if kind == "depthwise":
            return ops.conv2d(x, self._param(c, 1, 3, 3), padding=(1, 1), groups=c) if c > 1 else ops.tanh(x)
        if kind in ("conv", "pixel", "wide"):
            out, size = (
                (int(self.random.choice([6, 8, 24])), 1 if kind == "pixel" else 3) if kind != "wide" else (32, 3)
            )
            return ops.relu(ops.conv2d(x, self._param(out, c, size, size), self._param(out), padding=(size // 2,) * 2))
        return ops.sin(x)


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_of_layers(seed):
    net = Net(seed)
    expected, _ = interpret(net.graph, *net.arrays, state=net.state)
    graph = PassManager(inference_pipeline("native")).run(net.graph).graph
    for threads in (1, 2, 4):
        backend = NativeBackend(threads=threads)
        plan = make_plan(graph, backend.target)
        bound = backend.bind(plan, tuple(a.copy() for a in net.state))
        for _ in range(2):
            for got, wanted in zip(bound.forward(list(net.arrays)), expected, strict=True):
                np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-3)


def source_of(build, *arrays, threads=2) -> str:
    graph = Graph("case")
    found = build(*(graph.add_input(TensorType(float32, a.shape)) for a in arrays))
    graph.outputs = list(found if isinstance(found, tuple) else (found,))
    backend = NativeBackend(threads=threads)
    plan = make_plan(graph, backend.target)
    return generate.generate(plan, backend.target.machine).source


def two_convolutions(x, first, second):
    return ops.conv2d(ops.relu(ops.conv2d(x, first, padding=(1, 1))), second, padding=(1, 1))


def arguments(samples):
    return floats(samples, 3, 10, 10), floats(5, 3, 3, 3), floats(4, 5, 3, 3)


def test_what_lies_between_two_layers_is_folded_into_the_workers_own_memory():
    source = source_of(two_convolutions, *arguments(16))
    assert "static void chain0(" in source
    assert "own + 0 - part *" in source


def test_samples_that_cannot_be_dealt_out_make_no_chain():
    assert "chain0" not in source_of(two_convolutions, *arguments(17))


def test_fewer_shares_than_threads_make_no_chain():
    assert "chain0" not in source_of(two_convolutions, *arguments(4), threads=5)


def test_a_step_that_needs_all_samples_ends_a_chain():
    def build(x, first, second):
        image = ops.relu(ops.conv2d(x, first, padding=(1, 1)))
        image = ops.sub(image, ops.mean(image, dim=(0,), keepdim=True))
        return ops.conv2d(image, second, padding=(1, 1))

    source = source_of(build, *arguments(16))
    before, after = source.split("gn_runner run, void *pool", 1)
    assert before.count("mean(") == 0
    assert "mean(" in after


def test_what_is_wanted_of_all_samples_is_not_folded():
    def build(x, first, second):
        image = ops.relu(ops.conv2d(x, first, padding=(1, 1)))
        return image, ops.conv2d(image, second, padding=(1, 1))

    arrays = arguments(16)
    for got, wanted in zip(natively(build, *arrays), build(*arrays), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_what_threads_have_of_their_own_can_be_told_in_advance():
    net = gn.nn.Sequential(gn.nn.Conv2d(3, 5, 3), gn.nn.ReLU(), gn.nn.MaxPool2d(2)).eval()
    folded = {}
    for backend in ("native", "numpy"):
        fast = gn.compile(net, backend=backend, threads=2 if backend == "native" else None)
        with gn.no_grad():
            fast(gn.ones(16, 3, 12, 12))
        folded[backend] = fast.plans[0].own_bytes
    assert folded["numpy"] == 0
    assert folded["native"] >= 2 * 5 * 10 * 10 * 4  # each thread has one share, a sample, of the convolution's result


def test_chains_give_the_same_bits_for_any_number_of_threads():
    arrays = arguments(16)
    one, *others = (natively(two_convolutions, *arrays, threads=n) for n in (1, 2, 5, 16))
    for other in others:
        np.testing.assert_array_equal(one[0], other[0])
