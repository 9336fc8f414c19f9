"""`check_rewrite`: everything that a pass promises, checked on one graph given as text."""

import numpy as np

from graphnn.ir import parse, verify
from graphnn.ir.equality import difference
from graphnn.ir.graph import Graph
from graphnn.ir.origin import Origin
from graphnn.rewrite import EXACT, Pass
from graphnn.runtime.interpreter import interpret
from tests.sampling import assert_close, feed, ordinary, special


def check_rewrite(pass_: Pass, before: str, after: str, draws=None) -> Graph:
    """Parses `before`, runs the pass, and asserts that the result is `after` up to names, valid, of the same values,
    that `modified` was honest, the argument unchanged, every origin kept, and that a second run changes nothing.

    Values come from the interpreter, on ordinary numbers and, for exact passes, on NaNs, infinities and zeros too.
    """
    graph = with_origins(parse(before))
    shown = str(graph)
    result = pass_.run(graph)
    assert str(graph) == shown, "the pass changed its argument"
    verify(result.graph)
    fault = difference(result.graph, parse(after))
    assert fault is None, f"{fault}\n{result.graph}"
    assert result.modified == (difference(graph, result.graph) is not None)
    assert all(node.origins for node in result.graph.nodes), f"a node lost its origins:\n{result.graph}"
    check_settled(pass_, result.graph)
    for draw in draws or ([ordinary, special] if pass_.tolerance == EXACT else [ordinary]):
        check_values(graph, result.graph, pass_.tolerance, draw)
    return result.graph


def check_unchanged(pass_: Pass, text: str) -> None:
    """The pass leaves this graph alone."""
    check_rewrite(pass_, before=text, after=text)


def check_settled(pass_: Pass, graph: Graph) -> None:
    """A second run changes nothing, and says so."""
    again = pass_.run(graph)
    assert difference(graph, again.graph) is None
    assert not again.modified


def check_values(before: Graph, after: Graph, tolerance=EXACT, draw=ordinary, seed: int = 0) -> None:
    """Outputs and new state agree, on arrays drawn for the inputs and the state."""
    inputs, state = feed(before, np.random.default_rng(seed), draw)
    expected, expected_state = interpret(before, *inputs, state=state)
    got, got_state = interpret(after, *inputs, state=state)
    assert_close(expected, got, tolerance)
    assert [p.attrs for p in expected_state] == [p.attrs for p in got_state]
    assert_close(list(expected_state.values()), list(got_state.values()), tolerance)


def with_origins(graph: Graph) -> Graph:
    """The graph, each node told a line of its own."""
    for line, node in enumerate(graph.nodes, start=1):
        node.origins = (Origin("", "before.py", line),)
    return graph
