from graphnn.passes import FuseLinearReLU
from tests.passes.check import check_rewrite, check_unchanged


def test_fuses_a_linear_and_its_relu():
    check_rewrite(
        FuseLinearReLU(),
        before="""
        graph @g(%x: f32[8, 4], %w: f32[3, 4], %b: f32[3]) -> (f32[8, 3]) {
          %0: f32[8, 3] = linear(%x, %w, %b)
          %1: f32[8, 3] = relu(%0)
          return %1
        }""",
        after="""
        graph @g(%x: f32[8, 4], %w: f32[3, 4], %b: f32[3]) -> (f32[8, 3]) {
          %0: f32[8, 3] = linear_relu(%x, %w, %b)
          return %0
        }""",
    )


def test_fuses_without_a_bias_and_along_a_stack():
    check_rewrite(
        FuseLinearReLU(),
        before="""
        graph @g(%x: f32[8, 4], %w: f32[4, 4]) -> (f32[8, 4]) {
          %0: f32[8, 4] = linear(%x, %w)
          %1: f32[8, 4] = relu(%0)
          %2: f32[8, 4] = linear(%1, %w)
          %3: f32[8, 4] = relu(%2)
          return %3
        }""",
        after="""
        graph @g(%x: f32[8, 4], %w: f32[4, 4]) -> (f32[8, 4]) {
          %0: f32[8, 4] = linear_relu(%x, %w)
          %1: f32[8, 4] = linear_relu(%0, %w)
          return %1
        }""",
    )


def test_keeps_a_linear_that_has_a_second_user():
    check_unchanged(
        FuseLinearReLU(),
        """
        graph @g(%x: f32[8, 4], %w: f32[3, 4], %b: f32[3]) -> (f32[8, 3], f32[8, 3]) {
          %0: f32[8, 3] = linear(%x, %w, %b)
          %1: f32[8, 3] = relu(%0)
          return %1, %0
        }""",
    )


def test_the_fused_node_tells_the_lines_of_both():
    made = check_rewrite(
        FuseLinearReLU(),
        before="""
        graph @g(%x: f32[8, 4], %w: f32[3, 4]) -> (f32[8, 3]) {
          %0: f32[8, 3] = linear(%x, %w)
          %1: f32[8, 3] = relu(%0)
          return %1
        }""",
        after="""
        graph @g(%x: f32[8, 4], %w: f32[3, 4]) -> (f32[8, 3]) {
          %0: f32[8, 3] = linear_relu(%x, %w)
          return %0
        }""",
    )
    assert sorted(origin.line for origin in made.nodes.first.origins) == [1, 2]
