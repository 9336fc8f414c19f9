"""Which Python values a function's code names: `closure cell .attr ["key"]` chains, read from its bytecode."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import NamedTuple

_ROOTS = {
    "LOAD_GLOBAL": "global",
    "LOAD_NAME": "global",
    "LOAD_DEREF": "closure",
    "LOAD_FAST": "local",
    "LOAD_FAST_BORROW": "local",
    "LOAD_FAST_CHECK": "local",
}
_QUIET = {"CACHE", "NOP", "PRECALL", "PUSH_NULL", "RESUME", "EXTENDED_ARG"}


class Chain(NamedTuple):
    """`root` is "global", "closure" or "local"; each step is ("attr", name) or ("item", constant key)."""

    root: str
    name: str
    steps: tuple[tuple[str, object], ...]
    line: int


@lru_cache(maxsize=1024)
def chains_of(code: CodeType) -> tuple[Chain, ...]:
    """The chains in the code, and in functions and comprehensions nested in it; a local counts where it is an argument
    that is never assigned."""
    found = dict.fromkeys(_scan(code))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= {c: None for c in chains_of(constant) if c.root != "local"}
    return tuple(found)


def _scan(code: CodeType) -> Iterator[Chain]:
    arguments = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    instructions = [i for i in dis.get_instructions(code) if i.opname not in _QUIET]
    arguments -= {str(i.argval) for i in instructions if i.opname == "STORE_FAST"}
    line = code.co_firstlineno
    for at, instruction in enumerate(instructions):
        line = _line(instruction) or line
        root = _ROOTS.get(instruction.opname)
        if root is not None and (root != "local" or instruction.argval in arguments):
            yield Chain(root, str(instruction.argval), tuple(_steps(instructions, at + 1)), line)


def _line(instruction: dis.Instruction) -> int | None:
    positions = instruction.positions
    return positions.lineno if positions is not None else None


def _steps(instructions: list[dis.Instruction], at: int) -> Iterator[tuple[str, object]]:
    while at < len(instructions):
        step = instructions[at]
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            yield "attr", step.argval
            at += 1
        elif (
            step.opname.startswith("LOAD_CONST") and at + 1 < len(instructions) and _is_subscript(instructions[at + 1])
        ):
            yield "item", step.argval
            at += 2
        else:
            return


def _is_subscript(instruction: dis.Instruction) -> bool:
    return instruction.opname == "BINARY_SUBSCR" or (instruction.opname == "BINARY_OP" and "[" in instruction.argrepr)
