"""One node being spelled, and the table of those who spell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphnn.backends.native.expressions.registers import Number, constant, convert, register_name, rounded
from graphnn.ir.dtypes import DType
from graphnn.ir.value import LITERAL, Node, Value


class Spelling:
    """One node being spelled: its operands as C text, its attrs, the dtype in which it computes."""

    def __init__(self, node: Node, args: Sequence[str | None], form: str) -> None:
        self.node = node
        self.args = args
        self.form = form
        self.attrs: Any = node.attrs
        self.dtype = node.output.type.dtype

    def value(self, i: int) -> Value:
        found = self.node.inputs[i]
        assert found is not None
        return found

    def number(self, i: int) -> Number | None:
        """The Python number that operand i is, if it is one."""
        value = self.node.inputs[i] if i < len(self.node.inputs) else None
        return value.literal if value is not None and value.kind == LITERAL else None

    def source(self, i: int) -> DType:
        return self.value(i).type.dtype

    def operand(self, i: int, dtype: DType | None = None) -> str:
        """Operand i in the dtype, by default that of the result."""
        wanted = self.dtype if dtype is None else dtype
        number, text = self.number(i), self.args[i]
        if number is not None:
            return constant(number, wanted, self.form)
        assert text is not None
        return convert(text, self.source(i), wanted, self.form)

    def constant(self, number: Number) -> str:
        return constant(number, self.dtype, self.form)

    def call(self, function: str, *args: str, dtype: DType | None = None) -> str:
        name = register_name(self.dtype if dtype is None else dtype)
        return f"gn_{function}_{name}{self.form}({', '.join(args)})"

    def all_operands(self) -> list[str]:
        return [self.operand(i) for i in range(len(self.node.inputs))]


Speller = Callable[[Spelling], "str | None"]
SPELLERS: dict[str, Speller] = {}


def spells(*names: str) -> Callable[[Speller], Speller]:
    def decorate(speller: Speller) -> Speller:
        SPELLERS.update(dict.fromkeys(names, speller))
        return speller

    return decorate


def expression(node: Node, args: Sequence[str | None], form: str) -> str | None:
    """C text of the node's result in the register type of its dtype; None where it has no spelling.

    `args[i]` is the register that holds input i, None where that is absent or a literal.
    """
    speller = SPELLERS.get(node.op.name)
    if speller is None or any(v is None for v in node.inputs):
        return None
    spelling = Spelling(node, args, form)
    text = speller(spelling)
    if text is None or node.op.name in EXACT:
        return text
    return rounded(text, spelling.dtype, form)


EXACT = frozenset(("cast", "copy", "where", "maximum", "minimum", "neg", "abs", "zeros_like", "relu", "clamp", "sign"))
