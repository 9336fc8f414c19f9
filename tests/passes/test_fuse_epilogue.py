from graphnn.passes import FuseEpilogue
from tests.passes.check import check_rewrite, check_unchanged

ONE = FuseEpilogue(max_results=1)


def test_takes_what_follows_a_product_into_one_node():
    check_rewrite(
        FuseEpilogue(),
        before="""
        graph @g(%x: f32[3, 4], %w: f32[5, 4], %b: f32[5], %r: f32[3, 5]) -> (f32[3, 5]) {
          %0: f32[3, 5] = linear(%x, %w, %b)
          %1: f32[3, 5] = add(%0, %r)
          %2: f32[3, 5] = tanh(%1)
          return %2
        }""",
        after="""
        graph @g(%x: f32[3, 4], %w: f32[5, 4], %b: f32[5], %r: f32[3, 5]) -> (f32[3, 5]) {
          %0: f32[3, 5] = fused_epilogue(%x, %w, %b, %r) {
            body=graph @body(%x: f32[3, 4], %w: f32[5, 4], %b: f32[5], %r: f32[3, 5]) -> (f32[3, 5]) {
            %0: f32[3, 5] = linear(%x, %w, %b)
            %1: f32[3, 5] = add(%0, %r)
            %2: f32[3, 5] = tanh(%1)
            return %2
          }}
          return %0
        }""",
    )


def test_a_value_that_others_need_comes_out_too():
    check_rewrite(
        FuseEpilogue(),
        before="""
        graph @g(%x: f32[3, 4], %w: f32[4, 5]) -> (f32[3, 5], f32[3, 5]) {
          %0: f32[3, 5] = matmul(%x, %w)
          %1: f32[3, 5] = exp(%0)
          return %0, %1
        }""",
        after="""
        graph @g(%x: f32[3, 4], %w: f32[4, 5]) -> (f32[3, 5], f32[3, 5]) {
          %0: f32[3, 5], %1: f32[3, 5] = fused_epilogue(%x, %w) {
            body=graph @body(%x: f32[3, 4], %w: f32[4, 5]) -> (f32[3, 5], f32[3, 5]) {
            %0: f32[3, 5] = matmul(%x, %w)
            %1: f32[3, 5] = exp(%0)
            return %0, %1
          }}
          return %0, %1
        }""",
    )


def test_no_more_results_come_out_than_are_allowed():
    check_unchanged(
        ONE,
        """
        graph @g(%x: f32[3, 4], %w: f32[4, 5]) -> (f32[3, 5], f32[3, 5]) {
          %0: f32[3, 5] = matmul(%x, %w)
          %1: f32[3, 5] = exp(%0)
          return %0, %1
        }""",
    )


def test_work_on_state_comes_along_with_the_gradient():
    check_rewrite(
        FuseEpilogue(),
        before="""
        graph @g(%x: f32[4, 3], %g: f32[3, 5], %lr: f64) -> () {
          %m: f32[4, 5] = param() {name="m", role="state"}
          %0: f32[4, 5] = mul(%m, 0.9)
          %1: f32[4, 5] = matmul(%x, %g)
          %2: f32[4, 5] = add(%0, %1)
          update %m = %2
          return
        }""",
        after="""
        graph @g(%x: f32[4, 3], %g: f32[3, 5], %lr: f64) -> () {
          %m: f32[4, 5] = param() {name="m", role="state"}
          %0: f32[4, 5] = fused_epilogue(%x, %g, %m) {
            body=graph @body(%x: f32[4, 3], %g: f32[3, 5], %m: f32[4, 5]) -> (f32[4, 5]) {
            %0: f32[4, 5] = matmul(%x, %g)
            %1: f32[4, 5] = mul(%m, 0.9)
            %2: f32[4, 5] = add(%1, %0)
            return %2
          }}
          update %m = %0
          return
        }""",
    )


def test_what_waits_for_the_product_in_another_way_is_not_read_by_the_group():
    check_rewrite(
        FuseEpilogue(),
        before="""
        graph @g(%x: f32[5, 5], %w: f32[5, 5]) -> (f32[5, 5]) {
          %0: f32[5, 5] = matmul(%x, %w)
          %1: f32[5, 5] = softmax(%0) {dim=1}
          %2: f32[5, 5] = mul(%0, %1)
          return %2
        }""",
        after="""
        graph @g(%x: f32[5, 5], %w: f32[5, 5]) -> (f32[5, 5]) {
          %0: f32[5, 5] = matmul(%x, %w)
          %1: f32[5, 5] = softmax(%0) {dim=1}
          %2: f32[5, 5] = mul(%0, %1)
          return %2
        }""",
    )


def test_rows_of_another_shape_stay_outside():
    check_unchanged(
        FuseEpilogue(),
        """
        graph @g(%x: f32[3, 4], %w: f32[4, 5], %c: f32[3, 1]) -> (f32[3, 5]) {
          %0: f32[3, 5] = matmul(%x, %w)
          %1: f32[3, 5] = mul(%0, %c)
          return %1
        }""",
    )


def test_exponentials_stay_behind_a_head_of_few_channels():
    check_rewrite(
        FuseEpilogue(),
        before="""
        graph @g(%x: f32[2, 8, 6, 6], %w: f32[1, 8, 1, 1]) -> (f32[2, 1, 6, 6]) {
          %0: f32[2, 1, 6, 6] = conv2d(%x, %w)
          %1: f32[2, 1, 6, 6] = relu(%0)
          %2: f32[2, 1, 6, 6] = sigmoid(%1)
          return %2
        }""",
        after="""
        graph @g(%x: f32[2, 8, 6, 6], %w: f32[1, 8, 1, 1]) -> (f32[2, 1, 6, 6]) {
          %0: f32[2, 1, 6, 6] = fused_epilogue(%x, %w) {
            body=graph @body(%x: f32[2, 8, 6, 6], %w: f32[1, 8, 1, 1]) -> (f32[2, 1, 6, 6]) {
            %0: f32[2, 1, 6, 6] = conv2d(%x, %w)
            %1: f32[2, 1, 6, 6] = relu(%0)
            return %1
          }}
          %1: f32[2, 1, 6, 6] = sigmoid(%0)
          return %1
        }""",
    )
