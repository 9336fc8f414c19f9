"""Puts boxes, arrows, frames and the legend on a graphviz.Digraph."""

from __future__ import annotations

import itertools
from typing import Any

import graphviz

from graphnn.tools.drawing import style
from graphnn.tools.drawing.labels import box_label, escape
from graphnn.tools.drawing.layered import Arrow, Box

HASTE = {"nslimit": "3", "nslimit1": "3", "mclimit": "0.3"}


class Canvas:
    """A Digraph under way. Boxes are numbered in the order they come, so the same graph gives the same source."""

    def __init__(self, name: str, title: str, legend: bool, direction: str = "TB") -> None:
        attributes = {**style.GRAPH, "label": title, "rankdir": direction, "tooltip": escape(name)}
        self.dot = graphviz.Digraph(name, graph_attr=attributes, node_attr=style.NODE, edge_attr=style.EDGE)
        self.dot.boxes, self.dot.arrows = {}, []  # for the layout of our own, where `dot` is missing
        self.legend = legend
        self.kinds: dict[str, None] = {}
        self.boxes = 0
        self.frames = 0

    def box(self, into: Any, kind: str, label: str, tooltip: str = "") -> str:
        """Draws a box into the Digraph or a frame of it; its id."""
        self.kinds[kind] = None
        self.boxes += 1
        id = f"n{self.boxes}"
        self.dot.boxes[id] = Box(kind, label, tooltip or kind)
        into.node(id, label, tooltip=escape(tooltip or kind), **style.KINDS[kind].attributes)
        return id

    def arrow(self, start: str, end: str, label: str = "", tooltip: str = "", **attributes: str) -> None:
        texts = {"label": escape(f"  {label}") if label else None, "tooltip": escape(tooltip) if tooltip else None}
        self.dot.arrows.append(Arrow(start, end, label))
        self.dot.edge(start, end, **texts, **attributes)

    def align(self, into: Any, boxes: list[str]) -> None:
        """Sets boxes side by side, from left to right."""
        if len(boxes) > 1:
            with into.subgraph(graph_attr={"rank": "same"}) as row:
                for left, right in itertools.pairwise(boxes):
                    row.edge(left, right, style="invis")

    def frame(self, into: Any, title: str, attributes: dict[str, str]) -> Any:
        """A frame inside `into`, as a context manager that gives the subgraph."""
        self.frames += 1
        shown = {"label": escape(title), "tooltip": escape(title)}
        return into.subgraph(name=f"cluster_{self.frames}", graph_attr=attributes | shown)

    def finish(self, large: bool = False) -> Any:
        """The Digraph, with a legend of the kinds of boxes that are on it; of a `large` one dot improves less."""
        if self.legend:
            self._draw_legend()
        if large:
            self.dot.graph_attr.update(HASTE)
        return self.dot

    def _draw_legend(self) -> None:
        entries = [name for name in style.KINDS if name in self.kinds]
        with self.dot.subgraph(name="cluster_legend", graph_attr={**style.LEGEND_FRAME, "label": "legend"}) as frame:
            for name in entries:
                kind = style.KINDS[name]
                frame.node(f"legend_{name}", box_label(kind.meaning), tooltip=kind.meaning, **kind.attributes)
            for above, below in itertools.pairwise(entries):
                frame.edge(f"legend_{above}", f"legend_{below}", style="invis")
