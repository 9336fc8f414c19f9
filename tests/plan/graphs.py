"""Random graphs for the tests of planning, with views, state and updates, and the simplest way to run a plan."""

import numpy as np
from hypothesis import strategies as st

import graphnn.ops  # noqa: F401  (fills the table)
from graphnn.errors import GraphnnError
from graphnn.ir import Graph, TensorType, dtypes
from graphnn.ir.registry import OPS, Trait
from graphnn.ir.value import LITERAL
from graphnn.plan.plan import Plan

SHAPES = ((4, 6), (6, 4), (4, 1), (1, 6), (6,), (), (2, 3, 4), (0, 6))
FLOATS = (dtypes.float32, dtypes.float64)


def ops_of_arity(count):
    """Names of the elementwise ops of so many inputs that have no attributes."""
    fitting = (op for op in OPS.values() if len(op.input_names) == count == op.required and not op.attr_defaults)
    return sorted(op.name for op in fitting if Trait.ELEMENTWISE in op.traits and not op.variadic)


def view_attrs(draw, value):
    """A view op and its attrs for a value, drawn; None where there is none."""
    ndim, size = len(value.shape), value.type.size
    choices = [("reshape", {"shape": (size,)}), ("reshape", {"shape": (*value.shape, 1)}), ("unsqueeze", {"dim": 0})]
    if ndim >= 2:
        choices += [("transpose", {"dim0": 0, "dim1": ndim - 1}), ("flatten", {"start_dim": 0, "end_dim": ndim - 1})]
    if ndim >= 1:
        choices += [("flip", {"dims": (0,)}), ("squeeze", {"dim": None})]
        choices += [("slice", {"dim": 0, "start": 1, "stop": value.shape[0], "step": 2})] if value.shape[0] > 1 else []
        choices += [("expand", {"shape": (3, *value.shape)})]
    known = [(name, attrs) for name, attrs in choices if name in OPS]
    return draw(st.sampled_from(known))


@st.composite
def graphs(draw, most_nodes=25):
    """A graph of elementwise ops, views and matrix products, with updates of state that may share, swap or alias."""
    graph = Graph("random")
    types = [TensorType(draw(st.sampled_from(FLOATS)), draw(st.sampled_from(SHAPES))) for _ in range(4)]
    values = [graph.add_input(t) for t in types[:2]]
    params = [graph.add_param(t, f"p{i}") for i, t in enumerate(types)]
    params.append(graph.add_param(types[-1], "twin"))
    values += [graph.add_input(TensorType(dtypes.float64, (), weak=True), "lr"), *params]
    values.append(graph.constant(np.arange(24.0).reshape(4, 6)))
    for _ in range(draw(st.sampled_from((0, 3, 10, most_nodes)))):
        values += draw_node(draw, graph, values)
    updates = {}
    for param in params:
        fitting = [v for v in values if v.type is param.type]
        if draw(st.booleans()):
            updates[param] = draw(st.sampled_from(fitting[-6:]))
    graph.updates = updates
    unused = [v for v in graph.values() if v.producer is not None and not v.uses]
    graph.outputs = [*draw(st.lists(st.sampled_from(values), max_size=2)), *unused[-draw(st.integers(0, 3)) :]]
    return graph


def draw_node(draw, graph, values):
    """The results of one more node; none where the draw does not type-check."""
    kind = draw(st.sampled_from(("unary", "binary", "binary", "view", "matmul", "same")))
    value = draw(st.sampled_from(values[-8:] + values[:3]))
    if value.type.dtype not in FLOATS:
        kind = "view"
    try:
        if kind == "view":
            name, attrs = view_attrs(draw, value)
            return list(graph.append(OPS[name], (value,), attrs).outputs)
        if kind == "unary":
            return list(graph.append(OPS[draw(st.sampled_from(ops_of_arity(1)))], (value,)).outputs)
        name = "matmul" if kind == "matmul" else draw(st.sampled_from(ops_of_arity(2)))
        floats = [v for v in values if v.type.dtype in FLOATS]
        fitting = [v for v in floats if v.type is value.type] if kind == "same" else floats
        other = draw(st.sampled_from([*fitting, graph.literal(2.0)]))
        return list(graph.append(OPS[name], (value, other)).outputs)
    except GraphnnError:
        return []


# ---- running a plan with NumPy, as simply as can be


def run_plan(plan: Plan, inputs, state):
    """The outputs; `state` (arrays in the order of the graph's params) is updated in place."""
    arena = np.full(plan.arena_bytes, 0xAB, np.uint8)
    flat = [np.ndarray(a.nbytes, np.uint8, a) for a in state]
    constants = [np.ndarray(c.array.nbytes, np.uint8, c.array.copy()) for c in plan.constants]

    def at(slot):
        memory = {"arena": [arena], "state": flat, "constant": constants}[slot.kind][slot.index]
        return np.ndarray(slot.shape, slot.dtype, memory if memory.nbytes else None, slot.offset, slot.strides)

    def read(value):
        return None if value is None else value.literal if value.kind == LITERAL else at(plan.slots[value])

    def copy(early):
        for entry in plan.copies:
            if entry.early == early:
                at(entry.target)[...] = entry.source.number if entry.source.kind == "literal" else at(entry.source)

    given = dict(zip(plan.graph.inputs, inputs, strict=True))
    taken = {}

    def enter(values):
        for value in values:
            if value in plan.slots:
                at(plan.slots[value])[...] = given[value]

    def barrier():
        taken.update((v, np.array(read(v))) for v in plan.early)
        copy(early=True)
        enter(plan.late)

    enter(v for v in plan.graph.inputs if v not in plan.late)
    for step, node in enumerate(plan.order):
        if step == plan.barrier:
            barrier()
        if step in plan.views:
            continue
        outs = [at(plan.slots[v]) if v in plan.slots else None for v in node.outputs]
        for call in node.op.bind(outs, [read(v) for v in node.inputs], node.attrs, [at(s) for s in plan.scratch[step]]):
            call[0](*call[1:])
    if plan.barrier == len(plan.order):
        barrier()
    results = [taken[v] if v in taken else np.array(read(v)) for v in plan.graph.outputs]
    copy(early=False)
    return results


def run_graph(graph: Graph, inputs, state):
    """The outputs and the new state, node by node with fresh memory for everything."""
    env = dict(zip([*graph.inputs, *graph.params], [*inputs, *state], strict=True))

    def read(value):
        return None if value is None else value.literal if value.kind == LITERAL else env[value]

    for node in graph.nodes:
        results = node.op.run([read(v) for v in node.inputs], node.attrs, tuple(v.type for v in node.outputs))
        env.update(zip(node.outputs, map(np.copy, results), strict=True))
    new = [np.broadcast_to(read(graph.updates.get(p, p)), p.shape) for p in graph.params]
    dtypes_of = [p.type.dtype.numpy for p in graph.params]
    return [np.array(read(v)) for v in graph.outputs], list(map(np.array, new, dtypes_of))


def sample_arrays(values, seed):
    """Arrays for inputs or params."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.uniform(0.5, 1.5, v.shape)).astype(v.type.dtype.numpy) for v in values]
