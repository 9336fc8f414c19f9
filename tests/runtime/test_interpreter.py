"""The interpreter: outputs and new state, from arrays given or bound."""

from types import SimpleNamespace

import numpy as np
import pytest

from graphnn.errors import ArgumentError
from graphnn.ir import parse
from graphnn.runtime import interpret

TEXT = """
graph @g(%x: f32[3], %lr: f64) -> (f32[3], f32[3]) {
  %s: f32[3] = param() {name="s", role="buffer"}
  %0: f32[3] = mul(%x, %lr)
  %1: f32[3] = add(%s, %0)
  update %s = %1
  return %0, %s
}"""
X, S = np.array([1.0, 2.0, 3.0], np.float32), np.ones(3, np.float32)


def test_gives_outputs_and_new_state_and_writes_to_nothing():
    graph = parse(TEXT)
    outputs, updates = interpret(graph, X, 0.5, state=[S])
    assert [o.tolist() for o in outputs] == [[0.5, 1.0, 1.5], [1.0, 1.0, 1.0]]
    assert {p.name: v.tolist() for p, v in updates.items()} == {"s": [1.5, 2.0, 2.5]}
    assert S.tolist() == [1.0, 1.0, 1.0]


def test_a_weak_scalar_does_not_promote():
    (scaled, _), _ = interpret(parse(TEXT), X, 0.5, state=[S])
    assert scaled.dtype == np.float32


def test_takes_state_from_what_the_graph_is_bound_to():
    graph = parse(TEXT)
    graph.bindings = (SimpleNamespace(array=S),)
    assert interpret(graph, X, 0.5)[1][graph.params[0]].tolist() == [1.5, 2.0, 2.5]


def test_returns_literals_and_leaves_out_optional_inputs():
    text = """
    graph @g(%x: f32[2, 3], %w: f32[1, 3]) -> (f32[2, 1], f64) {
      %0: f32[2, 1] = linear(%x, %w, none)
      return %0, 2.5
    }"""
    (out, number), _ = interpret(parse(text), np.ones((2, 3)), np.ones((1, 3)))
    assert (out.tolist(), number) == ([[3.0], [3.0]], 2.5)


@pytest.mark.parametrize(
    ("inputs", "state", "message"),
    [
        ((X,), [S], "takes 2 inputs, got 1"),
        ((S[:2], 0.5), [S], r"input %x is f32\[3\], got an array of shape \[2\]"),
        ((X, 0.5), None, "give state="),
    ],
)
def test_says_which_arrays_it_wants(inputs, state, message):
    with pytest.raises(ArgumentError, match=message):
        interpret(parse(TEXT), *inputs, state=state)
