"""Every op of the table in a plan: views, scratch, unused outputs and in-place results next to each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.ir import Graph
from graphnn.ir.graph import numpy_type
from graphnn.ir.registry import lookup
from graphnn.plan.check import check_plan
from graphnn.plan.plan import make_plan
from tests.ops.samples import TABLE
from tests.plan.graphs import run_graph, run_plan

SAMPLES = [pytest.param(row.rule, s, id=f"{row.op}-{i}") for row in TABLE for i, s in enumerate(row.samples)]
PLAIN = [case.values for case in SAMPLES]


class Builder:
    """A graph made of samples, with the arrays that it is run on."""

    def __init__(self):
        self.graph = Graph("samples")
        self.arrays = {}
        self.made = []

    def take(self, arg, role):
        """The graph's value for a sample's argument: an input, state, a result (a copy of an input), or a result of the
        same type that another op made (floats only: indices have to be in range)."""
        if not isinstance(arg, np.ndarray):
            return self.graph.as_value(arg)
        type = numpy_type(arg)
        shared = [v for v in self.made if v.type is type and type.dtype.is_floating_point]
        if role == "shared" and shared:
            return shared[-1]
        if role == "state":
            value = self.graph.add_param(type, f"state{len(self.graph.params)}", role="state")
        else:
            value = self.graph.add_input(type)
        self.arrays[value] = arg
        return self.graph.append(lookup("copy"), (value,)).output if role == "result" else value

    def add(self, op, sample, roles):
        inputs = [self.take(arg, role) for arg, role in zip(sample.args, roles, strict=False)]
        self.made += self.graph.append(op, inputs, sample.attrs).outputs

    def check(self):
        plan = make_plan(self.graph)
        check_plan(plan)
        inputs = [self.arrays[v] for v in self.graph.inputs]
        state = [self.arrays[v].copy() for v in self.graph.params]
        with np.errstate(all="ignore"):
            wanted, new_state = run_graph(self.graph, inputs, state)
            got = run_plan(plan, inputs, state)
        for result, expected in zip([*got, *state], [*wanted, *new_state], strict=True):
            np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-6)


ROLES = st.lists(st.sampled_from(("input", "state", "result", "shared", "shared")), min_size=12, max_size=12)


@pytest.mark.parametrize(("op", "sample"), SAMPLES)
def test_a_plan_runs_the_op(op, sample):
    builder = Builder()
    builder.add(op, sample, ("result",) * len(sample.args))
    builder.graph.outputs = builder.made
    builder.check()


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(PLAIN), ROLES), min_size=1, max_size=8), st.data())
def test_a_plan_runs_several_ops_and_updates_state_with_their_results(cases, data):
    builder = Builder()
    for (op, sample), roles in cases:
        builder.add(op, sample, roles)
    graph = builder.graph
    graph.outputs = data.draw(st.lists(st.sampled_from(builder.made), min_size=1, max_size=6))
    fitting = {p: [v for v in [*builder.made, *graph.params] if v.type is p.type] for p in graph.params}
    graph.updates = {p: data.draw(st.sampled_from(values)) for p, values in fitting.items()}
    builder.check()
