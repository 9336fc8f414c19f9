"""Structural equality: what counts, what doesn't, and how the first difference is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.ir import Attrs, difference, parse, structurally_equal
from tests.ir.test_text import EVERYTHING, NESTED

TEXT = """\
graph @g(%x: f32[3], %y: f32[3]) -> (f32[3], f32[3]) {
  %w: f32[3] = param() {name="w"}
  %0: f32[3] = add(%x, 2.0)  # fc1, model.py:31
  %1: f32[3] = toy_tagged(%0, %y) {number=0.0}
  update %w = %1
  return %0, %1
}"""

SAME = [
    ("@g", "@other"),
    ("%x", "%input"),
    ("%0", "%sum"),
    ("  # fc1, model.py:31", ""),
    ('{name="w"}', '{name="w", role="parameter"}'),
    ("number=0.0", 'text="", number=0.0'),
]

DIFFERENT = [
    ("%y: f32[3]", "%y: f64[3]", "input 1: the types differ: %y: f32[3] against %y: f64[3]"),
    (", %y: f32[3])", ", %y: f32[3], %z: f32[3])", "2 inputs against 3"),
    ('name="w"', 'name="v"', "param 0: the attrs differ in name: %w: f32[3] against %w: f32[3]"),
    ('name="w"', 'name="w", role="buffer"', "param 0: the attrs differ in role: %w: f32[3] against %w: f32[3]"),
    ("2.0)", "2)", "node 0: the operands differ: %0: f32[3] = add(%x, 2.0)  # fc1, model.py:31 against"),
    ("add(%x", "add(%y", "node 0: the operands differ"),
    ("add(%x", "sub(%x", "node 0: the ops differ"),
    ("(%0, %y)", "(%0)", "node 1: the operands differ"),
    ("number=0.0", "number=-0.0", "node 1: the attrs differ in number"),
    ("number=0.0", "number=0", "node 1: the attrs differ in number"),
    ("number=0.0", "flag=true", "node 1: the attrs differ in flag, number"),
    ("  update", "  %2: f32[3] = add(%x, %x)\n  update", "node 2: nothing against %2: f32[3] = add(%x, %x)"),
    ("return %0, %1", "return %1, %0", "output 0: %0 against %1"),
    ("update %w = %1", "update %w = %0", "update 0: %w = %1 against %w = %0"),
    ("  update %w = %1\n", "", "update 0: %w = %1 against nothing"),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_names_origins_and_spelled_out_defaults_do_not_count(old, new):
    a, b = parse(TEXT), parse(TEXT.replace(old, new))
    assert difference(a, b) is None
    assert structurally_equal(a, b)
    assert a.structural_key() == b.structural_key()


@pytest.mark.parametrize(("old", "new", "told"), DIFFERENT)
def test_the_first_difference_is_told(old, new, told):
    a, b = parse(TEXT), parse(TEXT.replace(old, new))
    assert str(difference(a, b)).startswith(told)
    assert difference(b, a) is not None
    assert not structurally_equal(a, b)
    assert a.structural_key() != b.structural_key()


def test_a_difference_in_a_body_is_told_from_inside():
    a, b = parse(NESTED), parse(NESTED.replace("passes=3", "passes=4"))
    told = str(difference(a, b))
    assert told.startswith(
        "node 0: the attrs differ in body (node 1: the attrs differ in passes: %1: f32[2] = toy_group"
    )


def test_attrs_holding_equal_bodies_are_equal_and_hash_alike():
    a, b = (Attrs(body=parse(NESTED)) for _ in range(2))
    assert a == b
    assert hash(a) == hash(b)
    assert a != Attrs(body=parse(NESTED.replace("passes=3", "passes=4")))


@given(st.sampled_from([EVERYTHING, NESTED, TEXT]), st.sampled_from([EVERYTHING, NESTED, TEXT]))
@settings(max_examples=20, deadline=None)
def test_keys_are_equal_where_the_structure_is(one, other):
    a, b = parse(one), parse(other)
    assert structurally_equal(a, b) == (one == other) == (a.structural_key() == b.structural_key())
    assert (hash(a.structural_key()) == hash(b.structural_key())) >= (one == other)
