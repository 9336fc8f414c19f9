"""Floating-point arithmetic without warnings: NaN and infinity flow silently, as in IEEE arithmetic and in PyTorch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

try:  # np.errstate's own machinery, without making an object each time
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    # Silences NumPy's warnings until `end_quiet` gets what is returned.
    begin_quiet: Callable[[], Any] = functools.partial(_extobj_contextvar.set, _make_extobj(all="ignore"))
    end_quiet: Callable[[Any], None] = _extobj_contextvar.reset

except ImportError:  # another NumPy

    def begin_quiet() -> Any:
        state = np.errstate(all="ignore")
        state.__enter__()
        return state

    def end_quiet(state: Any) -> None:
        state.__exit__(None, None, None)
