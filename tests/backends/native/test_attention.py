"""Attention in C: heads that lie across memory, masks of any shape, on vectors of 4, 8 and 16 lanes."""

from dataclasses import replace

import numpy as np
import pytest

import graphnn.ops  # noqa: F401
from graphnn.backends.native.backend import NativeBackend
from graphnn.backends.native.lowering import lowering_of
from graphnn.backends.native.target import NativeTarget
from graphnn.backends.native.toolchain.machine import this_machine
from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.ir.registry import lookup
from graphnn.plan.plan import make_plan

NAME = "scaled_dot_product_attention"


def check(lanes, rows, columns, width, depth, mask=None, **attrs):
    """Forward and gradient of heads (2, rows, 3, width), turned to (2, 3, rows, width), against the NumPy kernels."""
    random = np.random.default_rng(7)
    graph, arrays, wanted = Graph("attention"), [], []

    def given(*shape, turn=True, of="f4"):
        arrays.append(
            np.abs(1e3 * random.standard_normal(shape)).astype(of)
            if of == "u8"
            else random.standard_normal(shape).astype(of)
        )
        value = graph.add_input(numpy_type(arrays[-1]))
        if not turn:
            return value, arrays[-1]
        value = graph.append(lookup("transpose"), [value], {"dim0": 1, "dim1": 2}).output
        return value, arrays[-1].swapaxes(1, 2)

    def add(op, pairs):
        node = graph.append(lookup(op), [p and p[0] for p in pairs], attrs)
        assert lowering_of(node) is not None
        found = run(node, [None if p is None else p[1] for p in pairs])
        wanted.extend(zip(node.outputs, found, strict=True))
        return list(zip(node.outputs, found, strict=True))

    inputs = [given(2, n, 3, m) for n, m in ((rows, width), (columns, width), (columns, depth))]
    g = given(2, rows, 3, depth)
    seen = None
    if mask is not None:
        arrays.append(mask)
        seen = graph.add_input(numpy_type(mask)), mask
    rng = given(2, turn=False, of="u8") if "dropout_p" in attrs else None
    results = add(NAME, [*inputs, seen, rng])
    add(f"{NAME}_grad", [g, *inputs, *results, seen, rng])
    graph.outputs = [value for value, _ in wanted]
    backend = NativeBackend()
    backend.target = NativeTarget(machine=replace(this_machine(), lanes=lanes, registers=16 if lanes == 8 else 32))
    for (value, expected), got in zip(
        wanted, backend.bind(make_plan(graph, backend.target), ()).forward(arrays), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5, err_msg=repr(value))


def run(node, arrays):
    return node.op.run(arrays, node.attrs, [v.type for v in node.outputs])


def compare(op, arrays, attrs, threads=2, g=None):
    """Forward and gradient of these arrays against the NumPy kernels; what the native plan gave."""
    graph = Graph("attention")
    values = [None if a is None else graph.add_input(numpy_type(a)) for a in arrays]
    node = graph.append(op, values, attrs)
    wanted = run(node, arrays)
    g = np.ones_like(wanted[0]) if g is None else g.astype("f4")
    seed = graph.add_input(numpy_type(g))
    grads = graph.append(lookup(f"{NAME}_grad"), [seed, *values[:3], *node.outputs, *values[3:]], attrs)
    assert lowering_of(node) is not None
    assert lowering_of(grads) is not None
    wanted = [*wanted, *run(grads, [g, *arrays[:3], *wanted, *arrays[3:]])]
    graph.outputs = [*node.outputs, *grads.outputs]
    backend = NativeBackend(threads=threads)
    given = [*(a for a in arrays if a is not None), g]
    found = [np.array(f) for f in backend.bind(make_plan(graph, backend.target), ()).forward(given)]
    for got, expected in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5)
    return found


@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_heads_that_lie_across_memory(lanes):
    check(lanes, 19, 33, 20, 17)
    check(lanes, 1, 40, 16, 24)


def test_later_keys_are_hidden():
    check(8, 21, 21, 8, 10, is_causal=True, scale=0.3)


@pytest.mark.parametrize("shape", [(9, 11), (1, 11), (2, 1, 9, 11), (3, 9, 1)])
def test_masks_follow_the_scores_by_their_shape(shape):
    random = np.random.default_rng(1)
    check(8, 9, 11, 8, 10, mask=random.random(shape) < 0.6)
    check(8, 9, 11, 8, 10, mask=random.standard_normal(shape).astype("f4"))


def test_a_query_that_sees_nothing_gives_zeros():
    mask = np.ones((9, 11), bool)
    mask[4] = False
    check(8, 9, 11, 8, 10, mask=mask)


@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_blocks_of_many_queries_and_keys(lanes):
    check(lanes, 150, 210, 12, 20)
    check(lanes, 131, 131, 16, 16, is_causal=True)


def test_queries_that_end_before_the_keys_and_after_them():
    check(8, 140, 190, 8, 10, is_causal=True)
    check(8, 190, 140, 8, 10, is_causal=True)


def test_dropped_weights_are_those_of_the_stream():
    check(8, 33, 21, 8, 10, dropout_p=0.4, offset=3)
    check(8, 150, 150, 8, 10, dropout_p=0.1, is_causal=True)
    check(8, 9, 11, 8, 10, dropout_p=1.0)


def test_a_key_head_serves_several_query_heads():
    random = np.random.default_rng(3)
    arrays = [random.standard_normal(s).astype("f4") for s in ((2, 6, 20, 8), (2, 3, 25, 8), (2, 3, 25, 12))]
    attention = lookup(NAME)
    compare(attention, [*arrays, None], {"enable_gqa": True})


def test_heads_that_are_shared_by_the_batch():
    random = np.random.default_rng(3)
    arrays = [random.standard_normal(s).astype("f4") for s in ((2, 3, 20, 8), (3, 25, 8), (2, 1, 25, 12))]
    compare(lookup(NAME), [*arrays, None], {})


def test_any_number_of_threads_gives_the_same_bits():
    random = np.random.default_rng(3)
    arrays = [random.standard_normal((3, 130, 16)).astype("f4") for _ in range(3)]
    one, *others = (compare(lookup(NAME), [*arrays, None], {"is_causal": True}, threads) for threads in (1, 2, 5))
    for other in others:
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_gradients_are_those_of_the_numbers_in_double_precision():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(9)
    arrays = [random.standard_normal((3, 130, 16)) for _ in range(4)]
    q, k, v, g = (torch.tensor(a, requires_grad=True) for a in arrays)
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    out.backward(g)
    found = compare(lookup(NAME), [a.astype("f4") for a in arrays[:3]] + [None], {"is_causal": True}, g=arrays[3])
    for got, want in zip(found, (out, None, q.grad, k.grad, v.grad), strict=True):
        if want is not None:
            np.testing.assert_allclose(got, want.detach().numpy(), rtol=1e-5, atol=1e-5)
