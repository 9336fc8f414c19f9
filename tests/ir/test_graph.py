"""The mutators keep order and use lists right, and refuse what would break them."""

import numpy as np
import pytest

from graphnn.errors import GraphnnError
from graphnn.ir import Constant, Graph, Origin, TensorType, difference, dtypes, lookup, parse, verify
from graphnn.ir.copying import inline
from tests.ir.test_text import EVERYTHING, NESTED

TEXT = """\
graph @g(%x: f32[3], %y: f32[3]) -> (f32[3]) {
  %0: f32[3] = mul(%x, 2.0)  # fc1, model.py:31
  %1: f32[3] = add(%0, %y)  # relu, model.py:32
  %2: f32[3] = mul(%1, %1)
  return %2
}"""

F32 = TensorType(dtypes.float32, (3,))


def ops(graph):
    return [node.op.name for node in graph.nodes]


def test_uses_count_how_often_each_user_reads_a_value():
    graph = parse(TEXT)
    first, second, third = graph.nodes
    assert second.output.uses == {third: 2}
    assert third.output.uses == {graph.terminator: 1}
    assert first.output.has_one_use()
    assert not second.output.has_one_use()


def test_a_node_goes_before_the_place_and_takes_its_origins():
    graph = parse(TEXT)
    _, second, third = graph.nodes
    graph.insert_before(second, lookup("sub"), graph.inputs)
    assert ops(graph) == ["mul", "sub", "add", "mul"]
    assert graph.nodes[1].origins == second.origins == (Origin("relu", "model.py", 32),)
    with graph.before(second, graph.nodes[0]):
        made = graph.inputs[0] + graph.inputs[1]
    assert made.producer.origins == (Origin("relu", "model.py", 32), Origin("fc1", "model.py", 31))
    assert third.origins == ()


def test_replacing_all_uses_reaches_the_return():
    graph = parse(TEXT)
    graph.replace_all_uses(graph.outputs[0], graph.inputs[1])
    assert graph.outputs == (graph.inputs[1],)
    graph.erase(graph.nodes.last)
    verify(graph)
    assert ops(graph) == ["mul", "add"]


def test_a_value_of_another_type_cannot_replace():
    graph = parse(TEXT)
    other = graph.add_input(TensorType(dtypes.float64, (3,)), "z")
    with pytest.raises(GraphnnError, match=r"cannot replace %x: f32\[3\] by %z: f64\[3\]: the types differ"):
        graph.replace_all_uses(graph.inputs[0], other)


def test_a_used_node_cannot_be_erased_nor_one_twice():
    graph = parse(TEXT)
    with pytest.raises(GraphnnError, match=r"%0 is still used: %0: f32\[3\] = mul"):
        graph.erase(graph.nodes.first)
    unused = graph.append(lookup("add"), graph.inputs)
    graph.erase(unused)
    with pytest.raises(GraphnnError, match="erased before"):
        graph.erase(unused)
    verify(graph)


def test_values_of_another_graph_cannot_be_returned():
    with pytest.raises(GraphnnError, match="%x belongs to another graph"):
        parse(TEXT).outputs = parse(TEXT).inputs


def test_walks_go_on_while_the_node_just_seen_is_erased():
    graph = parse(TEXT)
    graph.outputs = ()
    assert [graph.erase(node) or node.op.name for node in reversed(graph.nodes)] == ["mul", "add", "mul"]
    assert list(graph.nodes) == []
    verify(graph)


def test_names_are_given_once():
    graph = Graph()
    assert [graph.add_input(F32, name).name for name in ("x", "x", "x_1", "0")] == ["x", "x_1", "x_1_1", "0"]
    assert (graph.inputs[0] + graph.inputs[1]).name == "1"


def test_literals_are_one_value_a_number_and_no_nodes():
    graph = Graph()
    assert graph.literal(1.0) is graph.literal(1.0)
    assert len({graph.literal(n) for n in (1.0, 1, True, 0.0, -0.0)}) == 5
    assert str(graph.literal(1.0).type) == "f64"
    assert list(graph.nodes) == []


@pytest.mark.parametrize("text", [EVERYTHING, NESTED, TEXT], ids=["all", "bodies", "chain"])
def test_a_copy_is_the_same_and_shares_no_value(text):
    graph = parse(text)
    copy = graph.copy()
    verify(copy)
    assert str(copy) == text
    assert not {*graph.values()} & {*copy.values()}
    copy.outputs = ()
    assert str(graph) == text


def test_a_graph_inlined_reads_the_given_values():
    graph = Graph("g")
    args = [graph.add_input(F32, name) for name in "xy"]
    graph.outputs = inline(parse(TEXT), args, (), graph)
    verify(graph)
    assert difference(graph, parse(TEXT)) is None


def test_arrays_become_constants_that_own_their_bytes():
    array = np.array([1.0, 2.0])
    graph = Graph()
    node = graph.append(lookup("toy_held"), (), {"value": Constant(array)})
    array[0] = 5.0
    assert node.attrs["value"].array.tolist() == [1.0, 2.0]
    assert not node.attrs["value"].array.flags.writeable
