"""What depends on parameters alone: moved out of the graph into one that is run again only when they have changed."""

from __future__ import annotations

from dataclasses import dataclass

from graphnn.ir.copying import copy_nodes, translate
from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, PARAM, Node, Value
from graphnn.plan.formats import channels_last_values


@dataclass(frozen=True)
class Split:
    """`main` reads the prologue's outputs as its last params (`made` of them); `main_params` and `prologue_params` are
    positions among the original graph's params."""

    main: Graph
    main_params: tuple[int, ...]
    prologue: Graph | None
    prologue_params: tuple[int, ...]
    made: int


def split_prologue(graph: Graph) -> Split:
    """Takes apart a graph. Views of state stay in the main graph, where they cost nothing."""
    static = _static_nodes(graph)
    frontier = _frontier(graph, static)
    if not frontier:
        return Split(graph, tuple(range(len(graph.params))), None, (), 0)
    prologue, early = _part(graph, [n for n in graph.nodes if n in static], frontier)
    main, late = _main(graph, static, frontier)
    return Split(main, late, prologue, early, len(frontier))


def _static_nodes(graph: Graph) -> set[Node]:
    updated = graph.updates
    stable = {p for p in graph.params if p not in updated and p.attrs.get("role") != "rng"}
    stored = channels_last_values(graph.nodes)  # the main graph takes a prologue's results in C order
    static: set[Node] = set()
    for node in graph.nodes:
        if any(v in stored for v in node.outputs):
            continue
        if Trait.EFFECT not in node.op.traits and all(
            v.kind == LITERAL or v in stable or v.producer in static for v in node.operands
        ):
            static.add(node)
    for node in reversed(graph.nodes):  # a view, or a constant, that only the main graph uses is no work to save
        idle = Trait.VIEW in node.op.traits or node.op.name == "constant"
        used = any(u in static for v in node.outputs for u in v.uses)
        made = any(v.producer in static and v.producer.op.name != "constant" for v in node.operands)
        if node in static and idle and not used and not made:
            static.discard(node)
    return static


def _frontier(graph: Graph, static: set[Node]) -> list[Value]:
    """The static values that something outside uses."""
    return [v for n in graph.nodes if n in static for v in n.outputs if any(u not in static for u in v.uses)]


def _part(graph: Graph, nodes: list[Node], outputs: list[Value]) -> tuple[Graph, tuple[int, ...]]:
    new = Graph(f"{graph.name}_prologue")
    read = {v for n in nodes for v in n.operands if v.kind == PARAM}
    used = tuple(i for i, p in enumerate(graph.params) if p in read)
    mapping = _copy_params(graph, new, used)
    copy_nodes(nodes, new, mapping, keep_names=True)
    new.outputs = [mapping[v] for v in outputs]
    return new, used


def _main(graph: Graph, static: set[Node], frontier: list[Value]) -> tuple[Graph, tuple[int, ...]]:
    new = Graph(graph.name)
    used = tuple(i for i, p in enumerate(graph.params) if p in graph.updates or any(u not in static for u in p.uses))
    mapping: dict[Value, Value] = {v: new.add_input(v.type, v.name) for v in graph.inputs}
    mapping |= _copy_params(graph, new, used)
    for value in frontier:
        mapping[value] = new.add_param(value.type, value.name, "prologue", value_name=value.name)
    copy_nodes((n for n in graph.nodes if n not in static), new, mapping, keep_names=True)
    new.outputs = [translate(v, new, mapping) for v in graph.outputs]
    new.updates = {mapping[p]: translate(v, new, mapping) for p, v in graph.updates.items()}
    return new, used


def _copy_params(graph: Graph, new: Graph, used: tuple[int, ...]) -> dict[Value, Value]:
    mapping = {}
    for i in used:
        old = graph.params[i]
        mapping[old] = new.add_param(old.type, old.attrs["name"], old.attrs["role"], value_name=old.name)
    return mapping
