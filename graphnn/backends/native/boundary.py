"""Where Python meets C: the function that a run calls. It takes the arguments in, runs a phase, hands the results out.

Arguments come as the addresses of NumPy's array objects (`array.h` reads their fields), or as numbers; results go into
fresh arrays. What C has no simple way for (results with gaps, state of another dtype) is left to NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from graphnn.ir.value import Value
from graphnn.plan.places import NUMBER, Copy, Slot
from graphnn.plan.plan import Plan
from graphnn.plan.strides import contiguous_strides

Place = Callable[[Slot], int]

NUMBERS = {"float64": "double", "int64": "long long", "bool": "_Bool"}


@dataclass
class Boundary:
    """One phase as a C function of its own. `inputs` and `outputs` are positions among those of the phase which pass
    through C: "array", "number" or (inputs that nothing reads) ""; `rest` are the copies left to NumPy."""

    name: str
    inputs: list[str] = field(default_factory=list)
    outputs: list[bool] = field(default_factory=list)
    rest: list[Copy] = field(default_factory=list)
    text: str = ""


def write_boundary(
    plan: Plan,
    name: str,
    segments: Sequence[str],
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    copies: Sequence[Copy],
    place: Place,
) -> Boundary:
    """The function that runs `segments`; `place` finds room in the table for a slot."""
    made = Boundary(name)
    parameters, enter, leave = [], [], []
    for number, value in enumerate(inputs):
        kind, lines = _enter(plan, value, number, place)
        made.inputs.append(kind)
        if kind:
            parameters.append(f"{_parameter(plan, value, kind)}i{number}")
            enter += lines
    for number, value in enumerate(outputs):
        slot = plan.slot(value)
        dense = slot.kind != NUMBER and _is_dense(slot)
        made.outputs.append(dense)
        if dense:
            parameters.append(f"gn_array *o{number}")
            leave.append(f"    memcpy(o{number}->data, t[{place(slot)}], {_bytes(slot)});")
    for copy in copies:
        if _is_plain(copy) and all(made.outputs):  # results leave before state is written over
            leave.append(f"    memcpy(t[{place(copy.target)}], t[{place(copy.source)}], {_bytes(copy.source)});")
        else:
            made.rest.append(copy)
    run = [f"    if ((refused = {s}(run, pool, t))) return refused;" for s in segments]
    head = ", ".join(["gn_runner run", "void *pool", "char **t", *parameters])
    body = ["    long refused = 0;", *enter, *run, *leave, "    return refused;"]
    made.text = "\n".join([f'__attribute__((visibility("default")))\nlong {name}({head})\n{{', *body, "}\n"])
    return made


def _enter(plan: Plan, value: Value, number: int, place: Place) -> tuple[str, list[str]]:
    slot = plan.slots.get(value)
    if slot is None:
        return "", []
    at = f"t[{place(slot)}]"
    if value.type.weak:
        return "number", [f"    *({NUMBERS[slot.dtype.name]} *){at} = i{number};"]
    if not slot.shape:
        return "array", [f"    memcpy({at}, i{number}->data, {slot.dtype.itemsize});"]
    shape = ", ".join(map(str, slot.shape))
    return "array", [
        f"    static const intptr_t s{number}[] = {{{shape}}};",
        f"    if (gn_copy_in(i{number}, {at}, {len(slot.shape)}, s{number}, {slot.dtype.itemsize})) return -1;",
    ]


def _parameter(plan: Plan, value: Value, kind: str) -> str:
    return "gn_array *" if kind == "array" else f"{NUMBERS[plan.slots[value].dtype.name]} "


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
