from graphnn.passes import ChannelsLast
from tests.passes.check import check_rewrite, check_unchanged


def test_a_region_begins_at_a_convolution_and_goes_on_through_what_keeps_the_format():
    check_rewrite(
        ChannelsLast(),
        before="""
        graph @g(%x: f32[2, 3, 8, 8], %w: f32[16, 3, 3, 3], %r: f32[2, 16, 6, 6]) -> (f32[2, 16, 3, 3]) {
          %0: f32[2, 16, 6, 6] = conv2d(%x, %w)
          %1: f32[2, 16, 6, 6] = add(%0, %r)
          %2: f32[2, 16, 3, 3] = avg_pool2d(%1) {kernel_size=[2, 2], stride=[2, 2]}
          return %2
        }""",
        after="""
        graph @g(%x: f32[2, 3, 8, 8], %w: f32[16, 3, 3, 3], %r: f32[2, 16, 6, 6]) -> (f32[2, 16, 3, 3]) {
          %0: f32[2, 3, 8, 8] = contiguous(%x) {memory_format="channels_last"}
          %1: f32[2, 16, 6, 6] = conv2d(%0, %w)
          %2: f32[2, 16, 6, 6] = contiguous(%r) {memory_format="channels_last"}
          %3: f32[2, 16, 6, 6] = add(%1, %2)
          %4: f32[2, 16, 3, 3] = avg_pool2d(%3) {kernel_size=[2, 2], stride=[2, 2]}
          return %4
        }""",
    )


def test_few_channels_stay_as_they_are():
    check_unchanged(
        ChannelsLast(),
        """
        graph @g(%x: f32[2, 1, 8, 8], %w: f32[3, 1, 3, 3]) -> (f32[2, 3, 6, 6]) {
          %0: f32[2, 3, 6, 6] = conv2d(%x, %w)
          return %0
        }""",
    )


def test_one_number_a_channel_is_not_brought_along():
    check_rewrite(
        ChannelsLast(),
        before="""
        graph @g(%x: f32[1, 8, 4, 4], %w: f32[8, 8, 1, 1], %c: f32[1, 8, 1, 1]) -> (f32[1, 8, 4, 4]) {
          %0: f32[1, 8, 4, 4] = conv2d(%x, %w)
          %1: f32[1, 8, 4, 4] = mul(%0, %c)
          return %1
        }""",
        after="""
        graph @g(%x: f32[1, 8, 4, 4], %w: f32[8, 8, 1, 1], %c: f32[1, 8, 1, 1]) -> (f32[1, 8, 4, 4]) {
          %0: f32[1, 8, 4, 4] = contiguous(%x) {memory_format="channels_last"}
          %1: f32[1, 8, 4, 4] = conv2d(%0, %w)
          %2: f32[1, 8, 4, 4] = mul(%1, %c)
          return %2
        }""",
    )
