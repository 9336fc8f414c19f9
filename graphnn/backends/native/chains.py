"""Steps in a row that are run share by share, each share of the samples through all of them while it is in the cache.

A phase may say that it deals some operands out: each of its parts touches only its own piece of them, and the pieces are
consecutive and equal. Phases that deal the same samples out need no meeting of the threads in between; and what one makes
only for the next needs no memory for all samples: it is folded into a piece for each worker, which stays in its cache.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from graphnn.backends.native.step import Phase, Step
from graphnn.plan.places import ARENA, PlannedBuffer, Slot
from graphnn.plan.plan import Plan
from graphnn.plan.steps import aligned

LONGEST = 32  # steps
WEIGHTS = 128 * 1024  # bytes that all shares read, and that stay in a cache beside them
OWN = 2 << 20  # bytes that a worker may have for what is folded
LINE = 64  # bytes


@dataclass(frozen=True)
class Call:
    """A phase as a function of C."""

    name: str
    phase: Phase

    @cached_property
    def places(self) -> frozenset[int]:
        """The operands that it touches, by their places in the step's table."""
        texts = (self.phase.body, *self.phase.helpers)
        return frozenset(int(n) for text in texts for n in re.findall(r"\bp\[(\d+)\]", text))


@dataclass
class Launch:
    """A step to be run: its calls, and its part of the table of addresses from `base` on."""

    index: int
    base: int
    step: Step
    calls: list[Call]
    comment: str
    slots: dict[int, Slot]  # by place
    refuses: bool = False
    ready: list[Call] = field(init=False)  # ahead of all shares
    dealt: list[Call] = field(init=False)

    def __post_init__(self) -> None:
        first = next((i for i, c in enumerate(self.calls) if c.phase.shares), len(self.calls))
        self.ready, self.dealt = self.calls[:first], self.calls[first:]

    @property
    def shares(self) -> int:
        """Into how many shares all its calls deal the samples out, but for those that come first; 0 if they do not."""
        found = {c.phase.shares for c in self.dealt}
        return 0 if self.refuses or len(found) != 1 else found.pop()

    @property
    def written(self) -> set[int]:
        outputs = (o.index for o in self.step.outputs if o is not None)
        return {*outputs, *(o.index for o in self.step.scratch)}

    @cached_property
    def touches(self) -> list[Touch]:
        """What its calls touch, each place once."""
        return [*self._touches(self.ready, True), *self._touches(self.dealt, False)]

    def _touches(self, calls: Sequence[Call], ahead: bool) -> Iterator[Touch]:
        for place in sorted(frozenset[int]().union(*(c.places for c in calls))):
            slot = self.slots[place]
            those = [c for c in calls if place in c.places]
            own = not ahead and _is_even(slot, self.shares) and all(place in self._own(c) for c in those)
            private = not ahead and all(place in c.phase.private for c in those)
            yield Touch(self.index, (self.base, place), slot, place in self.written, own, ahead, private)

    @property
    def is_even(self) -> bool:
        """Whether its own calls can follow each other share by share: what one writes for the next is dealt out."""
        whole = {t.key[1] for t in self.touches if t.written and not (t.dealt or t.ahead or t.private)}
        return not any(sum(place in c.places for c in self.dealt) > 1 for place in whole)

    def _own(self, call: Call) -> set[int]:
        """What a call deals out: of a group also what has the shape of its result, and is none of its first op's operands."""
        step = self.step
        if step.name != "fused_epilogue":
            return set(call.phase.dealt)
        body = step.attrs["body"]
        head = next(iter(body.nodes))
        rest = [o for v, o in zip(body.inputs, step.inputs, strict=True) if v not in head.inputs]
        shape = next(o.shape for o in step.outputs if o is not None)
        operands = [o for o in (*rest, *step.outputs) if o is not None and o.number is None]
        return {*call.phase.dealt, *(o.index for o in operands if o.shape == shape)}


class Fold(NamedTuple):
    """Where a share of a buffer lies in a worker's own memory, and how many bytes it has; `by_worker`: the buffer has a
    row for each worker as it is."""

    offset: int
    share: int
    by_worker: bool


Folds = dict[tuple[int, int], Fold]  # by a launch's base, and a place


class Chain(NamedTuple):
    """Launches that run together; a worker has `own` bytes for the `folds`, which have `folded` bytes in all shares."""

    launches: list[Launch]
    shares: int
    folds: Folds
    own: int
    folded: int

    def own_of(self, workers: int) -> int:
        """Bytes of so many workers, each in lines of the cache of its own."""
        return workers * aligned(self.own, LINE)

    @property
    def cost(self) -> float:
        return sum(c.phase.cost for launch in self.launches for c in launch.dealt)


def find_chains(launches: Sequence[Launch], plan: Plan, threads: int, least: float) -> Iterator[Launch | Chain]:
    """The launches, in order, as many as can and should be in chains; of less than `least` nanoseconds none is made."""
    at = 0
    while at < len(launches):
        best: Chain | None = None
        for stop in range(at + 1, min(at + LONGEST, len(launches)) + 1):
            if launches[stop - 1].shares != launches[at].shares or launches[at].shares < max(2, threads):
                break
            chain = _chain(launches[at:stop], plan)
            best = chain if chain is not None and _pays(chain, least) else best
        if best is None:
            yield launches[at]
        else:
            yield best
        at += 1 if best is None else len(best.launches)


def _pays(chain: Chain, least: float) -> bool:
    """Weights are read again for every share; what is folded is neither written to memory nor read from there."""
    whole = {
        (t.slot.kind, t.slot.index, t.slot.offset): _bytes(t.slot)
        for launch in chain.launches
        for t in launch.touches
        if not (t.dealt or t.ahead or t.private)
    }
    weights, saved = sum(whole.values()), 2 * chain.folded
    several = sum(len(launch.dealt) for launch in chain.launches) > 1
    near = weights <= WEIGHTS or weights * chain.shares <= saved
    return several and near and chain.cost >= least and chain.own <= OWN


# ---- what may run together


class Touch(NamedTuple):
    """Memory that a launch reads or writes: in shares (`dealt`), by workers (`private`) or whole; `ahead` of all shares, or
    in them."""

    step: int
    key: tuple[int, int]
    slot: Slot
    written: bool
    dealt: bool
    ahead: bool
    private: bool

    def meets(self, other: Touch) -> bool:
        """Whether both touch the same bytes."""
        a, b = self.slot, other.slot
        same = (a.kind, a.index) == (b.kind, b.index)
        return same and a.offset < b.offset + _bytes(b) and b.offset < a.offset + _bytes(a)

    def agrees(self, other: Touch) -> bool:
        """Whether it does not matter which is first for which share: both deal the very same bytes out, or they are in
        order, one being ahead of all shares."""
        if self.ahead or other.ahead:
            ahead, after = (self, other) if self.ahead else (other, self)
            return after.ahead or after.step >= ahead.step
        same = (self.slot.offset, _bytes(self.slot)) == (other.slot.offset, _bytes(other.slot))
        return self.dealt and other.dealt and same


def _chain(launches: Sequence[Launch], plan: Plan) -> Chain | None:
    """The launches as a chain; None if a share of one could need or harm other shares of another."""
    shares = launches[0].shares
    if not all(launch.is_even for launch in launches):
        return None
    touches = [t for launch in launches for t in launch.touches]
    folds, own, folded = _fold(touches, launches, plan, shares)
    rest = [t for t in touches if t.key not in folds]
    for one, other in itertools.combinations(rest, 2):
        alone = one.step == other.step and not (one.ahead or other.ahead)
        if (one.written or other.written) and not alone and one.meets(other) and not one.agrees(other):
            return None
    return Chain(list(launches), shares, folds, own, folded)


# ---- what is folded


def _fold(touches: Sequence[Touch], launches: Sequence[Launch], plan: Plan, shares: int) -> tuple[Folds, int, int]:
    """The buffers that live within the chain only, and that all its launches deal out; a worker's bytes, and all bytes."""
    first, after = launches[0].index, launches[-1].index + 1
    end = len(plan.order) if plan.barrier is None or first >= plan.barrier else plan.barrier
    kept = [plan.slot(v) for v in plan.graph.outputs] + [s for c in plan.copies for s in (c.source, c.target)]
    leaving = {s.offset for s in kept if s.kind == ARENA}
    users: dict[PlannedBuffer, list[Touch]] = {}
    for touch in touches:
        if touch.slot.kind == ARENA:
            users.setdefault(_buffer(plan, touch), []).append(touch)
    folds: Folds = {}
    placed: list[tuple[PlannedBuffer, Fold]] = []
    for buffer, those in users.items():
        inside = first <= buffer.start and buffer.stop <= after and (buffer.stop < end or buffer.offset not in leaving)
        begun = min(t.step for t in those)
        inside = inside and all(t.written for t in those if t.step == begun)  # not an input of the graph
        size = _bytes(those[0].slot)
        alike = all(t.slot.offset == buffer.offset and _bytes(t.slot) == size for t in those)
        private = all(t.private for t in those)
        if inside and alike and (private or all(t.dealt for t in those)):
            share = size // (those[0].slot.shape[0] if private else shares)
            fold = Fold(_room(buffer, share, placed), share, private)
            placed.append((buffer, fold))
            folds |= {t.key: fold for t in those}
    own = max((f.offset + aligned(f.share, LINE) for _, f in placed), default=0)
    return folds, own, shares * sum(f.share for _, f in placed if not f.by_worker)


def _buffer(plan: Plan, touch: Touch) -> PlannedBuffer:
    at = touch.slot.offset
    return next(b for b in plan.live_at(touch.step) if b.offset <= at < b.offset + max(b.size, 1))


def _room(buffer: PlannedBuffer, share: int, placed: Iterable[tuple[PlannedBuffer, Fold]]) -> int:
    """The lowest place in a worker's memory that nothing else has at the same time."""
    taken = sorted(f for b, f in placed if b.start < buffer.stop and buffer.start < b.stop)
    at = 0
    for fold in taken:
        if at + share <= fold.offset:
            break
        at = max(at, fold.offset + aligned(fold.share, LINE))
    return at


# ---- memory


def _bytes(slot: Slot) -> int:
    """From its first byte to its last."""
    if 0 in slot.shape:
        return 0
    return sum((n - 1) * s for n, s in zip(slot.shape, slot.strides, strict=True)) + slot.dtype.itemsize


def _is_even(slot: Slot, shares: int) -> bool:
    """Whether the first axis deals dense memory out in equal pieces."""
    if not slot.shape or slot.shape[0] % shares or 0 in slot.shape:
        return False
    size = slot.dtype.itemsize
    for n in slot.shape:
        size *= n
    return _bytes(slot) == size == slot.shape[0] * slot.strides[0]


# ---- text


def chain_text(chain: Chain, name: str, memory: int) -> str:
    """The function of a chain, over the whole table; the workers' own memory stands at place `memory` of it."""
    lines = [f"static void {name}(char **t, long part, long worker)\n{{"]
    if chain.folds:
        lines.append(f"    char *const own = t[{memory}] + worker * {aligned(chain.own, LINE)}L;")
    for launch in chain.launches:
        lines.append(launch.comment)
        for call in launch.dealt:
            many = call.phase.parts // chain.shares
            each = f"for (long i = 0; i < {many}; i++) {call.name}(p, part * {many} + i, worker);"
            lines += ["    {", f"        char *p[] = {{{_places(chain, launch, call)}}};", f"        {each}", "    }"]
    return "\n".join([*lines, "}"])


def _places(chain: Chain, launch: Launch, call: Call) -> str:
    found = []
    for place in range(max(call.places, default=-1) + 1):
        fold = chain.folds.get((launch.base, place))
        here = f"t[{launch.base + place}]"
        if fold is not None:
            here = f"own + {fold.offset} - {'worker' if fold.by_worker else 'part'} * {fold.share}L"
        found.append(here)
    return ", ".join(found)
