"""Tracing a pattern function: what it calls is recorded as a tree of symbols, without types.

Positional parameters stand for any value (with a default of None also for an input left out), keyword-only ones for any
attr; a parameter that occurs twice must stand for the same thing twice. Numbers stand for themselves.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.ir.registry import OpLike, lookup

RANK = 100  # above arrays, values and Tensors


class Symbol:
    """Something that an op can be applied to while a pattern function runs."""

    op_rank = RANK

    @staticmethod
    def apply_op(op: OpLike, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        return Call.record(op, args, attrs)

    def __add__(self, other: Any) -> Any:
        return lookup("add")(self, other)

    def __radd__(self, other: Any) -> Any:
        return lookup("add")(other, self)

    def __sub__(self, other: Any) -> Any:
        return lookup("sub")(self, other)

    def __rsub__(self, other: Any) -> Any:
        return lookup("sub")(other, self)

    def __mul__(self, other: Any) -> Any:
        return lookup("mul")(self, other)

    def __rmul__(self, other: Any) -> Any:
        return lookup("mul")(other, self)

    def __truediv__(self, other: Any) -> Any:
        return lookup("div")(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return lookup("div")(other, self)

    def __matmul__(self, other: Any) -> Any:
        return lookup("matmul")(self, other)

    def __pow__(self, other: Any) -> Any:
        return lookup("pow")(self, other)

    def __neg__(self) -> Any:
        return lookup("neg")(self)


@dataclass(frozen=True, eq=False)
class AnyValue(Symbol):
    """Any value; `optional`: or none."""

    name: str
    optional: bool = False


@dataclass(frozen=True, eq=False)
class AnyAttr:
    """Any value of an attr."""

    name: str


@dataclass(frozen=True, eq=False)
class Call:
    """One application of an op."""

    op: OpLike
    inputs: tuple[Any, ...]
    attrs: Mapping[str, Any]

    @staticmethod
    def record(op: OpLike, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        for arg in args:
            if not (arg is None or isinstance(arg, Symbol | bool | int | float)):
                raise ArgumentError(f"a pattern is made of ops, its parameters and numbers; {op.name} got {arg!r}")
        call = Call(op, args, op.attrs(attrs))
        results = tuple(Result(call, i) for i in range(len(op.outputs)))
        return results if len(results) > 1 else results[0]


@dataclass(frozen=True, eq=False)
class Result(Symbol):
    """One output of a call."""

    call: Call
    index: int


@dataclass(frozen=True)
class Traced:
    """A pattern function's two results; `root` is the call that makes the pattern's output."""

    root: Call
    index: int
    replacement: Any


def trace_pattern(function: Callable[..., Any]) -> Traced:
    """Runs the function on symbols; ArgumentError when it is no pattern."""
    name = getattr(function, "__name__", "pattern")
    positional, attrs = _parameters(function)
    result = function(*positional, **attrs)
    if not isinstance(result, tuple) or len(result) != 2:
        raise ArgumentError(f"{name} must return (pattern, replacement), got {result!r}")
    pattern, replacement = result
    if not isinstance(pattern, Result):
        raise ArgumentError(f"{name}: the pattern must be what an op returns, got {pattern!r}")
    bound = set(_leaves(pattern))
    free = [leaf.name for leaf in _leaves(replacement) if leaf not in bound]
    parameters: list[AnyValue | AnyAttr] = [*positional, *attrs.values()]
    unused = [leaf.name for leaf in parameters if leaf not in bound]
    if free or unused:
        raise ArgumentError(f"{name}: {', '.join(free or unused)} does not occur in the pattern")
    return Traced(pattern.call, pattern.index, replacement)


def _parameters(function: Callable[..., Any]) -> tuple[list[AnyValue], dict[str, AnyAttr]]:
    parameters = inspect.signature(function).parameters.values()
    named_only = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    positional = [AnyValue(p.name, p.default is None) for p in parameters if p not in named_only]
    return positional, {p.name: AnyAttr(p.name) for p in named_only}


def _leaves(item: Any) -> Iterator[AnyValue | AnyAttr]:
    if isinstance(item, AnyValue | AnyAttr):
        yield item
    if isinstance(item, Result):
        for part in (*item.call.inputs, *item.call.attrs.values()):
            yield from _leaves(part)
