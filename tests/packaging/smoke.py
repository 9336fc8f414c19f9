"""What a new user does first, run by an interpreter that has the wheel: trace a network, compile it, draw it.

Run with `python -I` from a folder outside of the checkout; the drawing is written there.
"""

import shutil
import sys
from pathlib import Path

import graphnn
from graphnn import nn
from graphnn.tools import draw_graph


def main() -> None:
    assert Path(graphnn.__file__).is_relative_to(sys.prefix), f"{graphnn.__file__} is not the installed one"
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    x = graphnn.ones(2, 8)
    graph = graphnn.trace(model, x)
    print(graph)
    assert (graphnn.compile(model)(x) - model(x)).abs().max().item() < 1e-5
    draw(graph)


def draw(graph: graphnn.ir.Graph) -> None:
    """Writes smoke.dot, and smoke.svg where there is a `dot` program."""
    picture = draw_graph(graph)
    print("wrote", picture.save("smoke.dot"))
    if shutil.which("dot"):
        print("wrote", picture.render("smoke", format="svg", cleanup=True))
        assert "<svg" in Path("smoke.svg").read_text(encoding="utf-8")


main()
