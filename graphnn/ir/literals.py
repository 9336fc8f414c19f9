"""Types, numbers, lists, strings and constants in the graph's text: all that is read without knowing any name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnn.ir.attrs import Constant
from graphnn.ir.dense import read_blob, read_dense
from graphnn.ir.dtypes import BY_SHORT
from graphnn.ir.lexer import Cursor, Token, nearest
from graphnn.ir.types import TensorType

_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None, **BY_SHORT}

ReadGraph = Callable[[Cursor], Any]  # how a body graph among the attrs is read


def read_type(cursor: Cursor) -> TensorType:
    token = cursor.next()
    dtype = BY_SHORT.get(token[1]) if token[0] == "word" else None
    if dtype is None:
        near = nearest(token[1], BY_SHORT)
        cursor.fail(f"expected a type such as f32[2, 3], got {cursor.describe(token)}{near}", token)
    if not cursor.accept("["):
        return TensorType(dtype, (), True)
    shape: list[int] = []
    if not cursor.accept("]"):
        shape.append(_size(cursor))
        while cursor.more("]", "after a size"):
            shape.append(_size(cursor))
    return TensorType(dtype, tuple(shape))


def _size(cursor: Cursor) -> int:
    token = cursor.expect_kind("number", "a size")
    size = read_scalar(cursor, token)
    if not isinstance(size, int) or size < 0:
        cursor.fail(f"a size is a whole number from 0 on, got {token[1]}", token)
    return size


def read_scalar(cursor: Cursor, token: Token) -> Any:
    """A number, true, false, none or a dtype."""
    kind, text, _ = token
    if kind == "number":
        try:
            return int(text) if text.lstrip("-").isdecimal() else float(text)
        except ValueError as error:
            cursor.fail(str(error), token)
    if kind != "word" or text not in _WORDS:
        cursor.fail(f"expected a value, got {cursor.describe(token)}", token)
    return _WORDS[text]


def read_attr(cursor: Cursor, implied: TensorType | None, read_graph: ReadGraph) -> Any:
    kind, text, _ = token = cursor.token
    if kind == "string":
        return cursor.name(cursor.next())
    if text == "[":
        return _tuple(cursor, implied, read_graph)
    if text == "graph":
        cursor.deeper()
        graph = read_graph(cursor)
        cursor.depth -= 1
        return graph
    cursor.next()
    return _constant(cursor, token, implied, read_graph) if text in ("dense", "blob") else read_scalar(cursor, token)


def _tuple(cursor: Cursor, implied: TensorType | None, read_graph: ReadGraph) -> tuple[Any, ...]:
    cursor.expect("[", "before a list")
    cursor.deeper()
    items: list[Any] = []
    if not cursor.accept("]"):
        items.append(read_attr(cursor, implied, read_graph))
        while cursor.more("]", "in a list"):
            items.append(read_attr(cursor, implied, read_graph))
    cursor.depth -= 1
    return tuple(items)


def _constant(cursor: Cursor, token: Token, implied: TensorType | None, read_graph: ReadGraph) -> Constant:
    cursor.expect("<", f"after {token[1]}")
    cursor.deeper()
    type = implied
    if cursor.token[1] in BY_SHORT:
        type = read_type(cursor)
        cursor.expect(",", "after the constant's type")
    at = cursor.token
    item = read_attr(cursor, None, read_graph)
    cursor.expect(">", f"after the elements of {token[1]}")
    cursor.depth -= 1
    if type is None or isinstance(item, str) != (token[1] == "blob"):
        cursor.fail('a constant is dense<type, [numbers]> or blob<type, "base64">', at)
    try:
        return read_blob(item, type) if token[1] == "blob" else read_dense(item, type)
    except (ValueError, OverflowError, MemoryError) as error:
        cursor.fail(str(error), at)
