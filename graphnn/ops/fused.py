"""A group of elementwise ops as one: run block by block, so that what they hand each other stays in cache."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.errors import ShapeError
from graphnn.ir.graph import Graph, numpy_type
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.block_layout import BLOCK, Layout, layout_of
from graphnn.ops.blocking import Cutter, blocks_of
from graphnn.ops.elementwise import cast_call
from graphnn.ops.evaluate import apply_graph
from graphnn.ops.op import Call, Op, Types, register


def _fused(*xs: TensorType, body: Graph) -> Types:
    """The outputs of `body`, elementwise ops whose inputs stand for `xs`; all outputs have one shape."""
    wanted = [v.type for v in body.inputs]
    if len(xs) != len(wanted) or not all(map(_is_served, wanted, xs)):
        raise ShapeError(f"fused: the body takes ({_listed(wanted)}), got ({_listed(xs)})")
    for node in body.nodes:
        if Trait.ELEMENTWISE not in node.op.traits:
            raise ShapeError(f"fused: only elementwise ops can be run block by block, got {node!r}")
    outputs = tuple(v.type for v in body.outputs)
    if len({t.shape for t in outputs}) != 1:
        raise ShapeError(f"fused: all outputs must have one shape, got ({_listed(outputs)})")
    return outputs


def _is_served(wanted: TensorType, given: TensorType) -> bool:
    """A weak scalar comes as a 0-d array when the group is run."""
    return given is wanted or (wanted.weak and given is wanted.with_shape(()))


def _listed(types: Sequence[TensorType]) -> str:
    return ", ".join(map(str, types))


def _apply_body(*xs: Any, body: Graph) -> Any:
    found, _ = apply_graph(body, xs)
    return found[0] if len(found) == 1 else tuple(found)


def _scratch(*xs: TensorType, body: Graph) -> Types:
    size = min(BLOCK, max(1, body.outputs[0].type.size))
    return tuple(TensorType(dtype, (size,)) for dtype in layout_of(body).slots)


# ---- the kernel


def _kernel(outs: tuple[Any, ...], *xs: Any, scratch: Sequence[np.ndarray], body: Graph) -> list[Call]:
    shape = body.outputs[0].type.shape
    if math.prod(shape) == 0:
        return []
    results = [_wanted(out, value.type) for out, value in zip(outs, body.outputs, strict=True)]
    cutter = Cutter(shape, [a for a in (*xs, *results) if isinstance(a, np.ndarray) and a.ndim])
    sources, targets = ([cutter.merge(a) for a in arrays] for arrays in (xs, results))
    layout = layout_of(body)
    calls: list[Call] = []
    for key in blocks_of(cutter.sizes, BLOCK):
        block = _Block(body, layout, cutter, key, scratch, [cutter.cut(t, key) for t in targets])
        calls += block.calls([cutter.cut(x, key) for x in sources])
    return calls


def _wanted(out: np.ndarray | None, type: TensorType) -> np.ndarray:
    return np.empty(type.shape, type.dtype.numpy) if out is None else out


class _Block:
    """The calls of one block. `env` says what stands for each value: a block of an input, a target or a slot."""

    def __init__(
        self,
        body: Graph,
        layout: Layout,
        cutter: Cutter,
        key: tuple[Any, ...],
        scratch: Sequence[np.ndarray],
        targets: list[np.ndarray],
    ) -> None:
        self.body, self.layout, self.cutter, self.key = body, layout, cutter, key
        self.scratch, self.targets = scratch, targets
        self.env: dict[Value, Any] = {}

    def calls(self, inputs: Sequence[Any]) -> list[Call]:
        self.env.update(zip(self.body.inputs, inputs, strict=True))
        calls: list[Call] = []
        for node in self.body.nodes:
            self.env.update((value, self._place(value)) for value in node.outputs)
            args, outs = [self._read(v) for v in node.inputs], [self.env[v] for v in node.outputs]
            calls += node.op.bind(outs, args, node.attrs, self._work(node))  # type: ignore[attr-defined]
        return calls + self._copies()

    def _read(self, value: Value | None) -> Any:
        if value is None:
            return None
        return value.literal if value.kind == LITERAL else self.env[value]

    def _place(self, value: Value) -> np.ndarray:
        at = self.layout.direct.get(value)
        if at is not None:
            return self.targets[at]
        shape = self.cutter.block_shape(value.type.shape, self.key)
        return _shaped(self.scratch[self.layout.slot_of[value]], shape)

    def _work(self, node: Node) -> list[np.ndarray]:
        slots = self.layout.work_of[node]
        if not slots:
            return []
        types = [self._block_type(v) for v in node.operands]
        found = node.op.scratch(*types, **node.attrs)  # type: ignore[attr-defined]
        return [_shaped(self.scratch[slot], t.shape) for slot, t in zip(slots, found, strict=True)]

    def _block_type(self, value: Value) -> TensorType:
        block = self._read(value)
        return numpy_type(block) if isinstance(block, np.ndarray) and block.ndim else value.type

    def _copies(self) -> list[Call]:
        """Outputs that were not written in their place; the first one last, since it may lie over an input."""
        direct = set(self.layout.direct.values())
        missing = [k for k in reversed(range(len(self.targets))) if k not in direct]
        return [cast_call(self.targets[k], self._read(self.body.outputs[k])) for k in missing]


def _shaped(buffer: np.ndarray, shape: Shape) -> np.ndarray:
    return buffer[: math.prod(shape)].reshape(shape)


EVERY = 1 << 30  # outputs carry gradients

fused = register(
    Op(
        "fused",
        infer=_fused,
        numpy=_kernel,
        scratch=_scratch,
        decompose=_apply_body,
        outputs=(),
        differentiable=EVERY,
        takes_narrow=True,
        traits=(Trait.ELEMENTWISE, Trait.INPLACE, Trait.FUSED),
    )
)
