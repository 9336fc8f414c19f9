"""Which generated functions each step of a native plan calls, with their text."""

from __future__ import annotations

import re
from typing import Any

from graphnn.errors import BackendError

MOST = 400_000  # characters in all
EACH = 6000
FUNCTION = re.compile(
    r"^(?:static [^\n]*?)?void (\w+)\(char \*\*p, long part, long worker\)\n\{\n(.*?)^\}", re.M | re.S
)
CALL = re.compile(r"\b(\w+_[0-9a-f]{10})\b")


def step_sources(record: Any) -> dict[str, Any]:
    """`steps`: for the name of a step's first result the functions that it calls; `functions`: their C. Empty where no code
    is generated."""
    try:
        source = record.source
    except BackendError:
        return {"steps": {}, "functions": {}}
    functions = dict(FUNCTION.findall(source))
    steps = _steps(source)
    shown, room = {}, MOST
    for names in steps.values():
        for name in names:
            body = functions.get(name, "")[:EACH]
            if name not in shown and len(body) <= room:
                shown[name] = body
                room -= len(body)
    return {"steps": steps, "functions": shown}


def _steps(source: str) -> dict[str, list[str]]:
    """The calls behind each comment that begins with a line of IR."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in source.splitlines():
        head = re.match(r"    /\* %(\S+?):", line)
        if head:
            current = found.setdefault(head[1], [])
        elif line.startswith("    ") and ("(t + " in line or "run(pool" in line):
            current += CALL.findall(line)
    return found
