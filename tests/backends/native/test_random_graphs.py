"""Random graphs from the op table, through the native pipelines, planned and run as C, against the interpreter."""

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from graphnn.backends.native.backend import NativeBackend
from graphnn.ir import verify
from graphnn.passes import PassManager, inference_pipeline, training_pipeline
from graphnn.plan.check import check_plan
from graphnn.plan.plan import make_plan
from graphnn.rewrite import Tolerance
from graphnn.runtime.interpreter import interpret
from tests.ops.samples import ROWS
from tests.random_graphs import graphs
from tests.sampling import assert_close

ROUNDING = Tolerance(rtol=2e-4, atol=2e-5)
PIPELINES = {"inference": inference_pipeline("native"), "training": training_pipeline("native")}


@pytest.mark.parametrize("name", PIPELINES)
def test_c_gives_what_the_interpreter_gives(name):
    @settings(max_examples=40)
    @given(st.sampled_from(sorted(ROWS)).flatmap(graphs))
    def check(drawn):
        graph = PassManager(PIPELINES[name]).run(drawn.graph).graph
        verify(graph)
        note(str(graph))
        backend = NativeBackend()
        plan = make_plan(graph, backend.target)
        check_plan(plan)
        expected, updates = interpret(graph, *drawn.inputs, state=drawn.state)
        state = tuple(array.copy() for array in drawn.state)
        got = backend.bind(plan, state).forward(drawn.inputs)
        assert_close(expected, got, ROUNDING)
        wanted = [updates.get(p, array) for p, array in zip(graph.params, drawn.state, strict=True)]
        assert_close(wanted, state, ROUNDING)

    check()
