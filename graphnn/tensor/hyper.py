"""Hyper-parameters: plain numbers in eager code, inputs of the plan in traced code, read again at every call."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from graphnn.ops.op import builders


def scalar(group: MutableMapping[str, Any], key: str) -> Any:
    """`group[key]`; while tracing, a number becomes a weak scalar input of the graph, read from `group` at each run."""
    value = group[key]
    if not builders.stack or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return builders.stack[-1].scalar(group, key)
