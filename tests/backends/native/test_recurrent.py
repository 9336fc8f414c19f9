"""Recurrent layers in C: what the table of samples has no room for."""

from dataclasses import replace

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.kernels.recurrent_steps import cut_steps
from graphnn.backends.native.lowering import lowering_of
from graphnn.backends.native.target import NativeTarget
from graphnn.backends.native.toolchain.machine import this_machine
from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.ir.registry import lookup
from graphnn.plan.plan import make_plan

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
SIZES = [(1, 5, 7, 19), (4, 3, 5, 33), (9, 4, 6, 8), (13, 6, 20, 40)]  # batch, steps, inputs, hidden


def layer(op, batch, steps, inputs, hidden, *, seed=5):
    """The arguments of a layer, and random numbers for more."""
    random = np.random.default_rng(seed)
    width = GATES[op] * hidden
    shapes = [(steps, batch, inputs), (batch, hidden), (width, inputs), (width, hidden), (width,), (width,)]
    if op == "lstm":
        shapes.insert(2, (batch, hidden))
    return [random.uniform(-0.5, 0.5, s).astype("f4") for s in shapes], random


def compare(op, arrays, attrs, lanes, threads=2):
    graph = Graph("layer")
    node = graph.append(lookup(op), [None if a is None else graph.add_input(numpy_type(a)) for a in arrays], attrs)
    assert lowering_of(node) is not None
    graph.outputs = list(node.outputs)
    backend = NativeBackend()
    machine = replace(this_machine(), lanes=lanes, registers=16 if lanes == 8 else 32, threads=threads)
    backend.target = NativeTarget(machine=machine)
    given = [a for a in arrays if a is not None]
    found = backend.bind(make_plan(graph, backend.target), ()).forward(given)
    wanted = node.op.run(arrays, node.attrs, [v.type for v in node.outputs])
    for value, got, expected in zip(node.outputs, found, wanted, strict=True):
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5, err_msg=f"{op}: {value}")
    return found


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("op", GATES)
def test_layers_of_odd_sizes(op, lanes):
    for sizes in SIZES:
        compare(op, layer(op, *sizes)[0], {"reverse": sizes[0] == 4}, lanes)


def given_sums(op, arrays, random, *, bias=True):
    """The same layer with what the inputs give to its gates in place of inputs and weights; whether the states' have a
    bias."""
    at, steps = (3 if op == "lstm" else 2), arrays[0].shape[:-1]
    found = [random.uniform(-1, 1, (*steps, arrays[at].shape[0])).astype("f4"), *arrays[1:]]
    found[at] = found[at + 2] = None
    return found if bias else found[: at + 2]


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("op", GATES)
def test_layers_that_are_given_what_inputs_give_to_gates(op, lanes):
    for sizes in [*SIZES, (16, 3, 5, 64)]:
        arrays = given_sums(op, *layer(op, *sizes), bias=sizes[0] != 9)
        one, two = (compare(op, arrays, {"reverse": sizes[0] == 4}, lanes, threads=n) for n in (1, 2))
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("op", GATES)
def test_sequences_of_falling_length(op, reverse):
    lengths = (9, 9, 7, 4, 1)
    arrays, random = layer(op, 9, 5, 6, 21)
    arrays[0] = random.uniform(-1, 1, (sum(lengths), 6)).astype("f4")
    compare(op, arrays, {"reverse": reverse, "batch_sizes": lengths}, 8)


def gradient_arguments(op, arrays, random, attrs):
    """What the layer's gradient gets: the layer's arguments, what it kept, and gradients of all its results."""
    graph = Graph("forward")
    node = graph.append(lookup(op), [graph.add_input(numpy_type(a)) for a in arrays], attrs)
    found = node.op.run(arrays, node.attrs, [v.type for v in node.outputs])
    kept = {"lstm": [None, *found[3:]], "gru": [found[0], *found[2:]]}.get(op, found[:1])
    grads = [random.uniform(-1, 1, f.shape).astype("f4") for f in found[: 3 if op == "lstm" else 2]]
    return [*arrays, *kept, *grads]


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("op", GATES)
def test_gradients_of_layers_of_odd_sizes(op, lanes):
    for sizes in SIZES:
        arrays, random = layer(op, *sizes)
        attrs = {"reverse": sizes[0] == 9}
        compare(f"{op}_grad", gradient_arguments(op, arrays, random, attrs), attrs, lanes)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("op", GATES)
def test_gradients_of_sequences_of_falling_length(op, reverse):
    lengths = (9, 9, 7, 4, 1)
    arrays, random = layer(op, 9, 5, 6, 21)
    arrays[0] = random.uniform(-1, 1, (sum(lengths), 6)).astype("f4")
    attrs = {"reverse": reverse, "batch_sizes": lengths}
    compare(f"{op}_grad", gradient_arguments(op, arrays, random, attrs), attrs, 8)


@pytest.mark.parametrize("op", GATES)
def test_any_number_of_threads_gives_the_same_bits(op):
    arrays, random = layer(op, 13, 6, 20, 40)
    for name, given in ((op, arrays), (f"{op}_grad", gradient_arguments(op, arrays, random, {}))):
        first, *others = ([np.array(f) for f in compare(name, given, {}, 8, threads=n)] for n in (1, 2, 5))
        for other in others:
            for one, two in zip(first, other, strict=True):
                np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("batch", [1, 3, 16])
@pytest.mark.parametrize("op", GATES)
def test_few_sequences_are_split_by_units_to_the_same_bits(op, batch, reverse):
    arrays = [np.float32(0.3) * a for a in layer(op, batch, 5, 9, 128)[0]]
    machine = replace(this_machine(), lanes=8, registers=16)
    spans = [(step * batch, (step + 1) * batch) for step in range(5)]
    cut = cut_steps(replace(machine, threads=2), spans, 128, GATES[op])
    assert cut.units == (batch > 1 or GATES[op] > 1)
    attrs = {"reverse": reverse}
    one, two = (compare(op, arrays, attrs, 8, threads=threads) for threads in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("batch", [1, 3, 9, 30])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_constant_weights_come_packed_where_threads_do_not_matter(name, batch, threads):
    net = getattr(nn, name)(20, 64, num_layers=2, bidirectional=name == "GRU").eval()
    fast = graphnn.compile(net, backend="native", threads=threads)
    x = graphnn.tensor(np.random.default_rng(0).standard_normal((6, batch, 20)).astype("f4"))
    with graphnn.no_grad():
        found, wanted = fast(x)[0], net(x)[0]
    assert np.allclose(found.numpy(), wanted.numpy(), atol=2e-6)
    packed = f"packed_{name.lower()}" in str(fast.plans[0].graph)
    assert packed == (batch < 30)
    assert all(lowering_of(node) is not None for node in fast.plans[0].plan.order)
