"""Orders: valid ones, better than the trace's where that can be, and the simulation that judges them."""

import pytest
from hypothesis import given

import graphnn.ops  # noqa: F401  (fills the table)
from graphnn.ir import Graph, TensorType, dtypes, parse
from graphnn.ir.registry import OPS
from graphnn.plan.aliasing import overwritable
from graphnn.plan.layout import find_layouts
from graphnn.plan.phases import needed_nodes, split
from graphnn.plan.plan import make_plan
from graphnn.plan.schedule import (
    as_given,
    best_order,
    depth_first_order,
    eager_order,
    least_growth_order,
    sunk_order,
)
from graphnn.plan.simulate import least_peak, simulated_peak
from graphnn.plan.steps import number_steps
from graphnn.plan.target import NUMPY
from tests.plan.graphs import graphs

CANDIDATES = (as_given, eager_order, depth_first_order, least_growth_order)
NO_LIMIT = 1 << 62


def steps_of(graph, phase_one=None):
    nodes = needed_nodes(graph)
    layouts = find_layouts(graph, graph.nodes)
    phases = None if phase_one is None else split(graph, nodes, phase_one)
    return number_steps(graph, nodes, layouts, overwritable(nodes, layouts), NUMPY, phases)


def names(nodes):
    return [node.output.name for node in nodes]


def training_chain(layers, size=64):
    """A forward of square layers, the gradients from the last to the first, and all updates at the end, as traced."""
    matmul, transpose, sub, mul = (OPS[n] for n in ("matmul", "transpose", "sub", "mul"))
    graph = Graph("step")
    square = TensorType(dtypes.float32, (size, size))
    values, gradients = [graph.add_input(TensorType(dtypes.float32, (4, size)))], []
    weights = [graph.add_param(square, f"w{i}") for i in range(layers)]
    for weight in weights:
        values.append(OPS["tanh"](matmul(values[-1], weight)))
    flowing = values[-1]
    for weight, value in zip(reversed(weights), reversed(values[:-1]), strict=True):
        gradients.append(matmul(transpose(value, dim0=0, dim1=1), flowing))
        flowing = mul(matmul(flowing, transpose(weight, dim0=0, dim1=1)), value)
    graph.updates = {w: sub(w, mul(g, 0.1)) for w, g in zip(reversed(weights), gradients, strict=True)}
    graph.outputs = [values[-1]]
    return graph


@given(graphs())
def test_every_candidate_is_a_valid_order(graph):
    steps = steps_of(graph, graph.outputs[:1])
    for candidate in CANDIDATES:
        order, _ = candidate(steps, sunk_order(steps), NO_LIMIT)
        place = {step: i for i, step in enumerate(order)}
        assert sorted(order) == list(range(len(steps)))
        assert all(place[before] < place[step] for step in order for before in steps.after[step])


@given(graphs())
def test_no_order_beats_the_bound_and_the_trace_is_never_worse_than_the_choice(graph):
    steps = steps_of(graph)
    trace = simulated_peak(steps, range(len(steps)))
    chosen = simulated_peak(steps, best_order(steps))
    assert least_peak(steps) <= chosen <= trace


@given(graphs())
def test_a_candidate_reports_its_simulated_peak(graph):
    steps = steps_of(graph)
    for candidate in CANDIDATES:
        order, peak = candidate(steps, sunk_order(steps), NO_LIMIT)
        assert peak == simulated_peak(steps, order)


def test_updates_are_made_right_after_their_gradients():
    few, many = (make_plan(training_chain(layers)) for layers in (3, 12))
    weight = 64 * 64 * 4
    assert many.lower_bound_bytes < few.lower_bound_bytes + 12 * 4 * 64 * 4
    assert many.lower_bound_bytes < 3 * weight


def test_the_simulated_peak_is_the_planned_one_for_a_training_step():
    graph = training_chain(6)
    steps = steps_of(graph)
    assert simulated_peak(steps, best_order(steps)) == make_plan(graph).lower_bound_bytes


def test_momentum_is_updated_with_its_gradient_though_its_first_step_could_run_at_once():
    graph = parse("""graph @g(%x: f32[64], %y: f32[64]) -> (f32[64]) {
      %m: f32[64] = param() {name="m", role="state"}
      %0: f32[64] = exp(%x)
      %1: f32[64] = mul(%y, %0)
      %2: f32[64] = sub(%1, %0)
      %3: f32[64] = mul(%m, 0.9)
      %4: f32[64] = add(%3, %0)
      update %m = %4
      return %2
    }""")
    assert sunk_order(steps_of(graph)) == [0, 3, 4, 1, 2]


def test_of_two_operands_the_one_that_needs_more_beyond_its_result_comes_first():
    graph = parse("""graph @g(%x: f32[64], %column: f32[64, 1], %row: f32[1, 64]) -> (f32[64]) {
      %small: f32[64] = exp(%x)
      %large: f32[64, 64] = matmul(%column, %row)
      %part: f32[64] = matmul(%large, %x)
      %both: f32[64] = add(%small, %part)
      return %both
    }""")
    steps = steps_of(graph)
    order, _ = depth_first_order(steps, sunk_order(steps), NO_LIMIT)
    assert names(steps.nodes[s] for s in order) == ["large", "part", "small", "both"]


def test_what_nothing_needs_is_not_run():
    graph = parse("""graph @g(%x: f32[4]) -> (f32[4]) {
      %0: f32[4] = exp(%x)
      %1: f32[4] = tanh(%x)
      return %0
    }""")
    assert names(make_plan(graph).order) == ["0"]


def test_a_long_chain_is_scheduled_without_recursion():
    value = (graph := Graph("chain")).add_input(TensorType(dtypes.float32, (4,)))
    for _ in range(3000):
        value = OPS["tanh"](value)
    graph.outputs = [value]
    steps = steps_of(graph)
    assert depth_first_order(steps, sunk_order(steps), NO_LIMIT)[0] == list(range(3000))


@pytest.mark.parametrize("count", [0, 1])
def test_tiny_graphs_have_plans(count):
    graph = Graph("tiny")
    value = graph.add_input(TensorType(dtypes.float32, (4,)))
    for _ in range(count):
        value = OPS["tanh"](value)
    graph.outputs = [value]
    assert len(make_plan(graph).order) == count
