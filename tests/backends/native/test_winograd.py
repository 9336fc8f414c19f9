"""Winograd's convolution: its matrices by exact fractions, its kernels against float64."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import graphnn
from graphnn import nn, ops
from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.kernels.conv_layout import Image
from graphnn.backends.native.kernels.winograd import suits_winograd
from graphnn.backends.native.toolchain.machine import this_machine
from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.ops.winograd import OUTS, input_matrix, output_matrix, weight_matrix
from graphnn.plan.plan import make_plan
from tests.backends.native.test_convolution import last

LANES = this_machine().lanes


@pytest.mark.parametrize("out", OUTS)
def test_the_matrices_filter_exactly(out):
    a, g, b = output_matrix(out), weight_matrix(out), input_matrix(out)
    for y in range(out):
        for t in range(3):
            for x in range(out + 2):
                found = sum(a[y][k] * g[k][t] * b[k][x] for k in range(out + 2))
                assert found == Fraction(x == y + t)


CASES = [
    # n, c, h, w, o, padding
    (1, 32, 32, 32, 32, (1, 1)),
    (2, 32, 38, 37, 48, (0, 0)),
    (1, 48, 37, 38, 64, (2, 1)),
    (3, 64, 20, 20, 64, (1, 1)),
    (1, 128, 28, 28, 128, (1, 1)),  # panels in groups, weights read once
    (1, 144, 25, 26, 176, (0, 1)),
]
SMALL = (1, 512, 7, 7, 512, (1, 1))


def run(backend, function, *given):
    graph = Graph("winograd")
    results = function(*(graph.add_input(numpy_type(a)) for a in given))
    graph.outputs = results if isinstance(results, tuple) else (results,)
    plan = make_plan(graph, backend.target)
    return backend.bind(plan, ()).forward(list(given)), backend.source(plan)


@pytest.fixture(scope="module")
def arrays():
    def make(case):
        n, c, h, w, o, padding = case
        rng = np.random.default_rng(0)
        x, weight = rng.standard_normal((n, c, h, w)).astype("f4"), rng.standard_normal((o, c, 3, 3)).astype("f4")
        return x, weight / 10, rng.standard_normal(o).astype("f4"), {"padding": padding}

    return make


@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward_in_both_formats_with_what_follows(case, arrays):
    x, weight, bias, attrs = arrays(case)
    wanted = ops.conv2d(*(a.astype("f8") for a in (x, weight, bias)), **attrs)

    def every(x, weight, bias):
        made = [ops.conv2d(last(x, yes), weight, bias, **attrs) for yes in (False, True)]
        return *made, ops.conv2d_relu(last(x, True), weight, bias, **attrs)

    (plain, images, relu), source = run(NativeBackend(), every, x, weight, bias)
    assert "gn_winograd_" in source
    bound = 2e-5 * np.abs(wanted).max()
    np.testing.assert_allclose(plain, wanted, rtol=0, atol=bound)
    np.testing.assert_allclose(images, wanted, rtol=0, atol=bound)
    np.testing.assert_allclose(relu, np.maximum(wanted, 0), rtol=0, atol=bound)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_gradient_of_the_input(case, arrays):
    x, weight, _, attrs = arrays(case)
    g = np.random.default_rng(2).standard_normal(ops.conv2d(x, weight, **attrs).shape).astype("f4")
    size = x.shape[2:]
    wanted = ops.conv2d_input_grad(g.astype("f8"), weight.astype("f8"), size=size, **attrs)

    def both(g, weight):
        return tuple(ops.conv2d_input_grad(last(g, yes), weight, size=size, **attrs) for yes in (False, True))

    found, source = run(NativeBackend(), both, g, weight)
    assert "gn_winograd_" in source
    for one in found:
        np.testing.assert_allclose(one, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("case", [CASES[0], CASES[2], CASES[3], CASES[4], CASES[5], SMALL], ids=str)
@pytest.mark.parametrize("out", OUTS)
def test_weights_transformed_ahead_give_the_same(arrays, out, case):
    x, weight, bias, attrs = arrays(case)
    packed = ops.pack_weight(weight, width=2 * LANES, winograd=out)

    def both(x, packed, weight, bias):
        ahead = ops.packed_conv2d(last(x, True), packed, bias, shape=weight.type.shape, **attrs)
        return ahead, ops.pack_weight(weight, width=2 * LANES, winograd=out)

    (found, in_c), source = run(NativeBackend(), both, x, packed, weight, bias)
    assert "gn_winograd_" in source
    wanted = ops.conv2d(*(a.astype("f8") for a in (x, weight, bias)), **attrs)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())
    np.testing.assert_allclose(in_c, packed, rtol=1e-5, atol=1e-6)
    again = ops.packed_conv2d(x, packed, bias, shape=weight.shape, **attrs)
    np.testing.assert_allclose(again, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())


def test_exact_keeps_to_plain_sums(arrays):
    x, weight, bias, attrs = arrays(CASES[3])
    _, source = run(
        NativeBackend(exact=True), lambda x, w, b: ops.conv2d(last(x, True), w, b, **attrs), x, weight, bias
    )
    assert "gn_winograd_" not in source
    net = nn.Conv2d(64, 64, 3, padding=1).eval()
    with graphnn.no_grad():
        for exact in (True, False):
            fast = graphnn.compile(net, backend="native", exact=exact)
            fast(graphnn.ones(3, 64, 20, 20))
            assert ("winograd=" in str(fast.plans[0].prologue)) == (not exact)


def test_bits_do_not_depend_on_threads(arrays):
    x, weight, bias, attrs = arrays(CASES[3])
    found = [
        run(NativeBackend(threads=n), lambda x, w, b: ops.conv2d(last(x, True), w, b, **attrs), x, weight, bias)[0][0]
        for n in (1, 2, 5)
    ]
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_it_is_chosen_where_it_pays():
    machine = this_machine()

    def chosen(n, c, size, o, constant=True, machine=machine):
        image = Image(n, c, size, size, 1, 1, size + 2, size + 2)
        found = suits_winograd(machine, image, o, (size, size), constant)
        return None if found is None else found.out

    assert chosen(1, 64, 56, 64) == 4
    assert chosen(1, 128, 28, 128) == 4
    assert chosen(1, 512, 7, 512) == 2, "larger weights would take longer to read than all sums"
    assert chosen(1, 512, 2, 512) is None, "even these would"
    assert chosen(8, 3, 64, 64) is None, "few channels"
    assert chosen(1, 64, 56, 64, machine=replace(machine, exact=True)) is None


@pytest.mark.parametrize(
    ("case", "grouped"), [(CASES[0], False), (CASES[3], False), (CASES[4], True), (CASES[5], True)]
)
def test_large_weights_are_shared_out_to_parts(case, grouped):
    n, c, h, w, o, (top, left) = case
    image = Image(n, c, h, w, top, left, h + 2 * top, w + 2 * left)
    machine = replace(this_machine(), lanes=8, registers=16)
    found = suits_winograd(machine, image, o, (h + 2 * top - 2, w + 2 * left - 2), True)
    assert found is not None
    assert bool(found.groups) == grouped
