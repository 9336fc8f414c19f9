"""Calls that C makes by itself: those that fit give what Python would give; those that do not are handed on, unharmed."""

from __future__ import annotations

import gc
import sys
import threading

import numpy as np
import pytest

import graphnn
from graphnn.backends.native.toolchain import direct
from graphnn.errors import BackendError, GraphnnError

BUILT_IN = type(len)


def vector(*numbers: float) -> graphnn.Tensor:
    return graphnn.tensor(list(numbers))


def native(function):
    return graphnn.compile(function, backend="native")


@pytest.fixture
def handed_on(monkeypatch):
    """Counts the calls that C hands on to Python, from now on."""
    count = []
    made = direct.direct_call

    def watched(facts):
        otherwise = facts.otherwise

        def counted(*args, **kwargs):
            count.append(args)
            return otherwise(*args, **kwargs)

        return made(facts._replace(otherwise=counted))

    monkeypatch.setattr("graphnn.backends.native.workspace.direct_call", watched)
    return count


def test_a_call_like_the_last_is_made_by_c(handed_on):
    fast = native(lambda x, y, scale: x * 2 + y * scale)
    assert fast(vector(1.0, 2.0), vector(3.0, 4.0), 10).tolist() == [32.0, 44.0]
    assert type(fast.__call__) is BUILT_IN
    found = fast(vector(5.0, 6.0), vector(1.0, 1.0), 10)
    assert found.tolist() == [20.0, 22.0]
    assert (found.dtype, found.shape, found.requires_grad, found.is_leaf) == (graphnn.float32, (2,), False, True)
    assert found._storage.watched
    assert found.add_(1).tolist() == [21.0, 23.0]
    assert not handed_on


def test_a_compiled_module_is_called_in_the_same_way(handed_on):
    layer = graphnn.nn.Linear(3, 2).eval()
    fast = native(layer)
    with graphnn.no_grad():
        for x in (graphnn.ones(4, 3), graphnn.zeros(4, 3), *(graphnn.randn(4, 3) for _ in range(5))):
            np.testing.assert_allclose(fast(x).numpy(), layer(x).numpy(), rtol=1e-6)
    assert len(handed_on) == 1, "that packed weights are still good is found out once"


def test_a_weight_that_is_written_to_is_handed_on_until_it_rests(handed_on):
    layer = graphnn.nn.Linear(3, 2).eval()
    fast = native(layer)
    x = graphnn.ones(1, 3)
    with graphnn.no_grad():
        fast(x)
        layer.weight.mul_(2)
        for _ in range(4):
            np.testing.assert_allclose(fast(x).numpy(), layer(x).numpy(), rtol=1e-6)
    assert 1 <= len(handed_on) <= 2


def test_writes_to_inputs_and_arrays_handed_out_disturb_nothing(handed_on):
    layer = graphnn.nn.Linear(3, 2).eval()
    fast = native(layer)
    x = graphnn.ones(2, 3)
    with graphnn.no_grad():
        fast(x), fast(x), fast(x)
        before = len(handed_on)
        kept = []
        for number in range(5):
            x.fill_(number)
            kept.append(fast(x).numpy())
    assert len(handed_on) == before
    assert len({found.tobytes() for found in kept}) == 5


SCALE = 2.0


def test_a_value_that_was_baked_in_is_compared(handed_on, monkeypatch):
    fast = native(lambda x: x * SCALE)
    x = vector(1.0)
    assert [fast(x).item(), fast(x).item()] == [2.0, 2.0]
    assert not handed_on
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 3.0)
    assert [fast(x).item(), fast(x).item()] == [3.0, 3.0]
    assert len(handed_on) == 1


def test_a_module_s_attribute_that_was_baked_in_is_compared(handed_on):
    class Scaled(graphnn.nn.Module):
        scale = 2.0

        def forward(self, x):
            return x * self.scale

    module = Scaled()
    fast = native(module)
    x = vector(1.0)
    assert [fast(x).item(), fast(x).item()] == [2.0, 2.0]
    module.scale = 5.0
    assert [fast(x).item(), fast(x).item()] == [5.0, 5.0]
    assert len(handed_on) == 1


def test_what_does_not_fit_is_handed_on(handed_on):
    fast = native(lambda x, y: x - y)
    x, y, rows = vector(3.0, 4.0), vector(1.0, 1.0), graphnn.ones(2, 2)

    def counts(call):
        """Whether the call was handed on, after a call that was not."""
        fast(x, y), fast(x, y)
        before = len(handed_on)
        return call(), len(handed_on) - before

    assert fast(x, y).tolist() == [2.0, 3.0]
    for call, wanted in (
        (lambda: fast(x, y=y), [2.0, 3.0]),
        (lambda: fast(rows, y), [[0.0, 0.0], [0.0, 0.0]]),
        (lambda: fast(rows[0], y), [0.0, 0.0]),
        (lambda: fast(x, x), [0.0, 0.0]),
        (lambda: fast(x.double(), y), [2.0, 3.0]),
        (lambda: fast(x.clone().requires_grad_(), y), [2.0, 3.0]),
        (lambda: fast(x, 1), [2.0, 3.0]),
        (lambda: graphnn.compile(lambda a, b: fast(a, b) * 2)(x, y), [4.0, 6.0]),
    ):
        found, count = counts(call)
        assert (found.tolist(), count) == (wanted, 1)
    with graphnn.no_grad():
        before = len(handed_on)
        assert fast(x, y).tolist() == [2.0, 3.0]
        assert len(handed_on) == before + 1


def test_wrong_calls_say_what_they_say_in_python():
    fast = native(lambda x: x + 1)
    fast(vector(1.0))
    for _ in range(2):
        with pytest.raises(TypeError, match="positional argument"):
            fast()
        with pytest.raises(TypeError, match="unexpected keyword"):
            fast(z=vector(1.0))
        assert fast(vector(1.0)).tolist() == [2.0]


def test_values_that_c_refuses_raise_the_error_of_the_kernel(handed_on):
    table = graphnn.arange(6.0).reshape(3, 2)
    fast = native(lambda at: graphnn.nn.functional.embedding(at, table))
    good, bad = graphnn.tensor([2, 0]), graphnn.tensor([1, 3])
    assert fast(good).tolist() == [[4.0, 5.0], [0.0, 1.0]]
    for _ in range(2):
        with pytest.raises((GraphnnError, IndexError), match="out of range"):
            fast(bad)
        assert fast(good).tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert len(handed_on) == 2


def test_no_object_is_lost_or_kept():
    fast = native(lambda x, y: x + y)
    x, y = graphnn.ones(300), graphnn.zeros(300)
    fast(x, y)
    gc.collect()  # later it would change the count of None
    counted = (x, y, x._storage, x._array, None, x.tensor_type, fast.plans[0]._entry, x._array.dtype)
    before = [sys.getrefcount(c) for c in counted]
    for _ in range(1000):
        found = fast(x, y)
        fast(x, x)
    after = [sys.getrefcount(c) for c in counted]
    assert all(abs(a - b) < 500 for a, b in zip(after, before, strict=True)), (before, after)
    storage, array = found._storage, found._array
    assert (sys.getrefcount(found), sys.getrefcount(storage), sys.getrefcount(array)) == (2, 3, 4)


def test_threads_do_not_meet():
    fast = native(lambda x: (x * 3).exp().log())
    inputs = [graphnn.full((20_000,), float(i)) for i in range(4)]
    fast(inputs[0])
    wrong: list[graphnn.Tensor] = []

    def run(x):
        wrong.extend(x for _ in range(50) if not np.allclose(fast(x).numpy(), 3 * x.numpy(), rtol=1e-4, atol=1e-5))

    threads = [threading.Thread(target=run, args=(x,)) for x in inputs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def _fails() -> None:
    raise BackendError("disk full")


@pytest.mark.parametrize(
    ("missing", "instead"), [("_functions", lambda: None), ("_library", _fails)], ids=["api", "disk"]
)
def test_without_the_functions_of_c_it_is_done_in_python(monkeypatch, missing, instead):
    monkeypatch.setattr(direct, missing, instead)
    fast = native(lambda x: x + 1)
    assert [fast(vector(1.0)).item() for _ in range(3)] == [2.0, 2.0, 2.0]
    assert type(fast.__call__) is not BUILT_IN
