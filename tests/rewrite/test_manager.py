"""The manager copies once, verifies, reports, dumps, and names the pass in every failure."""

from dataclasses import dataclass

import pytest

from graphnn.errors import PassError
from graphnn.ir import parse
from graphnn.passes import CommonSubexpressions, DeadCode, PassManager
from graphnn.rewrite import Pass, PassResult

TEXT = """\
graph @g(%x: f32[4]) -> (f32[4]) {
  %0: f32[4] = exp(%x)
  %1: f32[4] = exp(%x)
  %2: f32[4] = neg(%1)
  return %0
}"""


@dataclass(frozen=True)
class Breaks(Pass):
    """Leaves a graph whose output no node makes."""

    name = "breaks-graphs"

    def apply(self, graph):
        graph.nodes.remove(graph.nodes.first)
        return True


@dataclass(frozen=True)
class Raises(Pass):
    """Fails."""

    name = "raises-errors"

    def apply(self, graph):
        raise KeyError("lost")


@dataclass(frozen=True)
class Forgets(Pass):
    """Does not say whether it did anything."""

    name = "forgets-to-tell"

    def apply(self, graph):
        return None


class OnlyRuns:
    """What a user may write without the base class."""

    name = "only-runs"

    def run(self, graph):
        return PassResult(DeadCode().run(graph).graph, True)


def test_runs_the_passes_in_order_and_leaves_its_argument_alone():
    graph = parse(TEXT)
    result = PassManager((CommonSubexpressions(), DeadCode())).run(graph)
    assert str(graph) == TEXT
    assert str(result.graph) == "graph @g(%x: f32[4]) -> (f32[4]) {\n  %0: f32[4] = exp(%x)\n  return %0\n}"
    assert result.modified


def test_reports_nodes_before_and_after_each_pass_as_a_table():
    report = PassManager([CommonSubexpressions(), DeadCode(), DeadCode()]).run(parse(TEXT)).report
    assert [(p.name, p.before, p.after, p.modified) for p in report.passes] == [
        ("common-subexpressions", 3, 2, True),
        ("dead-code", 2, 1, True),
        ("dead-code", 1, 1, False),
    ]
    lines = [line.split() for line in str(report).splitlines()]
    assert [line[:-1] for line in lines] == [
        ["pass", "nodes", "before", "after"],
        ["common-subexpressions", "3", "2"],
        ["dead-code", "2", "1"],
        ["dead-code", "1", "unchanged"],
        ["total,", "verified", "3", "1"],
    ]
    assert len({len(line) for line in str(report).splitlines()}) == 1


def test_dumps_the_text_between_passes_that_changed_it():
    shown = []
    PassManager((CommonSubexpressions(), CommonSubexpressions(), DeadCode()), dump=shown.append).run(parse(TEXT))
    heads = [text.splitlines()[0] for text in shown]
    assert heads == ["# before any pass", "# after common-subexpressions", "# after dead-code"]
    assert shown[0].split("\n", 1)[1] == TEXT
    assert all(parse(text) for text in shown)


def test_names_the_pass_that_left_an_invalid_graph():
    with pytest.raises(PassError, match=r"the pass breaks-graphs left an invalid graph: (?s:.*)%0 is made by no node"):
        PassManager((DeadCode(), Breaks())).run(parse(TEXT))


def test_can_be_told_not_to_verify():
    assert PassManager((Breaks(),), verify=False).run(parse(TEXT)).modified


def test_names_the_pass_that_raised_and_keeps_the_cause():
    with pytest.raises(PassError, match=r"the pass raises-errors failed on graph @g: 'lost'") as caught:
        PassManager((DeadCode(), Raises())).run(parse(TEXT))
    assert isinstance(caught.value.__cause__, KeyError)


def test_names_the_pass_that_does_not_tell_whether_it_modified():
    with pytest.raises(PassError, match="forgets-to-tell must return whether it modified the graph, got None"):
        PassManager((Forgets(),)).run(parse(TEXT))


def test_says_that_the_graph_given_was_invalid_before_any_pass():
    graph = parse(TEXT)
    graph.nodes.remove(graph.nodes.first)
    with pytest.raises(PassError, match="the graph given is invalid"):
        PassManager((DeadCode(),)).run(graph)


def test_takes_a_pass_that_only_has_run():
    result = PassManager((OnlyRuns(), CommonSubexpressions())).run(parse(TEXT))
    assert [p.after for p in result.report.passes] == [1, 1]


def test_refuses_a_class_where_a_pass_belongs():
    with pytest.raises(PassError, match="write its parentheses"):
        PassManager((DeadCode,))
