from graphnn.passes import FuseConvReLU
from tests.passes.check import check_rewrite, check_unchanged


def test_fuses_a_convolution_and_its_relu_whatever_its_stride():
    check_rewrite(
        FuseConvReLU(),
        before="""
        graph @g(%x: f32[1, 2, 5, 5], %w: f32[2, 1, 3, 3], %b: f32[2]) -> (f32[1, 2, 3, 3]) {
          %0: f32[1, 2, 3, 3] = conv2d(%x, %w, %b) {stride=[2, 2], padding=[1, 1], groups=2}
          %1: f32[1, 2, 3, 3] = relu(%0)
          return %1
        }""",
        after="""
        graph @g(%x: f32[1, 2, 5, 5], %w: f32[2, 1, 3, 3], %b: f32[2]) -> (f32[1, 2, 3, 3]) {
          %0: f32[1, 2, 3, 3] = conv2d_relu(%x, %w, %b) {stride=[2, 2], padding=[1, 1], groups=2}
          return %0
        }""",
    )


def test_keeps_a_convolution_that_has_a_second_user():
    check_unchanged(
        FuseConvReLU(),
        """
        graph @g(%x: f32[1, 2, 5, 5], %w: f32[2, 2, 3, 3]) -> (f32[1, 2, 3, 3], f32[1, 2, 3, 3]) {
          %0: f32[1, 2, 3, 3] = conv2d(%x, %w)
          %1: f32[1, 2, 3, 3] = relu(%0)
          %2: f32[1, 2, 3, 3] = tanh(%0)
          return %1, %2
        }""",
    )
