"""From a plan to C: the functions of all steps, and one function that calls them in the plan's order.

The addresses that a step works on stand in a table, filled in when a workspace is bound; each phase function gets
the part of the table that belongs to its step. So the text of a function knows shapes, and no place: steps of the same
shape share it, and the program is the same for every arena.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphnn.backends.native.boundary import Boundary, Loan, lendable, write_boundary
from graphnn.backends.native.chains import Call, Chain, Launch, chain_text, find_chains
from graphnn.backends.native.epilogue import expand_group
from graphnn.backends.native.lowering import Lowering, lowering_of
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.backends.numpy.backend import outputs_in_phase
from graphnn.ir.dtypes import of_numpy
from graphnn.ir.printer import format_node
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.plan.places import Slot
from graphnn.plan.plan import Plan

SPLIT_ABOVE = 2000.0  # nanoseconds: shorter phases are not worth waking another thread for
UNITS = 2  # C files of kernels, compiled side by side

CLOCK = """#include <time.h>
__attribute__((visibility("default"))) long long gn_times[STEPS];
static long long gn_last;
static long long gn_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}
static void gn_stamp(long step)
{
    const long long now = gn_now();
    gn_times[step] += now - gn_last;
    gn_last = now;
}"""

HEADERS = '#include "vec.h"\n#include "vmath.h"\n'


class Entry(NamedTuple):
    """One place of the table: the slot whose address stands there, or (None) a word of the step's own, for refusals, or the
    memory that workers have of their own."""

    slot: Slot | None
    own: bool = False


@dataclass
class Segment:
    """Steps in a row that run as one C function (`name`), or one step that runs on NumPy (`step`)."""

    name: str = ""
    step: int = -1
    calls: list[str] = field(default_factory=list)
    cost: float = 0.0  # nanoseconds on one thread


@dataclass
class Program:
    """The generated program: C texts by unit, the segments before and after the barrier, and the table of addresses."""

    units: dict[str, str]
    before: list[Segment]
    after: list[Segment]
    table: list[Entry]
    refusals: dict[int, int]  # place in the table -> step
    own_bytes: int = 0  # of all workers, beside the arena
    forward: Boundary | None = None  # None: the phase has steps on NumPy, and is run segment by segment
    backward: Boundary | None = None

    @property
    def source(self) -> str:
        """All units, what calls the kernels last."""
        return "\n".join(self.units.values())


def generate(plan: Plan, machine: Machine, *, timed: bool = False) -> Program:
    """The program of a plan. What no lowering takes is left to NumPy, in segments of its own. A `timed` one adds the
    nanoseconds that each step took, barriers included, to its place in the array `gn_times`."""
    return _Generator(plan, machine, timed).run()


class _Generator:
    def __init__(self, plan: Plan, machine: Machine, timed: bool) -> None:
        self.plan = plan
        self.machine = machine
        self.timed = timed
        self.functions: dict[str, str] = {}  # text -> name
        self.helpers: dict[str, None] = {}
        self.function_helpers: dict[str, tuple[str, ...]] = {}
        self.written: dict[Any, list[Phase]] = {}
        self.table: list[Entry] = []
        self.refusals: dict[int, int] = {}
        self.chains: list[str] = []
        self.own_bytes = 0
        self.loans = {value: Loan() for value in lendable(plan)}

    def run(self) -> Program:
        end = len(self.plan.order)
        barrier = end if self.plan.barrier is None else self.plan.barrier
        before = list(self._segments(0, barrier, "before"))
        after = list(self._segments(barrier, end, "after"))
        forward = self._boundary("forward", before, early=True)
        backward = None if self.plan.barrier is None else self._boundary("backward", after, early=False)
        units = dict(self._units([*before, *after], [b for b in (forward, backward) if b is not None]))
        return Program(units, before, after, self.table, self.refusals, self.own_bytes, forward, backward)

    def _boundary(self, name: str, segments: Sequence[Segment], early: bool) -> Boundary | None:
        plan = self.plan
        if not all(s.name for s in segments):
            return None
        inputs = [v for v in plan.graph.inputs if (v in plan.late) != early]
        outputs = outputs_in_phase(plan.graph, plan, early)
        copies = [c for c in plan.copies if (c.early or plan.barrier is None) == early]
        names, cost = [s.name for s in segments], sum(s.cost for s in segments)
        return write_boundary(
            plan, name, names, inputs, outputs, copies, lambda slot: self._place(slot, 0), cost, self.loans
        )

    # ---- steps

    def _segments(self, start: int, stop: int, name: str) -> Iterator[Segment]:
        count, launches = 0, list[Launch]()
        for index in range(start, stop):
            if index in self.plan.views:
                continue
            launch = self._launch(index)
            if launch is not None:
                launches.append(launch)
                continue
            if launches:
                yield self._segment(f"{name}_{count}", launches)
                count, launches = count + 1, []
            yield Segment(step=index)
        if launches:
            yield self._segment(f"{name}_{count}", launches)

    def _segment(self, name: str, launches: Sequence[Launch]) -> Segment:
        cost = sum(call.phase.cost for launch in launches for call in launch.calls)
        return Segment(name, calls=self._calls(launches), cost=cost)

    def _launch(self, index: int) -> Launch | None:
        """The step's functions; None if it has no lowering."""
        node = self.plan.order[index]
        lowering = lowering_of(node)
        if lowering is None:
            return None
        base = len(self.table)
        step = self._step(index, node, base)
        calls = [Call(self._function(node, phase), phase) for phase in self._phases(node, lowering, step)]
        slots = {place: e.slot for place, e in enumerate(self.table[base:]) if e.slot is not None}
        return Launch(index, base, step, calls, _comment(node), slots, Trait.CHECKS in node.op.traits)

    def _calls(self, launches: Sequence[Launch]) -> list[str]:
        """The lines that run them; of a timed program each by itself."""
        if self.timed:
            return [line for launch in launches for line in self._alone(launch)]
        lines = []
        for found in find_chains(launches, self.plan, self.machine.threads, SPLIT_ABOVE):
            lines += self._alone(found) if isinstance(found, Launch) else self._chain(found)
        return lines

    def _alone(self, launch: Launch) -> list[str]:
        text = [launch.comment, *(f"    {_call(c, launch.base)}" for c in launch.calls)]
        for place, at in self.refusals.items():
            if at == launch.index:
                text.append(f"    if (*(int64_t *)t[{place}]) return {launch.index + 1};")
        if self.timed:
            text.append(f"    gn_stamp({launch.index});")
        return text

    def _chain(self, chain: Chain) -> list[str]:
        self.own_bytes = max(self.own_bytes, chain.own_of(self.machine.threads))
        memory = next((i for i, e in enumerate(self.table) if e.own), len(self.table))
        if memory == len(self.table):
            self.table.append(Entry(None, True))
        name = f"chain{len(self.chains)}"
        self.chains.append(chain_text(chain, name, memory))
        ready = [f"    {_call(call, launch.base)}" for launch in chain.launches for call in launch.ready]
        return [*ready, f"    run(pool, {name}, t, {chain.shares}, 1);"]

    def _phases(self, node: Node, lowering: Lowering, step: Step) -> list[Phase]:
        """The phases of a step; those of equal steps are written once."""
        numbers = tuple(repr(o.number) for o in step.inputs if o is not None)  # 0.0 equals -0.0
        key = (_outline(node), step.inputs, numbers, step.outputs, step.scratch, step.refusal)
        if key not in self.written:
            self.written[key] = list(lowering.lower(expand_group(step)))
        return self.written[key]

    def _step(self, index: int, node: Node, base: int) -> Step:
        plan = self.plan
        inputs = tuple(self._operand(plan.slot(v), v, base) if v is not None else None for v in node.inputs)
        self._lend(index, node, inputs, base)
        outputs = tuple(self._operand(plan.slots[v], v, base) if v in plan.slots else None for v in node.outputs)
        scratch = tuple(self._slot_operand(slot, base) for slot in plan.scratch[index])
        refusal = -1
        if Trait.CHECKS in node.op.traits:
            self.refusals[len(self.table)] = index
            refusal = len(self.table) - base
            self.table.append(Entry(None))
        return Step(node, inputs, outputs, scratch, self.machine, refusal=refusal)

    def _lend(self, index: int, node: Node, operands: Sequence[Operand | None], base: int) -> None:
        """Writes down where the step looks for inputs of the graph."""
        for value, operand in zip(node.inputs, operands, strict=True):
            if value is None or operand is None or (root := self.plan.owner(value)) not in self.loans:
                continue
            loan = self.loans[root]
            loan.places[base + operand.index] = self.plan.slot(value).offset - self.plan.slot(root).offset
            if Trait.CHECKS in node.op.traits:
                loan.refusals.append(index + 1)

    def _operand(self, slot: Slot, value: Value, base: int) -> Operand:
        if value.kind == LITERAL:
            return Operand(value.type, (), -1, value.literal)
        return Operand(value.type, _element_strides(slot), self._place(slot, base))

    def _slot_operand(self, slot: Slot, base: int) -> Operand:
        type = TensorType(of_numpy(slot.dtype), slot.shape)
        return Operand(type, _element_strides(slot), self._place(slot, base))

    def _place(self, slot: Slot, base: int) -> int:
        self.table.append(Entry(slot))
        return len(self.table) - 1 - base

    # ---- functions

    def _function(self, node: Node, phase: Phase) -> str:
        self.helpers.update(dict.fromkeys(phase.helpers))
        found = self.functions.get(phase.body)
        if found is None:
            digest = hashlib.sha256(phase.body.encode()).hexdigest()[:10]
            found = self.functions[phase.body] = f"{node.op.name}_{digest}"
            self.function_helpers[found] = phase.helpers
        return found

    def _units(self, segments: Sequence[Segment], boundaries: Sequence[Boundary]) -> Iterator[tuple[str, str]]:
        groups: list[list[tuple[str, str]]] = [[] for _ in range(UNITS)]
        sizes = {name: sum(map(len, (text, *self.function_helpers[name]))) for text, name in self.functions.items()}
        for text, name in sorted(self.functions.items(), key=lambda item: -sizes[item[1]]):
            min(groups, key=lambda g: sum(sizes[n] for _, n in g)).append((text, name))
        for number, group in enumerate(groups):
            if group:
                yield f"kernels{number}", self._kernel_unit(group)
        yield "plan", self._main_unit(segments, boundaries)

    def _kernel_unit(self, group: list[tuple[str, str]]) -> str:
        needed = dict.fromkeys(h for _, name in group for h in self.function_helpers[name])
        functions = (f"void {name}(char **p, long part, long worker)\n{{\n{text}\n}}\n" for text, name in group)
        return HEADERS + "\n".join([*needed, *functions])

    def _main_unit(self, segments: Sequence[Segment], boundaries: Sequence[Boundary]) -> str:
        lines = ['#include "array.h"']
        lines += [f"void {name}(char **, long, long);" for name in self.functions.values()]
        lines += self.chains
        lines += [CLOCK.replace("STEPS", str(len(self.plan.order)))] if self.timed else []
        for segment in segments:
            if segment.name:
                head = '__attribute__((visibility("default")))\n'
                head += f"long {segment.name}(gn_runner run, void *pool, char **t)\n{{"
                begin = "    (void)run; (void)pool;" + (" gn_last = gn_now();" if self.timed else "")
                lines += [head, begin, *segment.calls, "    return 0;\n}"]
        return "\n".join([*lines, *(b.text for b in boundaries)]) + "\n"


def _outline(node: Node) -> Any:
    """What the node is told apart by besides its operands; of a group all that it does, by whatever names."""
    body = node.attrs.get("body")
    attrs = tuple((name, str(value)) for name, value in node.attrs.items() if value is not body)
    if body is None:
        return node.op.name, attrs
    numbers = {value: number for number, value in enumerate(body.inputs)}
    lines = []
    for inner in body.nodes:
        operands = tuple(None if v is None else (numbers.get(v), v.type, repr(v.literal)) for v in inner.inputs)
        lines.append((_outline(inner), operands))
        for value in inner.outputs:
            numbers[value] = len(numbers)
    return (
        node.op.name,
        attrs,
        tuple(v.type for v in body.inputs),
        tuple(lines),
        tuple(numbers[v] for v in body.outputs),
    )


def _call(call: Call, base: int) -> str:
    name, phase = call.name, call.phase
    if phase.parts == phase.times == 1:
        return f"{name}(t + {base}, 0, 0);"
    if phase.parts == 1 or phase.cost < SPLIT_ABOVE:
        return f"for (long i = 0; i < {phase.parts * phase.times}; i++) {name}(t + {base}, i, 0);"
    return f"run(pool, {name}, t + {base}, {phase.parts}, {phase.times});"


def _element_strides(slot: Slot) -> tuple[int, ...]:
    return tuple(s // slot.dtype.itemsize for s in slot.strides)


def _comment(node: Node) -> str:
    """The node's line of IR, with its module path and the user's lines; a group's body stands below it."""
    lines = format_node(node).replace("*/", "* /").split("\n")
    return "\n".join([f"    /* {lines[0]}", *(f"       {line}" for line in lines[1:])]) + " */"
