"""Who shares memory with whom: each rule shown where it holds and where it must not."""

import pytest

import graphnn.ops  # noqa: F401  (fills the table)
from graphnn.errors import PlanError
from graphnn.ir import parse
from graphnn.plan.check import check_plan
from graphnn.plan.plan import make_plan
from graphnn.plan.target import Target


def plan_of(text, **options):
    """The checked plan of a graph in text, and its values by name."""
    graph = parse(text)
    plan = make_plan(graph, **options)
    check_plan(plan)
    return plan, {v.name: v for v in graph.values()}


def place(plan, value):
    slot = plan.slots[value]
    return slot.kind, slot.index, slot.offset


def shares(text, first, second, **options):
    """Whether two values begin at the same byte of the same memory."""
    plan, values = plan_of(text, **options)
    return place(plan, values[first]) == place(plan, values[second])


# ---- views


def test_a_transpose_lies_in_its_input_with_swapped_strides():
    text = """graph @g(%x: f32[2, 3]) -> (f32[3, 2]) {
      %0: f32[2, 3] = exp(%x)
      %1: f32[3, 2] = transpose(%0) {dim0=0, dim1=1}
      return %1
    }"""
    plan, values = plan_of(text)
    assert place(plan, values["1"]) == place(plan, values["0"])
    assert plan.slots[values["1"]].strides == (4, 12)
    assert plan.views == {1}


def test_a_slice_begins_inside_of_its_input():
    text = """graph @g(%x: f32[4, 3]) -> (f32[2, 3]) {
      %0: f32[2, 3] = slice(%x) {dim=0, start=1, stop=4, step=2}
      return %0
    }"""
    plan, values = plan_of(text)
    assert plan.slots[values["0"]].offset - plan.slots[values["x"]].offset == 12
    assert plan.slots[values["0"]].strides == (24, 4)


def test_a_reshape_that_strides_forbid_is_copied():
    text = """graph @g(%x: f32[2, 3]) -> (f32[6]) {
      %0: f32[3, 2] = transpose(%x) {dim0=0, dim1=1}
      %1: f32[6] = reshape(%0) {shape=[6]}
      return %1
    }"""
    assert not shares(text, "x", "1")


def test_views_of_state_and_constants_lie_there():
    text = """graph @g(%x: f32[3, 2]) -> (f32[3, 2]) {
      %w: f32[2, 3] = param() {name="w"}
      %c: f32[2, 3] = constant() {value=dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]>}
      %0: f32[3, 2] = transpose(%w) {dim0=0, dim1=1}
      %1: f32[3, 2] = transpose(%c) {dim0=0, dim1=1}
      %2: f32[3, 2] = add(%0, %1)
      %3: f32[3, 2] = add(%2, %x)
      return %3
    }"""
    plan, values = plan_of(text)
    assert [plan.slots[values[n]].kind for n in "01"] == ["state", "constant"]


def test_a_target_without_views_copies():
    text = """graph @g(%x: f32[2, 3]) -> (f32[6]) {
      %0: f32[6] = reshape(%x) {shape=[6]}
      return %0
    }"""
    assert shares(text, "x", "0")
    assert not shares(text, "x", "0", target=Target(views=False))


# ---- results over inputs


def test_an_elementwise_result_is_written_over_an_input_that_dies():
    text = """graph @g(%x: f32[8]) -> (f32[8]) {
      %0: f32[8] = exp(%x)
      %1: f32[8] = tanh(%0)
      return %1
    }"""
    plan, _ = plan_of(text)
    assert plan.arena_bytes == 64
    assert not shares(text, "0", "1", target=Target(inplace=False))


def test_an_input_with_a_later_reader_is_not_overwritten():
    text = """graph @g(%x: f32[8]) -> (f32[8]) {
      %0: f32[8] = exp(%x)
      %1: f32[8] = tanh(%0)
      %2: f32[8] = add(%0, %1)
      return %2
    }"""
    assert not shares(text, "0", "1")
    assert shares(text, "0", "2")


def test_an_input_that_is_read_later_through_a_view_is_not_overwritten():
    text = """graph @g(%x: f32[2, 4]) -> (f32[2, 4], f32[8]) {
      %0: f32[2, 4] = exp(%x)
      %1: f32[8] = reshape(%0) {shape=[8]}
      %2: f32[2, 4] = tanh(%0)
      %3: f32[8] = neg(%1)
      return %2, %3
    }"""
    assert not shares(text, "0", "2")
    assert shares(text, "0", "3")


def test_an_output_is_not_overwritten():
    text = """graph @g(%x: f32[8]) -> (f32[8], f32[8]) {
      %0: f32[8] = exp(%x)
      %1: f32[8] = tanh(%0)
      return %0, %1
    }"""
    assert not shares(text, "0", "1")


def test_a_result_of_another_dtype_or_shape_is_not_written_over_an_input():
    text = """graph @g(%x: f32[8], %y: f32[1], %z: f32[8]) -> (bool[8], f32[8]) {
      %0: bool[8] = gt(%x, 0.0)
      %1: f32[8] = add(%y, %z)
      return %0, %1
    }"""
    assert not shares(text, "x", "0")
    assert not shares(text, "y", "1")
    assert shares(text, "z", "1")


def test_state_is_not_overwritten_by_what_is_no_update_of_it():
    text = """graph @g() -> (f32[8]) {
      %w: f32[8] = param() {name="w"}
      %0: f32[8] = exp(%w)
      return %0
    }"""
    assert not shares(text, "w", "0")


def test_a_result_is_not_written_over_an_input_that_it_also_reads_transposed():
    text = """graph @g(%x: f32[4, 4]) -> (f32[4, 4]) {
      %0: f32[4, 4] = transpose(%x) {dim0=0, dim1=1}
      %1: f32[4, 4] = add(%x, %0)
      return %1
    }"""
    assert not shares(text, "x", "1")


def test_a_result_is_written_over_an_input_that_it_reads_twice_alike():
    text = """graph @g(%x: f32[4, 4]) -> (f32[4, 4]) {
      %0: f32[4, 4] = mul(%x, %x)
      return %0
    }"""
    assert shares(text, "x", "0")


def test_a_result_is_not_written_over_a_broadcast_or_a_part():
    text = """graph @g(%x: f32[4], %y: f32[6]) -> (f32[3, 4], f32[4]) {
      %0: f32[3, 4] = expand(%x) {shape=[3, 4]}
      %1: f32[3, 4] = exp(%0)
      %2: f32[4] = slice(%y) {dim=0, start=0, stop=4, step=1}
      %3: f32[4] = exp(%2)
      return %1, %3
    }"""
    assert not shares(text, "x", "1")
    assert not shares(text, "y", "3")


def test_a_matrix_product_is_never_written_over_an_input():
    text = """graph @g(%x: f32[4, 4], %y: f32[4, 4]) -> (f32[4, 4]) {
      %0: f32[4, 4] = matmul(%x, %y)
      return %0
    }"""
    assert not shares(text, "x", "0")
    assert not shares(text, "y", "0")


# ---- new values of state

UPDATE = """graph @g(%g: f32[8], %lr: f64) -> () {
  %w: f32[8] = param() {name="w"}
  %0: f32[8] = mul(%g, %lr)
  %1: f32[8] = sub(%w, %0)
  update %w = %1
  return
}"""


def test_an_update_is_written_where_the_state_lies():
    assert shares(UPDATE, "w", "1")
    assert plan_of(UPDATE)[0].copies == ()


def test_an_update_waits_for_other_readers_of_the_old_value():
    text = """graph @g(%g: f32[8]) -> (f32[8]) {
      %w: f32[8] = param() {name="w"}
      %0: f32[8] = exp(%w)
      %1: f32[8] = sub(%w, %g)
      update %w = %1
      return %0
    }"""
    assert shares(text, "w", "1")


def test_an_update_whose_old_value_is_read_after_it_is_copied():
    text = """graph @g(%g: f32[8]) -> (f32[8]) {
      %w: f32[8] = param() {name="w"}
      %0: f32[8] = sub(%w, %g)
      %1: f32[8] = mul(%w, %0)
      update %w = %0
      return %1
    }"""
    plan, values = plan_of(text)
    assert plan.slots[values["0"]].kind == "arena"
    assert [c.param for c in plan.copies] == ["w"]


def test_an_update_whose_old_value_is_returned_is_copied_after_the_output():
    text = """graph @g(%g: f32[8]) -> (f32[8]) {
      %w: f32[8] = param() {name="w"}
      %0: f32[8] = sub(%w, %g)
      update %w = %0
      return %w
    }"""
    assert [c.param for c in plan_of(text)[0].copies] == ["w"]


def test_an_update_read_in_another_layout_while_it_is_written_is_copied():
    text = """graph @g() -> () {
      %w: f32[4, 4] = param() {name="w"}
      %0: f32[4, 4] = transpose(%w) {dim0=0, dim1=1}
      %1: f32[4, 4] = add(%w, %0)
      update %w = %1
      return
    }"""
    assert [c.param for c in plan_of(text)[0].copies] == ["w"]


def test_a_matrix_product_of_the_old_value_is_copied():
    text = """graph @g(%x: f32[4, 4]) -> () {
      %w: f32[4, 4] = param() {name="w"}
      %0: f32[4, 4] = matmul(%w, %x)
      update %w = %0
      return
    }"""
    assert [c.param for c in plan_of(text)[0].copies] == ["w"]


def test_an_intermediate_value_passes_through_the_state_that_is_updated():
    text = """graph @g(%g: f32[8]) -> () {
      %m: f32[8] = param() {name="m", role="state"}
      %0: f32[8] = mul(%m, 0.9)
      %1: f32[8] = add(%0, %g)
      update %m = %1
      return
    }"""
    assert shares(text, "m", "0")
    assert shares(text, "m", "1")


def test_an_intermediate_value_that_outlives_the_update_does_not_pass_through_state():
    text = """graph @g(%g: f32[8]) -> (f32[8]) {
      %m: f32[8] = param() {name="m", role="state"}
      %0: f32[8] = mul(%m, 0.9)
      %1: f32[8] = add(%0, %g)
      update %m = %1
      return %0
    }"""
    assert not shares(text, "m", "0")


def test_swapped_state_is_put_aside_first():
    text = """graph @g() -> () {
      %a: f32[8] = param() {name="a"}
      %b: f32[8] = param() {name="b"}
      update %a = %b
      update %b = %a
      return
    }"""
    plan, _ = plan_of(text)
    assert [c.param for c in plan.copies] == ["", "", "a", "b"]


def test_one_value_for_two_params_is_written_once_and_copied_once():
    text = """graph @g(%x: f32[8]) -> () {
      %a: f32[8] = param() {name="a"}
      %b: f32[8] = param() {name="b"}
      %0: f32[8] = exp(%x)
      update %a = %0
      update %b = %0
      return
    }"""
    plan, values = plan_of(text)
    assert place(plan, values["0"]) == place(plan, values["a"])
    assert [c.param for c in plan.copies] == ["b"]


def test_inputs_and_constants_become_state_by_copies():
    text = """graph @g(%x: f32[2]) -> () {
      %a: f32[2] = param() {name="a"}
      %b: f32[2] = param() {name="b"}
      %c: f32[2] = constant() {value=dense<[1.0, 2.0]>}
      update %a = %x
      update %b = %c
      return
    }"""
    assert [c.param for c in plan_of(text)[0].copies] == ["a", "b"]


def test_state_that_keeps_its_value_is_not_copied():
    text = """graph @g() -> () {
      %a: f32[2] = param() {name="a"}
      update %a = %a
      return
    }"""
    assert plan_of(text)[0].copies == ()


# ---- two phases

TWO_PHASES = """graph @g(%x: f32[8], %seed: f32[8]) -> (f32[8], f32[8]) {
  %w: f32[8] = param() {name="w"}
  %0: f32[8] = mul(%x, %w)
  %1: f32[8] = exp(%0)
  %2: f32[8] = mul(%seed, %1)
  %3: f32[8] = mul(%2, %w)
  return %1, %3
}"""


def two_phases(text, *early):
    graph = parse(text)
    values = {v.name: v for v in graph.values()}
    plan = make_plan(graph, phase_one_outputs=[values[name] for name in early])
    check_plan(plan)
    return plan, values


def test_what_crosses_the_barrier_stays_and_seeds_come_in_at_it():
    plan, values = two_phases(TWO_PHASES, "1")
    assert plan.barrier == 2
    assert plan.early == {values["1"]}
    assert plan.late == {values["seed"]}
    starts = {b.name: b.start for b in plan.buffers}
    assert starts["seed"] == 2


def test_state_updated_before_the_barrier_does_not_hold_what_is_read_after_it():
    text = """graph @g(%x: f32[8]) -> (f32[8], f32[8]) {
      %w: f32[8] = param() {name="w"}
      %0: f32[8] = add(%w, %x)
      %1: f32[8] = exp(%0)
      %2: f32[8] = mul(%1, %0)
      update %w = %0
      return %1, %2
    }"""
    plan, values = two_phases(text, "0", "1")
    assert plan.slots[values["0"]].kind == "arena"
    assert [(c.param, c.early) for c in plan.copies] == [("w", True)]


def test_an_update_due_after_the_barrier_is_not_made_before_it():
    text = """graph @g(%x: f32[8]) -> (f32[8]) {
      %w: f32[8] = param() {name="w"}
      %0: f32[8] = add(%w, %x)
      %1: f32[8] = exp(%0)
      update %w = %0
      return %1
    }"""
    plan, values = two_phases(text, "1")
    assert plan.slots[values["0"]].kind == "arena"
    assert [(c.param, c.early) for c in plan.copies] == [("w", False)]


def test_reading_after_the_barrier_what_was_updated_before_it_is_refused():
    text = """graph @g(%x: f32[8]) -> (f32[8]) {
      %w: f32[8] = param() {name="w"}
      %0: f32[8] = add(%w, %x)
      %1: f32[8] = exp(%w)
      update %w = %0
      return %1
    }"""
    with pytest.raises(PlanError, match="%w gets its new value before the barrier"):
        two_phases(text, "0")


def test_a_late_input_that_phase_one_reads_is_refused():
    graph = parse(TWO_PHASES)
    with pytest.raises(PlanError, match="%x comes in after the barrier"):
        make_plan(graph, phase_one_outputs=graph.outputs[:1], late_inputs=graph.inputs)
