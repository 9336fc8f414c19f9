"""Einstein summation, lowered to permutations, sums, products and matrix products, operand by operand."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.tensor.tensor import Tensor

Labels = list[Any]  # a letter for each dimension; the dimensions of "..." are numbers, counted from the last
LETTERS = string.ascii_uppercase + string.ascii_lowercase


def einsum(*args: Any) -> Any:
    """Products of the operands' elements, summed over the letters that the output lacks.

    `einsum("bij,bjk->bik", x, y)`, or with lists of numbers for letters: `einsum(x, [0, 1], y, [1, 2], [0, 2])`. "..."
    stands for any further dimensions, broadcast; a letter repeated within an operand takes the diagonal. Without an
    arrow the output has the letters that occur once, in alphabetic order.
    """
    equation, operands = _from_sublists(args) if args and not isinstance(args[0], str) else (args[0], args[1:])
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = tuple(operands[0])
    if not operands:
        raise ArgumentError("einsum(): must provide at least one operand")
    if not all(isinstance(t, Tensor) for t in operands):
        raise ArgumentTypeError("einsum(): operands must be tensors")
    terms, output = _parsed(equation, operands)
    return _evaluate([_diagonals(_Term(t, labels)) for t, labels in zip(operands, terms, strict=True)], output)


def _from_sublists(args: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    lists = list(args)
    output = "" if len(lists) % 2 == 0 else "->" + _letters(lists.pop())
    return ",".join(map(_letters, lists[1::2])) + output, tuple(lists[::2])


def _letters(sublist: Sequence[Any]) -> str:
    wrong = [i for i in sublist if i is not Ellipsis and not 0 <= i < len(LETTERS)]
    if wrong:
        raise ArgumentError(
            f"einsum(): expected subscripts in sublists to be within the range [0, 52), but got {wrong[0]}"
        )
    return "".join("..." if i is Ellipsis else LETTERS[i] for i in sublist)


# ---- reading the equation


def _parsed(equation: str, operands: Sequence[Tensor]) -> tuple[list[Labels], Labels]:
    left, arrow, right = equation.replace(" ", "").partition("->")
    texts = left.split(",")
    if len(texts) != len(operands):
        more = "more" if len(operands) > len(texts) else "fewer"
        raise ArgumentError(f"einsum(): {more} operands were provided than specified in the equation {equation!r}")
    terms = [_labels(text, i, t.ndim) for i, (text, t) in enumerate(zip(texts, operands, strict=True))]
    extra = sorted({label for term in terms for label in term if isinstance(label, int)})
    if not arrow:
        counted = [label for term in terms for label in term if isinstance(label, str)]
        return terms, [*extra, *(letter for letter in sorted(set(counted)) if counted.count(letter) == 1)]
    return terms, _output_labels(right, terms, extra)


def _labels(text: str, number: int, ndim: int) -> Labels:
    """A label for each dimension of an operand; "..." gives the numbers -n, ..., -1."""
    before, dots, after = text.partition("...")
    letters = before + after
    for letter in letters:
        if letter not in LETTERS:
            raise ArgumentError(
                f"einsum(): invalid subscript given at index {text.index(letter)} in the equation string, subscripts "
                f"must be in [a-zA-Z], got {letter!r} in {text!r}"
            )
    free = ndim - len(letters)
    if free < 0 or (free and not dots):
        what = "more dimensions than there are subscripts, but no ellipsis was given" if free > 0 else "too few"
        raise ArgumentError(
            f"einsum(): the number of subscripts in the equation ({len(letters)}) does not match the number of "
            f"dimensions ({ndim}) for operand {number} ({text!r}): {what}"
        )
    return [*before, *range(-free, 0), *after]


def _output_labels(text: str, terms: list[Labels], extra: list[int]) -> Labels:
    before, dots, after = text.partition("...")
    known = {label for term in terms for label in term}
    for letter in before + after:
        if letter not in known:
            raise ArgumentError(
                f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
            )
        if (before + after).count(letter) > 1:
            raise ArgumentError(f"einsum(): output subscript {letter} appears more than once in the output")
    return [*before, *(extra if dots else []), *after]


# ---- computing


@dataclass
class _Term:
    """A tensor and the label of each of its dimensions."""

    tensor: Any
    labels: Labels

    def size(self, label: Any) -> int:
        return int(self.tensor.shape[self.labels.index(label)]) if label in self.labels else 1

    def arranged(self, labels: Labels) -> Any:
        """The tensor with these labels in this order; those that it lacks have size 1."""
        order = tuple(self.labels.index(label) for label in labels if label in self.labels)
        found = self.tensor if order == tuple(range(len(order))) else self.tensor.permute(order)
        for at, label in enumerate(labels):
            found = found if label in self.labels else found.unsqueeze(at)
        return found

    def without(self, labels: Labels) -> _Term:
        """Summed over these labels."""
        dims = tuple(self.labels.index(label) for label in labels)
        if not dims:
            return self
        return _Term(self.tensor.sum(dims), [label for label in self.labels if label not in labels])

    def squeezed(self, labels: Labels) -> _Term:
        """Without the dimensions of these labels, which have size 1."""
        if not labels:
            return self
        found = self.tensor.squeeze(tuple(self.labels.index(label) for label in labels))
        return _Term(found, [label for label in self.labels if label not in labels])


def _diagonals(term: _Term) -> _Term:
    """Each letter at most once."""
    for letter in dict.fromkeys(term.labels):
        while term.labels.count(letter) > 1:
            first = term.labels.index(letter)
            second = term.labels.index(letter, first + 1)
            if term.tensor.shape[first] != term.tensor.shape[second]:
                raise ArgumentError(
                    f"einsum(): subscript {letter} is repeated for one operand, but the sizes don't match, "
                    f"{term.tensor.shape[second]} != {term.tensor.shape[first]}"
                )
            rest = [label for i, label in enumerate(term.labels) if i not in (first, second)]
            term = _Term(term.tensor.diagonal(0, first, second), [*rest, letter])
    return term


def _evaluate(terms: list[_Term], output: Labels) -> Any:
    _check_sizes(terms)
    found = terms[0]
    for i, other in enumerate(terms[1:], 1):
        later = {*output, *(label for term in terms[i + 1 :] for label in term.labels)}
        found = _product(found, other, later)
    found = found.without([label for label in found.labels if label not in output])
    result = found.arranged(output)
    return result.view(tuple(result.shape)) if result is terms[0].tensor else result


def _check_sizes(terms: list[_Term]) -> None:
    seen: dict[Any, int] = {}
    for number, term in enumerate(terms):
        for label in term.labels:
            size = term.size(label)
            if seen.get(label, 1) not in (1, size) and size != 1:
                raise ArgumentError(
                    f"einsum(): subscript {label} has size {size} for operand {number} which does not broadcast with "
                    f"previously seen size {seen[label]}"
                )
            seen[label] = max(size, seen.get(label, 1)) if size else 0


def _product(a: _Term, b: _Term, later: set[Any]) -> _Term:
    """The product of two terms, summed over the labels that nothing needs later."""
    a = a.squeezed([label for label in a.labels if label in b.labels and a.size(label) == 1 != b.size(label)])
    b = b.squeezed([label for label in b.labels if label in a.labels and b.size(label) == 1 != a.size(label)])
    a = a.without([label for label in a.labels if label not in later and label not in b.labels])
    b = b.without([label for label in b.labels if label not in later and label not in a.labels])
    shared = [label for label in a.labels if label in b.labels]
    batch, summed = [s for s in shared if s in later], [s for s in shared if s not in later]
    left = [label for label in a.labels if label not in shared]
    right = [label for label in b.labels if label not in shared]
    labels = [*batch, *left, *right]
    if not summed:
        return _Term(a.arranged(labels) * b.arranged(labels), labels)
    return _Term(_matrix_product(a, b, batch, left, summed, right), labels)


def _matrix_product(a: _Term, b: _Term, batch: Labels, left: Labels, summed: Labels, right: Labels) -> Any:
    """[batch, left, summed] @ [batch, summed, right], each group of labels made one dimension."""

    def size(label: Any) -> int:
        return (a if label in a.labels else b).size(label)

    def count(labels: Labels) -> int:
        return math.prod(map(size, labels))

    outer = (count(batch),) if batch else ()
    x = a.arranged([*batch, *left, *summed]).reshape(*outer, count(left), count(summed))
    y = b.arranged([*batch, *summed, *right]).reshape(*outer, count(summed), count(right))
    shape = tuple(map(size, (*batch, *left, *right)))
    return x.matmul(y).view(shape)
