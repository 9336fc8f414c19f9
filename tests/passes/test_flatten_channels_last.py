from graphnn.passes import FlattenChannelsLast
from tests.passes.check import check_rewrite, check_unchanged

IMAGE = '%0: f32[2, 3, 4, 5] = contiguous(%x) {memory_format="channels_last"}'


def test_a_layer_reads_images_as_they_lie():
    check_rewrite(
        FlattenChannelsLast(),
        before=f"""
        graph @g(%x: f32[2, 3, 4, 5]) -> (f32[2, 7]) {{
          %w: f32[7, 60] = param() {{name="w"}}
          %b: f32[7] = param() {{name="b"}}
          {IMAGE}
          %1: f32[2, 60] = flatten(%0) {{start_dim=1, end_dim=3}}
          %2: f32[2, 7] = linear_relu(%1, %w, %b)
          return %2
        }}""",
        after=f"""
        graph @g(%x: f32[2, 3, 4, 5]) -> (f32[2, 7]) {{
          %w: f32[7, 60] = param() {{name="w"}}
          %b: f32[7] = param() {{name="b"}}
          {IMAGE}
          %1: f32[2, 4, 5, 3] = permute(%0) {{dims=[0, 2, 3, 1]}}
          %2: f32[2, 60] = reshape(%1) {{shape=[2, 60]}}
          %3: f32[7, 3, 4, 5] = reshape(%w) {{shape=[7, 3, 4, 5]}}
          %4: f32[7, 4, 5, 3] = permute(%3) {{dims=[0, 2, 3, 1]}}
          %5: f32[7, 60] = reshape(%4) {{shape=[7, 60]}}
          %6: f32[2, 7] = linear_relu(%2, %5, %b)
          return %6
        }}""",
    )


def test_what_else_reads_the_flat_images_keeps_them():
    graph = check_rewrite(
        FlattenChannelsLast(),
        before=f"""
        graph @g(%x: f32[2, 3, 4, 5]) -> (f32[2, 7], f32[2, 60]) {{
          %w: f32[7, 60] = param() {{name="w"}}
          {IMAGE}
          %1: f32[2, 60] = reshape(%0) {{shape=[2, 60]}}
          %2: f32[2, 7] = linear(%1, %w)
          return %2, %1
        }}""",
        after=f"""
        graph @g(%x: f32[2, 3, 4, 5]) -> (f32[2, 7], f32[2, 60]) {{
          %w: f32[7, 60] = param() {{name="w"}}
          {IMAGE}
          %1: f32[2, 60] = reshape(%0) {{shape=[2, 60]}}
          %2: f32[2, 4, 5, 3] = permute(%0) {{dims=[0, 2, 3, 1]}}
          %3: f32[2, 60] = reshape(%2) {{shape=[2, 60]}}
          %4: f32[7, 3, 4, 5] = reshape(%w) {{shape=[7, 3, 4, 5]}}
          %5: f32[7, 4, 5, 3] = permute(%4) {{dims=[0, 2, 3, 1]}}
          %6: f32[7, 60] = reshape(%5) {{shape=[7, 60]}}
          %7: f32[2, 7] = linear(%3, %6)
          return %7, %1
        }}""",
    )
    assert len(graph.outputs) == 2


def test_images_in_c_order_stay():
    check_unchanged(
        FlattenChannelsLast(),
        """
        graph @g(%x: f32[2, 3, 4, 5]) -> (f32[2, 7]) {
          %w: f32[7, 60] = param() {name="w"}
          %0: f32[2, 60] = flatten(%x) {start_dim=1, end_dim=3}
          %1: f32[2, 7] = linear(%0, %w)
          return %1
        }""",
    )


def test_weights_that_change_from_run_to_run_stay():
    check_unchanged(
        FlattenChannelsLast(),
        f"""
        graph @g(%x: f32[2, 3, 4, 5], %w: f32[7, 60]) -> (f32[2, 7]) {{
          {IMAGE}
          %1: f32[2, 60] = flatten(%0) {{start_dim=1, end_dim=3}}
          %2: f32[2, 7] = linear(%1, %w)
          return %2
        }}""",
    )


def test_rows_that_are_no_whole_images_stay():
    check_unchanged(
        FlattenChannelsLast(),
        f"""
        graph @g(%x: f32[2, 3, 4, 5]) -> (f32[6, 7]) {{
          %w: f32[7, 20] = param() {{name="w"}}
          {IMAGE}
          %1: f32[6, 20] = reshape(%0) {{shape=[6, 20]}}
          %2: f32[6, 7] = linear(%1, %w)
          return %2
        }}""",
    )
