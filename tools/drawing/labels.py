"""What is written on boxes and arrows: the op, its numbers and settings, shapes; in the tooltip where it came from."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import graphviz
import numpy as np

from graphnn.ir.attrs import Constant, exact
from graphnn.ir.graph import Graph
from graphnn.ir.origin import describe
from graphnn.ir.printer import format_attr, format_use
from graphnn.ir.registry import Trait
from graphnn.ir.value import INPUT, LITERAL, Node, Value
from graphnn.tools.drawing.style import FAINT

LONGEST = 56  # characters of a line
MOST_LINES = 14  # of the ops in a fused group
SPELLED_OUT = 4  # elements of a constant


def box_label(title: str, lines: Iterable[str] = (), longest: int = LONGEST) -> str:
    """A graphviz HTML label: the title bold, smaller lines below, none longer than `longest` characters."""
    small = "".join(f'<br/><font point-size="10" color="{FAINT}">{_safe(line, longest)}</font>' for line in lines)
    return f"<<b>{_safe(title, longest)}</b>{small}>"


def node_label(node: Node, shapes: bool = False) -> str:
    """The op with its settings and body; with `shapes` also what its results are."""
    results = [f"→ {v.type}" for v in node.outputs if v.uses] if shapes else []
    return box_label(node_title(node), [*_settings(node), *_body(node), *results])


def state_label(params: Sequence[Value]) -> str:
    """Name and type of each."""
    entries = (box_label(p.attrs["name"], [str(p.type)])[1:-1] for p in params)
    return f"<{'<br/>'.join(entries)}>"


def state_tooltip(params: Sequence[Value]) -> str:
    return ", ".join(f"{p.attrs['role']} {p!r}" for p in params)


def value_label(value: Value) -> str:
    return box_label(value.name, [str(value.type)])


def use(value: Value) -> str:
    """A number, or the name of what is read at each run, as it stands in its users' labels."""
    return format_use(value).removeprefix("%")


def node_title(node: Node) -> str:
    """`conv2d`, or with the numbers among its inputs: `mul(·, 0.9)`."""
    if not any(v is not None and is_inline(v) for v in node.inputs):
        return node.op.name
    shown = ("none" if v is None else use(v) if is_inline(v) else "·" for v in node.inputs)
    return f"{node.op.name}({', '.join(shown)})"


def is_inline(value: Value) -> bool:
    """Whether the value is written into its users' labels: numbers, and inputs that are numbers (a learning rate)."""
    return value.kind == LITERAL or (value.kind == INPUT and value.type.weak)


def edge_label(value: Value, user: Node, position: int) -> str:
    """The value's type; with the operand's name where several arrows end that could be mixed up."""
    name = _operand(user, position)
    return f"{name}: {value.type}" if name else str(value.type)


def escape(text: str) -> str:
    """The text as dot shows it letter for letter."""
    return str(graphviz.escape(text))


def node_tooltip(node: Node) -> str:
    """`%0: f32[2] = relu  # fc1, model.py:31`."""
    made = ", ".join(map(repr, node.outputs))
    origins = describe(node.origins)
    return f"{made} = {node.op.name}{f'  # {origins}' if origins else ''}"


def _safe(text: str, longest: int) -> str:
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    printed = "".join(c if c.isprintable() else " " for c in shown)
    return html.escape(printed).replace("\\", "\\\\")  # \N would be the box's name


def _settings(node: Node) -> Iterator[str]:
    """Attrs that differ from their defaults, bodies left out; of a constant some elements and the type."""
    defaults = getattr(node.op, "attr_defaults", {})
    for key, value in node.attrs.items():
        told = key not in defaults or exact(defaults[key]) != exact(value)
        if isinstance(value, Constant):
            yield from (_elements(value), str(node.output.type))
        elif told and not isinstance(value, Graph):
            yield f"{key}={format_attr(value)}"


def _body(node: Node) -> list[str]:
    """The ops of a node's body graph, one a line."""
    bodies = [v for v in node.attrs.values() if isinstance(v, Graph)]
    lines = [line for body in bodies for line in map(node_title, islice(body.nodes, MOST_LINES))]
    rest = sum(len(body.nodes) for body in bodies) - len(lines)
    return [*lines, f"… {rest} more"] if rest else lines


def _elements(constant: Constant) -> str:
    array = constant.array
    if array.size <= SPELLED_OUT:
        return np.array2string(array, separator=", ", precision=4).replace("\n", "")
    first = ", ".join(f"{x:.4g}" for x in array.ravel()[: SPELLED_OUT - 1])
    return f"[{first}, … {array.size:,} elements]"


def _operand(user: Node, position: int) -> str:
    """The name of the input, for an op whose operands cannot be swapped and of which several are drawn as arrows."""
    arrows = [v for v in user.operands if not is_inline(v) and v.kind != "param"]
    if user.op.name == "return" or len(arrows) < 2 or Trait.COMMUTATIVE in user.op.traits:
        return ""
    names = getattr(user.op, "input_names", ())
    return names[position] if position < len(names) else str(position)
