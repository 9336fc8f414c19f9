from graphnn.passes import LinesAsImages
from tests.passes.check import check_rewrite, check_unchanged


def test_a_convolution_and_what_follows_become_images():
    check_rewrite(
        LinesAsImages(),
        before="""
        graph @g(%x: f32[2, 3, 8], %w: f32[4, 3, 3], %r: f32[2, 4, 4]) -> (f32[2, 4, 1, 2], f32[2, 4, 4]) {
          %0: f32[2, 4, 4] = conv1d(%x, %w) {stride=[2], padding=[1]}
          %1: f32[2, 4, 4] = add(%0, %r)
          %2: f32[2, 4, 4] = relu(%1)
          %3: f32[2, 4, 1, 4] = unsqueeze(%2) {dim=2}
          %4: f32[2, 4, 1, 2] = avg_pool2d(%3) {kernel_size=[1, 2], stride=[1, 2]}
          return %4, %1
        }""",
        after="""
        graph @g(%x: f32[2, 3, 8], %w: f32[4, 3, 3], %r: f32[2, 4, 4]) -> (f32[2, 4, 1, 2], f32[2, 4, 4]) {
          %0: f32[2, 3, 1, 8] = unsqueeze(%x) {dim=2}
          %1: f32[4, 3, 1, 3] = unsqueeze(%w) {dim=2}
          %2: f32[2, 4, 1, 4] = conv2d(%0, %1) {stride=[1, 2], padding=[0, 1]}
          %3: f32[2, 4, 1, 4] = unsqueeze(%r) {dim=2}
          %4: f32[2, 4, 1, 4] = add(%2, %3)
          %5: f32[2, 4, 4] = squeeze(%4) {dim=[2]}
          %6: f32[2, 4, 1, 4] = relu(%4)
          %7: f32[2, 4, 1, 2] = avg_pool2d(%6) {kernel_size=[1, 2], stride=[1, 2]}
          return %7, %5
        }""",
    )


def test_gradients_and_batch_norm():
    check_rewrite(
        LinesAsImages(),
        before="""
        graph @g(%g: f32[2, 4, 6], %x: f32[2, 3, 8], %w: f32[4, 3, 3]) -> (f32[2, 3, 8], f32[4, 3, 3], f32[3]) {
          %0: f32[2, 3, 8] = conv1d_input_grad(%g, %w) {size=[8]}
          %1: f32[4, 3, 3] = conv1d_weight_grad(%g, %x) {kernel_size=[3]}
          %2: f32[2, 3, 8], %3: f32[3], %4: f32[3], %5: f32[3], %6: f32[3] = batch_norm(%0) {training=true}
          return %2, %1, %3
        }""",
        after="""
        graph @g(%g: f32[2, 4, 6], %x: f32[2, 3, 8], %w: f32[4, 3, 3]) -> (f32[2, 3, 8], f32[4, 3, 3], f32[3]) {
          %0: f32[2, 4, 1, 6] = unsqueeze(%g) {dim=2}
          %1: f32[4, 3, 1, 3] = unsqueeze(%w) {dim=2}
          %2: f32[2, 3, 1, 8] = conv2d_input_grad(%0, %1) {size=[1, 8]}
          %3: f32[2, 3, 1, 8] = unsqueeze(%x) {dim=2}
          %4: f32[4, 3, 1, 3] = conv2d_weight_grad(%0, %3) {kernel_size=[1, 3]}
          %5: f32[4, 3, 3] = squeeze(%4) {dim=[2]}
          %6: f32[2, 3, 1, 8], %7: f32[3], %8: f32[3], %9: f32[3], %10: f32[3] = batch_norm(%2) {training=true}
          %11: f32[2, 3, 8] = squeeze(%6) {dim=[2]}
          return %11, %5, %7
        }""",
    )


def test_lines_without_a_convolution_stay():
    check_unchanged(
        LinesAsImages(),
        """
        graph @g(%x: f32[2, 3, 8]) -> (f32[2, 3, 1, 8]) {
          %0: f32[2, 3, 8] = relu(%x)
          %1: f32[2, 3, 1, 8] = unsqueeze(%0) {dim=2}
          return %1
        }""",
    )
