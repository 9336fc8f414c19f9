"""Axes of several operands walked together, and the C loops over them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from graphnn.backends.native.step import Operand
from graphnn.ir.types import Shape

Lines = list[str]

BRANCH = 8  # parts of a big phase
PART_WORK = 8192  # elements that a part should have
LEAST_SHARES, MOST_SHARES = 4, 16


class Axis(NamedTuple):
    """How many steps, and by how many elements each operand moves at one."""

    size: int
    strides: tuple[int, ...]


def axes(shape: Sequence[int], *strides: Sequence[int]) -> list[Axis]:
    """One axis a dimension; those of size 1 are left out."""
    return [Axis(n, tuple(each)) for n, *each in zip(shape, *strides, strict=True) if n != 1]


def merged(given: Iterable[Axis]) -> list[Axis]:
    """Neighbours that all operands go through in one stride are one."""
    found: list[Axis] = []
    for axis in given:
        if found and all(a == b * axis.size for a, b in zip(found[-1].strides, axis.strides, strict=True)):
            axis = Axis(found.pop().size * axis.size, axis.strides)
        found.append(axis)
    return found


def ordered(given: Iterable[Axis], operand: int = 0) -> list[Axis]:
    """Merged, in the order in which they lie in the memory of one operand."""
    return merged(sorted(given, key=lambda a: -abs(a.strides[operand])))


def count(given: Iterable[Axis]) -> int:
    return math.prod(a.size for a in given)


def dense_strides(shape: Shape) -> Shape:
    """C order; also of sizes 0."""
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


# ---- C text


def block(head: str, *body: str | Lines) -> Lines:
    """`head { body }`."""
    return [f"{head} {{", *("    " + line for line in flat(*body)), "}"]


def flat(*body: str | Lines) -> Lines:
    return [line for item in body for line in ([item] if isinstance(item, str) else item)]


def text(*body: str | Lines) -> str:
    return "\n".join("    " + line for line in flat(*body))


def loop(name: str, low: str | int, high: str | int, *body: str | Lines) -> Lines:
    return block(f"for (long {name} = {low}; {name} < {high}; {name}++)", *body)


def offset(given: Sequence[Axis], operand: int, prefix: str = "i") -> str:
    """The element that loops over the axes are at."""
    terms = [f"{prefix}{k} * {a.strides[operand]}" for k, a in enumerate(given) if a.strides[operand]]
    return " + ".join(terms) or "0"


def nest(given: Sequence[Axis], body: Lines, prefix: str = "i", cut: tuple[str, str] | None = None) -> Lines:
    """Loops over the axes, the first outermost; `cut` replaces the bounds of that one."""
    for k in reversed(range(len(given))):
        low, high = cut if cut is not None and k == 0 else ("0", str(given[k].size))
        body = loop(f"{prefix}{k}", low, high, body)
    return body


def unravel(given: Sequence[Axis], names: Sequence[str], index: str = "k") -> Lines:
    """Declares each operand's offset at a flat index over the axes."""
    lines = []
    for at, name in enumerate(names):
        terms, step = [], count(given)
        for axis in given:
            step //= max(axis.size, 1)
            place = f"{index} / {step}" if step > 1 else index
            place = f"({place}) % {axis.size}" if axis is not given[0] else f"({place})"
            if axis.strides[at]:
                terms.append(f"{place} * {axis.strides[at]}")
        lines.append(f"const long {name} = {' + '.join(terms) or '0'};")
    return lines


def parts_for(work: int, most: int = BRANCH) -> int:
    """Into how many parts to cut a phase over `work` elements."""
    return max(1, min(most, work // PART_WORK))


def shares_of(samples: int) -> int:
    """Into how many equal shares samples are dealt (4 to 16), for steps that run share by share; 0 if they cannot be."""
    fair = [n for n in range(MOST_SHARES, LEAST_SHARES - 1, -1) if samples % n == 0]
    return next((n for n in fair if n >= BRANCH and samples // n >= BRANCH), fair[0] if fair else 0)


def dealt(*operands: Operand | None) -> tuple[int, ...]:
    """The places of operands that parts have shares of, for `Phase.dealt`."""
    return tuple(o.index for o in operands if o is not None and o.number is None)


def cut(size: int | str, parts: int, part: str = "part") -> Lines:
    """Declares `from` and `to`, this part's share of a loop."""
    if parts == 1:
        return [f"const long from = 0, to = {size};"]
    return [f"const long from = {part} * {size} / {parts}, to = ({part} + 1) * {size} / {parts};"]


def pointers(**operands: Operand | None) -> Lines:
    """Declares the operands by their names."""
    return [f"{o.ctype} *const {name} = {o.pointer};" for name, o in operands.items() if o is not None]


def there(operand: Operand | None) -> Operand:
    """An operand that is never left out."""
    assert operand is not None
    return operand
