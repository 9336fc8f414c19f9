from graphnn.passes import EliminateDropout
from tests.passes.check import check_rewrite, check_unchanged

TEXT = """
graph @g(%x: f32[4]) -> (f32[4]) {{
  %rng: u64[2] = param() {{name="rng", role="rng"}}
  %0: f32[4], %1: bool[4] = dropout(%x, %rng) {{p={p}}}
  return %0
}}"""


def test_dropout_with_probability_zero_is_its_input():
    check_rewrite(
        EliminateDropout(),
        before=TEXT.format(p="0.0"),
        after="""
        graph @g(%x: f32[4]) -> (f32[4]) {
          %rng: u64[2] = param() {name="rng", role="rng"}
          return %x
        }""",
    )


def test_its_mask_lets_everything_through():
    check_rewrite(
        EliminateDropout(),
        before="""
        graph @g(%x: f32[4], %g: f32[4]) -> (f32[4], f32[4]) {
          %rng: u64[2] = param() {name="rng", role="rng"}
          %0: f32[4], %1: bool[4] = dropout(%x, %rng) {p=0.0}
          %2: f32[4] = mul(%g, %1)
          return %0, %2
        }""",
        after="""
        graph @g(%x: f32[4], %g: f32[4]) -> (f32[4], f32[4]) {
          %rng: u64[2] = param() {name="rng", role="rng"}
          %0: bool[4] = full() {shape=[4], value=true, dtype=bool}
          %1: f32[4] = mul(%g, %0)
          return %x, %1
        }""",
    )


def test_keeps_dropout_that_drops():
    check_unchanged(EliminateDropout(), TEXT.format(p="0.5"))


def test_for_evaluation_takes_out_every_dropout():
    from graphnn.ir import parse

    result = EliminateDropout(evaluation=True).run(parse(TEXT.format(p="0.5")))
    assert result.modified
    assert result.graph.outputs == tuple(result.graph.inputs)
