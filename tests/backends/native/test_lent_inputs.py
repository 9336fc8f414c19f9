"""Inputs that a run reads where they lie, and those that it copies first."""

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.boundary import LENT, lendable
from graphnn.errors import IndexOutOfRange
from graphnn.ir import parse
from graphnn.plan.plan import make_plan

ROWS, WIDTH = 64, 48  # 12 KiB


def numbers(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((ROWS, WIDTH)).astype("f4")


def arrangements() -> dict[str, np.ndarray]:
    """The same numbers in different places and orders."""
    x = numbers()
    wide = np.zeros((ROWS, WIDTH + 3), "f4")
    wide[:, :WIDTH] = x
    memory = np.zeros(x.nbytes + 1, "u1")
    crooked = memory[1:].view("u1").view(np.dtype("f4").newbyteorder("=")).reshape(x.shape)
    crooked[...] = x
    return {"dense": x, "gaps": wide[:, :WIDTH], "turned": np.asfortranarray(x), "crooked": crooked}


def lent(fast) -> int:
    return len(lendable(fast.plans[0].plan))


def works(x):
    """Reads the input through views with offsets, and may write its first result over it."""
    first = x.relu() * 2 - 1
    return first + x[ROWS // 2 :].repeat(2, 1) + x.t().reshape(ROWS, WIDTH).softmax(1)


@pytest.mark.parametrize("threads", [1, 2])
def test_any_order_of_any_arrangements_gives_the_same(threads):
    fast = graphnn.compile(works, backend="native", threads=threads)
    with graphnn.no_grad():
        wanted = works(graphnn.tensor(numbers())).numpy()
        given = {name: graphnn.from_numpy(a) for name, a in arrangements().items()}
        for name in [*given, *reversed(given), "gaps", "dense"]:
            np.testing.assert_allclose(fast(given[name]).numpy(), wanted, rtol=1e-6, atol=1e-6, err_msg=name)
    assert lent(fast) == 1
    assert "gn_in_order" in fast.source


def test_nothing_is_written_over_an_input():
    fast = graphnn.compile(lambda x: x.mul(3).add(1).relu(), backend="native")
    x = graphnn.tensor(numbers())
    with graphnn.no_grad():
        for _ in range(3):
            found = fast(x)
    assert lent(fast) == 1
    np.testing.assert_array_equal(x.numpy(), numbers())
    np.testing.assert_allclose(found.numpy(), np.maximum(numbers() * 3 + 1, 0), rtol=1e-5, atol=1e-6)


def test_results_that_are_views_of_an_input_are_arrays_of_their_own():
    backend = NativeBackend()
    graph = parse("""
        graph @g(%x: f32[64, 48]) -> (f32[3072], f32[64, 48]) {
          %0: f32[3072] = reshape(%x) {shape=[3072]}
          %1: f32[64, 48] = relu(%x)
          return %0, %1
        }""")
    plan, x = make_plan(graph, backend.target), numbers()
    assert lendable(plan) == []
    whole, positive = backend.bind(plan, ()).forward([x])
    np.testing.assert_array_equal(whole, x.reshape(-1))
    np.testing.assert_array_equal(positive, np.maximum(x, 0))
    assert not np.shares_memory(whole, x)


def test_what_is_wanted_later_is_copied():
    """By the backward, or by a run that writes state which the argument may share."""
    layer = nn.Linear(WIDTH, 4)
    fast = graphnn.compile(layer, backend="native")
    x = graphnn.tensor(numbers())
    out = fast(x)
    x.zero_()
    out.sum().backward()
    np.testing.assert_allclose(layer.weight.grad.numpy(), np.tile(numbers().sum(0), (4, 1)), rtol=1e-4, atol=1e-4)
    assert lent(fast) == 0

    net = nn.Module()
    net.register_buffer("state", graphnn.tensor(numbers()))
    net.forward = lambda x: net.state.add_(x).sum() + x.sum()
    moves = graphnn.compile(net, backend="native")
    with graphnn.no_grad():
        found = moves(net.state)
    assert lent(moves) == 0
    np.testing.assert_allclose(found.item(), 3 * numbers().astype("f8").sum(), rtol=1e-3)


def test_small_inputs_are_copied():
    fast = graphnn.compile(lambda x: x.exp(), backend="native")
    with graphnn.no_grad():
        fast(graphnn.ones(LENT // 4 - 1))
        fast(graphnn.ones(LENT // 4))
    assert [len(lendable(p.plan)) for p in fast.plans] == [0, 1]


def test_refused_values_are_told_and_the_next_run_works():
    table = nn.Embedding(30, 4)
    words = np.random.default_rng(0).integers(0, 30, (40, 20))
    wrong = words.copy()
    wrong[7, 5] = 31
    fast = graphnn.compile(lambda i: table(i).relu().sum(-1), backend="native")
    with graphnn.no_grad():
        for _ in range(3):
            np.testing.assert_allclose(
                fast(graphnn.tensor(words)).numpy(), table(graphnn.tensor(words)).relu().sum(-1).numpy(), rtol=1e-6
            )
            with pytest.raises(IndexOutOfRange, match="index out of range in self: 31, the weight has 30 rows"):
                fast(graphnn.tensor(wrong))
    assert lent(fast) == 1


def test_an_input_of_several_steps_in_chains():
    net = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)).eval()

    def both(x):
        return net(x).mean((2, 3)) + (x * 2).amax((2, 3))

    fast = graphnn.compile(both, backend="native")
    x = graphnn.tensor(np.random.default_rng(0).standard_normal((6, 8, 12, 12)).astype("f4"))
    with graphnn.no_grad():
        for given in (x, x.flip(0).contiguous(), x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2), x):
            np.testing.assert_allclose(fast(given).numpy(), both(given).numpy(), rtol=1e-4, atol=1e-5)
    assert all(len(lendable(p.plan)) == 1 for p in fast.plans)
