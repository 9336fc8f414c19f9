"""Where the user's code is: the innermost stack frame that is not graphnn's own."""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType

from graphnn.ir.origin import Origin, Origins
from graphnn.ir.scope import current_module_path

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_ours: dict[CodeType, bool] = {}


def is_ours(code: CodeType) -> bool:
    """Whether the code belongs to graphnn itself."""
    found = _ours.get(code)
    if found is None:
        found = _ours[code] = code.co_filename.startswith((_HERE, "<frozen"))
    return found


def user_frame() -> FrameType | None:
    """The innermost frame outside of graphnn."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_ours(frame.f_code):
        frame = frame.f_back
    return frame


def current_origins() -> Origins:
    """The origin that a node made now has."""
    frame = user_frame()
    if frame is None:
        return (Origin(current_module_path()),)
    return (Origin(current_module_path(), frame.f_code.co_filename, frame.f_lineno),)
