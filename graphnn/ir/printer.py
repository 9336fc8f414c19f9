"""The graph as text, read back by `graphnn.ir.parser` exactly: the same structure, names and origins.

What an attr's default says is left out; names that are no plain words are quoted, as strings are, the way JSON does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from graphnn.ir.attrs import Constant, exact
from graphnn.ir.dense import format_constant
from graphnn.ir.dtypes import DType
from graphnn.ir.graph import Graph
from graphnn.ir.origin import Origins, describe
from graphnn.ir.types import TensorType
from graphnn.ir.value import LITERAL, Node, Value

_PLAIN = re.compile(r"[\w.\-]+").fullmatch


def format_graph(graph: Graph, indent: str = "") -> str:
    """The whole graph; lines after the first start with `indent`, and no newline ends the last."""
    inner = indent + "  "
    return f"\n{inner}".join([_header(graph), *_statements(graph, inner)]) + f"\n{indent}}}"


def format_node(node: Node, indent: str = "") -> str:
    """One node as its line in the graph's text; the lines of a body graph in it start with `indent`."""
    inputs = ", ".join("none" if v is None else format_use(v) for v in node.inputs)
    if node.op.name == "return":
        return f"return {inputs}".rstrip()
    made = ", ".join(map(format_value, node.outputs))
    implied = node.outputs[0].type if node.outputs else None
    line = f"{made}{' = ' if made else ''}{node.op.name}({inputs}){_attrs(node, indent, implied)}"
    return line + format_origins(node.origins)


def format_value(value: Value) -> str:
    """A value where it is made: `%x: f32[2]`."""
    return f"{format_use(value)}: {value.type}"


def format_use(value: Value) -> str:
    """A value where it is used: `%x`, or the number itself of a literal."""
    return format_attr(value.literal) if value.kind == LITERAL else f"%{format_name(value.name)}"


def format_name(name: str) -> str:
    return name if _PLAIN(name) else quote(name)


def format_origins(origins: Origins) -> str:
    """The trailing comment, on one line."""
    text = " ".join(describe(origins).split()) if origins else ""
    return f"  # {text}" if text else ""


def format_attr(value: Any, indent: str = "", implied: TensorType | None = None) -> str:
    """An attr's value; a constant's type is left out where it is `implied`."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    return _format_compound(value, indent, implied)


def _format_compound(value: Any, indent: str, implied: TensorType | None) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(format_attr(v, indent) for v in value)}]"
    if isinstance(value, DType):
        return value.short
    if isinstance(value, Graph):
        return format_graph(value, indent)
    if isinstance(value, Constant):
        return format_constant(value, implied)
    return f"<{type(value).__name__} has no text>"


def quote(text: str) -> str:
    """As JSON; readable characters of all scripts stay as they are."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _header(graph: Graph) -> str:
    inputs = ", ".join(map(format_value, graph.inputs))
    types = ", ".join(str(v.type) for v in graph.outputs)
    return f"graph @{format_name(graph.name)}({inputs}) -> ({types}) {{"


def _statements(graph: Graph, indent: str) -> Iterator[str]:
    for value in graph.params:
        yield f"{format_value(value)} = param() {_format_items(_param_attrs(value))}"
    for node in graph.nodes:
        yield format_node(node, indent)
    for param, value in graph.updates.items():
        yield f"update {format_use(param)} = {format_use(value)}"
    yield f"return {', '.join(map(format_use, graph.outputs))}".rstrip()


def _param_attrs(value: Value) -> Iterator[tuple[str, str]]:
    for key, item in value.attrs.items():
        if (key, item) != ("role", "parameter"):
            yield key, format_attr(item)


def _attrs(node: Node, indent: str, implied: TensorType | None) -> str:
    if not node.attrs:
        return ""
    defaults = getattr(node.op, "attr_defaults", {})
    told = [(k, v) for k, v in node.attrs.items() if k not in defaults or exact(defaults[k]) != exact(v)]
    return f" {_format_items((k, format_attr(v, indent, implied)) for k, v in told)}" if told else ""


def _format_items(items: Iterable[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{key}={text}' for key, text in items)}}}"
