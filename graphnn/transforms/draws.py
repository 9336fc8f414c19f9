"""Numbers for random transforms, from graphnn's generators."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from graphnn.tensor.sampling import rand, randint


def chance(p: float) -> bool:
    """True with probability p."""
    return uniform(0.0, 1.0) < p


def uniform(low: float, high: float) -> float:
    """A number of [low, high)."""
    return low + (high - low) * float(rand(1).item())


def whole(high: int) -> int:
    """A whole number of [0, high)."""
    return int(randint(high, (1,)).item())


def choice(weights: Sequence[float]) -> int:
    """A place in `weights`, with a probability in proportion to the weight there."""
    ends = list(accumulate(weights))
    at = uniform(0.0, ends[-1])
    return next(i for i, end in enumerate(ends) if at < end or i == len(ends) - 1)
