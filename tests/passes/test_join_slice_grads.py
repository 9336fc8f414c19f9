from graphnn.passes import JoinSliceGrads
from tests.passes.check import check_rewrite, check_unchanged


def test_pieces_of_a_whole_stand_side_by_side_in_the_order_of_their_places():
    check_rewrite(
        JoinSliceGrads(),
        before="""
        graph @g(%a: f32[2, 3], %b: f32[2, 1], %c: f32[2, 4]) -> (f32[2, 8]) {
          %0: f32[2, 8] = slice_grad(%c) {dim=1, size=8, start=4, stop=8}
          %1: f32[2, 8] = slice_grad(%b) {dim=1, size=8, start=3, stop=4}
          %2: f32[2, 8] = add(%0, %1)
          %3: f32[2, 8] = slice_grad(%a) {dim=1, size=8, stop=3}
          %4: f32[2, 8] = add(%2, %3)
          return %4
        }""",
        after="""
        graph @g(%a: f32[2, 3], %b: f32[2, 1], %c: f32[2, 4]) -> (f32[2, 8]) {
          %0: f32[2, 8] = cat(%a, %b, %c) {dim=1}
          return %0
        }""",
    )


def test_rows_of_heads_are_joined_before_they_are_rows():
    check_rewrite(
        JoinSliceGrads(),
        before="""
        graph @g(%a: f32[5, 2, 3], %b: f32[5, 4, 3]) -> (f32[5, 18]) {
          %0: f32[5, 6] = reshape(%a) {shape=[5, 6]}
          %1: f32[5, 18] = slice_grad(%0) {dim=1, size=18, stop=6}
          %2: f32[5, 12] = reshape(%b) {shape=[5, 12]}
          %3: f32[5, 18] = slice_grad(%2) {dim=1, size=18, start=6, stop=18}
          %4: f32[5, 18] = add(%1, %3)
          return %4
        }""",
        after="""
        graph @g(%a: f32[5, 2, 3], %b: f32[5, 4, 3]) -> (f32[5, 18]) {
          %0: f32[5, 6, 3] = cat(%a, %b) {dim=1}
          %1: f32[5, 18] = reshape(%0) {shape=[5, 18]}
          return %1
        }""",
    )


SUM = """
graph @g(%a: f32[2, 3], %b: f32[2, {n}]) -> ({outputs}) {{
  %0: f32[2, 8] = slice_grad(%a) {{dim=1, size=8, stop=3}}
  %1: f32[2, 8] = slice_grad(%b) {{dim=1, size=8, start={start}, stop=8}}
  %2: f32[2, 8] = add(%0, %1)
  return {values}
}}"""


def test_leaves_pieces_with_a_gap_or_an_overlap():
    for n, start in ((4, 4), (6, 2)):
        check_unchanged(JoinSliceGrads(), SUM.format(n=n, start=start, outputs="f32[2, 8]", values="%2"))


def test_leaves_pieces_that_somebody_else_uses():
    outputs, values = "f32[2, 8], f32[2, 8]", "%2, %1"
    check_unchanged(JoinSliceGrads(), SUM.format(n=5, start=3, outputs=outputs, values=values))
