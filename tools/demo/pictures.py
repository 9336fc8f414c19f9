"""The demo's pictures: the grad_fn chain, and the graphs before and after the passes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphnn.tools.demo.measures import Measures
from graphnn.tools.drawing.grad_fn import draw_grad_fn
from graphnn.tools.drawing.graph import draw_graph
from graphnn.tools.drawing.render import save


def draw_all(measures: Measures, folder: Path) -> tuple[list[Path], list[str]]:
    """The files written into `folder`, and what there is to say about them (that Graphviz is missing, once)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        written = [save(drawing, folder / f"{name}.svg") for name, drawing in _drawings(measures)]
    return written, [str(found.message) for found in caught[:1]]


def _drawings(measures: Measures) -> Iterator[tuple[str, Any]]:
    graphs = measures.graphs
    yield "grad_fn", draw_grad_fn(measures.loss, params=measures.net)
    yield "forward-before-passes", draw_graph(graphs.forward, title="forward, before the passes")
    yield "forward-after-passes", draw_graph(graphs.forward_after, title="forward, after the passes")
    yield "step-before-passes", draw_graph(graphs.step, title="training step, before the passes")
    yield "step-after-passes", draw_graph(graphs.step_after, title="training step, after the passes")
