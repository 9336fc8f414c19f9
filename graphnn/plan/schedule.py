"""An order of the nodes that needs little memory: a few cheap orders are tried, and the one with the lowest peak is
taken.

The trace's own order comes first and is kept unless another is better. The others bring every update of state right
after what it waits for, go down from the results one operand at a time, or run the step that frees most of those
that are ready. All take n log n steps.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from graphnn.ir.value import Node
from graphnn.plan.simulate import Simulation, least_peak, simulated_peak
from graphnn.plan.steps import Steps

Order = list[int]
Found = tuple[Order, int]
"""An order and its simulated peak in bytes; the order may be cut short once the peak is known to be too high."""


def schedule(steps: Steps) -> list[Node]:
    """The nodes in the best order found; the first in the order of the candidates where several are equally good."""
    return [node for step in best_order(steps) if (node := steps.nodes[step]) is not None]


def best_order(steps: Steps) -> Order:
    best = list(range(len(steps)))
    lowest, enough = simulated_peak(steps, best), least_peak(steps)
    if lowest <= enough:
        return best
    positions = sunk_positions(steps)
    for candidate in (sunk_order, eager_order, depth_first_order, least_growth_order):
        order, peak = candidate(steps, positions, lowest)
        if peak < lowest:
            best, lowest = order, peak
        if lowest <= enough:
            break
    return best


# ---- updates right after their gradients


def sunk_positions(steps: Steps) -> list[tuple[int, int]]:
    """Keys that sort the steps as they are, except that what serves only updates of state stands as early as what it
    waits for (or as late as what waits for it, where it waits for nothing)."""
    serving = _serving_updates(steps)
    place = list(range(len(steps)))
    for step in range(len(steps)):
        if serving[step]:
            place[step] = max((place[s] for s in steps.after[step]), default=-1)
    for step, waiting in reversed(list(enumerate(followers(steps)))):
        if place[step] == -1 and waiting:
            place[step] = min(place[s] for s in waiting)
    return list(zip(place, range(len(steps)), strict=True))


def sunk_order(steps: Steps, positions: list[tuple[int, int]], limit: int) -> Found:
    order = sorted(range(len(steps)), key=positions.__getitem__)
    return order, simulated_peak(steps, order, limit)


def _serving_updates(steps: Steps) -> list[bool]:
    """Whether all that comes of a step goes into new values of state."""
    serving = [False] * len(steps)
    for step in reversed(range(len(steps))):
        bases = steps.makes[step]
        serving[step] = bool(bases) and all(
            b not in steps.outputs and all(serving[s] for s in steps.readers[b]) and (steps.readers[b] or steps.held[b])
            for b in bases
        )
    return serving


def followers(steps: Steps) -> list[list[int]]:
    """The steps that have to come after each step."""
    follow: list[list[int]] = [[] for _ in range(len(steps))]
    for step, before in enumerate(steps.after):
        for earlier in before:
            follow[earlier].append(step)
    return follow


# ---- list scheduling


def eager_order(steps: Steps, positions: list[tuple[int, int]], limit: int) -> Found:
    """By position, except that a step which frees more than it makes runs as soon as it can."""
    return _list_schedule(steps, lambda growth, step: (growth >= 0, *positions[step]), limit)


def least_growth_order(steps: Steps, positions: list[tuple[int, int]], limit: int) -> Found:
    """Always the step after which least memory is live."""
    return _list_schedule(steps, lambda growth, step: (growth, step), limit)


def _list_schedule(steps: Steps, key: Callable[[int, int], tuple[int, ...]], limit: int) -> Found:
    """Runs, of the steps that are ready, the one with the least key of its growth. A step's growth changes when it
    becomes the last reader of something: it is then queued again, and the old entry found stale."""
    simulation, follow = Simulation(steps), followers(steps)
    waits, done = [len(before) for before in steps.after], [False] * len(steps)
    ready = [key(simulation.growth(s), s) for s in range(len(steps)) if not waits[s]]
    heapify(ready)
    order: Order = []
    while ready and simulation.peak < limit:
        step = heappop(ready)[-1]
        if done[step]:
            continue
        done[step] = True
        simulation.run(step)
        order.append(step)
        for base in steps.reads[step]:
            for other in _last_reader(simulation, base, done):
                if not waits[other]:
                    heappush(ready, key(simulation.growth(other), other))
        for other in follow[step]:
            waits[other] -= 1
            if not waits[other]:
                heappush(ready, key(simulation.growth(other), other))
    return order, simulation.peak


def _last_reader(simulation: Simulation, base: int, done: list[bool]) -> list[int]:
    """The one step that still has to read the base, if it is one."""
    if simulation.left[base] != 1:
        return []
    return [s for s in simulation.steps.readers[base] if not done[s]]


# ---- depth first


def depth_first_order(steps: Steps, positions: list[tuple[int, int]], limit: int) -> Found:
    """Post-order from the results, those first that are ready first; of a step's operands that first which needs
    most memory beyond what it leaves behind (Sethi and Ullman's rule, of trees, taken over to graphs)."""
    operands, sinks = _by_need(steps), [s for s, waiting in enumerate(followers(steps)) if not waiting]
    order: Order = []
    state = [0] * len(steps)  # 0 not seen, 1 its operands are on the stack, 2 done
    stack = sorted(sinks, key=lambda s: positions[s], reverse=True)
    while stack:
        step = stack[-1]
        if state[step]:
            stack.pop()
            if state[step] == 1:
                state[step] = 2
                order.append(step)
            continue
        state[step] = 1
        stack.extend(s for s in reversed(operands[step]) if not state[s])
    return order, simulated_peak(steps, order, limit)


def _by_need(steps: Steps) -> list[list[int]]:
    """For each step those it comes after, the one whose subtree needs most memory beyond its result first."""
    need, left = [0] * len(steps), [sum(steps.size[b] for b in makes) for makes in steps.makes]
    ordered: list[list[int]] = []
    for step, before in enumerate(steps.after):
        operands = sorted(before, key=lambda s: (left[s] - need[s], s))
        ordered.append(operands)
        held = most = 0
        for s in operands:
            most = max(most, held + need[s])
            held += left[s]
        need[step] = max(most, held + left[step] + steps.scratch[step])
    return ordered
