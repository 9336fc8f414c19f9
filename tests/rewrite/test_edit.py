"""The edits that passes share."""

from graphnn.ir import parse, verify
from graphnn.rewrite import erase_unused, substitute

TEXT = """
graph @g(%x: f32[4, 3]) -> (f32[4]) {
  %0: f32[4, 3] = exp(%x)
  %1: f32[4, 3] = neg(%0)
  %2: f32[4], %3: i64[4] = max_dim(%1) {dim=1}
  %4: f32[4] = sum(%0) {dim=[1]}
  return %2
}"""


def test_erases_what_nothing_uses_and_then_what_only_that_used():
    graph = parse(TEXT)
    graph.outputs = []
    erased = erase_unused(graph, [list(graph.nodes)[2]])
    assert [node.op.name for node in erased] == ["max_dim", "neg"]
    assert [node.op.name for node in graph.nodes] == ["exp", "sum"]
    verify(graph)


def test_leaves_what_is_used():
    graph = parse(TEXT)
    assert erase_unused(graph, list(graph.nodes)[:3]) == []


def test_substitutes_the_outputs_that_have_users():
    graph = parse(TEXT)
    node = list(graph.nodes)[2]
    erased = substitute(graph, node, [list(graph.nodes)[3].output, None])
    assert [node.op.name for node in erased] == ["max_dim", "neg"]
    assert [v.op for v in graph.outputs] == ["sum"]
    verify(graph)
