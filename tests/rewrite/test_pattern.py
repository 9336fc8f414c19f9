"""Patterns: ordinary functions that return what to look for and what to put there."""

import pytest

from graphnn.errors import ArgumentError, GraphnnError
from graphnn.ir import parse
from graphnn.ops.elementwise import add, div, mul, neg, sub
from graphnn.ops.matrix import linear, linear_relu
from graphnn.ops.movement import reshape
from graphnn.ops.unary import exp, relu, square
from graphnn.rewrite import Tolerance, pattern_pass
from tests.chains import chain
from tests.passes.check import check_rewrite, check_unchanged


@pattern_pass("fuse-linear-relu")
def fuse_linear_relu(x, w, b=None):
    """relu(linear(x, w, b)) -> linear_relu(x, w, b), when the linear has no other user."""
    return relu(linear(x, w, b)), linear_relu(x, w, b)


@pattern_pass("factor-out", tolerance=Tolerance(1e-5, 1e-6))
def factor_out(x, y, c):
    """x * c + y * c -> (x + y) * c"""
    return x * c + y * c, (x + y) * c


@pattern_pass("merge-reshapes")
def merge_reshapes(x, *, inner, outer):
    """reshape(reshape(x)) -> reshape(x)"""
    return reshape(reshape(x, shape=inner), shape=outer), reshape(x, shape=outer)


@pattern_pass("drop-one")
def drop_one(x):
    """x * 1 -> x"""
    return mul(x, 1), x


def test_the_pass_is_told_its_name_docstring_and_tolerance():
    assert fuse_linear_relu.name == "fuse-linear-relu"
    assert fuse_linear_relu.__doc__.startswith("relu(linear(x, w, b)) -> linear_relu(x, w, b)")
    assert fuse_linear_relu.tolerance == (0.0, 0.0)
    assert str(factor_out.tolerance) == "rtol 1e-05, atol 1e-06"


def test_matches_an_optional_operand_whether_given_or_not():
    check_rewrite(
        fuse_linear_relu,
        before="""
        graph @g(%x: f32[2, 4], %w: f32[4, 4], %b: f32[4]) -> (f32[2, 4]) {
          %0: f32[2, 4] = linear(%x, %w, %b)
          %1: f32[2, 4] = relu(%0)
          %2: f32[2, 4] = linear(%1, %w)
          %3: f32[2, 4] = relu(%2)
          return %3
        }""",
        after="""
        graph @g(%x: f32[2, 4], %w: f32[4, 4], %b: f32[4]) -> (f32[2, 4]) {
          %0: f32[2, 4] = linear_relu(%x, %w, %b)
          %1: f32[2, 4] = linear_relu(%0, %w)
          return %1
        }""",
    )


def test_a_parameter_that_occurs_twice_is_one_value_and_operands_commute():
    check_rewrite(
        factor_out,
        before="""
        graph @g(%x: f32[4], %y: f32[4], %c: f32[4]) -> (f32[4], f32[4]) {
          %0: f32[4] = mul(%x, %c)
          %1: f32[4] = mul(%c, %y)
          %2: f32[4] = add(%0, %1)
          %3: f32[4] = mul(%x, %c)
          %4: f32[4] = mul(%y, %y)
          %5: f32[4] = add(%3, %4)
          return %2, %5
        }""",
        after="""
        graph @g(%x: f32[4], %y: f32[4], %c: f32[4]) -> (f32[4], f32[4]) {
          %0: f32[4] = add(%x, %y)
          %1: f32[4] = mul(%0, %c)
          %2: f32[4] = mul(%x, %c)
          %3: f32[4] = mul(%y, %y)
          %4: f32[4] = add(%2, %3)
          return %1, %4
        }""",
    )


def test_leaves_alone_what_has_a_user_outside_of_the_pattern():
    check_unchanged(
        factor_out,
        """
        graph @g(%x: f32[4], %y: f32[4], %c: f32[4]) -> (f32[4], f32[4]) {
          %0: f32[4] = mul(%x, %c)
          %1: f32[4] = mul(%y, %c)
          %2: f32[4] = add(%0, %1)
          return %2, %1
        }""",
    )


def test_attr_parameters_stand_for_any_attr():
    check_rewrite(
        merge_reshapes,
        before="""
        graph @g(%x: f32[2, 6]) -> (f32[3, 4]) {
          %0: f32[12] = reshape(%x) {shape=[12]}
          %1: f32[4, 3] = reshape(%0) {shape=[4, 3]}
          %2: f32[3, 4] = reshape(%1) {shape=[3, 4]}
          return %2
        }""",
        after="""
        graph @g(%x: f32[2, 6]) -> (f32[3, 4]) {
          %0: f32[3, 4] = reshape(%x) {shape=[3, 4]}
          return %0
        }""",
    )


def test_numbers_stand_for_themselves_and_another_result_type_is_no_match():
    check_rewrite(
        drop_one,
        before="""
        graph @g(%x: f32[4], %n: i64[4]) -> (f32[4], f32[4], f32[4], i64[4], f32[4]) {
          %0: f32[4] = mul(%x, 1)
          %1: f32[4] = mul(1.0, %x)
          %2: f32[4] = mul(%x, 1.5)
          %3: i64[4] = mul(%n, 1)
          %4: f32[4] = mul(%n, 1.0)
          return %0, %1, %2, %3, %4
        }""",
        after="""
        graph @g(%x: f32[4], %n: i64[4]) -> (f32[4], f32[4], f32[4], i64[4], f32[4]) {
          %0: f32[4] = mul(%x, 1.5)
          %1: f32[4] = mul(%n, 1.0)
          return %x, %x, %0, %n, %1
        }""",
    )


def test_the_sign_of_a_zero_counts():
    @pattern_pass("drop-minus-zero")
    def drop_minus_zero(x):
        return add(x, -0.0), x

    check_unchanged(drop_minus_zero, "graph @g(%x: f32[4]) -> (f32[4]) {\n %0: f32[4] = add(%x, 0.0)\n return %0\n}")


def test_matches_a_value_used_twice_within_the_pattern():
    @pattern_pass("square-of-exp")
    def square_of_exp(x):
        e = exp(x)
        return mul(e, e), square(exp(x))

    check_rewrite(
        square_of_exp,
        before="""
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = exp(%x)
          %1: f32[4] = mul(%0, %0)
          return %1
        }""",
        after="""
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = exp(%x)
          %1: f32[4] = square(%0)
          return %1
        }""",
    )


def test_a_condition_can_refuse_a_match():
    @pattern_pass("drop-neg", where=lambda x: x.type.ndim == 1)
    def drop_neg(x):
        return neg(neg(x)), x

    text = "graph @g(%x: f32[{0}]) -> (f32[{0}]) {{\n %0: f32[{0}] = neg(%x)\n %1: f32[{0}] = neg(%0)\n return {1}\n}}"
    check_rewrite(drop_neg, before=text.format("4", "%1"), after="graph @g(%x: f32[4]) -> (f32[4]) {\n return %x\n}")
    check_unchanged(drop_neg, text.format("4, 4", "%1"))


def test_goes_through_ten_thousand_nodes():
    result = pattern_pass("drop-abs-neg")(lambda x: (square(neg(x)), square(x))).run(chain(10_000, ("neg", "square")))
    assert len(result.graph.nodes) == 5_000


def test_says_what_is_wrong_with_a_function_that_is_no_pattern():
    def lacks(x):
        return relu(x)

    def invents(x, y):
        return relu(x), add(x, y)

    def never(x):
        return x, x

    def holds_arrays(x):
        import numpy as np

        return add(x, np.ones(3)), x

    graph = chain(1)
    for function, message in (
        (lacks, "lacks must return .pattern, replacement."),
        (invents, "invents: y does not occur in the pattern"),
        (never, "never: the pattern must be what an op returns"),
        (holds_arrays, "a pattern is made of ops, its parameters and numbers; add got array"),
    ):
        with pytest.raises(ArgumentError, match=message):
            pattern_pass("wrong")(function).run(graph)


def test_a_replacement_that_matches_forever_is_stopped():
    @pattern_pass("swap-forever")
    def swap_forever(x, y):
        return sub(x, y), neg(sub(y, x))

    text = "graph @g(%x: f32[4]) -> (f32[4]) {\n %0: f32[4] = sub(%x, 1.0)\n return %0\n}"
    with pytest.raises(GraphnnError, match="swap_forever does not come to rest"):
        swap_forever.run(parse(text))


def test_div_and_power_can_be_spelled_with_operators():
    @pattern_pass("operators")
    def operators(x, y):
        return (x / y) ** 2, div(square(x), square(y))

    text = "graph @g(%x: f32[4]) -> (f32[4]) {\n %0: f32[4] = div(%x, %x)\n %1: f32[4] = pow(%0, 2)\n return %1\n}"
    result = operators.run(parse(text))
    assert [node.op.name for node in result.graph.nodes] == ["square", "square", "div"]
