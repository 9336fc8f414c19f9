"""lstm, gru, rnn_tanh and rnn_relu: one product for the inputs of all steps, then the walk over the steps."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import Lines, axes, loop, merged, text, unravel
from graphnn.backends.native.kernels.matmul import product_phases, worker_memory
from graphnn.backends.native.kernels.matrix_tile import Finish
from graphnn.backends.native.kernels.product import linear_product
from graphnn.backends.native.kernels.recurrent_steps import (
    PART_ROWS,
    Cut,
    Helpers,
    Product,
    Walk,
    Weights,
    cut_steps,
    panels_size,
    rows_of,
    spans,
)
from graphnn.backends.native.kernels.recurrent_tile import Gates, Vector, gate_tiles
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine, this_machine
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node
from graphnn.ops.packed_recurrence import LAYERS, GatePacking
from graphnn.plan.strides import contiguous_strides

GATES = {name: layer.gates for name, layer in LAYERS.items()}
MOST_INPUTS = 512


def accepts(node: Node) -> bool:
    """Layers without projections, of some steps, rows and units."""
    plain = "lstm" not in node.op.name or len(node.inputs) < 8 or node.inputs[7] is None
    return only_float32(node) and plain and all(v is None or v.type.size for v in node.inputs)


def layer_name(node: Node) -> str:
    """Of a layer whose weights may come packed."""
    return node.op.name.removeprefix("packed_")


def gate_packing(node: Node, machine: Machine) -> GatePacking | None:
    """How constant weights shall come. None where that would depend on the number of threads."""
    h0 = node.inputs[1]
    assert h0 is not None
    cut = _cut(node, machine)
    if not cut.units and h0.type.shape[0] >= 2 * PART_ROWS:
        return None
    return GatePacking(cut.vectors * machine.lanes, cut.wide * machine.lanes if _own_inputs(node, cut) else 0)


def _comes_as_wanted(node: Node) -> bool:
    """Whether what comes packed comes so as this machine's kernels read it."""
    if not accepts(node):
        return False
    at, wanted = LAYERS[layer_name(node)].first_weight, gate_packing(node, this_machine())
    weights = node.inputs[at : at + 2]
    found = [0 if w is None or w.type.ndim != 4 else w.type.shape[-1] for w in weights]
    return wanted is not None and found == [wanted.inputs, wanted.width]


def _rows(node: Node) -> int:
    x = node.inputs[0]
    assert x is not None
    return x.type.size // x.type.shape[-1]


def scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """A worker's memory for the first product, the packed weights, the states, the inputs' share of the gates, the inputs
    where they may lie with their rows apart, and the packed weights of the inputs."""
    x, h0 = node.inputs[0], node.inputs[1]
    assert x is not None
    assert h0 is not None
    (batch, hidden), rows, dtype = h0.type.shape, _rows(node), x.type.dtype
    gates, inputs = GATES[layer_name(node)], x.type.shape[-1]
    cut, packed = _cut(node, machine), node.op.name.startswith("packed_")
    own, given = _own_inputs(node, cut), _given(node)
    turned = x.producer is not None and Trait.VIEW in x.producer.op.traits
    return (
        TensorType(dtype, (0,)) if own or given else worker_memory(machine, dtype, rows, gates * hidden, inputs),
        TensorType(dtype, (0 if packed else panels_size(cut.vectors * machine.lanes, hidden, hidden, gates),)),
        TensorType(dtype, (3, batch, hidden)),
        TensorType(dtype, (0 if given else rows, gates * hidden)),
        TensorType(dtype, (rows, inputs) if turned else (0, 0)),
        TensorType(dtype, (panels_size(cut.wide * machine.lanes, inputs, hidden, gates) if own and not packed else 0,)),
    )


def _own_inputs(node: Node, cut: Cut) -> bool:
    """Whether parts make the gates of their units themselves, from all inputs: these lie in their caches then."""
    x = node.inputs[0]
    assert x is not None
    return cut.units and x.type.shape[-1] <= MOST_INPUTS and not _given(node)


def _given(node: Node) -> bool:
    """Whether the inputs are what they give to the gates, there being no weights for them."""
    return node.inputs[LAYERS[layer_name(node)].first_weight] is None


def _cut(node: Node, machine: Machine) -> Cut:
    h0 = node.inputs[1]
    assert h0 is not None
    return cut_steps(machine, spans(node), h0.type.shape[-1], GATES[layer_name(node)])


@lowers(*(f"packed_{name}" for name in GATES), accepts=_comes_as_wanted, scratch=scratch)
@lowers(*GATES, accepts=accepts, scratch=scratch)
def _layer(step: Step) -> list[Phase]:
    return _Layer(step).phases()


class _Layer:
    def __init__(self, step: Step) -> None:
        self.step = step
        self.name = layer_name(step.node)
        at = LAYERS[self.name].first_weight
        x, h0 = step.inputs[0], step.inputs[1]
        assert x is not None
        assert h0 is not None
        self.x, self.h0 = x, h0
        self.c0 = step.inputs[2] if self.name == "lstm" else None
        self.first, hidden_weight = step.inputs[at : at + 2]
        assert hidden_weight is not None
        self.weight = hidden_weight
        self.biases = [*step.inputs[at + 2 : at + 4], None, None][:2]
        self.batch, self.hidden = h0.shape
        self.width = GATES[self.name] * self.hidden
        self.memory, self.panels, self.states, spare, self.rows, self.input_panels = step.scratch
        self.cut = _cut(step.node, step.machine)
        self.own_inputs = _own_inputs(step.node, self.cut)
        outs = [*step.outputs, None, None]
        self.out, self.h_n = outs[0], outs[1]
        self.c_n, self.cells = (outs[2], outs[4]) if self.name == "lstm" else (None, None)
        self.inner = outs[3] if self.name == "gru" else None
        saved = {"lstm": outs[3], "gru": outs[2]}.get(self.name)
        self.saves_gates = saved is not None
        self.gates = saved or spare
        self.given = self.first is None

    def phases(self) -> list[Phase]:
        phases = []
        if self.rows.type.size:
            phases.append(copied(self.x, self.rows))
            self.x = Operand(self.x.type, contiguous_strides(self.x.shape), self.rows.index)
        if not self.own_inputs and self.first is not None:
            phases += self._inputs(self.first)
        return [*phases, *self._walk().phases(self._names())]

    # ---- the inputs' product

    def _inputs(self, weight: Operand) -> list[Phase]:
        shown = Step(self.step.node, (self.x, weight), (self.gates,), (), self.step.machine)
        return product_phases(shown, linear_product(shown), self._summed(), self.memory)

    def _summed(self) -> Finish:
        return sums(self.gates, self.biases if self.name != "gru" else self.biases[:1])

    # ---- the steps

    def _walk(self) -> Walk:
        step, hidden = self.step, self.hidden
        weights = self._weights(self.weight, self.panels, hidden, self.cut.vectors)
        gates = Gates(weights, self.x if self.given else self.gates, self._places(), self._units)
        inputs = None
        if self.own_inputs and self.first is not None:
            k = self.x.shape[-1]
            first = self._weights(self.first, self.input_panels, k, self.cut.wide)
            inputs = Product(first, f"{self.x.pointer} + row0 * {k}L", k, self._summed())

        def work(low: str, end: str, helpers: Helpers) -> Lines:
            rows = rows_of(self.cut, spans(step.node), low, end)
            tiles = gate_tiles(gates, self.cut, step.machine, rows, helpers)
            return tiles if self.cut.units else [*tiles, self._back(low, end)]

        begin = [f"for (long j = 0; j < {hidden}; j++) h[b * {hidden} + j] = {state_at(self.h0)};"]
        if self.c0 is not None:
            begin.append(f"for (long j = 0; j < {hidden}; j++) c[b * {hidden} + j] = {state_at(self.c0)};")
        end = [
            f"for (long j = 0; j < {hidden}; j++) {o.pointer}[b * {hidden} + j] = {name}[b * {hidden} + j];"
            for name, o in (("h", self.h_n), ("c", self.c_n))
            if o is not None
        ]
        return Walk(step.machine, self.cut, spans(step.node), False, weights, work, begin, end, inputs)

    def _weights(self, matrix: Operand, panels: Operand, k: int, vectors: int) -> Weights:
        gates, width = GATES[self.name], vectors * self.step.machine.lanes
        if matrix.type.ndim == 4:
            return Weights(None, matrix, k, self.hidden, gates, 0, 0, width)
        return Weights(matrix, panels, k, self.hidden, gates, matrix.strides[1], matrix.strides[0], width)

    def _names(self) -> Lines:
        """Two places for the states, which change roles at each step; parts with sequences of their own copy them back."""
        size, both = self.batch * self.hidden, self.states.pointer
        now, then = ("s % 2", "(s + 1) % 2") if self.cut.units else ("0", "1")
        places = f"float *const h = {both} + {now} * {size}, *const next = {both} + {then} * {size};"
        return [places, f"float *const c = {self._cells};", "(void)h, (void)next, (void)c;"]

    def _back(self, low: str, end: str) -> str:
        at, hidden = f"{low} * {self.hidden}L", self.hidden
        return f"if ({end} > {low}) memcpy(h + {at}, next + {at}, ({end} - {low}) * {hidden * 4}L);"

    @property
    def _cells(self) -> str:
        return f"{self.states.pointer} + {2 * self.batch * self.hidden}"

    def _places(self) -> Lines:
        hidden = self.hidden
        lines = []
        if self.given:
            lines.append(f"const float *const given = {self.x.pointer} + row * {self.width}L;")
        if self.saves_gates or not self.given:
            lines.append(f"float *const gate = {self.gates.pointer} + row * {self.width}L;")
        lines.append(f"float *const state = next + sequence * {hidden};")
        if self.name == "lstm":
            lines.append(f"float *const cell = {self._cells} + sequence * {hidden};")
        if self.name == "gru":
            lines.append(f"const float *const past = before + down * {hidden};")
        given = self._kept_operands()
        return [*lines, *(f"float *const {name} = {o.pointer} + row * {hidden}L;" for name, o in given.items())]

    def _kept_operands(self) -> dict[str, Operand]:
        given = {"out": self.out, "cells": self.cells, "inner": self.inner}
        return {name: o for name, o in given.items() if o is not None}

    def _units(self, v: Vector) -> list[Lines]:
        return getattr(self, f"_{self.name}")(v)  # type: ignore[no-any-return]

    def _gate(self, k: int) -> str:
        return f"gate + {k * self.hidden}"

    def _input(self, v: Vector, k: int) -> str:
        """What the inputs give to a gate."""
        return v.load(f"given + {k * self.hidden}" if self.given else self._gate(k))

    def _own(self, v: Vector, k: int) -> str:
        """What the states give to a gate, with the bias where it is not among what the inputs give."""
        bias = self.biases[1] if self.given or self.name == "gru" else None
        return v.sums(k) if bias is None else f"({v.sums(k)} + {v.load(f'{bias.pointer} + {k * self.hidden}')})"

    def _saved_gates(self, v: Vector, names: str) -> Lines:
        return [v.save(self._gate(k), name) for k, name in enumerate(names)] if self.saves_gates else []

    def _kept(self, v: Vector, **values: str) -> Lines:
        """What is kept of a unit, of those that are wanted."""
        return [v.save(name, values[name]) for name in self._kept_operands() if name in values]

    def _lstm(self, v: Vector) -> list[Lines]:
        functions = ("sigmoid_gate", "sigmoid_gate", "tanh", "sigmoid_gate")
        cell = [
            f"const f32v {name} = gn_{function}_f32v({self._input(v, k)} + {self._own(v, k)});"
            for k, (name, function) in enumerate(zip("ifgo", functions, strict=True))
        ]
        cell.append(f"const f32v new = f * {v.load('cell')} + i * g;")
        cell += [v.save("cell", "new"), v.keep(2, "new"), v.keep(3, "o")]
        cell += [*self._saved_gates(v, "ifgo"), *self._kept(v, cells="new")]
        state = [f"const f32v made = {v.sums(3)} * gn_tanh_f32v({v.sums(2)});", v.save("state", "made")]
        return [cell, [*state, *self._kept(v, out="made")]]

    def _gru(self, v: Vector) -> list[Lines]:
        both = [
            f"const f32v {name} = gn_sigmoid_gate_f32v({self._input(v, k)} + {self._own(v, k)});"
            for k, name in enumerate("rz")
        ]
        both += [f"const f32v within = {self._own(v, 2)};", v.keep(0, f"{self._input(v, 2)} + r * within")]
        both += [v.keep(1, "z")]
        both += [*self._saved_gates(v, "rz"), *self._kept(v, inner="within")]
        state = [
            f"const f32v n = gn_tanh_f32v({v.sums(0)});",
            f"const f32v made = ({v.load('past')} - n) * {v.sums(1)} + n;",
        ]
        saved = [v.save(self._gate(2), "n")] if self.saves_gates else []
        return [both, [*state, v.save("state", "made"), *saved, *self._kept(v, out="made")]]

    def _rnn_tanh(self, v: Vector) -> list[Lines]:
        return [self._plain(v, f"gn_tanh_f32v({self._input(v, 0)} + {self._own(v, 0)})")]

    def _rnn_relu(self, v: Vector) -> list[Lines]:
        return [self._plain(v, f"gn_relu_f32v({self._input(v, 0)} + {self._own(v, 0)})")]

    def _plain(self, v: Vector, state: str) -> Lines:
        return [f"const f32v made = {state};", v.save("state", "made"), *self._kept(v, out="made")]


def state_at(state: Operand) -> str:
    return f"{state.pointer}[b * {state.strides[0]}L + j * {state.strides[1]}L]"


def copied(x: Operand, rows: Operand) -> Phase:
    """The inputs, row by row."""
    *lead, width = x.shape
    *moves, move = x.strides
    outer = merged(axes(lead, moves, [s * width for s in contiguous_strides(tuple(lead))]))
    each = loop("j", 0, width, f"{rows.pointer}[to + j] = {x.pointer}[at + j * {move}L];")
    return Phase(text(loop("k", 0, rows.shape[0], unravel(outer, ("at", "to")), each)), 1, 0.3 * rows.type.size)


def _stored(to: Operand, value: str, offset: str, lanes: str | None) -> str:
    at = f"{to.pointer} + ({offset})"
    return f"gn_store_f32v({at}, {value});" if lanes is None else f"gn_store_part_f32v({at}, {value}, {lanes});"


def _loaded(operand: Operand, offset: str, lanes: str | None) -> str:
    at = f"{operand.pointer} + ({offset})"
    return f"gn_load_f32v({at})" if lanes is None else f"gn_load_part_f32v({at}, {lanes})"


def sums(to: Operand, biases: list[Operand | None]) -> Finish:
    """A product and its biases."""

    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        value = " + ".join([value, *(_loaded(b, channel, lanes) for b in biases if b is not None)])
        return _stored(to, value, offset, lanes)

    return finish


def added(to: Operand) -> Finish:
    """A product added to what is there."""

    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        return _stored(to, f"{value} + {_loaded(to, offset, lanes)}", offset, lanes)

    return finish
