"""Runs: memory, threads, state."""

import threading
import tracemalloc

import numpy as np
import pytest

import graphnn
from graphnn import nn, optim
from graphnn.errors import ArgumentError, BackendError, IndexOutOfRange, ShapeError, TraceError
from graphnn.plan.check import check_plan
from graphnn.tensor import Tensor
from tests.compiler.test_what_users_change import data, make_net, train_step

NUMPY_BUFFERS = 128 * 1024  # what NumPy's iterators use for operands of different layouts; bounded, whatever the shapes


def bytes_made_by(run):
    """The most bytes that were allocated at a time, above those before, and how many the results hold."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        results = run()
        return tracemalloc.get_traced_memory()[1] - before, sum(r.nbytes for r in results)
    finally:
        tracemalloc.stop()


def conv_step():
    net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 14 * 14, 10))
    step = train_step(net, optim.SGD(net.parameters(), lr=0.01, momentum=0.9), nn.CrossEntropyLoss())
    return step, (data(64, 1, 32, 32), graphnn.arange(64) % 10)


@pytest.mark.parametrize("what", ["forward", "step"])
def test_a_run_makes_no_array_after_the_first(what):
    step, args = conv_step()
    if what == "forward":
        net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)).eval()
        step, args = (lambda x: net(x)), args[:1]
    fast = graphnn.compile(step)
    with graphnn.set_grad_enabled(what == "step"):
        fast(*args)
        fast(*args)
    program = fast._made[0].program
    inputs = [a.numpy() for a in args] + [read(args) for read in fast._made[0].readers]
    made, results = bytes_made_by(lambda: program.run(inputs))
    smallest_activation = 64 * 6 * 14 * 14 * 4
    assert made < results + NUMPY_BUFFERS < results + smallest_activation


def test_two_threads_may_call_one_compiled_function():
    net = make_net()
    fast = graphnn.compile(net)
    inputs = [data(6, 4, seed=s) for s in range(8)]
    with graphnn.no_grad():
        wanted = [net(x).numpy().copy() for x in inputs]
    found = [[] for _ in inputs]

    def work(i):
        with graphnn.no_grad():
            for _ in range(50):
                found[i].append(fast(inputs[i]).numpy())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(inputs))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for results, right in zip(found, wanted, strict=True):
        assert len(results) == 50
        assert all(np.allclose(r, right, rtol=1e-6) for r in results)


def test_two_threads_may_take_steps_on_one_state():
    total = graphnn.zeros(1000)

    def add(x):
        total.add_(x)

    fast = graphnn.compile(add)
    fast(graphnn.ones(1000))
    threads = [threading.Thread(target=lambda: [fast(graphnn.ones(1000)) for _ in range(50)]) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert (total == 201).all()


def test_a_parameter_is_the_updated_array_itself():
    net = make_net()
    weight = net[0].weight
    array = weight.detach()._array
    fast = graphnn.compile(train_step(net, optim.Adam(net.parameters(), lr=0.1)))
    before = array.copy()
    fast(data(6, 4), data(6, 2))
    assert net[0].weight is weight
    assert weight.detach()._array is array
    assert not np.array_equal(array, before)


def test_an_argument_that_shares_memory_with_state_is_copied_first():
    total = graphnn.ones(3)

    def swap(x):
        old = total.clone()
        total.copy_(x * 2.0)
        return old + x

    fast = graphnn.compile(swap)
    assert fast(total.detach()).tolist() == [2.0, 2.0, 2.0]
    assert total.tolist() == [2.0, 2.0, 2.0]


def test_the_plan_tells_its_memory_and_holds_under_the_validator():
    step, args = conv_step()
    fast = graphnn.compile(step)
    fast(*args)
    record = fast.plans[0]
    assert record.lower_bound_bytes <= record.arena_bytes <= 1.02 * record.lower_bound_bytes
    assert record.arena_bytes < record.sum_bytes
    check_plan(record.plan)
    assert "peak" in str(record)
    _, offset, size, start, stop = record.buffers[0]
    assert offset + size <= record.arena_bytes
    assert start < stop


def test_what_is_read_while_tracing_names_the_line_and_the_way_out():
    def reads(x):
        return x * x.sum().item()

    with pytest.raises(TraceError, match=r"test_runs.py:\d+.*return the tensor and read it outside"):
        graphnn.compile(reads)(data(3))

    def branches(x):
        return x if x.sum() > 0 else -x

    with pytest.raises(TraceError, match=r"graphnn.where"):
        graphnn.compile(branches)(data(3))


def test_a_traced_tensor_used_after_its_trace_raises():
    kept = []

    def leaks(x):
        kept.append(x * 2.0)
        return x

    graphnn.compile(leaks)(data(3))
    with pytest.raises(TraceError, match="after its trace"):
        kept[0] + 1.0


def test_wrong_shapes_are_named_with_module_and_line():
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 2))
    with pytest.raises(ShapeError, match="linear"):
        graphnn.compile(net)(data(5, 4))


def test_bad_arguments_of_compile_are_refused():
    with pytest.raises(ArgumentError, match="wants a module or a function"):
        graphnn.compile(3)
    with pytest.raises(BackendError, match="did you mean 'numpy'"):
        graphnn.compile(lambda x: x, backend="numpi")


def test_the_plan_tells_what_each_pass_did():
    step, args = conv_step()
    fast = graphnn.compile(step)
    fast(*args)
    table = str(fast.plans[0].passes)
    assert "fuse-conv-relu" in table
    assert "common-subexpressions" in table


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Adam])
def test_a_refused_run_loses_nothing(optimizer):
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    options = {"momentum": 0.9} if optimizer is optim.SGD else {}
    made = optimizer(net.parameters(), lr=0.1, **options)
    fast = graphnn.compile(train_step(net, made, nn.CrossEntropyLoss()))
    x, y = data(6, 4), graphnn.arange(6) % 3
    fast(x, y)
    state = [*net.state_dict().values(), *(v for s in made.state.values() for v in s.values() if isinstance(v, Tensor))]
    before = [v.detach().clone() for v in state]
    with pytest.raises(IndexOutOfRange, match="Target 7 is out of bounds"):
        fast(x, y + 5)
    assert all(np.array_equal(a.numpy(), b.detach().numpy()) for a, b in zip(before, state, strict=True))
