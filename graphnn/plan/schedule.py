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
    sunk = sunk_order(steps)
    for candidate in (as_given, eager_order, depth_first_order, least_growth_order):
        order, peak = candidate(steps, sunk, lowest)
        if peak < lowest:
            best, lowest = order, peak
        if lowest <= enough:
            break
    return best


def as_given(steps: Steps, order: Order, limit: int) -> Found:
    return order, simulated_peak(steps, order, limit)


# ---- updates right after their gradients


def sunk_order(steps: Steps) -> Order:
    """The steps as they are, except that those which serve only updates of state run as soon as they can, the ones on
    which least depends first; those that wait for nothing run when the first step that waits for them does."""
    follow = followers(steps)
    serving = _serving_updates(steps, follow)
    waiting = _dependents(follow)
    free = _free(steps, serving)
    waits = [sum(not free[s] for s in before) for before in steps.after]
    keys = [(not serving[s], waiting[s] if serving[s] else 0.0, s) for s in range(len(steps))]
    ready = [keys[s] for s in range(len(steps)) if not waits[s] and not free[s]]
    heapify(ready)
    done: dict[int, None] = {}
    while ready:
        step = heappop(ready)[-1]
        for late in _missing(steps, step, done):
            done[late] = None
        for other in follow[step]:
            waits[other] -= 1
            if not waits[other]:
                heappush(ready, keys[other])
    return [*done, *(s for s in range(len(steps)) if s not in done)]


def _serving_updates(steps: Steps, follow: list[list[int]]) -> list[bool]:
    """Whether all that comes of a step goes into new values of state."""
    serving = [False] * len(steps)
    for step in reversed(range(len(steps))):
        makes = steps.makes[step]
        if steps.nodes[step] is None or any(base in steps.outputs for base in makes):
            continue
        used = bool(follow[step]) or any(steps.held[base] for base in makes)
        serving[step] = used and all(serving[s] for s in follow[step])
    return serving


def _dependents(follow: list[list[int]]) -> list[float]:
    """How many paths lead on from each step: few for an update, many for the gradient that flows on."""
    count = [1.0] * len(follow)
    for step in reversed(range(len(follow))):
        for other in follow[step]:
            count[step] += count[other]
    return count


def _free(steps: Steps, serving: list[bool]) -> list[bool]:
    """The serving steps that depend on no other kind of step: they could run at any time."""
    free = [False] * len(steps)
    for step, before in enumerate(steps.after):
        free[step] = serving[step] and all(free[s] for s in before)
    return free


def _missing(steps: Steps, step: int, done: dict[int, None]) -> list[int]:
    """The step, after those that it waits for and that are not done, in order."""
    todo, found = [step], {step}
    while todo:
        for before in steps.after[todo.pop()]:
            if before not in done and before not in found:
                found.add(before)
                todo.append(before)
    return sorted(found)


def followers(steps: Steps) -> list[list[int]]:
    """The steps that have to come after each step."""
    follow: list[list[int]] = [[] for _ in range(len(steps))]
    for step, before in enumerate(steps.after):
        for earlier in before:
            follow[earlier].append(step)
    return follow


# ---- list scheduling


def eager_order(steps: Steps, sunk: Order, limit: int) -> Found:
    """As sunk, except that a step which makes no more than it frees runs as soon as it can."""
    rank = _ranks(sunk)
    return _list_schedule(steps, lambda growth, step: (growth > 0, rank[step], step), limit)


def _ranks(order: Order) -> list[int]:
    rank = [0] * len(order)
    for i, step in enumerate(order):
        rank[step] = i
    return rank


def least_growth_order(steps: Steps, sunk: Order, limit: int) -> Found:
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


def depth_first_order(steps: Steps, sunk: Order, limit: int) -> Found:
    """Post-order from the results, those first that come first in `sunk`; of a step's operands that first which needs
    most memory beyond what it leaves behind (Sethi and Ullman's rule, of trees, taken over to graphs)."""
    operands, sinks = _by_need(steps), [s for s, waiting in enumerate(followers(steps)) if not waiting]
    order: Order = []
    state = [0] * len(steps)  # 0 not seen, 1 its operands are on the stack, 2 done
    rank = _ranks(sunk)
    stack = sorted(sinks, key=lambda s: rank[s], reverse=True)
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
