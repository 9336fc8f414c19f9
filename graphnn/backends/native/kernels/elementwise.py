"""Elementwise ops and groups of them: one loop nest each."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.backends.native.expressions import constant, expression, register_type
from graphnn.backends.native.kernels.axes import dealt
from graphnn.backends.native.loops import Nest
from graphnn.backends.native.lowering import ELEMENTWISE, lowers, no_scratch
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir.graph import Graph
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.elementwise import COSTLY

ARITHMETIC, FUNCTION = 0.15, 0.6  # nanoseconds an element and op, about


def is_spelled(node: Node) -> bool:
    """Whether the node, or every node of its body, has a spelling in C."""
    if "body" in node.attrs:
        return all(map(is_spelled, node.attrs["body"].nodes))
    if len(node.outputs) != 1:
        return False
    names = ["x" if v is not None and v.kind != LITERAL else None for v in node.inputs]
    return expression(node, names, "v") is not None and expression(node, names, "s") is not None


def body_statements(nodes: Sequence[Node], env: dict[Value, str], form: str, prefix: str = "e") -> list[str]:
    """One C declaration a node; `env` is filled with the names of the results."""
    lines = []
    for number, node in enumerate(nodes):
        args = [None if v is None or v.kind == LITERAL else env[v] for v in node.inputs]
        name = f"{prefix}{number}"
        kind = register_type(node.output.type.dtype, form)
        lines.append(f"const {kind} {name} = {expression(node, args, form)};")
        env[node.output] = name
    return lines


@lowers(ELEMENTWISE, accepts=is_spelled, scratch=no_scratch)
def _elementwise(step: Step) -> list[Phase]:
    """Any elementwise op, and any group of them."""
    wanted = [o for o in step.outputs if o is not None]
    if not wanted or 0 in wanted[0].shape:
        return []
    places = [o for o in step.inputs if o is not None and o.number is None]
    nest = Nest(places, wanted)

    def compute(names: Sequence[str], form: str) -> tuple[list[str], list[str]]:
        given = iter(names)
        args = [None if o is None or o.number is not None else next(given) for o in step.inputs]
        if "body" in step.attrs:
            numbers = [
                a if o is None or o.number is None else _number(o, form) for a, o in zip(args, step.inputs, strict=True)
            ]
            return _group(step.attrs["body"], numbers, step.outputs, form)
        text = expression(step.node, args, form)
        assert text is not None
        return [], [text]

    nodes = step.attrs["body"].nodes if "body" in step.attrs else [step.node]
    cost = nest.size * sum(FUNCTION if n.op.name in COSTLY else ARITHMETIC for n in nodes)
    whole = [o for o in (*places, *wanted) if o.shape == wanted[0].shape]
    return [Phase(nest.text(compute, step.machine.lanes), nest.parts, cost, shares=nest.shares, dealt=dealt(*whole))]


def _number(operand: Operand, form: str) -> str:
    assert operand.number is not None
    return constant(operand.number, operand.type.dtype, form)


def _group(
    body: Graph, args: Sequence[str | None], outputs: Sequence[Operand | None], form: str
) -> tuple[list[str], list[str]]:
    env = {v: a for v, a in zip(body.inputs, args, strict=True) if a is not None}
    lines = body_statements(list(body.nodes), env, form)
    return lines, [env[v] for v, o in zip(body.outputs, outputs, strict=True) if o is not None]
