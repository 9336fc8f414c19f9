"""What a lowering is given (a step and its operands) and what it gives back (phases)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.types import Shape, TensorType
from graphnn.ir.value import Node
from graphnn.plan.strides import channels_last_strides, contiguous_strides

C_TYPES = {
    "f32": "float",
    "f64": "double",
    "i64": "int64_t",
    "i32": "int32_t",
    "i16": "int16_t",
    "i8": "int8_t",
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "u64": "uint64_t",
    "bool": "uint8_t",
    "f16": "uint16_t",
    "bf16": "uint16_t",
}


class Operand(NamedTuple):
    """One value as generated C sees it: `strides` in elements, its address is `p[index]`; a literal has its `number`
    and no place."""

    type: TensorType
    strides: Shape
    index: int = -1  # type: ignore[assignment]
    number: bool | int | float | None = None

    @property
    def shape(self) -> Shape:
        return self.type.shape

    @property
    def ctype(self) -> str:
        return C_TYPES[self.type.dtype.short]

    @property
    def pointer(self) -> str:
        assert self.number is None
        return f"(({self.ctype} *)p[{self.index}])"

    @property
    def is_contiguous(self) -> bool:
        return all(
            n == 1 or s == c for n, s, c in zip(self.shape, self.strides, contiguous_strides(self.shape), strict=True)
        )

    @property
    def is_channels_last(self) -> bool:
        """Whether it is dense with the channels (axis 1) innermost; such operands have four axes."""
        return self.type.ndim == 4 and all(
            n == 1 or s == c
            for n, s, c in zip(self.shape, self.strides, channels_last_strides(self.shape), strict=True)
        )

    @property
    def is_dense(self) -> bool:
        """Whether its elements fill a block of memory, in C order or channels-last."""
        return self.is_contiguous or self.is_channels_last


class Phase(NamedTuple):
    """One C function over `parts`: `body` is its text, with `p`, `part` and `worker` in scope. `cost` estimates the
    nanoseconds that all parts take on one thread; `helpers` are static functions that the body calls. With `times` above 1
    all parts are run so often, one time after the other: `part` counts on, to `times` * `parts`.

    With `shares` the parts are so many times as many, and each has an equal share of the samples: of the operands at the
    places `dealt` it touches consecutive equal pieces of memory, where the first axis is outermost; of those at the places
    `private` the row of its worker."""

    body: str
    parts: int = 1
    cost: float = 0.0
    helpers: tuple[str, ...] = ()
    times: int = 1
    shares: int = 0
    dealt: tuple[int, ...] = ()
    private: tuple[int, ...] = ()


Store = Callable[[str, str, str, str, "str | None"], str]


class Step:
    """A node to be lowered. `outputs` has None for results that nobody wants."""

    def __init__(
        self,
        node: Node,
        inputs: tuple[Operand | None, ...],
        outputs: tuple[Operand | None, ...],
        scratch: tuple[Operand, ...],
        machine: Machine,
        *,
        refusal: int = -1,
        epilogue: Store | None = None,
    ) -> None:
        self.node = node
        self.op = node.op
        self.attrs: Any = node.attrs
        self.inputs = inputs
        self.outputs = outputs
        self.scratch = scratch
        self.machine = machine
        self.refusal = refusal
        self._epilogue = epilogue

    @property
    def name(self) -> str:
        return self.op.name

    @property
    def is_group(self) -> bool:
        """Whether its results go through elementwise code when they are stored."""
        return self._epilogue is not None

    def store(self, value: str, offset: str, channel: str = "0", form: str = "v", n: str | None = None) -> str:
        """C statements that hand on a finished element ("s"), vector ("v") or vector of one channel ("w") of the result.

        `offset` counts elements of the dense result in its own memory order; `channel` is the index along its last
        axis (channel axis, for images). With `n` only that many lanes are stored.
        """
        if self._epilogue is not None:
            return self._epilogue(value, offset, channel, form, n)
        out = self.outputs[0]
        assert out is not None
        if form == "s":
            return f"{out.pointer}[{offset}] = {value};"
        kind = f"{out.type.dtype.short}v"
        if n is not None:
            return f"gn_store_part_{kind}({out.pointer} + ({offset}), {value}, {n});"
        return f"gn_store_{kind}({out.pointer} + ({offset}), {value});"

    def refuse(self) -> str:
        """A C statement for an op that checks values: this run is refused, with the error that the NumPy kernel raises."""
        assert self.refusal >= 0
        return f"__atomic_store_n((int64_t *)p[{self.refusal}], 1, __ATOMIC_RELAXED);"
