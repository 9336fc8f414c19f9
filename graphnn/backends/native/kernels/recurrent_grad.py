"""The gradients of lstm, gru, rnn_tanh and rnn_relu: back through the steps, each part with its sequences."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import Lines, loop
from graphnn.backends.native.kernels.matrix_tile import Finish
from graphnn.backends.native.kernels.recurrent import GATES, accepts, added, copied, state_at, sums
from graphnn.backends.native.kernels.recurrent_steps import (
    Helpers,
    Load,
    Product,
    Save,
    Walk,
    Weights,
    cut_sequences,
    over_units,
    panels_size,
    products,
    rows_of,
    spans,
)
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node, Value
from graphnn.plan.strides import contiguous_strides

# of each op: where the recurrent weights stand, what the forward kept, and the gradients that come in
PLACES = {
    "lstm": (4, {"gates": 8, "cells": 9}, {"g": 10, "h": 11, "c": 12}),
    "gru": (3, {"states": 6, "gates": 7, "inner": 8}, {"g": 9, "h": 10}),
    "rnn_tanh": (3, {"states": 6}, {"g": 7, "h": 8}),
    "rnn_relu": (3, {"states": 6}, {"g": 7, "h": 8}),
}
NAMES = tuple(f"{name}_grad" for name in GATES)


def scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """The packed weights; the running gradients and the first states; the gates' gradients, should nobody want them;
    and copies of the output and its gradient where these may lie with their rows apart."""
    name = node.op.name.removesuffix("_grad")
    _, kept, given = PLACES[name]
    x, h0 = node.inputs[0], node.inputs[1]
    assert x is not None
    assert h0 is not None
    (batch, hidden), rows, dtype = h0.type.shape, x.type.size // x.type.shape[-1], x.type.dtype
    width = GATES[name] * hidden

    def copy(value: Value | None) -> TensorType:
        turned = value is not None and value.producer is not None and Trait.VIEW in value.producer.op.traits
        return TensorType(dtype, (rows, hidden) if turned else (0, 0))

    states = node.inputs[kept["states"]] if "states" in kept else None
    g = node.inputs[given["g"]] if given["g"] < len(node.inputs) else None
    return (
        TensorType(
            dtype, (panels_size(cut_sequences(machine, batch, hidden, 1).vectors * machine.lanes, width, hidden, 1),)
        ),
        TensorType(dtype, (3, batch, hidden)),
        TensorType(dtype, (rows, width)),
        TensorType(dtype, (rows, width) if name == "gru" else (0, 0)),
        copy(states),
        copy(g),
    )


@lowers(*NAMES, accepts=accepts, scratch=scratch)
def _gradient(step: Step) -> list[Phase]:
    return _Gradient(step).phases()


class _Gradient:
    def __init__(self, step: Step) -> None:
        self.step = step
        self.name = step.name.removesuffix("_grad")
        at, kept, given = PLACES[self.name]
        inputs = [*step.inputs, *[None] * 4]
        weight, x, h0 = inputs[at], inputs[0], inputs[1]
        assert weight is not None
        assert x is not None
        assert h0 is not None
        self.weight, self.x = weight, x
        self.first = inputs[2] if self.name == "lstm" else h0
        self.kept = {name: inputs[place] for name, place in kept.items()}
        self.given = {name: inputs[place] for name, place in given.items()}
        self.batch, self.hidden = h0.shape
        self.width = GATES[self.name] * self.hidden
        self.panels, self.running, spare, spare_turned, *self.copies = step.scratch
        outs = [*step.outputs, None]
        self.found = outs[0] or spare
        self.turned = (outs[1] or spare_turned) if self.name == "gru" else None
        self.ends = {"h": outs[2 if self.name == "gru" else 1], "c": outs[2] if self.name == "lstm" else None}

    def phases(self) -> list[Phase]:
        phases = []
        for held, name, copy in ((self.kept, "states", self.copies[0]), (self.given, "g", self.copies[1])):
            operand = held.get(name)
            if operand is not None and copy.type.size:
                phases.append(copied(operand, copy))
                held[name] = Operand(operand.type, contiguous_strides(operand.shape), copy.index)
        return [*phases, *self._walk().phases(self._names())]

    def _walk(self) -> Walk:
        step, hidden, width, w = self.step, self.hidden, self.width, self.weight
        cut = cut_sequences(step.machine, self.batch, hidden, 1)
        panel = cut.vectors * step.machine.lanes
        weights = Weights(w, self.panels, width, hidden, 1, w.strides[0], w.strides[1], panel)
        factor = "all_turned" if self.turned is not None else "all_found"
        product = Product(weights, f"{factor} + (start + row0) * {width}L", width, self._finish())
        units = over_units(hidden, step.machine.lanes, getattr(self, f"_{self.name}"))

        def work(low: str, end: str, helpers: Helpers) -> Lines:
            rows = rows_of(cut, spans(step.node), low, end)
            gates = loop("b", low, end, "const long row = start + b;", self._rows(), units)
            return [*gates, *products(product, cut, step.machine, rows, helpers)]

        return Walk(step.machine, cut, spans(step.node), True, weights, work, self._begin(), self._end())

    def _finish(self) -> Finish:
        size = self.batch * self.hidden
        held = Operand(TensorType(self.running.type.dtype, (size,)), (1,), self.running.index)
        return added(held) if self.name == "gru" else sums(held, [])

    # ---- texts

    def _names(self) -> Lines:
        given = {**self.kept, "found": self.found, "turned": self.turned, "g": self.given["g"]}
        lines = [f"float *const all_{name} = {o.pointer};" for name, o in given.items() if o is not None]
        size = self.batch * self.hidden
        return [*lines, f"float *const h = {self.running.pointer}, *const c = h + {size}, *const first = c + {size};"]

    def _begin(self) -> Lines:
        head = f"for (long j = 0; j < {self.hidden}; j++)"
        lines = []
        for name in ("h", "c"):
            operand = self.given.get(name)
            value = "0" if operand is None else state_at(operand)
            lines.append(f"{head} {name}[b * {self.hidden} + j] = {value};")
        assert self.first is not None
        return [*lines, f"{head} first[b * {self.hidden} + j] = {state_at(self.first)};"]

    def _end(self) -> Lines:
        head, at = f"for (long j = 0; j < {self.hidden}; j++)", f"[b * {self.hidden} + j]"
        return [f"{head} {o.pointer}{at} = {name}{at};" for name, o in self.ends.items() if o is not None]

    def _rows(self) -> Lines:
        """A row's places; `past` is the state (or cell) before."""
        hidden, width = self.hidden, self.width
        lines = [f"float *const held = h + b * {hidden}, *const cell_grad = c + b * {hidden};"]
        widths = {"found": width, "turned": width, "gates": width}
        given = {**self.kept, "found": self.found, "turned": self.turned, "g": self.given["g"]}
        for name, o in given.items():
            if o is not None:
                lines.append(f"float *const {name} = all_{name} + row * {widths.get(name, hidden)}L;")
        whole = "cells" if self.name == "lstm" else "states"
        past = f"b < known ? all_{whole} + (earlier + b) * {hidden}L : first + b * {hidden}"
        return [*lines, f"const float *const past = {past};"]

    def _held(self, load: Load) -> str:
        grad = "" if self.given["g"] is None else f" + {load('g')}"
        return f"const f32v dh = {load('held')}{grad};"

    def _lstm(self, load: Load, save: Save) -> Lines:
        gates = [f"gates + {k * self.hidden}" for k in range(4)]
        lines = [self._held(load), f"const f32v t = gn_tanh_f32v({load('cells')});"]
        lines += [f"const f32v {name} = {load(at)};" for name, at in zip("ifgo", gates, strict=True)]
        lines = [line.replace("f32v g =", "f32v u =") for line in lines]
        lines.append(f"const f32v dc = {load('cell_grad')} + dh * o * (1 - t * t);")
        slopes = ("dc * u * i * (1 - i)", f"dc * {load('past')} * f * (1 - f)", "dc * i * (1 - u * u)",
                  "dh * t * o * (1 - o)")  # fmt: skip
        lines += [save(f"found + {k * self.hidden}", slope) for k, slope in enumerate(slopes)]
        return [*lines, save("cell_grad", "dc * f")]

    def _gru(self, load: Load, save: Save) -> Lines:
        gates = [f"gates + {k * self.hidden}" for k in range(3)]
        lines = [self._held(load), *(f"const f32v {name} = {load(at)};" for name, at in zip("rzn", gates, strict=True))]
        lines += [
            "const f32v dn = dh * (1 - z) * (1 - n * n);",
            f"const f32v dz = dh * z * (1 - z) * ({load('past')} - n);",
            f"const f32v dr = dn * {load('inner')} * r * (1 - r);",
        ]
        for row, slopes in (("found", ("dr", "dz", "dn")), ("turned", ("dr", "dz", "dn * r"))):
            lines += [save(f"{row} + {k * self.hidden}", slope) for k, slope in enumerate(slopes)]
        return [*lines, save("held", "dh * z")]

    def _rnn_tanh(self, load: Load, save: Save) -> Lines:
        return [self._held(load), f"const f32v y = {load('states')};", save("found", "dh * (1 - y * y)")]

    def _rnn_relu(self, load: Load, save: Save) -> Lines:
        zero = "(f32v){0}"
        one = f"gn_select_f32v(gn_gt_f32v({load('states')}, {zero}), {zero} + 1, {zero})"
        return [self._held(load), save("found", f"dh * {one}")]
