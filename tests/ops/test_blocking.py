"""How fused groups cut their elements into blocks, and where values of a block lie."""

import math

import numpy as np
import pytest

from graphnn import ops
from graphnn.ir import dtypes
from graphnn.ir.graph import Graph
from graphnn.ir.types import TensorType
from graphnn.ops.block_layout import layout_of
from graphnn.ops.blocking import blocks_of, merged_dims
from tests.ops.rows import floats, strided


@pytest.mark.parametrize("sizes", [(1,), (100,), (7, 13), (3, 5, 11), (2, 1000), (1000, 2), (4, 1, 30)])
@pytest.mark.parametrize("limit", [1, 10, 64, 10_000])
def test_blocks_cover_every_element_once_and_keep_to_the_limit(sizes, limit):
    seen = np.zeros(sizes, int)
    for key in blocks_of(sizes, limit):
        assert seen[key].size <= limit
        seen[key] += 1
    assert np.all(seen == 1)


def test_blocks_are_of_nearly_one_length():
    assert [key[-1].stop - key[-1].start for key in blocks_of((33,), 32)] == [17, 16]


def test_no_more_blocks_are_made_than_are_needed_twice_over():
    for sizes in ((100, 7), (5, 33), (64, 16, 784)):
        assert len(list(blocks_of(sizes, 1024))) <= 2 * math.ceil(math.prod(sizes) / 1024) + sizes[0]


def test_dimensions_merge_where_all_arrays_lie_side_by_side():
    x = floats(2, 3, 4, 5)
    assert merged_dims(x.shape, [x, x]) == [(0, 1, 2, 3)]


def test_dimensions_in_which_an_array_is_repeated_stay_apart():
    x, channel = floats(2, 3, 4, 5), floats(1, 3, 1, 1)
    assert merged_dims(x.shape, [x, channel]) == [(0,), (1,), (2, 3)]


def test_dimensions_of_strided_arrays_stay_apart():
    assert merged_dims((3, 4), [floats(3, 4), strided(floats(3, 4))]) == [(0,), (1,)]


def test_dimensions_of_size_one_vanish():
    assert merged_dims((2, 1, 3), [floats(2, 1, 3)]) == [(0, 2)]


# ---- where values lie


def body(function, *shapes):
    graph = Graph("body")
    found = function(*(graph.add_input(TensorType(dtypes.float32, shape)) for shape in shapes))
    graph.outputs = found if isinstance(found, tuple) else (found,)
    return graph


def test_a_chain_needs_one_slot_and_ends_in_the_output():
    layout = layout_of(body(lambda x: ops.exp(ops.tanh(ops.neg(x))), (9,)))
    assert layout.slots == [dtypes.float32]
    assert list(layout.direct.values()) == [0]


def test_a_slot_is_used_again_after_the_last_reading():
    layout = layout_of(body(lambda x: ops.exp(ops.where(ops.gt(x, 0.0), ops.neg(x), x)), (9,)))
    assert sorted(d.short for d in layout.slots) == ["bool", "f32", "f32", "i8"]


def test_the_first_output_is_not_written_in_place_while_its_inputs_are_still_read():
    graph = body(lambda x: (ops.add(x, 1.0), ops.mul(x, 2.0)), (9,))
    assert list(layout_of(graph).direct.values()) == [1]


def test_an_output_of_another_type_than_the_inputs_is_written_at_once():
    graph = body(lambda x, y: (ops.add(x, y), ops.mul(x, y)), (9, 1), (9,))
    assert sorted(layout_of(graph).direct.values()) == [0, 1]
