"""Graphs survive pickle and deepcopy: structure, names, full origins; nothing of the process that wrote them."""

import copy
import pickle

import pytest

from graphnn.errors import GraphnnError
from graphnn.ir import Graph, Origin, TensorType, difference, dtypes, lookup, parse, verify
from graphnn.ir.registry import OPS
from tests.ir.test_text import EVERYTHING, NESTED


@pytest.mark.parametrize("text", [EVERYTHING, NESTED], ids=["all", "bodies"])
@pytest.mark.parametrize("again", [lambda g: pickle.loads(pickle.dumps(g)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_a_graph_comes_back_the_same(text, again):
    graph = parse(text)
    back = again(graph)
    verify(back)
    assert str(back) == text
    assert difference(back, graph) is None
    assert {v.graph for v in back.values()} == {back}


def test_origins_keep_their_folders():
    graph = Graph()
    x = graph.add_input(TensorType(dtypes.float32, (2,)))
    origins = (Origin("fc1", "/home/someone/model.py", 31),)
    graph.outputs = graph.append(lookup("add"), [x, x], origins=origins).outputs
    assert pickle.loads(pickle.dumps(graph)).nodes.first.origins == origins


def test_bindings_stay_behind():
    graph = parse(EVERYTHING)
    graph.bindings = (lambda: None, lambda: None)
    assert pickle.loads(pickle.dumps(graph)).bindings == ()


def test_a_long_chain_needs_no_deep_stack():
    graph = Graph()
    value = graph.add_input(TensorType(dtypes.float32, (2,)))
    for _ in range(5000):
        value = value + 1.0
    graph.outputs = [value]
    assert difference(pickle.loads(pickle.dumps(graph)), graph) is None


def test_an_op_that_is_not_known_any_more_is_named(monkeypatch):
    data = pickle.dumps(parse(NESTED))
    monkeypatch.delitem(OPS, "toy_group")
    with pytest.raises(GraphnnError, match="no op is called 'toy_group'"):
        pickle.loads(data)
