"""Formats in plans: what lies channels-last already is not copied."""

from dataclasses import replace

import pytest

from graphnn.ir import parse
from graphnn.plan.check import check_plan
from graphnn.plan.plan import make_plan
from graphnn.plan.target import NUMPY

LAST = replace(NUMPY, channels_last=True)


def planned(shape, target=LAST):
    graph = parse(f"""
    graph @g(%x: f32[{shape}]) -> (f32[{shape}]) {{
      %0: f32[{shape}] = contiguous(%x) {{memory_format="channels_last"}}
      %1: f32[{shape}] = relu(%0)
      return %1
    }}""")
    plan = make_plan(graph, target)
    check_plan(plan)
    return plan


@pytest.mark.parametrize("shape", ["4, 1, 5, 6", "4, 7, 1, 1"])
def test_images_of_one_channel_or_one_pixel_lie_so_already(shape):
    plan = planned(shape)
    assert plan.views == {0}
    assert plan.slots[plan.order[0].output].offset == plan.slots[plan.graph.inputs[0]].offset


def test_other_images_are_brought_into_the_order():
    assert not planned("4, 2, 5, 6").views


def test_a_target_without_formats_copies():
    assert not planned("4, 1, 5, 6", NUMPY).views
