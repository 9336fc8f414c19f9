"""Calls like the one before go a short way; what differs in any respect that counts must not."""

from __future__ import annotations

import copy
import gc
import inspect
import weakref

import numpy as np
import pytest

import graphnn
from graphnn.compiler import compiled
from graphnn.compiler.shortcut import shortcut
from graphnn.errors import ArgumentError, TraceError


def vector(*numbers: float) -> graphnn.Tensor:
    return graphnn.tensor(list(numbers))


@pytest.fixture
def fast():
    made = graphnn.compile(lambda x, y: x * 2 + y)
    made(vector(1.0, 2.0), vector(3.0, 4.0))
    return made


def test_a_call_with_other_tensors_of_the_same_types_needs_no_new_plan(fast):
    assert fast(vector(5.0, 6.0), vector(7.0, 8.0)).tolist() == [17.0, 20.0]
    assert len(fast.plans) == 1


def test_another_shape_gets_its_own_plan_and_the_first_is_found_again(fast):
    assert fast(vector(1.0), vector(2.0)).tolist() == [4.0]
    assert fast(vector(1.0, 1.0), vector(2.0, 2.0)).tolist() == [4.0, 4.0]
    assert len(fast.plans) == 2


def test_an_argument_that_starts_to_require_grad_gets_a_plan_with_gradients(fast):
    x = vector(5.0, 6.0).requires_grad_()
    fast(x, vector(1.0, 1.0)).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_grad_mode_is_part_of_what_is_compared():
    fast = graphnn.compile(lambda x: x * 2)
    x = vector(1.0).requires_grad_()
    assert fast(x).requires_grad
    with graphnn.no_grad():
        assert not fast(x).requires_grad
    assert fast(x).requires_grad


def test_arguments_that_share_memory_are_told_from_arguments_apart():
    @graphnn.compile
    def double_first(x, y):
        x.mul_(2)
        return x + y

    apart = vector(1.0), vector(1.0)
    assert [double_first(*apart).tolist() for _ in range(2)] == [[3.0], [5.0]]
    shared = vector(1.0)
    assert double_first(shared, shared).tolist() == [4.0]
    with pytest.raises(
        TraceError, match="the argument x is changed in place while it shares memory with the argument y"
    ):
        double_first(shared, shared.detach())


def test_a_list_is_compared_by_its_items_though_it_is_the_same_list():
    fast = graphnn.compile(lambda x, factors: x * factors[0])
    factors = [2]
    assert fast(vector(1.0), factors).tolist() == [2.0]
    factors[0] = 3
    assert fast(vector(1.0), factors).tolist() == [3.0]


def test_a_traced_tensor_that_outlived_its_trace_is_refused(fast):
    kept = []
    graphnn.trace(lambda x: kept.append(x * 1) or x, vector(1.0, 2.0))
    with pytest.raises(TraceError, match="used after its trace has ended"):
        fast(kept[0], vector(1.0, 2.0))


def test_the_plan_not_used_for_the_longest_time_goes_first():
    fast = graphnn.compile(lambda x: x + 1, max_plans=2)
    one, two, three = vector(1.0), vector(1.0, 2.0), vector(1.0, 2.0, 3.0)
    for x in (one, two, one, three):
        fast(x)
    assert [plan.graph.inputs[0].shape for plan in fast.plans] == [(1,), (3,)]


def test_a_call_with_one_tensor_twice_says_nothing_about_two():
    fast = graphnn.compile(lambda a, b: a - 2 * b)
    one, two = graphnn.ones(3), graphnn.full((3,), 5.0)
    for a, b in ((one, one), (one, two), (two, two), (two, one)):
        assert fast(a, b).tolist() == (a - 2 * b).tolist()


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_weights_written_between_calls_are_seen(backend):
    layer = graphnn.nn.Linear(4, 3)
    fast = graphnn.compile(layer, backend=backend)
    x = graphnn.randn(8, 4)
    with graphnn.no_grad():
        for write in (
            lambda: layer.weight.mul_(2.0),
            lambda: layer.weight.data.add_(1.0),
            lambda: setattr(layer, "weight", graphnn.nn.Parameter(graphnn.ones(3, 4))),
            lambda: None,
        ):
            write()
            for _ in range(3):
                np.testing.assert_allclose(fast(x).numpy(), layer(x).numpy(), rtol=1e-5, atol=1e-6)
        handed = layer.weight.detach().numpy()
        for number in range(3):
            handed[0, 0] = number
            np.testing.assert_allclose(fast(x).numpy(), layer(x).numpy(), rtol=1e-5, atol=1e-6)


def test_a_shortcut_is_written_once_for_its_entry(monkeypatch):
    written = []

    def counted(entry, args, otherwise):
        written.append(entry)
        return shortcut(entry, args, otherwise)

    monkeypatch.setattr(compiled, "shortcut", counted)
    fast = graphnn.compile(lambda x, scale: x * scale)
    rows = graphnn.tensor([[1.0], [2.0]])
    for _ in range(3):
        assert fast(vector(1.0), 2).tolist() == [2.0]
        assert fast(vector(1.0, 3.0), 2).tolist() == [2.0, 6.0]
        assert fast(rows[1], 2).tolist() == [4.0], "a view, of the first one's type"
    assert len(fast.plans) == len(written) == 2


def test_a_shortcut_for_a_view_s_plan_serves_tensors_of_their_own():
    fast = graphnn.compile(lambda x: x + 1)
    rows = graphnn.tensor([[1.0], [2.0]])
    assert fast(rows[0]).tolist() == [2.0]
    assert fast.__call__ is fast.long_way
    assert fast(vector(5.0)).tolist() == [6.0]
    assert fast.__call__ is not fast.long_way
    assert fast(rows[1]).tolist() == [3.0]
    assert len(fast.plans) == 1


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_memory_goes_with_what_was_compiled(backend):
    """Not when cycles are looked for."""
    layer = graphnn.nn.Linear(4, 3)
    fast = graphnn.compile(layer, backend=backend)
    x = graphnn.ones(2, 4)
    gc.collect()
    gc.disable()
    try:
        with graphnn.no_grad():
            fast(x), fast(x)
        program = weakref.ref(fast.plans[0]._entry.program)
        assert program() is not None
        del fast
        assert program() is None
    finally:
        gc.enable()


def test_a_closure_s_variable_that_is_deleted_is_missed():
    scale = 2.0

    @graphnn.compile
    def scaled(x):
        return x * scale  # noqa: F821

    assert [scaled(vector(1.0)).item() for _ in range(2)] == [2.0, 2.0]
    del scale
    for _ in range(2):
        with pytest.raises(NameError, match="scale"):
            scaled(vector(1.0))


def test_the_slot_alone_says_that_the_rest_is_gone():
    call = graphnn.compile(lambda x: x + 1).__call__
    with pytest.raises(ArgumentError, match="what was compiled is gone"):
        call(vector(1.0))


def test_a_compiled_module_has_the_signature_of_forward():
    fast = graphnn.compile(graphnn.nn.Bilinear(2, 3, 4))
    assert list(inspect.signature(fast).parameters) == ["input1", "input2"]


def test_a_copy_of_a_compiled_module_is_compiled_anew_over_the_same_weights():
    layer = graphnn.nn.Linear(2, 2)
    fast = graphnn.compile(layer)
    x = graphnn.ones(1, 2)
    fast(x)
    twin = copy.copy(fast)
    assert not twin.plans
    assert twin(x).tolist() == fast(x).tolist()
    assert twin.weight is layer.weight
    assert "__call__" not in vars(layer)
