"""lstm, gru, rnn_tanh and rnn_relu: one product for the inputs of all steps, then the walk over the steps."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import Lines, axes, loop, merged, text, unravel
from graphnn.backends.native.kernels.matmul import product_phases, worker_memory
from graphnn.backends.native.kernels.matrix_tile import Finish
from graphnn.backends.native.kernels.product import linear_product
from graphnn.backends.native.kernels.recurrent_steps import (
    Cut,
    Load,
    Product,
    Save,
    Walk,
    Weights,
    cut_steps,
    over_units,
    panels_size,
    spans,
)
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.dtypes import int64
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node
from graphnn.plan.strides import contiguous_strides

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
MOST_INPUTS = 512
FIRST_WEIGHT = {"lstm": 3, "gru": 2, "rnn_tanh": 2, "rnn_relu": 2}


def accepts(node: Node) -> bool:
    """Layers without projections, of some steps, rows and units."""
    plain = not node.op.name.startswith("lstm") or len(node.inputs) < 8 or node.inputs[7] is None
    return only_float32(node) and plain and all(v is None or v.type.size for v in node.inputs)


def _rows(node: Node) -> int:
    x = node.inputs[0]
    assert x is not None
    return x.type.size // x.type.shape[-1]


def scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """A worker's memory for the first product, the packed weights, the states, what the gates are made of, the inputs
    where they may lie with their rows apart, the number of the step, and the packed weights of the inputs."""
    x, h0 = node.inputs[0], node.inputs[1]
    assert x is not None
    assert h0 is not None
    (batch, hidden), rows, dtype = h0.type.shape, _rows(node), x.type.dtype
    width = GATES[node.op.name] * hidden
    cut = _cut(node, machine)
    own = _own_inputs(node, cut)
    panels = panels_size(machine, cut, hidden, width)
    turned = x.producer is not None and Trait.VIEW in x.producer.op.traits
    kept = max(batch, rows) if node.op.name != "gru" else rows
    return (
        TensorType(dtype, (0,)) if own else worker_memory(machine, dtype, rows, width, x.type.shape[-1]),
        TensorType(dtype, (panels,)),
        TensorType(dtype, (3, batch, hidden)),
        TensorType(dtype, (kept, width)),
        TensorType(dtype, (batch, width)),
        TensorType(dtype, (rows, x.type.shape[-1]) if turned else (0, 0)),
        TensorType(int64, (1,)),
        TensorType(dtype, (panels_size(machine, cut, x.type.shape[-1], width) if own else 0,)),
    )


def _own_inputs(node: Node, cut: Cut) -> bool:
    """Whether parts make the gates of their units themselves, from all inputs: these lie in their caches then."""
    x = node.inputs[0]
    assert x is not None
    return cut.units and x.type.shape[-1] <= MOST_INPUTS


def _cut(node: Node, machine: Machine) -> Cut:
    x, h0 = node.inputs[0], node.inputs[1]
    assert x is not None
    assert h0 is not None
    hidden = h0.type.shape[-1]
    return cut_steps(machine, spans(node), hidden, GATES[node.op.name] * hidden)


@lowers(*GATES, accepts=accepts, scratch=scratch)
def _layer(step: Step) -> list[Phase]:
    return _Layer(step).phases()


class _Layer:
    def __init__(self, step: Step) -> None:
        self.step = step
        at = FIRST_WEIGHT[step.name]
        x, h0 = step.inputs[0], step.inputs[1]
        assert x is not None
        assert h0 is not None
        self.x, self.h0 = x, h0
        self.c0 = step.inputs[2] if step.name == "lstm" else None
        self.weights = [o for o in step.inputs[at : at + 2] if o is not None]
        self.biases = [*step.inputs[at + 2 : at + 4], None, None][:2]
        self.batch, self.hidden = h0.shape
        self.width = GATES[step.name] * self.hidden
        self.lanes = step.machine.lanes
        self.memory, self.panels, self.states, spare, self.own, self.rows, self.clock, self.input_panels = step.scratch
        self.cut = _cut(step.node, step.machine)
        self.own_inputs = _own_inputs(step.node, self.cut)
        outs = [*step.outputs, None, None]
        self.out, self.h_n = outs[0], outs[1]
        self.c_n, self.cells = (outs[2], outs[4]) if step.name == "lstm" else (None, None)
        self.inner = outs[3] if step.name == "gru" else None
        saved = {"lstm": outs[3], "gru": outs[2]}.get(step.name, outs[0])
        self.gates = saved or spare

    def phases(self) -> list[Phase]:
        phases = []
        if self.rows.type.size:
            phases.append(copied(self.x, self.rows))
            self.x = Operand(self.x.type, contiguous_strides(self.x.shape), self.rows.index)
        if not self.own_inputs:
            phases += self._inputs()
        return [*phases, *self._walk().phases(self._names())]

    # ---- the inputs' product

    def _inputs(self) -> list[Phase]:
        shown = Step(self.step.node, (self.x, self.weights[0]), (self.gates,), (), self.step.machine)
        return product_phases(shown, linear_product(shown), self._given(), self.memory)

    def _given(self) -> Finish:
        return sums(self.gates, self.biases if self.step.name != "gru" else self.biases[:1])

    # ---- the steps

    def _walk(self) -> Walk:
        step, hidden, width, (first, w) = self.step, self.hidden, self.width, self.weights
        weights = Weights(w, self.panels, hidden, width, w.strides[1], w.strides[0])
        left = f"h + row0 * {hidden}"
        if step.name == "gru":
            product = Product(weights, left, hidden, width, sums(self.own, self.biases[1:]), "row0")
        else:
            product = Product(weights, left, hidden, width, added(self.gates), "(start + row0)", "all_gates")
        inputs = None
        if self.own_inputs:
            k = self.x.shape[-1]
            given = Weights(first, self.input_panels, k, width, first.strides[1], first.strides[0])
            inputs = Product(given, f"{self.x.pointer} + row0 * {k}L", k, width, self._given(), "row0")
        begin = [f"for (long j = 0; j < {hidden}; j++) h[b * {hidden} + j] = {state_at(self.h0)};"]
        if self.c0 is not None:
            begin.append(f"for (long j = 0; j < {hidden}; j++) c[b * {hidden} + j] = {state_at(self.c0)};")
        end = [
            f"for (long j = 0; j < {hidden}; j++) {o.pointer}[b * {hidden} + j] = {name}[b * {hidden} + j];"
            for name, o in (("h", self.h_n), ("c", self.c_n))
            if o is not None
        ]
        units = over_units(hidden, self.lanes, getattr(self, f"_{step.name}"), self.cut)
        return Walk(
            step.machine, self.cut, spans(step.node), False, product, begin, [], [*self._places(), *units], end,
            self.clock.index, inputs,
        )  # fmt: skip

    def _names(self) -> Lines:
        given = {"out": self.out, "cells": self.cells, "inner": self.inner, "gates": self.gates, "own": self.own}
        lines = [f"float *const all_{name} = {o.pointer};" for name, o in given.items() if o is not None]
        size, both = self.batch * self.hidden, self.states.pointer
        if not self.cut.units:
            return [*lines, f"float *const h = {both}, *const c = h + {size}, *const next = h;"]
        lines.append(f"float *const h = {both} + s % 2 * {size}, *const next = {both} + (s + 1) % 2 * {size};")
        return [*lines, f"float *const c = {both} + {2 * size};"]

    def _places(self) -> Lines:
        hidden, width = self.hidden, self.width
        lines = [f"float *const gate = all_gates + row * {width}L, *const state = next + b * {hidden};"]
        if self.step.name == "lstm":
            lines.append(f"float *const cell = c + b * {hidden};")
        if self.step.name == "gru":
            lines.append(f"const float *const mine = all_own + b * {width}, *const past = h + b * {hidden};")
        given = {"out": self.out, "cells": self.cells, "inner": self.inner}
        return [*lines, *(f"float *const {n} = all_{n} + row * {hidden}L;" for n, o in given.items() if o is not None)]

    def _lstm(self, load: Load, save: Save) -> Lines:
        gates = [f"gate + {k * self.hidden}" for k in range(4)]
        functions = ("sigmoid_gate", "sigmoid_gate", "tanh", "sigmoid_gate")
        pairs = zip("ifgo", functions, gates, strict=True)
        lines = [f"const f32v {name} = gn_{function}_f32v({load(at)});" for name, function, at in pairs]
        lines.append(f"const f32v new = f * {load('cell')} + i * g, made = o * gn_tanh_f32v(new);")
        lines += [save("cell", "new"), save("state", "made")]
        if self.step.outputs[3] is not None:
            lines += [save(at, name) for name, at in zip("ifgo", gates, strict=True)]
        return [*lines, *self._kept(save, out="made", cells="new")]

    def _gru(self, load: Load, save: Save) -> Lines:
        gates = [f"gate + {k * self.hidden}" for k in range(3)]
        mine = [f"mine + {k * self.hidden}" for k in range(3)]
        lines = [
            f"const f32v {n} = gn_sigmoid_gate_f32v({load(a)} + {load(b)});"
            for n, a, b in zip("rz", gates[:2], mine[:2], strict=True)
        ]
        lines.append(f"const f32v within = {load(mine[2])}, n = gn_tanh_f32v({load(gates[2])} + r * within);")
        lines.append(f"const f32v made = ({load('past')} - n) * z + n;")
        lines.append(save("state", "made"))
        if self.step.outputs[2] is not None:
            lines += [save(at, name) for name, at in zip("rzn", gates, strict=True)]
        return [*lines, *self._kept(save, out="made", inner="within")]

    def _rnn_tanh(self, load: Load, save: Save) -> Lines:
        return [f"const f32v made = gn_tanh_f32v({load('gate')});", save("state", "made"), save("gate", "made")]

    def _rnn_relu(self, load: Load, save: Save) -> Lines:
        made = f"const f32v made = gn_max_f32v({load('gate')}, (f32v){{0}});"
        return [made, save("state", "made"), save("gate", "made")]

    def _kept(self, save: Save, **values: str) -> Lines:
        given = {"out": self.out, "cells": self.cells, "inner": self.inner}
        return [save(name, value) for name, value in values.items() if given[name] is not None]


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
