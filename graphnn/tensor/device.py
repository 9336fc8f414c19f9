"""`torch.device`: where a tensor's memory is; here always the CPU."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError

_TYPES = ("cpu", "cuda", "mps", "meta", "xpu")


class Device:
    """A device's type and, where there are several, its index."""

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, device: Any, index: int | None = None) -> None:
        if isinstance(device, Device):
            self.type, self.index = device.type, device.index
            return
        if not isinstance(device, str):
            raise ArgumentTypeError(f"device(): argument 'device' must be a string such as 'cpu', got {device!r}")
        kind, _, number = device.partition(":")
        if kind not in _TYPES or (number and not number.isdigit()):
            raise ArgumentError(f"Expected one of {', '.join(_TYPES)} device type at start of device string: {device}")
        self.type, self.index = kind, int(number) if number else index

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type='{self.type}'{'' if self.index is None else f', index={self.index}'})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, ...]:
        return Device, (self.type, self.index)


CPU = Device("cpu")
