"""Transforms that move pixels another way each time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.nn import Module
from graphnn.transforms import functional as F
from graphnn.transforms.draws import chance, uniform, whole
from graphnn.transforms.functional.moving import pair
from graphnn.transforms.functional.resizing import InterpolationMode, interpolation_mode

_ATTEMPTS = 10  # to find a rectangle that lies within the image


class RandomCrop(Module):
    """A part of the image, padded before as asked for, and with `pad_if_needed` as far as is needed."""

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = pair(size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Top, left, height and width of a part drawn at random."""
        _, rows, columns = F.get_dimensions(img)
        height, width = output_size
        if rows < height or columns < width:
            raise ArgumentError(
                f"Required crop size {(height, width)} is larger than input image size {(rows, columns)}"
            )
        return whole(rows - height + 1), whole(columns - width + 1), height, width

    def forward(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        if self.pad_if_needed:
            img = self._enlarged(img)
        return F.crop(img, *self.get_params(img, self.size))

    def _enlarged(self, img: Any) -> Any:
        _, rows, columns = F.get_dimensions(img)
        missing = max(self.size[1] - columns, 0), max(self.size[0] - rows, 0)
        return F.pad(img, missing, self.fill, self.padding_mode) if any(missing) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


class RandomResizedCrop(Module):
    """A part of the image, its area and the ratio of its sides drawn at random, resized to `size`."""

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = pair(size)
        for name, value in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(value, Sequence):
                raise ArgumentTypeError(f"{name} should be a sequence, not {value!r}")
            if value[0] > value[1]:
                raise ArgumentError(f"{name} should be of kind (min, max), not {value!r}")
        self.scale = scale
        self.ratio = ratio
        self.interpolation = interpolation_mode(interpolation)
        self.antialias = antialias

    @staticmethod
    def get_params(img: Any, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int, int, int]:
        """Top, left, height and width of a part drawn at random; the middle where none was found."""
        _, rows, columns = F.get_dimensions(img)
        found = draw_sides(rows * columns, scale, ratio, (columns, rows))
        if found is not None:
            width, height = found
            return whole(rows - height + 1), whole(columns - width + 1), height, width
        height, width = rows, columns
        if columns / rows < min(ratio):
            height = round(columns / min(ratio))
        elif columns / rows > max(ratio):
            width = round(rows * max(ratio))
        return (rows - height) // 2, (columns - width) // 2, height, width

    def forward(self, img: Any) -> Any:
        part = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *part, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        shown = [tuple(round(number, 4) for number in pair) for pair in (self.scale, self.ratio)]
        detail = f"size={self.size}, scale={shown[0]}, ratio={shown[1]}, interpolation={self.interpolation.value}"
        return f"{type(self).__name__}({detail}, antialias={self.antialias})"


def draw_sides(
    area: int, scale: Sequence[float], ratio: Sequence[float], most: tuple[int, int]
) -> tuple[int, int] | None:
    """Two sides of a rectangle that has a part of the area, all parts of `scale` being equally likely, and all ratios
    of the first side to the second in their logarithm; None where ten draws give none with sides of `most` at most."""
    for _ in range(_ATTEMPTS):
        size = area * uniform(scale[0], scale[1])
        aspect = math.exp(uniform(math.log(ratio[0]), math.log(ratio[1])))
        sides = round(math.sqrt(size * aspect)), round(math.sqrt(size / aspect))
        if 0 < sides[0] <= most[0] and 0 < sides[1] <= most[1]:
            return sides
    return None


class RandomHorizontalFlip(Module):
    """Left and right changed with probability p."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.hflip(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(Module):
    """Up and down changed with probability p."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.vflip(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"
