"""What becomes of a convolution's sums before they are stored: bias and relu, as the step has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from graphnn.backends.native.kernels.axes import Lines
from graphnn.backends.native.step import Step


class Finisher:
    """`finish(sums, channel)` is the C expression of a finished vector, which begins at `channel` of so many channels."""

    def __init__(self, step: Step, channels: int, held: Mapping[str, str] = MappingProxyType({})) -> None:
        self.step = step
        self.channels = channels
        self.bias = step.inputs[2] if len(step.inputs) > 2 else None
        self.relu = step.name == "conv2d_relu" or step.attrs.get("relu", False)
        self._held = held

    def __call__(self, value: str, channel: str) -> str:
        if self.bias is not None:
            value = f"({value} + {self._held.get(channel) or self._load(channel)})"
        return f"gn_relu_f32v({value})" if self.relu else value

    def element(self, value: str, channel: str) -> str:
        """The same for a single number."""
        if self.bias is not None:
            value = f"({value} + {self.bias.pointer}[{channel} * {self.bias.strides[0]}])"
        return f"gn_relu_f32s({value})" if self.relu else value

    def holding(self, channels: Sequence[str]) -> tuple[Lines, Finisher]:
        """Lines that load the bias at these channels once and for all, and a finisher that goes by them."""
        if self.bias is None:
            return [], self
        held = {channel: f"bias{number}" for number, channel in enumerate(channels)}
        lines = [f"const f32v {name} = {self._load(channel)};" for channel, name in held.items()]
        return lines, Finisher(self.step, self.channels, held)

    def _load(self, channel: str) -> str:
        """A group's last vector may reach into the next one's channels."""
        assert self.bias is not None
        (stride,), lanes, count = self.bias.strides, self.step.machine.lanes, self.channels
        at = f"{self.bias.pointer} + {channel} * {stride}"
        groups = self.step.attrs.get("groups", 1)
        if count % lanes == 0 and count // groups % lanes == 0 and stride == 1:
            return f"gn_load_f32v({at})"
        left = f"({count} - {channel} > {lanes} ? {lanes} : {count} - {channel} > 0 ? {count} - {channel} : 0)"
        return f"gn_load_part_f32v({at}, {left})"
