"""Where Python meets C: the function that a run calls. It takes the arguments in, runs a phase, hands the results out.

It is a Python function (`toolchain/python.py`): arguments come as objects, NumPy's arrays (`array.h` reads their fields)
or numbers; results go into fresh arrays. Larger inputs that lie in C order are read where they are, if the run writes
nothing but its results; the others are copied into the arena. Python's lock is let go while a longer phase runs. What C
has no simple way for (results with gaps, state of another dtype) is left to NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from graphnn.ir.value import Value
from graphnn.plan.places import NUMBER, Copy, Slot
from graphnn.plan.plan import Plan
from graphnn.plan.strides import contiguous_strides

Place = Callable[[Slot], int]

BRIEF = 10_000.0  # nanoseconds
LENT = 4096  # bytes of inputs that are worth it
NUMBERS = {"float64": ("double", "as_double"), "int64": ("long long", "as_integer"), "bool": ("_Bool", "is_true")}


@dataclass
class Boundary:
    """One phase as a C function of its own: it takes all inputs, then fresh arrays for those `outputs` that pass through
    C, and returns 0, or 1 more than the step that refused its values. `rest` are the copies left to NumPy."""

    name: str
    outputs: list[bool] = field(default_factory=list)
    rest: list[Copy] = field(default_factory=list)
    text: str = ""


@dataclass
class Loan:
    """An input that is read where it lies: the places of the table at which steps look for it, each with the bytes that it
    lies behind the first one, and what runs give when a step refuses its values."""

    places: dict[int, int] = field(default_factory=dict)
    refusals: list[int] = field(default_factory=list)


def lendable(plan: Plan) -> list[Value]:
    """The inputs that may be read where they lie: nobody wants them later, or could write over them in the meantime."""
    graph = plan.graph
    if plan.barrier is not None or plan.copies or graph.updates:
        return []
    kept = {plan.owner(v) for v in graph.outputs}
    large = (v for v in graph.inputs if v in plan.slots and plan.slots[v].shape and v.type.nbytes >= LENT)
    return [v for v in large if v not in kept]


def write_boundary(
    plan: Plan,
    name: str,
    segments: Sequence[str],
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    copies: Sequence[Copy],
    place: Place,
    cost: float,
    loans: Mapping[Value, Loan],
) -> Boundary:
    """The function that runs `segments`, of so many nanoseconds; `place` finds room in the table for a slot. Of the inputs,
    `loans` are read where they lie."""
    made = Boundary(name)
    numbers: list[str] = []
    enter: list[str] = []
    leave: list[str] = []
    refused: list[str] = []
    for number, value in enumerate(inputs):
        slot = plan.slots.get(value)
        if slot is not None:
            at, loan = place(slot), loans.get(value)
            (numbers if value.type.weak else enter).extend(_enter(slot, value, number, at, loan))
            refused += [] if loan is None else _brought_home(slot, number, at, loan)
    for value in outputs:
        slot = plan.slot(value)
        dense = slot.kind != NUMBER and _is_dense(slot)
        made.outputs.append(dense)
        if dense:
            at = len(inputs) + sum(made.outputs) - 1
            leave.append(f"    memcpy({_array(at)}->data, t[{place(slot)}], {_bytes(slot)});")
    for copy in copies:
        if _is_plain(copy) and all(made.outputs):  # results leave before state is written over
            leave.append(f"    memcpy(t[{place(copy.target)}], t[{place(copy.source)}], {_bytes(copy.source)});")
        else:
            made.rest.append(copy)
    run = [f"    if ((refused = {s}(c->run, c->pool, t))) {_block([*refused, 'return refused;'])}" for s in segments]
    made.text = "\n".join(
        [
            f"static long {name}_phase(const gn_context *c, char **t, void *const *given)",
            "{\n    long refused = 0;\n    (void)given;",
            *enter,
            *run,
            *leave,
            "    return refused;\n}\n",
            '__attribute__((visibility("default")))',
            f"void *{name}(gn_array *self, void *const *given, intptr_t count)",
            "{\n    const gn_context *c = (const gn_context *)self->data;\n    char **t = c->table;\n    (void)count;",
            *numbers,
            *_locked(f"    const long refused = {name}_phase(c, t, given);", cost < BRIEF),
            "    return c->from_long(refused);\n}\n",
        ]
    )
    return made


def _locked(run: str, brief: bool) -> list[str]:
    """The run, without Python's lock unless it is over before another thread could have made use of it."""
    return [run] if brief else ["    void *thread = c->release_lock();", run, "    c->take_lock(thread);"]


def _block(lines: list[str]) -> str:
    return lines[0] if len(lines) == 1 else "\n        ".join(["{", *lines]) + "\n    }"


def _enter(slot: Slot, value: Value, number: int, place: int, loan: Loan | None) -> list[str]:
    if value.type.weak:
        kind, read = NUMBERS[slot.dtype.name]
        return [f"    *({kind} *)t[{place}] = c->{read}(given[{number}]);"]
    if not slot.shape:
        return [f"    memcpy(t[{place}], {_array(number)}->data, {slot.dtype.itemsize});"]
    shape = ", ".join(map(str, slot.shape))
    lines = [f"    static const intptr_t s{number}[] = {{{shape}}};"]
    if loan is None:
        return [*lines, f"    if (gn_copy_in({_whole(slot, number, place)})) return -1;"]
    found = f"    char *const at{number} = gn_in_order({_whole(slot, number, place)});"
    places = [f"    t[{to}] = at{number} + {offset};" for to, offset in loan.places.items()]
    return [*lines, found, f"    if (!at{number}) return -1;", *places]


def _brought_home(slot: Slot, number: int, place: int, loan: Loan) -> list[str]:
    """For who asks afterwards which of its values a step refused."""
    copied = f"gn_copy_in({_whole(slot, number, place)});"
    return [f"if ({' || '.join(f'refused == {r}' for r in loan.refusals)}) {copied}"] if loan.refusals else []


def _whole(slot: Slot, number: int, place: int) -> str:
    return f"{_array(number)}, t[{place}], {len(slot.shape)}, s{number}, {slot.dtype.itemsize}"


def _array(number: int) -> str:
    return f"((const gn_array *)given[{number}])"


def _is_dense(slot: Slot) -> bool:
    wanted = (s * slot.dtype.itemsize for s in contiguous_strides(slot.shape))
    return all(n == 1 or s == w for n, s, w in zip(slot.shape, slot.strides, wanted, strict=True))


def _is_plain(copy: Copy) -> bool:
    slots = (copy.source, copy.target)
    if any(s.kind == NUMBER for s in slots) or copy.source.dtype != copy.target.dtype:
        return False
    return copy.source.shape == copy.target.shape and all(map(_is_dense, slots))


def _bytes(slot: Slot) -> int:
    size = slot.dtype.itemsize
    for n in slot.shape:
        size *= n
    return size
