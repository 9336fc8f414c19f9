"""What is done with graphs from outside the engine: the command line, drawing and reports; imported as `graphnn.tools`.

`drawing/` makes pictures of graphs and grad_fn chains, and writes a chain as text; `cli.py` is the program
`graphnn`, and `demo/` its main job. Tools use only what graphnn makes public, and nothing in the engine imports them.
Heavy libraries (graphviz, tqdm, scikit-learn) are imported inside the functions that need them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphnn.tools.drawing.grad_fn import draw_grad_fn as draw_grad_fn
    from graphnn.tools.drawing.grad_fn_chain import grad_fn_text as grad_fn_text
    from graphnn.tools.drawing.graph import draw_graph as draw_graph
    from graphnn.tools.drawing.memory import draw_plan as draw_plan
    from graphnn.tools.plots import plot_memory as plot_memory
    from graphnn.tools.plots import plot_passes as plot_passes
    from graphnn.tools.plots import plot_training as plot_training
    from graphnn.tools.profiling import profile as profile
    from graphnn.tools.summary import summarize as summarize

_HOMES = {
    "draw_graph": "graphnn.tools.drawing.graph",
    "draw_plan": "graphnn.tools.drawing.memory",
    "plot_memory": "graphnn.tools.plots",
    "plot_passes": "graphnn.tools.plots",
    "plot_training": "graphnn.tools.plots",
    "profile": "graphnn.tools.profiling",
    "summarize": "graphnn.tools.summary",
    "draw_grad_fn": "graphnn.tools.drawing.grad_fn",
    "grad_fn_text": "graphnn.tools.drawing.grad_fn_chain",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'graphnn.tools' has no attribute {name!r}; it has {', '.join(_HOMES)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
