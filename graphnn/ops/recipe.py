"""What eager code keeps for each signature of an op, so that a call costs little more than its NumPy calls.

A kernel lists calls for given arrays. The recipe has the same list with places instead of arrays: it is made once from
stand-ins, and holds for all arrays of these types. Where a call has anything else in it than its arrays (views of
them, closures), there are no steps, and the kernel lists its calls each time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from graphnn.ir.types import TensorType
from graphnn.ops.quiet import begin_quiet, end_quiet

# (function, picker of its arguments, names and places of keywords), on the slots (outputs, arrays, scratch, constants)
Step = tuple[Callable[..., Any], Callable[[Any], tuple[Any, ...]], tuple[tuple[str, int], ...]]
Fill = Callable[[Sequence[np.ndarray], Sequence[Any]], None]
empty = np.empty
_PLAIN = (bool, int, float, str, type(None), np.dtype, np.generic, type)


class Recipe:
    """`out_types` for input `types`; `fill(outs, arrays)` writes the outputs, or is None.

    `ready` turns true at the second use, when `fill` is worked out: many signatures are met only once. `history` is for
    those who record operations: what they work out once for the signature.
    """

    __slots__ = ("any_strides", "fill", "history", "out_types", "outs", "ready", "types")

    def __init__(self, types: Sequence[TensorType | None], out_types: tuple[TensorType, ...]) -> None:
        self.types = tuple(types)
        self.out_types = out_types
        self.outs = [(t.shape, t.dtype.numpy) for t in out_types]
        self.fill: Fill | None = None
        self.history: Any = None
        self.ready = False
        self.any_strides = False

    def prepare(
        self, bind: Callable[..., Any], arrays: Sequence[Any], scratch: Sequence[TensorType], any_strides: bool
    ) -> None:
        """Works out `fill` from one binding of the kernel to stand-ins for the arrays."""
        self.ready = True
        self.any_strides = any_strides
        sizes = [(t.shape, t.dtype.numpy) for t in scratch]
        outs, work = ([empty(*s) for s in wanted] for wanted in (self.outs, sizes))
        given = [empty(a.shape, a.dtype) if isinstance(a, np.ndarray) else a for a in arrays]
        places = _Places([*outs, *given, *work])
        steps = places.steps(bind(outs, given, work))
        if steps is not None:
            self.fill = _filler(steps, sizes, tuple(places.constants))

    def run(self, arrays: Sequence[Any]) -> tuple[np.ndarray, ...]:
        """Fresh outputs, computed from the arrays."""
        assert self.fill is not None
        outs = tuple([empty(shape, dtype) for shape, dtype in self.outs])
        self.fill(outs, arrays)
        return outs

    def fits(self, arrays: Sequence[Any]) -> bool:
        """Whether `fill` holds for these arrays: kernels may go by whether an array is contiguous."""
        return self.any_strides or all(not isinstance(a, np.ndarray) or a.flags.c_contiguous for a in arrays)


def _filler(steps: list[Step], work: list[Any], constants: tuple[Any, ...]) -> Fill:
    """The function that writes given outputs from arrays by the steps."""
    if len(steps) == 1 and not work and steps[0][2] in ((), (("out", 0),)):
        return _one_call(*steps[0], constants)

    def fill(outs: Sequence[np.ndarray], arrays: Sequence[Any]) -> None:
        slots = (*outs, *arrays, *[empty(shape, dtype) for shape, dtype in work], *constants)
        before = begin_quiet()
        try:
            for function, pick, named in steps:
                if named:
                    function(*pick(slots), **{name: slots[i] for name, i in named})
                else:
                    function(*pick(slots))
        finally:
            end_quiet(before)

    return fill


def _one_call(function: Any, pick: Any, named: Any, constants: tuple[Any, ...]) -> Fill:
    """The commonest form: a single call."""

    def fill(outs: Sequence[np.ndarray], arrays: Sequence[Any]) -> None:
        before = begin_quiet()
        try:
            function(*pick((*outs, *arrays, *constants)))
        finally:
            end_quiet(before)

    def fill_named(outs: Sequence[np.ndarray], arrays: Sequence[Any]) -> None:
        before = begin_quiet()
        try:
            function(*pick((*outs, *arrays, *constants)), out=outs[0])
        finally:
            end_quiet(before)

    return fill_named if named else fill


class _Places:
    """The arrays of one binding by identity, and the constants that its calls have besides."""

    def __init__(self, arrays: Sequence[Any]) -> None:
        self.known = {id(a): i for i, a in enumerate(arrays) if isinstance(a, np.ndarray)}
        self.count = len(arrays)
        self.constants: list[Any] = []

    def steps(self, calls: Sequence[tuple[Any, ...]]) -> list[Step] | None:
        found = [self._step(*_opened(call)) for call in calls]
        return None if any(step is None for step in found) else found  # type: ignore[return-value]

    def _step(self, function: Any, args: Sequence[Any], keywords: dict[str, Any]) -> Step | None:
        if not _is_free(function):
            return None
        places = [self._place(a) for a in args]
        named = [(name, self._place(value)) for name, value in keywords.items()]
        if None in places or any(place is None for _, place in named):
            return None
        return function, _picker(places), tuple(named)  # type: ignore[arg-type]

    def _place(self, item: Any) -> int | None:
        found = self.known.get(id(item))
        if found is not None or not _is_constant(item):
            return found
        self.constants.append(item)
        return self.count + len(self.constants) - 1


def _opened(call: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """A call's function, arguments and keywords, partial applications undone."""
    function, args = call[0], call[1:]
    keywords: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        args, keywords, function = function.args + args, {**function.keywords, **keywords}, function.func
    return function, args, keywords


def _is_free(function: Any) -> bool:
    """True when the function holds no array of its own: no closure, no method of an array."""
    if getattr(function, "__closure__", None) or getattr(function, "__defaults__", None):
        return False
    return not isinstance(getattr(function, "__self__", None), np.ndarray)


def _is_constant(item: Any) -> bool:
    if isinstance(item, np.ndarray):
        return item.ndim == 0 and item.base is None and bool(item.flags.owndata)
    if isinstance(item, tuple):
        return all(_is_constant(i) and not isinstance(i, np.ndarray) for i in item)
    if isinstance(item, functools.partial):
        return _is_free(item.func) and all(_is_constant(i) for i in (*item.args, *item.keywords.values()))
    return isinstance(item, _PLAIN) or (callable(item) and _is_free(item))


def _picker(places: list[int]) -> Callable[[Any], tuple[Any, ...]]:
    if len(places) == 1:
        return lambda slots: (slots[places[0]],)
    return itemgetter(*places) if places else lambda slots: ()
