from graphnn.passes import DeadCode
from tests.chains import chain
from tests.passes.check import check_rewrite, check_unchanged


def test_drops_a_chain_that_nothing_uses():
    check_rewrite(
        DeadCode(),
        before="""
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = exp(%x)
          %1: f32[4] = neg(%0)
          %2: f32[4] = relu(%x)
          return %2
        }""",
        after="""
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = relu(%x)
          return %0
        }""",
    )


def test_keeps_what_an_update_of_state_uses():
    check_unchanged(
        DeadCode(),
        """
        graph @g(%x: f32[4]) -> () {
          %s: f32[4] = param() {name="s", role="buffer"}
          %0: f32[4] = add(%s, %x)
          update %s = %0
          return
        }""",
    )


def test_keeps_a_node_of_which_one_output_is_used():
    check_unchanged(
        DeadCode(),
        """
        graph @g(%x: f32[4, 3]) -> (i64[4]) {
          %0: f32[4], %1: i64[4] = max_dim(%x) {dim=1}
          return %1
        }""",
    )


def test_keeps_ops_with_an_effect_and_what_they_read(check_seen):
    check_unchanged(
        DeadCode(),
        """
        graph @g(%x: f32[4]) -> (f32[4]) {
          %0: f32[4] = exp(%x)
          check_seen(%0)
          return %x
        }""",
    )


def test_drops_ten_thousand_nodes_in_a_row():
    graph = chain(10_000)
    graph.outputs = graph.inputs
    result = DeadCode().run(graph)
    assert len(result.graph.nodes) == 0
