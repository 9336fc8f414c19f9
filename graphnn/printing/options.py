"""What a person can choose about how tensors are printed; one choice in force for the whole process, as in PyTorch."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict, Unpack

from graphnn.errors import ArgumentError


@dataclass(frozen=True)
class PrintOptions:
    """How tensors are printed.

    `precision` counts digits after the point. Tensors of more than `threshold` elements are summarised to `edgeitems`
    at each end of each dimension. `linewidth` counts characters. `sci_mode` forces exponents on or off; None chooses
    by the values.
    """

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


class OptionChanges(TypedDict, total=False):
    """The arguments of `set_printoptions`, for those who pass them on."""

    precision: int | None
    threshold: float | None
    edgeitems: int | None
    linewidth: int | None
    profile: str | None
    sci_mode: bool | None


PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}

_in_force = PrintOptions()


def get_printoptions() -> PrintOptions:
    """The options in force."""
    return _in_force


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed; what is None stays, but `sci_mode` is set by every call, as in PyTorch.

    `profile` ("default", "short" or "full") is applied first, the other arguments on top of it.
    """
    base = _in_force if profile is None else _profile(profile)
    _put_in_force(
        PrintOptions(
            precision=base.precision if precision is None else precision,
            threshold=base.threshold if threshold is None else threshold,
            edgeitems=base.edgeitems if edgeitems is None else edgeitems,
            linewidth=base.linewidth if linewidth is None else linewidth,
            sci_mode=sci_mode,
        )
    )


@contextmanager
def printoptions(**changes: Unpack[OptionChanges]) -> Iterator[None]:
    """`set_printoptions` for the body of a `with` statement."""
    before = _in_force
    set_printoptions(**changes)
    try:
        yield
    finally:
        _put_in_force(before)


def _put_in_force(options: PrintOptions) -> None:
    global _in_force
    _in_force = options


def _profile(name: str) -> PrintOptions:
    chosen = PROFILES.get(name)
    if chosen is None:
        raise ArgumentError(f"set_printoptions: got profile {name!r}, wanted one of {', '.join(map(repr, PROFILES))}")
    return chosen
