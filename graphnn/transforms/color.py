"""Transforms that change pixels, always or at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.nn import Module
from graphnn.tensor.creation import tensor
from graphnn.tensor.sampling import randn, randperm
from graphnn.tensor.tensor import Tensor
from graphnn.transforms import functional as F
from graphnn.transforms.draws import chance, uniform, whole
from graphnn.transforms.functional.coloring import check_tensor_image
from graphnn.transforms.random_geometry import draw_sides

Range = tuple[float, float]


class Normalize(Module):
    """(image - mean) / std, a mean and a deviation for each channel, of a float Tensor."""

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class Grayscale(Module):
    """The image in gray, in one channel or three equal ones."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"


class RandomGrayscale(Module):
    """The image in gray with probability p, in as many channels as it has."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, F.get_image_num_channels(img)) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomInvert(Module):
    """Black and white changed with probability p."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.invert(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class ColorJitter(Module):
    """Brightness, contrast, saturation and hue changed at random, in random order.

    A number x means factors of [1 - x, 1 + x] (for hue, turns of [-x, x]); two numbers are the range.
    """

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        super().__init__()
        self.brightness = _factors("brightness", brightness)
        self.contrast = _factors("contrast", contrast)
        self.saturation = _factors("saturation", saturation)
        self.hue = _turns(hue)

    def forward(self, img: Any) -> Any:
        steps = (
            (F.adjust_brightness, self.brightness),
            (F.adjust_contrast, self.contrast),
            (F.adjust_saturation, self.saturation),
            (F.adjust_hue, self.hue),
        )
        for i in randperm(len(steps)).tolist():
            adjust, limits = steps[i]
            if limits is not None:
                img = adjust(img, uniform(*limits))
        return img

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)}" for name in ("brightness", "contrast", "saturation", "hue"))
        return f"{type(self).__name__}({shown})"


def _factors(name: str, value: Any) -> Range | None:
    low, high = _range(name, value, 1.0)
    return _checked_range(
        name, (max(low, 0.0) if isinstance(value, int | float) else low, high), 1.0, (0, float("inf"))
    )


def _turns(value: Any) -> Range | None:
    return _checked_range("hue", _range("hue", value, 0.0), 0.0, (-0.5, 0.5))


def _range(name: str, value: Any, center: float) -> Range:
    if isinstance(value, int | float):
        if value < 0:
            raise ArgumentError(f"If {name} is a single number, it must be non negative, not {value}.")
        return center - value, center + value
    if isinstance(value, tuple | list) and len(value) == 2:
        return float(value[0]), float(value[1])
    raise ArgumentTypeError(f"{name} should be a single number or a list/tuple with length 2, not {value!r}.")


def _checked_range(name: str, found: Range, center: float, bound: tuple[float, float]) -> Range | None:
    if not bound[0] <= found[0] <= found[1] <= bound[1]:
        raise ArgumentError(f"{name} values should be between {bound}, but got {list(found)}.")
    return None if found == (center, center) else found


class RandomErasing(Module):
    """A rectangle of a Tensor image set to `value` with probability p: a number, one a channel, or "random" noise."""

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        _check_erasing(p, scale, ratio, value)
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    def forward(self, img: Tensor) -> Tensor:
        check_tensor_image(img)
        if not chance(self.p):
            return img
        channels, rows, columns = F.get_dimensions(img)
        found = draw_sides(rows * columns, self.scale, self.ratio, (rows - 1, columns - 1))
        if found is None:
            return img
        height, width = found
        top, left = whole(rows - height + 1), whole(columns - width + 1)
        return F.erase(img, top, left, height, width, self._filling(channels, height, width, img), self.inplace)

    def _filling(self, channels: int, height: int, width: int, img: Tensor) -> Any:
        if self.value == "random":
            return randn(channels, height, width, dtype=img.dtype)
        numbers = [self.value] if isinstance(self.value, int | float) else list(self.value)
        if len(numbers) not in (1, channels):
            raise ArgumentError(
                f"If value is a sequence, it should have either a single value or {channels} (number of input channels)"
            )
        return tensor(numbers, dtype=img.dtype).reshape(-1, 1, 1)

    def __repr__(self) -> str:
        names = ("p", "scale", "ratio", "value", "inplace")
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in names)})"


def _check_erasing(p: float, scale: Sequence[float], ratio: Sequence[float], value: Any) -> None:
    if not isinstance(value, int | float | str | tuple | list):
        raise ArgumentTypeError("Argument value should be either a number or str or a sequence")
    if isinstance(value, str) and value != "random":
        raise ArgumentError("If value is str, it should be 'random'")
    if not isinstance(scale, tuple | list) or not isinstance(ratio, tuple | list):
        raise ArgumentTypeError("Scale and ratio should be sequences")
    if not 0 <= scale[0] <= scale[1] <= 1:
        raise ArgumentError(f"Scale should be between 0 and 1, and (min, max), not {scale}")
    if not 0 < ratio[0] <= ratio[1]:
        raise ArgumentError(f"Ratio should be positive, and (min, max), not {ratio}")
    if not 0 <= p <= 1:
        raise ArgumentError(f"Random erasing probability should be between 0 and 1, not {p}")
