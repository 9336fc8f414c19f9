"""Random graphs from every row of the op table mean the same after each pass and pipeline, and plan validly."""

from dataclasses import replace

import pytest
from hypothesis import given, note, settings

from graphnn.backends.registry import backend_named
from graphnn.ir import difference, parse, verify
from graphnn.ir.graph import Graph
from graphnn.passes import (
    Canonicalize,
    CommonSubexpressions,
    ConstantFolding,
    DeadCode,
    EliminateDropout,
    FoldBatchNorm,
    FuseConvReLU,
    FuseElementwise,
    FuseEpilogue,
    FuseLinearReLU,
    PassManager,
    inference_pipeline,
    training_pipeline,
)
from graphnn.plan.check import check_plan
from graphnn.plan.plan import Plan, make_plan
from graphnn.rewrite import EXACT, Pass, Tolerance
from graphnn.runtime.interpreter import interpret
from tests.ops.samples import ROWS
from tests.pass_coverage import count_graph, count_pass
from tests.random_graphs import Drawn, graphs
from tests.sampling import assert_close

PASSES = (
    Canonicalize(),
    CommonSubexpressions(),
    ConstantFolding(),
    DeadCode(),
    EliminateDropout(),
    FoldBatchNorm(),
    FuseConvReLU(),
    FuseElementwise(min_elements=1),
    FuseElementwise(min_elements=1, max_results=8),
    FuseEpilogue(),
    FuseLinearReLU(),
)


def small_groups(passes: tuple[Pass, ...]) -> tuple[Pass, ...]:
    """The pipeline, also fusing the small tensors that are drawn here."""
    return tuple(replace(p, min_elements=1) if isinstance(p, FuseElementwise) else p for p in passes)


ROUNDING = Tolerance(rtol=1e-4, atol=1e-5)

PIPELINES = {
    "inference": PassManager(small_groups(inference_pipeline())),
    "training": PassManager(small_groups(training_pipeline())),
}


def assert_same_values(drawn: Drawn, after: Graph, tolerance) -> None:
    """Outputs and new state are the same to the bit; the loose outputs within the tolerance."""
    before, state = interpret(drawn.graph, *drawn.inputs, state=drawn.state)
    got, got_state = interpret(after, *drawn.inputs, state=drawn.state)
    for i, pair in enumerate(zip(before, got, strict=True)):
        assert_close(pair[:1], pair[1:], tolerance if i in drawn.loose else EXACT)
    assert_close(list(state.values()), list(got_state.values()), EXACT)


def assert_runs_as_interpreted(drawn: Drawn, plan: Plan) -> None:
    """The NumPy backend gives the interpreter's values, but for sums over memory in another order."""
    expected, updates = interpret(plan.graph, *drawn.inputs, state=drawn.state)
    state = tuple(array.copy() for array in drawn.state)
    got = backend_named("numpy").bind(plan, state).forward(drawn.inputs)
    assert_close(expected, got, ROUNDING)
    wanted = [updates.get(p, array) for p, array in zip(plan.graph.params, drawn.state, strict=True)]
    assert_close(wanted, state, ROUNDING)


every_op = pytest.mark.parametrize("op", sorted(ROWS))


@every_op
def test_every_pass_keeps_values_validity_and_its_argument_and_settles(op: str):
    @settings(max_examples=4)
    @given(graphs(op))
    def check(drawn: Drawn) -> None:
        graph = drawn.graph
        note(str(graph))
        count_graph(graph)
        verify(graph)
        text = str(graph)
        for pass_ in PASSES:
            note(f"in the pass {pass_.name}")
            result = pass_.run(graph)
            verify(result.graph)
            assert_same_values(drawn, result.graph, pass_.tolerance)
            again = pass_.run(result.graph)
            assert (again.modified, difference(again.graph, result.graph)) == (False, None)
            assert result.modified == (difference(graph, result.graph) is not None)
            count_pass(pass_.name, graph, result.graph)
        assert str(graph) == text

    check()


@every_op
def test_pipelines_keep_values_and_every_stage_plans_and_runs_and_prints_exactly(op: str):
    @settings(max_examples=2)
    @given(graphs(op))
    def check(drawn: Drawn) -> None:
        note(str(drawn.graph))
        stages = [drawn.graph]
        for name, pipeline in PIPELINES.items():
            note(f"in the {name} pipeline")
            made = pipeline.run(drawn.graph).graph
            verify(made)
            assert_same_values(drawn, made, FoldBatchNorm.tolerance)
            stages.append(made)
        for graph in stages:
            note(f"planned:\n{graph}")
            assert difference(parse(str(graph)), graph) is None
            plan = make_plan(graph)
            check_plan(plan)
            assert_runs_as_interpreted(drawn, plan)

    check()
