"""Which nodes a drawing frames together: each visit of a module, in nested frames, and the update of each parameter.

The nodes of one call of a module stand together in the graph's order, and so do those of its backward. A frame is such
a run of nodes, so that forward and backward of a module are two frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from graphnn.ir.graph import Graph
from graphnn.ir.origin import Origin
from graphnn.ir.value import PARAM, Node, Value

FORWARD, BACKWARD, AGAIN, UPDATE = "", "backward", "again", "update"


@dataclass(eq=False)
class Frame:
    """A frame around `nodes` and `frames`. `path` is the module's, for an UPDATE it names what is updated."""

    path: str
    role: str = FORWARD
    nodes: list[Node] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"update of {self.path}" if self.role == UPDATE else ", ".join(p for p in (self.path, self.role) if p)

    def all_nodes(self) -> Iterator[Node]:
        yield from self.nodes
        for frame in self.frames:
            yield from frame.all_nodes()


def find_frames(graph: Graph) -> Frame:
    """The outermost frame, which is the whole drawing."""
    updating = updating_nodes(graph)
    root = _by_module(node for node in graph.nodes if node not in updating)
    _name_visits(root, {})
    root.frames = [_without_shells(frame) for frame in root.frames] + list(_update_frames(graph, updating))
    return root


# ---- modules


def module_of(node: Node) -> str:
    """The path of the module a node belongs to: the innermost of its origins' when they lie in each other, else what
    they have in common."""
    paths = sorted({tuple(o.module.split(".")) if o.module else () for o in node.origins}, key=len)
    if not paths:
        return ""
    last = paths[-1]
    for path in paths[:-1]:
        if last[: len(path)] != path:
            last = path = _common(path, last)
    return ".".join(last)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    length = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:length]


def _by_module(nodes: Iterator[Node]) -> Frame:
    open_frames = [Frame("")]
    for node in nodes:
        parts = module_of(node).split(".") if module_of(node) else []
        paths = [".".join(parts[: i + 1]) for i in range(len(parts))]
        kept = next((i for i, (f, p) in enumerate(zip(open_frames[1:], paths, strict=False)) if f.path != p), None)
        del open_frames[1 + (min(len(paths), len(open_frames) - 1) if kept is None else kept) :]
        for path in paths[len(open_frames) - 1 :]:
            frame = Frame(path)
            open_frames[-1].frames.append(frame)
            open_frames.append(frame)
        open_frames[-1].nodes.append(node)
    return open_frames[0]


@dataclass
class _Visits:
    """What the calls of a module so far have read and made, and how: (op, which of its inputs)."""

    values: set[Value] = field(default_factory=set)
    ways: set[tuple[str, int]] = field(default_factory=set)

    def add(self, frame: Frame) -> None:
        for node in frame.all_nodes():
            self.values.update(node.operands, node.outputs)
            self.ways.update((node.op.name, position) for position in range(len(node.inputs)))

    def is_backward(self, frame: Frame) -> bool:
        """A backward reads values that an earlier call read or made, in ways of its own; a second call does not."""
        return any(
            value in self.values and value.kind != PARAM and (node.op.name, position) not in self.ways
            for node in frame.all_nodes()
            for position, value in enumerate(node.inputs)
            if value is not None
        )


def _name_visits(frame: Frame, seen: dict[str, _Visits]) -> None:
    """Tells later visits of a module from its first."""
    for inner in frame.frames:
        visits = seen.get(inner.path)
        if visits is not None:
            inner.role = BACKWARD if visits.is_backward(inner) else AGAIN
        if inner.role != BACKWARD:
            seen.setdefault(inner.path, _Visits()).add(inner)
        _name_visits(inner, seen)


def _without_shells(frame: Frame) -> Frame:
    """A frame that holds one frame and nothing else is left out."""
    while not frame.nodes and len(frame.frames) == 1:
        frame = frame.frames[0]
    frame.frames = [_without_shells(inner) for inner in frame.frames]
    return frame


# ---- updates


def updating_nodes(graph: Graph) -> set[Node]:
    """The optimizer's nodes: outside of modules, feeding nothing but new values of state, and made on lines on which
    nothing else was made (a backward has the lines of its forward)."""
    lines, outputs = _lines_of_the_rest(graph), set(graph.outputs)
    found: set[Node] = set()
    ends = {graph.terminator}
    for node in reversed(graph.nodes):
        if not node.origins or module_of(node) or not lines.isdisjoint(node.origins):
            continue
        if outputs.isdisjoint(node.outputs) and all(u in found or u in ends for v in node.outputs for u in v.uses):
            found.add(node)
    return found


def _lines_of_the_rest(graph: Graph) -> set[Origin]:
    """The origins of all nodes that an output depends on."""
    reached: set[Node] = {v.producer for v in graph.outputs if v.producer is not None}
    for node in reversed(graph.nodes):
        if node in reached:
            reached.update(v.producer for v in node.operands if v.producer is not None)
    return {origin for node in reached for origin in node.origins}


def _update_frames(graph: Graph, updating: set[Node]) -> Iterator[Frame]:
    """One frame for each group of updating nodes that hang together, in the graph's order."""
    group_of: dict[Node, Frame] = {}
    for node in graph.nodes:
        if node not in updating:
            continue
        before = {group_of[v.producer] for v in node.operands if v.producer in group_of}
        frame = next(iter(before), Frame("", UPDATE))
        for other in before - {frame}:
            frame.nodes += other.nodes
            group_of.update(dict.fromkeys(other.nodes, frame))
        frame.nodes.append(node)
        group_of[node] = frame
    for frame in dict.fromkeys(group_of.values()):
        made = {v for node in frame.nodes for v in node.outputs}
        frame.path = _names(p for p, v in graph.updates.items() if v in made)
        yield frame


def _names(params: Iterable[Value]) -> str:
    """What is updated: the first of the parameters, or else of all, and how many more there are."""
    params = list(params)
    first, *others = [p.attrs["name"] for p in params if p.attrs["role"] == "parameter" or not _has_parameter(params)]
    return f"{first} and {len(others)} more" if others else str(first)


def _has_parameter(params: Iterable[Value]) -> bool:
    return any(p.attrs["role"] == "parameter" for p in params)
