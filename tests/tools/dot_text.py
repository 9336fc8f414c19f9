"""Reads the DOT text of a drawing back: boxes, arrows and which boxes stand in which frame."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

from graphnn.tools.drawing.style import KINDS


@dataclass
class Drawing:
    """Boxes by id with their attributes and `text` (the label without markup); `frames` are the ids in each titled one."""

    boxes: dict[str, dict[str, str]] = field(default_factory=dict)
    arrows: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    frames: dict[str, list[str]] = field(default_factory=dict)
    title: str = ""

    def texts(self, kind: str) -> list[str]:
        """What is written on the boxes of one kind, the legend's left out."""
        fill = KINDS[kind].fill
        return [b["text"] for id, b in self.boxes.items() if b["fillcolor"] == fill and not id.startswith("legend_")]

    def framed(self, title: str) -> list[str]:
        return [self.boxes[id]["text"] for id in self.frames[title]]

    def links(self) -> list[tuple[str, str, str]]:
        """(text, text, label) of the arrows that are seen."""
        seen = [(a, b, at) for a, b, at in self.arrows if at.get("style") != "invis"]
        return [(self.boxes[a]["text"], self.boxes[b]["text"], at.get("label", "").strip()) for a, b, at in seen]

    @property
    def legend(self) -> list[str]:
        return [box["text"] for id, box in self.boxes.items() if id.startswith("legend_")]


def read(dot: Any) -> Drawing:
    found = Drawing()
    open_frames: list[str] = []
    for line in dot.source.splitlines()[1:]:
        statement = line.strip()
        attrs = _attributes(statement)
        if statement.startswith(("subgraph", "{")):
            open_frames.append("")
        elif statement == "}" and open_frames:
            open_frames.pop()
        elif statement.startswith("graph ["):
            _name_frame(found, open_frames, attrs)
        elif arrow := re.match(r"(\w+) -> (\w+)", statement):
            found.arrows.append((arrow[1], arrow[2], attrs))
        elif (box := re.match(r"((?:n|legend_)\w+) \[", statement)) and not statement.startswith("node "):
            found.boxes[box[1]] = attrs | {"text": _text(attrs["label"])}
            for title in filter(None, open_frames):
                found.frames[title].append(box[1])
    return found


def _name_frame(found: Drawing, open_frames: list[str], attrs: dict[str, str]) -> None:
    if not open_frames:
        found.title = _text(attrs["label"])
    elif "label" in attrs:
        open_frames[-1] = attrs["label"]
        found.frames[attrs["label"]] = []


def _attributes(statement: str) -> dict[str, str]:
    """`name [key=value key="value" label=<markup>]`."""
    attrs: dict[str, str] = {}
    at = statement.find("[") + 1
    while at and (key := re.compile(r"\s*(\w+)=").match(statement, at)):
        end = _value_end(statement, key.end())
        attrs[key[1]] = statement[key.end() : end].strip('"')
        at = end
    return attrs


def _value_end(statement: str, start: int) -> int:
    if statement[start] == '"':
        return re.compile(r'"(?:[^"\\]|\\.)*"').match(statement, start).end()
    if statement[start] != "<":
        return re.compile(r"[^\s\]]+").match(statement, start).end()
    depth = 0
    for at in range(start, len(statement)):
        depth += {"<": 1, ">": -1}.get(statement[at], 0)
        if not depth:
            return at + 1
    raise AssertionError(statement)


def _text(label: str) -> str:
    """Lines parted by ` | `."""
    if not label.startswith("<"):
        return label
    lines = re.sub(r"<[^<>]*>", "", label[1:-1].replace("<br/>", " | "))
    return html.unescape(lines).replace("\\\\", "\\")
