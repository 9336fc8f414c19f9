"""Tokens of the graph's text, and the cursor that a parser moves over them."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from typing import NoReturn

from graphnn.errors import ParseError

_STRING = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_TOKEN = re.compile(
    rf"""\s*+(?:
      (?P<value>%(?:[\w.\-]++|{_STRING}))
    | (?P<name>@(?:[\w.\-]++|{_STRING}))
    | (?P<string>{_STRING})
    | (?P<number>-?(?:\d++(?:\.\d*+)?(?:[eE][+-]?\d++)?|inf\b|nan\b))
    | (?P<word>[^\W\d][\w.]*+)
    | (?P<mark>->|[(){{}}\[\]<>,:=])
    | (?P<comment>\#[^\n]*+)
    | (?P<end>\Z)
    | (?P<bad>.))""",
    re.VERBOSE | re.DOTALL,
)
_DEEPEST = 32

Token = tuple[str, str, int]  # kind (a group above), text, offset


class Cursor:
    """A place in the tokens of a text. `comments` holds, by the index of the token before it, what ends a line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.tokens: list[Token] = []
        self.comments: dict[int, str] = {}
        self._read()

    def _read(self) -> None:
        tokens, text, last = self.tokens, self.text, 0
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup or "end"
            if kind == "end":
                tokens.append(("end", "", last))
                return
            start = match.start(kind)
            if kind != "comment":
                tokens.append((kind, match[kind], start))
                last = match.end()
            elif tokens and text.find("\n", last, start) < 0:
                self.comments[len(tokens) - 1] = match[kind][1:].strip()

    # ---- moving

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.tokens[self.at]
        if token[0] != "end":
            self.at += 1
        return token

    def accept(self, text: str) -> bool:
        """Steps over the mark or word, if it is next."""
        found = self.tokens[self.at]
        if found[1] != text or found[0] == "end":
            return False
        self.at += 1
        return True

    def expect(self, text: str, where: str) -> Token:
        found = self.tokens[self.at]
        if found[1] != text or found[0] == "end":
            self.fail(f"expected {text!r} {where}, got {self.describe(found)}", found)
        self.at += 1
        return found

    def expect_kind(self, kind: str, what: str) -> Token:
        found = self.tokens[self.at]
        if found[0] != kind:
            self.fail(f"expected {what}, got {self.describe(found)}", found)
        self.at += 1
        return found

    def more(self, closing: str, where: str) -> bool:
        """Whether a list goes on (steps over its comma), or ends here (steps over `closing`)."""
        if self.accept(","):
            return True
        found = self.next()
        if found[1] != closing:
            self.fail(f"expected ',' or {closing!r} {where}, got {self.describe(found)}", found)
        return False

    def name(self, token: Token) -> str:
        """What a `%value`, `@graph` or "string" token names."""
        text = token[1] if token[0] == "string" else token[1][1:]
        if not text.startswith('"'):
            return text
        try:
            return str(json.loads(text))
        except ValueError as error:
            self.fail(f"not a string as JSON writes them: {error}", token)

    def deeper(self) -> None:
        """Called when going into a list or a body graph; text can be nested deeper than Python's stack."""
        self.depth += 1
        if self.depth > _DEEPEST:
            self.fail(f"nested deeper than {_DEEPEST} levels", self.token)

    # ---- failing

    def describe(self, token: Token) -> str:
        if token[0] == "end":
            return "the end of the text"
        if token[1] == '"':
            return "a string that is not closed"
        return f"{token[1][:40]!r}"

    def fail(self, message: str, token: Token, cause: BaseException | None = None) -> NoReturn:
        start = self.text.rfind("\n", 0, token[2]) + 1
        stop = self.text.find("\n", token[2])
        line = self.text[start : stop if stop >= 0 else len(self.text)].rstrip("\r")
        number = self.text.count("\n", 0, token[2]) + 1
        raise ParseError(message, line=number, column=token[2] - start + 1, source_line=line) from cause


def nearest(name: str, known: Iterable[str], prefix: str = "") -> str:
    """`; did you mean 'relu'?`, or nothing where nothing comes near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""
