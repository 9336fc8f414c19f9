"""The networkx view has the graph's vertices, uses and order, and answers networkx's own questions."""

import networkx as nx

from graphnn.ir import parse

TEXT = """\
graph @g(%x: f32[4]) -> (i64[2]) {
  %w: f32[4] = param() {name="w"}
  %0: f32[4] = mul(%x, 2.0)  # fc1, model.py:31
  %1: f32[2], %2: i64[2] = toy_split(%0) {at=2}
  %3: f32[4] = toy_tagged(%0, none)
  %4: f32[4] = mul(%3, %3)
  update %w = %4
  return %2
}"""


def test_there_is_a_vertex_for_each_input_param_and_node_and_for_the_return():
    graph = parse(TEXT)
    view = graph.to_networkx()
    assert list(view) == [*graph.inputs, *graph.params, *graph.nodes, graph.terminator]
    kinds = nx.get_node_attributes(view, "kind")
    assert list(kinds.values()) == ["input", "param", "op", "op", "op", "op", "return"]
    first = view.nodes[graph.nodes.first]
    assert (first["op"], first["literals"]) == ("mul", {1: 2.0})
    assert first["label"] == "%0: f32[4] = mul(%x, 2.0)  # fc1, model.py:31"
    assert first["origins"] == graph.nodes.first.origins


def test_there_is_an_edge_for_each_use():
    graph = parse(TEXT)
    (x,), (mul, split, tagged, square), end = graph.inputs, graph.nodes, graph.terminator
    edges = [
        (a, b, e["name"], e["type"], e["output"], e["position"]) for a, b, e in graph.to_networkx().edges(data=True)
    ]
    assert edges == [
        (x, mul, "%x", "f32[4]", 0, 0),
        (mul, split, "%0", "f32[4]", 0, 0),
        (mul, tagged, "%0", "f32[4]", 0, 0),
        (split, end, "%2", "i64[2]", 1, 0),
        (tagged, square, "%3", "f32[4]", 0, 0),
        (tagged, square, "%3", "f32[4]", 0, 1),
        (square, end, "%4", "f32[4]", 0, 1),
    ]


def test_networkx_answers_about_it():
    graph = parse(TEXT)
    view = graph.to_networkx()
    assert nx.is_directed_acyclic_graph(view)
    path = nx.dag_longest_path(nx.DiGraph(view))
    assert [getattr(v, "op", None) and view.nodes[v]["op"] for v in path[1:]] == ["mul", "toy_tagged", "mul", "return"]
    assert nx.immediate_dominators(view, graph.inputs[0])[graph.terminator] is graph.nodes.first
    assert nx.is_isomorphic(view, graph.copy().to_networkx(), node_match=lambda a, b: a["op"] == b["op"])
