"""The page with its data put in."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from typing import Any

SCRIPTS = (
    "tools.js",
    "model.js",
    "layout.js",
    "graph.js",
    "details.js",
    "passes.js",
    "memory.js",
    "table.js",
    "main.js",
)


def render(data: dict[str, Any]) -> str:
    """The HTML text; it loads nothing from anywhere."""
    folder = files("graphnn.tools.report") / "page"
    text = (folder / "page.html").read_text(encoding="utf-8")
    scripts = "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)
    packed = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    parts = {
        "TITLE": escape(data["title"]),
        "STYLE": (folder / "style.css").read_text(encoding="utf-8"),
        "DATA": packed,
        "SCRIPT": scripts,
    }
    for name, part in parts.items():
        text = text.replace(f"<!--{name}-->", part)
    return text
