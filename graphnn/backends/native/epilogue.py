"""Groups whose first op is heavy: its results go through elementwise code before they are stored.

The head's lowering sees a step of its own op, and hands its finished accumulators to `Step.store`; the text that this
gives for a group loads what else the group reads, computes, and stores the group's result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphnn.backends.native import expressions as ex
from graphnn.backends.native.step import C_TYPES, Operand, Step
from graphnn.ir.graph import Graph
from graphnn.ir.value import LITERAL, Node, Value


def head_of(node: Node) -> Node:
    """The node whose lowering makes this one: the group's first, or the node itself."""
    return next(iter(node.attrs["body"].nodes)) if node.op.name == "fused_epilogue" else node


def expand_group(step: Step) -> Step:
    """The step as its lowering shall see it: for a group, a step of its head whose results go through the rest."""
    if step.op.name != "fused_epilogue":
        return step
    body: Graph = step.attrs["body"]
    head, *rest = body.nodes
    places = dict(zip(body.inputs, step.inputs, strict=True))
    inputs = tuple(_operand(v, places) for v in head.inputs)
    wanted = [(v, o) for v, o in zip(body.outputs, step.outputs, strict=True) if o is not None]
    store = _Epilogue(head, rest, places, wanted, step.machine.lanes)
    return Step(head, inputs, (wanted[0][1],), step.scratch, step.machine, epilogue=store.text)


def _operand(value: Value | None, places: dict[Value, Operand | None]) -> Operand | None:
    if value is None:
        return None
    return Operand(value.type, (), -1, value.literal) if value.kind == LITERAL else places[value]


class _Epilogue:
    def __init__(
        self,
        head: Node,
        rest: Sequence[Node],
        places: dict[Value, Operand | None],
        wanted: Sequence[tuple[Value, Operand]],
        lanes: int,
    ) -> None:
        self.head = head
        self.rest = rest
        self.places = places
        self.wanted = wanted
        self.out = wanted[0][1]
        self.lanes = lanes

    def text(self, value: str, offset: str, channel: str, form: str, n: str | None) -> str:
        """See `Step.store`."""
        if n is None:
            return "{ " + " ".join(self._statements(value, offset, channel, form)) + " }"
        inside = " ".join(self._statements("gn_t[gn_k]", "gn_o + gn_k", _next(channel, form), "s"))
        dtype = self.head.outputs[0].type.dtype
        return (
            f"{{ {C_TYPES[dtype.short]} gn_t[{self.lanes}]; const long gn_o = {offset}, gn_c = {channel}; "
            f"gn_store_{dtype.short}v(gn_t, {value}); "
            f"for (long gn_k = 0; gn_k < {n}; gn_k++) {{ {inside} }} }}"
        )

    def _statements(self, value: str, offset: str, channel: str, form: str) -> Iterator[str]:
        wide = "s" if form == "s" else "v"
        dtype = self.head.outputs[0].type.dtype
        yield f"const {ex.register_type(dtype, wide)} gn_r = {value};"
        yield f"const long gn_at = {offset};"
        env = {self.head.outputs[0]: "gn_r"}
        for number, (place, operand) in enumerate(self._read()):
            env[place] = f"gn_i{number}"
            kind = ex.register_type(operand.type.dtype, wide)
            yield f"const {kind} gn_i{number} = {self._load(operand, channel, form)};"
        for number, node in enumerate(self.rest):
            args = [None if v is None or v.kind == LITERAL else env[v] for v in node.inputs]
            env[node.output] = f"gn_e{number}"
            kind = ex.register_type(node.output.type.dtype, wide)
            yield f"const {kind} gn_e{number} = {ex.expression(node, args, wide)};"
        for result, out in self.wanted:
            yield ex.store(out.type.dtype, f"{out.pointer} + gn_at", env[result], wide) + ";"

    def _read(self) -> Iterator[tuple[Value, Operand]]:
        seen = dict.fromkeys(v for node in self.rest for v in node.operands if v in self.places)
        for value in seen:
            operand = self.places[value]
            assert operand is not None
            yield value, operand

    def _load(self, operand: Operand, channel: str, form: str) -> str:
        dtype, pointer = operand.type.dtype, operand.pointer
        wide = "s" if form == "s" else "v"
        if operand.type.size == 1:
            one = ex.load(dtype, pointer, "s")
            return one if form == "s" else ex.splat(dtype, one)
        if operand.shape == self.out.shape:
            return self._load_each(operand, form)
        stride = next(s for n, s in zip(operand.shape, operand.strides, strict=True) if n != 1)
        at = f"{pointer} + ({channel}) * {stride}"
        if form == "w":
            return ex.splat(dtype, ex.load(dtype, at, "s"))
        if form == "s" or stride == 1:
            return ex.load(dtype, at, wide)
        return self._gather(operand, f"({channel} + gn_l) * {stride}")

    def _load_each(self, operand: Operand, form: str) -> str:
        """From an operand with an element for each of the result's; a view may have other strides, 0 too."""
        dtype, pointer = operand.type.dtype, operand.pointer
        wide = "s" if form == "s" else "v"
        axes = [
            (own, n, s) for own, n, s in zip(self.out.strides, self.out.shape, operand.strides, strict=True) if n != 1
        ]
        if all(own == s for own, _, s in axes):
            return ex.load(dtype, f"{pointer} + gn_at", wide)
        side_by_side = form == "v" and min(axes)[2] == 1  # a vector of channels stays within a row
        if form == "s" or side_by_side:
            return ex.load(dtype, f"{pointer} + {_index('gn_at', axes)}", wide)
        return self._gather(operand, _index("(gn_at + gn_l)", axes))

    def _gather(self, operand: Operand, index: str) -> str:
        """A vector of the elements at `index`, an expression of the lane gn_l."""
        dtype = operand.type.dtype
        return (
            f"({{ {C_TYPES[dtype.short]} gn_v[{self.lanes}]; "
            f"for (long gn_l = 0; gn_l < {self.lanes}; gn_l++) gn_v[gn_l] = {operand.pointer}[{index}]; "
            f"{ex.load(dtype, 'gn_v', 'v')}; }})"
        )


def _index(at: str, axes: Sequence[tuple[int, int, int]]) -> str:
    """Where a view holds the element that lies at `at` in the result; axes as (result's stride, length, view's stride)."""
    return " + ".join(f"{at} / {own} % {n} * {s}" for own, n, s in axes if s) or "0"


def _next(channel: str, form: str) -> str:
    return "gn_c" if form == "w" else "gn_c + gn_k"
