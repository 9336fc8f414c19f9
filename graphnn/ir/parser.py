"""Text to graph: the inverse of `graphnn.ir.printer`, by recursive descent, in time linear in the text.

Everything is checked while reading (names, ops, attrs, types), so a graph that parses is a valid one.
"""

from __future__ import annotations

import re
from typing import Any

from graphnn.errors import GraphnnError
from graphnn.ir.attrs import Attrs
from graphnn.ir.graph import Graph
from graphnn.ir.lexer import Cursor, Token, nearest
from graphnn.ir.literals import read_attr, read_scalar, read_type
from graphnn.ir.origin import Origin, Origins, describe
from graphnn.ir.registry import OPS, OpLike, lookup
from graphnn.ir.types import TensorType
from graphnn.ir.value import PARAM, Node, Value

_PLACE = re.compile(r"(?:(.+), )?([^,]+):(\d{1,9})", re.ASCII).fullmatch

Declared = list[tuple[Token, str, TensorType]]


def parse(text: str) -> Graph:
    """The graph that the text spells; ParseError with line, column and caret where it spells none."""
    cursor = Cursor(text)
    graph = _GraphReader(cursor).read()
    if cursor.token[0] != "end":
        cursor.fail(f"trailing text after the graph: {cursor.describe(cursor.token)}", cursor.token)
    return graph


def parse_origins(comment: str) -> Origins:
    """The origins that a trailing comment names; one that is no `module, file:line` stays whole, as a module."""
    found = tuple(_origin(part) for part in comment.split(" + "))
    return found if describe(found) == comment else (Origin(comment),)


def _origin(text: str) -> Origin:
    place = _PLACE(text)
    return Origin(place[1] or "", place[2], int(place[3])) if place else Origin(text)


def _read_body(cursor: Cursor) -> Graph:
    return _GraphReader(cursor).read()


class _GraphReader:
    """Reads one graph; the body graphs in it are read by readers of their own, since names are local to a graph."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.values: dict[str, Value] = {}
        self.updates: dict[Value, Value] = {}

    def read(self) -> Graph:
        cursor = self.cursor
        cursor.expect("graph", "at the start of a graph")
        self.graph = Graph(cursor.name(cursor.expect_kind("name", "the graph's @name")))
        for _, name, type in self._inputs():
            self.values[name] = self.graph.add_input(type, name)
        cursor.expect("->", "after the graph's inputs")
        declared = self._output_types()
        cursor.expect("{", "before the graph's nodes")
        while not cursor.accept("return"):
            self._statement()
        self._return(declared)
        cursor.expect("}", "after return")
        return self.graph

    # ---- the header

    def _inputs(self) -> Declared:
        self.cursor.expect("(", "before the graph's inputs")
        declared: Declared = []
        if not self.cursor.accept(")"):
            declared.append(self._declaration(declared))
            while self.cursor.more(")", "after an input"):
                declared.append(self._declaration(declared))
        return declared

    def _output_types(self) -> list[tuple[Token, TensorType]]:
        cursor, types = self.cursor, []
        cursor.expect("(", "before the types of the outputs")
        if not cursor.accept(")"):
            types.append((cursor.token, read_type(cursor)))
            while cursor.more(")", "after a type"):
                types.append((cursor.token, read_type(cursor)))
        return types

    def _declaration(self, among: Declared = ()) -> tuple[Token, str, TensorType]:  # type: ignore[assignment]
        """`%name: type`, the name being new, also to the declarations `among` which it stands."""
        token = self.cursor.expect_kind("value", "a %name")
        name = self.cursor.name(token)
        if name in self.values or any(name == other for _, other, _ in among):
            self.cursor.fail(f"{token[1]} is defined already", token)
        self.cursor.expect(":", f"after {token[1]}")
        return token, name, read_type(self.cursor)

    # ---- statements

    def _statement(self) -> None:
        kind, text, _ = token = self.cursor.token
        if text == "update" and self.cursor.tokens[self.cursor.at + 1][0] == "value":
            self._update()
        elif kind == "word":
            self._node([])
        elif kind == "value":
            self._definition()
        else:
            self.cursor.fail(f"expected a node, update or return, got {self.cursor.describe(token)}", token)

    def _definition(self) -> None:
        declared = [self._declaration()]
        while self.cursor.accept(","):
            declared.append(self._declaration(declared))
        self.cursor.expect("=", "after the values that the node makes")
        if self.cursor.token[1] == "param":
            self._param(declared)
        else:
            self._node(declared)

    def _param(self, declared: Declared) -> None:
        cursor = self.cursor
        token = cursor.next()
        cursor.expect("(", "after param")
        cursor.expect(")", "after param(, which takes no inputs")
        attrs = self._attrs(None, ("name", "role"), "param")
        name, role = attrs.get("name"), attrs.get("role", "parameter")
        if len(declared) != 1 or not isinstance(name, str) or not isinstance(role, str):
            cursor.fail('param makes one value and takes {name="..."}, and role="..." where it is no parameter', token)
        _, value_name, type = declared[0]
        self.values[value_name] = self.graph.add_param(type, name, role, value_name)

    def _node(self, declared: Declared) -> None:
        cursor = self.cursor
        token = cursor.expect_kind("word", "the name of an op")
        op = OPS.get(token[1]) or self._lookup(token)
        inputs = self._operands(token[1])
        given = self._attrs(declared[0][2] if declared else None, getattr(op, "attr_defaults", None), op.name)
        attrs, types = self._infer(token, op, inputs, given)
        self._compare(token, op, declared, types)
        comment = cursor.comments.get(cursor.at - 1)
        node = Node(self.graph, op, inputs, attrs, parse_origins(comment) if comment else ())
        self.graph._insert(node, types, [name for _, name, _ in declared])
        for value in node.outputs:
            self.values[value.name] = value

    def _lookup(self, token: Token) -> OpLike:
        try:
            return lookup(token[1])
        except GraphnnError as error:
            self.cursor.fail(str(error), token)

    def _infer(
        self, token: Token, op: OpLike, inputs: tuple[Value | None, ...], given: dict[str, Any]
    ) -> tuple[Attrs, tuple[TensorType, ...]]:
        """The full attrs and the types that the op gives; whatever its rule raises on strange attrs is a ParseError."""
        try:
            attrs = Attrs(op.attrs(given))
            return attrs, op.infer_types([None if v is None else v.type for v in inputs], attrs)
        except GraphnnError as error:
            self.cursor.fail(str(error), token, error)
        except Exception as error:
            self.cursor.fail(f"{op.name} cannot be applied to these inputs and attrs: {error!r}", token, error)

    def _compare(self, token: Token, op: OpLike, declared: Declared, types: tuple[TensorType, ...]) -> None:
        if len(declared) != len(types):
            self.cursor.fail(f"{len(declared)} values declared, {op.name} makes {len(types)}", token)
        for (at, _, type), real in zip(declared, types, strict=True):
            if type is not real:
                self.cursor.fail(f"{at[1]} is declared {type}, the op gives {real}", at)

    def _update(self) -> None:
        cursor = self.cursor
        cursor.next()
        token = cursor.token
        param = self._operand()
        cursor.expect("=", "after the updated param")
        at = cursor.token
        value = self._operand()
        if param is None or param.kind != PARAM or param in self.updates:
            problem = "updated twice" if param in self.updates else "not a param"
            cursor.fail(f"{token[1]} is {problem}; update gives each param at most one new value", token)
        if value is None or value.type is not param.type:
            cursor.fail(f"the update of %{param.name}: {param.type} is {value.type if value else 'none'}", at)
        self.updates[param] = value

    def _return(self, declared: list[tuple[Token, TensorType]]) -> None:
        cursor = self.cursor
        place, outputs = cursor.token, []
        if place[1] != "}":
            outputs.append(self._output())
            while cursor.accept(","):
                outputs.append(self._output())
        if len(outputs) != len(declared):
            cursor.fail(f"the graph declares {len(declared)} outputs and returns {len(outputs)}", place)
        for (token, type), value in zip(declared, outputs, strict=True):
            if value.type is not type:
                cursor.fail(f"the output is declared {type}, %{value.name} is {value.type}", token)
        self.graph.outputs = outputs
        self.graph.updates = self.updates

    # ---- operands and attrs

    def _operands(self, op: str) -> tuple[Value | None, ...]:
        cursor, operands = self.cursor, []
        cursor.expect("(", f"after {op}")
        if cursor.accept(")"):
            return ()
        operands.append(self._operand())
        while cursor.more(")", "after an input"):
            operands.append(self._operand())
        return tuple(operands)

    def _output(self) -> Value:
        token = self.cursor.token
        value = self._operand()
        if value is None:
            self.cursor.fail("none is no output", token)
        return value

    def _operand(self) -> Value | None:
        cursor = self.cursor
        token = cursor.next()
        if token[0] == "value":
            found = self.values.get(cursor.name(token))
            return self._undefined(token) if found is None else found
        number = read_scalar(cursor, token)
        if number is None:
            return None
        if not isinstance(number, bool | int | float):
            cursor.fail(f"expected a %value, a number or none, got {cursor.describe(token)}", token)
        return self.graph.literal(number)

    def _undefined(self, token: Token) -> Any:
        line = self._defined_later(token[1])
        if line:
            self.cursor.fail(f"{token[1]} is used before its definition on line {line}", token)
        name = self.cursor.name(token)
        self.cursor.fail(f"{token[1]} is not defined{nearest(name, self.values, '%')}", token)

    def _defined_later(self, text: str) -> int:
        """The line on which this graph (not a body in it) makes the value, or 0."""
        cursor, depth = self.cursor, 0
        for (_, found, start), (_, following, _) in zip(cursor.tokens[cursor.at :], cursor.tokens[cursor.at + 1 :]):  # noqa: B905
            depth += (found == "{") - (found == "}")
            if depth < 0:
                return 0
            if depth == 0 and found == text and following == ":":
                return cursor.text.count("\n", 0, start) + 1
        return 0

    def _attrs(self, implied: TensorType | None, known: Any, owner: str) -> dict[str, Any]:
        cursor = self.cursor
        found: dict[str, Any] = {}
        if not cursor.accept("{"):
            return found
        while True:
            token = cursor.expect_kind("word", "the name of an attribute")
            if known is not None and token[1] not in known:
                takes = f"it takes {', '.join(known) or 'none'}"
                cursor.fail(f"{owner} has no attribute {token[1]!r}{nearest(token[1], known)} ({takes})", token)
            if token[1] in found:
                cursor.fail(f"the attribute {token[1]!r} is given twice", token)
            cursor.expect("=", f"after {token[1]}")
            found[token[1]] = read_attr(cursor, implied, _read_body)
            if not cursor.more("}", "after an attribute"):
                return found
