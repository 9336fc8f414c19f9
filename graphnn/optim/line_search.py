"""A line search for the strong Wolfe conditions (Nocedal and Wright, "Numerical optimization", algorithms 3.5 and 3.6),
with cubic interpolation and the safeguards of PyTorch's, so that both take the same steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Point:
    """A place on the line: the step, the loss, the gradient there, and its slope along the line."""

    step: float
    loss: float
    gradient: np.ndarray
    slope: float


def cubic_minimum(a: Point, b: Point, low: float, high: float) -> float:
    """Where the cubic through both losses and slopes is least, within bounds; their middle where there is no such place."""
    left, right = (a, b) if a.step <= b.step else (b, a)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = d1**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    d2 = math.sqrt(square)
    width, share = right.step - left.step, (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2)
    return min(max(right.step - width * share, low), high)


@dataclass
class WolfeSearch:
    """Looks along one line; `at` evaluates a step. `sufficient` and `flatter` are the two conditions' constants."""

    at: Callable[[float], Point]
    start: Point
    longest: float  # the direction's greatest number
    tolerance: float
    most: int
    sufficient: float = 1e-4
    flatter: float = 0.9
    evaluations: int = 0

    def run(self, step: float) -> Point:
        bracket, found = self._bracket(step)
        return found if found is not None else self._zoom(bracket)

    def _evaluate(self, step: float) -> Point:
        self.evaluations += 1
        return self.at(step)

    def _too_high(self, point: Point) -> bool:
        return point.loss > self.start.loss + self.sufficient * point.step * self.start.slope

    def _flat(self, point: Point) -> bool:
        return abs(point.slope) <= -self.flatter * self.start.slope

    def _bracket(self, step: float) -> tuple[list[Point], Point | None]:
        """Two points with a good one between them, or a good one."""
        before, point, self.rounds = self.start, self._evaluate(step), 0
        while self.rounds < self.most:
            if self._too_high(point) or (self.rounds > 1 and point.loss >= before.loss):
                return [before, point], None
            if self._flat(point):
                return [], point
            if point.slope >= 0:
                return [before, point], None
            least, most = point.step + 0.01 * (point.step - before.step), point.step * 10
            following = cubic_minimum(before, point, least, most)
            before, point = point, self._evaluate(following)
            self.rounds += 1
        return [self.start, point], None

    def _zoom(self, bracket: list[Point]) -> Point:
        low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
        stuck = False
        while self.rounds < self.most:
            if abs(bracket[1].step - bracket[0].step) * self.longest < self.tolerance:
                break
            step, stuck = self._between(bracket, stuck)
            point = self._evaluate(step)
            self.rounds += 1
            if self._too_high(point) or point.loss >= bracket[low].loss:
                bracket[high] = point
                low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
                continue
            if self._flat(point):
                return point
            if point.slope * (bracket[high].step - bracket[low].step) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = point
        return bracket[low]

    @staticmethod
    def _between(bracket: list[Point], stuck: bool) -> tuple[float, bool]:
        """The next step to try: a tenth inside of the bracket when two in a row come near its border."""
        least, most = sorted(p.step for p in bracket)
        step, margin = cubic_minimum(bracket[0], bracket[1], least, most), 0.1 * (most - least)
        if min(most - step, step - least) >= margin:
            return step, False
        if not stuck and least < step < most:
            return step, True
        return (most - margin if abs(step - most) < abs(step - least) else least + margin), False
