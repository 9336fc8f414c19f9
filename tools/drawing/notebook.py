"""What notebooks show: the classes that are shown lie below, and find this when a notebook asks."""

from __future__ import annotations

import subprocess

import graphviz

from graphnn.ir.graph import Graph
from graphnn.plan.plan import Plan
from graphnn.tools.drawing.graph import draw_graph
from graphnn.tools.drawing.memory import draw_plan
from graphnn.tools.drawing.render import plain_svg


def graph_svg(graph: Graph) -> str:
    """By `dot` where it is there, else by the layout of our own."""
    drawing = draw_graph(graph, legend=False)
    try:
        return str(drawing.pipe(format="svg", encoding="utf-8", quiet=True))
    except (graphviz.ExecutableNotFound, subprocess.CalledProcessError):
        return plain_svg(drawing)


def plan_svg(plan: Plan) -> str:
    return draw_plan(plan)
