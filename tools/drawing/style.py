"""How each kind of box looks: told apart by shape and border as well as by colour, dark text on light fills."""

from __future__ import annotations

from dataclasses import dataclass

FONT = "Helvetica"
TEXT, FAINT, LINE, STATE_LINE = "#1a1a1a", "#4d4d4d", "#555555", "#7a68b0"


@dataclass(frozen=True)
class Kind:
    """`meaning` is what the legend says; `extra` are further graphviz attributes."""

    meaning: str
    shape: str
    fill: str
    border: str
    style: str = "filled"
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def attributes(self) -> dict[str, str]:
        look = {"shape": self.shape, "style": self.style, "fillcolor": self.fill, "color": self.border}
        return look | dict(self.extra)


KINDS = {
    "input": Kind("input", "oval", "#d3e8fb", "#1f5f99"),
    "parameter": Kind("parameter", "cylinder", "#e6dff5", "#5b3fa3"),
    "state": Kind("buffer, other state", "cylinder", "#f7e1ee", "#943b75", "filled,dashed"),
    "constant": Kind("constant", "note", "#f2f0cc", "#77702a"),
    "op": Kind("operation", "box", "#fbfbfb", "#555555", "filled,rounded"),
    "fused": Kind("fused operation", "box", "#ffd8a6", "#a85000", "filled,bold", (("peripheries", "2"),)),
    "update": Kind("new value of state", "box3d", "#d9cdf2", "#5b3fa3", "filled,bold", (("margin", "0.16,0.13"),)),
    "output": Kind("output", "oval", "#d2efd2", "#2d6e2d", "filled,bold"),
    "root": Kind("the tensor", "oval", "#d2efd2", "#2d6e2d", "filled,bold"),
    "backward": Kind("backward node", "box", "#fbfbfb", "#555555", "filled,rounded"),
    "leaf": Kind("AccumulateGrad: adds into .grad", "cylinder", "#e6dff5", "#5b3fa3"),
}

GRAPH = {"fontname": FONT, "fontcolor": TEXT, "labelloc": "t", "labeljust": "l", "nodesep": "0.3", "ranksep": "0.35"}
GRAPH |= {"bgcolor": "white", "pad": "0.2", "compound": "true", "newrank": "true"}
NODE = {"fontname": FONT, "fontsize": "12", "fontcolor": TEXT, "height": "0.35", "margin": "0.14,0.06"}
EDGE = {"fontname": FONT, "fontsize": "10", "fontcolor": FAINT, "color": LINE, "arrowsize": "0.7"}
NEAR_EDGE = {"weight": "12"}  # straight
FAR_EDGE = {"weight": "1"}
STATE_EDGE = {"color": STATE_LINE, "arrowhead": "vee"}
FLAT = {"weight": "0"}  # between boxes that stand side by side
FRAME = {"style": "rounded,filled", "fillcolor": "#f2f5f9", "color": "#8896a8", "fontname": FONT, "fontsize": "12"}
FRAME |= {"labeljust": "l", "fontcolor": "#33475b", "margin": "10"}
INNER_FRAME = FRAME | {"fillcolor": "#e7ecf3"}
UPDATE_FRAME = FRAME | {"style": "rounded,dashed", "color": "#7a68b0", "fontcolor": "#4c3d80"}
LEGEND_FRAME = FRAME | {"style": "rounded,dotted", "color": "#777777", "fontcolor": TEXT}
