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

    def given(*shape, turn=True):
        arrays.append(random.standard_normal(shape).astype("f4"))
        value = graph.add_input(numpy_type(arrays[-1]))
        if not turn:
            return value, arrays[-1]
        value = graph.append(lookup("transpose"), [value], {"dim0": 1, "dim1": 2}).output
        return value, arrays[-1].swapaxes(1, 2)

    def add(op, pairs):
        node = graph.append(lookup(op), [p and p[0] for p in pairs], attrs)
        assert lowering_of(node) is not None
        found = node.op.run([None if p is None else p[1] for p in pairs], node.attrs, [v.type for v in node.outputs])
        wanted.extend(zip(node.outputs, found, strict=True))
        return list(zip(node.outputs, found, strict=True))

    inputs = [given(2, n, 3, m) for n, m in ((rows, width), (columns, width), (columns, depth))]
    g = given(2, rows, 3, depth)
    seen = None
    if mask is not None:
        arrays.append(mask)
        seen = graph.add_input(numpy_type(mask)), mask
    results = add(NAME, [*inputs, seen])
    add(f"{NAME}_grad", [g, *inputs, *results, seen])
    graph.outputs = [value for value, _ in wanted]
    backend = NativeBackend()
    backend.target = NativeTarget(machine=replace(this_machine(), lanes=lanes, registers=16 if lanes == 8 else 32))
    for (value, expected), got in zip(
        wanted, backend.bind(make_plan(graph, backend.target), ()).forward(arrays), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5, err_msg=repr(value))


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
