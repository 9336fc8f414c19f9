"""The memory that an order of steps needs, simulated: results come to life, then inputs read for the last time die."""

from __future__ import annotations

from collections.abc import Iterable

from graphnn.plan.steps import Steps


class Simulation:
    """Live bytes while steps are run one after another, and their `peak` so far.

    `left` counts the readings of each base to come; `cost` is what it takes in the arena: nothing if it lies in state.
    """

    __slots__ = ("changing", "cost", "left", "live", "peak", "steps")

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.left = [len(r) + h for r, h in zip(steps.readers, steps.held, strict=True)]
        self.cost = list(steps.size)
        self.live = self.peak = sum(steps.size[b] for b in steps.inputs)
        self.changing = set(steps.targets.values())

    def growth(self, step: int) -> int:
        """By how many bytes the live memory grows over the step; negative where it frees more than it makes."""
        steps, left, cost = self.steps, self.left, self.cost
        change = 0
        for base in steps.makes[step]:
            change += steps.size[base]
        for base in steps.reads[step]:
            if left[base] == 1:
                change -= cost[base]
        if self.changing and steps.makes[step] and self._lies_in_state(step, 1):
            change -= steps.size[steps.makes[step][0]]
        return change

    def run(self, step: int) -> None:
        """Makes the results while the inputs are still there, then frees the inputs read for the last time."""
        steps, left, cost = self.steps, self.left, self.cost
        made = freed = 0
        for base in steps.reads[step]:
            left[base] -= 1
            if not left[base]:
                freed += cost[base]
        makes = steps.makes[step]
        for base in makes:
            made += steps.size[base]
        reused = 0
        if makes:
            first = makes[0]
            if self.changing and self._lies_in_state(step, 0):
                made -= cost[first]
                cost[first] = 0
            elif freed and any(not left[base] and cost[base] for base in steps.over[step]):
                reused = cost[first]
        self.peak = max(self.peak, self.live + made - reused + steps.scratch[step])
        for base in makes:
            if not left[base]:
                freed += cost[base]
        self.live += made - freed

    def _lies_in_state(self, step: int, last: int) -> bool:
        """Whether the first result is written where a param lies: it is the new value, or passes through. `last` is how
        often a base is still to be read that dies here."""
        steps, left = self.steps, self.left
        old = steps.targets.get(steps.makes[step][0])
        if old is not None:
            return left[old] == (last if old in steps.over[step] else 0)
        return any(left[b] == last and not self.cost[b] and self._may_pass(b) for b in steps.over[step])

    def _may_pass(self, base: int) -> bool:
        """Whether a base outside the arena is a param that gets a new value, or lies where such a param does."""
        return base in self.changing or self.steps.size[base] > 0


def simulated_peak(steps: Steps, order: Iterable[int], limit: float = float("inf")) -> int:
    """The most bytes that are live at one step of the order; some number not below `limit` once that is reached."""
    simulation = Simulation(steps)
    for step in order:
        simulation.run(step)
        if simulation.peak >= limit:
            break
    return simulation.peak


def least_peak(steps: Steps) -> int:
    """What no order can be better than: the inputs, and every step's own inputs, results and scratch."""
    size = steps.size
    most = sum(size[b] for b in steps.inputs)
    for reads, makes, over, scratch in zip(steps.reads, steps.makes, steps.over, steps.scratch, strict=True):
        own = scratch
        for base in reads:
            own += size[base]
        for base in makes:
            own += size[base]
        if makes and (over or makes[0] in steps.targets):
            own -= size[makes[0]]
        most = max(most, own)
    return most
