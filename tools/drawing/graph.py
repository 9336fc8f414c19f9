"""A Graph as a picture: modules framed, shapes on arrows, state apart from activations, fused operations marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import graphviz

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import PARAM, Node, Value
from graphnn.tools.drawing import labels, style
from graphnn.tools.drawing.canvas import Canvas
from graphnn.tools.drawing.clusters import UPDATE, Frame, find_frames
from graphnn.tools.drawing.render import save

NEAR = 2  # nodes on in the graph's order: an arrow that goes no further is kept straight
MANY = 6  # updates: of more, each is one box
LARGE = 300  # operations and params: from there on shapes stand in the boxes, for labels on arrows cost dot minutes


def draw_graph(
    graph: Graph,
    path: str | Path | None = None,
    *,
    title: str | None = None,
    legend: bool = True,
    direction: Literal["TB", "LR"] = "TB",
) -> graphviz.Digraph:
    """A drawing of the graph, as a graphviz.Digraph (notebooks show it).

    `path` also writes it: as .svg, .png or .pdf by the program `dot`, or as .dot text. State is drawn anew in every
    frame that uses it, numbers stand in the labels, and the tooltips of an SVG say where a node came from. Where more
    than a few parameters are updated each update is one box. In graphs of more than some hundred operations the shapes
    stand in the boxes, not on the arrows.
    `direction` is "TB" (top to bottom) or "LR" (left to right).
    """
    if not isinstance(graph, Graph):
        got = type(graph).__name__
        raise ArgumentTypeError(f"draw_graph wants a Graph, got {got}; graphnn.trace(model, x) makes one of a model")
    if direction not in ("TB", "LR"):
        raise ArgumentError(f'draw_graph goes in the direction "TB" or "LR", got {direction!r}')
    dot = _Drawing(graph, Canvas(graph.name, _heading(graph, title), legend, direction)).draw()
    if path is not None:
        save(dot, path)
    return dot


def _heading(graph: Graph, title: str | None) -> str:
    state = [p for p in graph.params if p.attrs.get("role") == "parameter"]
    facts = [counted(len(graph.nodes), "operation")]
    if state:
        facts.append(f"{counted(len(state), 'parameter')} ({counted(sum(p.type.size for p in state), 'number')})")
    scalars = [v for v in graph.inputs if labels.is_inline(v)]
    if scalars:
        facts.append(f"read at each run: {', '.join(f'{v.name}: {v.type}' for v in scalars)}")
    return labels.box_label(graph.name if title is None else title, facts, longest=100)


def state_kind(param: Value) -> str:
    return "parameter" if param.attrs["role"] == "parameter" else "state"


def together(params: Sequence[Value]) -> list[tuple[Value, ...]]:
    """Which params of a node share a box: none of up to two, of more all of a kind (those of a batch norm)."""
    if len(params) <= 2:
        return [(param,) for param in params]
    kinds = dict.fromkeys(map(state_kind, params))
    return [tuple(p for p in params if state_kind(p) == kind) for kind in kinds]


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class _Drawing:
    """`boxes` holds the box that each value comes from; `arrows` (value, its user, the user's box, label) wait until
    all boxes are known. `ends` are the updates that are still to be drawn, by the node that makes the new value."""

    def __init__(self, graph: Graph, canvas: Canvas) -> None:
        self.graph = graph
        self.canvas = canvas
        self.folds = False
        self.large = len(graph.nodes) + len(graph.params) > LARGE
        self.boxes: dict[Value, str] = {}
        self.arrows: list[tuple[Value, Node, str, str]] = []
        self.ends: dict[Node | None, list[tuple[Value, Value]]] = {}
        for param, value in graph.updates.items():
            self.ends.setdefault(value.producer, []).append((param, value))

    def draw(self) -> graphviz.Digraph:
        dot = self.canvas.dot
        for value in self.graph.inputs:
            if not labels.is_inline(value):
                self.boxes[value] = self.canvas.box(dot, "input", labels.value_label(value), f"input {value!r}")
        frames = find_frames(self.graph)
        self.folds = sum(frame.role == UPDATE for frame in frames.frames) > MANY
        self.draw_frame(dot, frames, depth=0)
        self.draw_unused_state(dot)
        self.draw_outputs(dot)
        self.draw_updates(dot, None)
        self.draw_arrows()
        self.hold_sources({n for f in frames.frames if f.role == UPDATE for n in f.nodes})
        return self.canvas.finish(self.large)

    def draw_arrows(self) -> None:
        places = {node: i for i, node in enumerate(self.graph.nodes)}
        for value, user, box, label in self.arrows:
            near = value.producer in places and places.get(user, 0) - places[value.producer] <= NEAR
            look = style.NEAR_EDGE if near else style.FAR_EDGE
            self.canvas.arrow(self.boxes[value], box, "" if self.large else label, tooltip=repr(value), **look)

    def hold_sources(self, free: set[Node]) -> None:
        """Sets nodes that no arrow leads to, such as a count of batches, below the node before them, and not on top."""
        led_to = {box for _, _, box, _ in self.arrows}
        before = None
        for node in self.graph.nodes:
            if not node.outputs or node in free:
                continue
            box = self.boxes[node.output]
            if before is not None and box not in led_to:
                self.canvas.arrow(before, box, style="invis")
            before = box

    def draw_frame(self, into: Any, frame: Frame, depth: int) -> None:
        state: dict[Value, str] = {}
        for node in frame.nodes:
            self.draw_node(into, node, state, beside=frame.role != UPDATE)
            self.draw_updates(into, node)
        for inner in frame.frames:
            if inner.role == UPDATE and self.folds:
                self.draw_update(into, inner)
                continue
            look = style.UPDATE_FRAME if inner.role == UPDATE else style.INNER_FRAME if depth % 2 else style.FRAME
            with self.canvas.frame(into, inner.title, look) as cluster:
                self.draw_frame(cluster, inner, depth + 1)

    def draw_node(self, into: Any, node: Node, state: dict[Value, str], beside: bool) -> None:
        """The node's box and the arrows into it. `state` are the boxes of params that this frame has already; new ones
        stand `beside` the node's or above it."""
        kind = "constant" if node.op.name == "constant" else "fused" if Trait.FUSED in node.op.traits else "op"
        box = self.canvas.box(into, kind, labels.node_label(node, self.large), labels.node_tooltip(node))
        self.boxes.update(dict.fromkeys(node.outputs, box))
        new = [v for v in dict.fromkeys(node.operands) if v.kind == PARAM and v not in state]
        for group in together(new):
            state.update(dict.fromkeys(group, self.draw_state(into, *group)))
        flanks = list(dict.fromkeys(state[v] for v in new)) if beside else []
        for read in dict.fromkeys(state[v] for v in node.operands if v.kind == PARAM):
            self.canvas.arrow(read, box, **style.STATE_EDGE | (style.FLAT if read in flanks else {}))
        for position, value in enumerate(node.inputs):
            if value is not None and value.kind != PARAM and not labels.is_inline(value):
                self.arrows.append((value, node, box, labels.edge_label(value, node, position)))
        self.canvas.align(into, [*flanks[:1], box, *flanks[1:]])

    def draw_update(self, into: Any, frame: Frame) -> None:
        """The nodes that update a parameter as one box."""
        inside = set(frame.nodes)
        read = dict.fromkeys(value for node in frame.nodes for value in node.operands if value.kind == PARAM)
        lines = [*(f"{p.attrs['name']}: {p.type}" for p in read), *map(labels.node_title, frame.nodes)]
        box = self.canvas.box(into, "update", labels.box_label(frame.title, lines), labels.state_tooltip([*read]))
        for node in frame.nodes:
            self.ends.pop(node, None)
            self.boxes.update(dict.fromkeys(node.outputs, box))
            for value in node.operands:
                if value.kind != PARAM and not labels.is_inline(value) and value.producer not in inside:
                    self.arrows.append((value, node, box, str(value.type)))

    def draw_state(self, into: Any, *params: Value) -> str:
        """One box for one or several params of a kind."""
        return self.canvas.box(into, state_kind(params[0]), labels.state_label(params), labels.state_tooltip(params))

    def draw_unused_state(self, into: Any) -> None:
        """Params that no node reads: returned, put into another, or left over."""
        for value in self.graph.params:
            if set(value.uses) <= {self.graph.terminator}:
                self.boxes[value] = self.draw_state(into, value)

    def draw_outputs(self, into: Any) -> None:
        for i, value in enumerate(self.graph.outputs):
            box = self.canvas.box(into, "output", labels.box_label(f"output {i}", self.number(value)), f"output {i}")
            self.arrive(value, box)

    def draw_updates(self, into: Any, node: Node | None) -> None:
        """The boxes of the new values that a node makes; None for those that no node makes."""
        for param, value in self.ends.get(node, ()):
            label = labels.box_label(param.attrs["name"], self.number(value))
            self.arrive(value, self.canvas.box(into, "update", label, f"new value of {param!r}"))

    def number(self, value: Value) -> list[str]:
        return [labels.use(value)] if labels.is_inline(value) else []

    def arrive(self, value: Value, box: str) -> None:
        """The arrow from what makes a value, or from a box of the state that holds it, to one of the graph's ends."""
        if labels.is_inline(value):
            return
        if value not in self.boxes:
            self.boxes[value] = self.draw_state(self.canvas.dot, value)
        self.arrows.append((value, self.graph.terminator, box, str(value.type)))
