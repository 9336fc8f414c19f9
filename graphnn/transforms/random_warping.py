"""Transforms that turn, shift, scale, shear and blur another way each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.nn import Module
from graphnn.transforms import functional as F
from graphnn.transforms.draws import uniform
from graphnn.transforms.functional.resizing import InterpolationMode, interpolation_mode

Range = list[float]


def _angles(name: str, value: Any, counts: tuple[int, ...] = (2,)) -> Range:
    """The range of degrees: from -x to x for a number x."""
    if isinstance(value, int | float):
        if value < 0:
            raise ArgumentError(f"If {name} is a single number, it must be positive, not {value}.")
        return [-float(value), float(value)]
    if not isinstance(value, Sequence):
        raise ArgumentTypeError(
            f"{name} should be a sequence of length {' or '.join(map(str, counts))}, not {value!r}."
        )
    if len(value) not in counts:
        raise ArgumentError(f"{name} should be a sequence of length {' or '.join(map(str, counts))}, not {value!r}.")
    return [float(number) for number in value]


class RandomRotation(Module):
    """The image turned by an angle drawn from `degrees`: (least, most), or x for (-x, x)."""

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = _angles("degrees", degrees)
        self.interpolation = interpolation_mode(interpolation)
        self.expand = expand
        self.center = center
        self.fill = 0 if fill is None else fill

    def forward(self, img: Any) -> Any:
        angle = uniform(*self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, self.fill)

    def __repr__(self) -> str:
        detail = f"degrees={self.degrees}, interpolation={self.interpolation.value}, expand={self.expand}"
        center = "" if self.center is None else f", center={self.center}"
        return f"{type(self).__name__}({detail}{center}, fill={self.fill})"


class RandomAffine(Module):
    """The image turned, shifted, scaled and sheared, each by what is drawn from its range.

    `translate` are the largest shifts as parts of width and height; `shear` is a range of degrees along x, or one along
    x and one along y in four numbers.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.degrees = _angles("degrees", degrees)
        _check_parts(translate, scale)
        self.translate = translate
        self.scale = scale
        self.shear = None if shear is None else _angles("shear", shear, (2, 4))
        self.interpolation = interpolation_mode(interpolation)
        self.fill = 0 if fill is None else fill
        self.center = center

    def forward(self, img: Any) -> Any:
        _, height, width = F.get_dimensions(img)
        angle = uniform(*self.degrees)
        shift = (0, 0)
        if self.translate is not None:
            reach = self.translate[0] * width, self.translate[1] * height
            shift = round(uniform(-reach[0], reach[0])), round(uniform(-reach[1], reach[1]))
        scale = 1.0 if self.scale is None else uniform(self.scale[0], self.scale[1])
        return F.affine(img, angle, shift, scale, self._slant(), self.interpolation, self.fill, self.center)

    def _slant(self) -> tuple[float, float]:
        if self.shear is None:
            return 0.0, 0.0
        along_x = uniform(*self.shear[:2])
        return along_x, uniform(*self.shear[2:]) if len(self.shear) == 4 else 0.0

    def __repr__(self) -> str:
        shown = [f"degrees={self.degrees}"]
        shown += [f"{n}={getattr(self, n)}" for n in ("translate", "scale", "shear") if getattr(self, n) is not None]
        if self.interpolation is not InterpolationMode.NEAREST:
            shown.append(f"interpolation={self.interpolation.value}")
        if self.fill != 0:
            shown.append(f"fill={self.fill}")
        if self.center is not None:
            shown.append(f"center={self.center}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _check_parts(translate: Sequence[float] | None, scale: Sequence[float] | None) -> None:
    for name, value in (("translate", translate), ("scale", scale)):
        if value is not None and (not isinstance(value, tuple | list) or len(value) != 2):
            raise ArgumentTypeError(f"{name} should be a sequence of length 2, not {value!r}.")
    if translate is not None and not all(0.0 <= part <= 1.0 for part in translate):
        raise ArgumentError(f"translation values should be between 0 and 1, not {translate}")
    if scale is not None and min(scale) <= 0:
        raise ArgumentError(f"scale values should be positive, not {scale}")


class GaussianBlur(Module):
    """The image blurred over `kernel_size` pixels, with a deviation drawn from `sigma`."""

    def __init__(self, kernel_size: int | Sequence[int], sigma: float | Sequence[float] = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        if len(self.kernel_size) != 2 or any(size <= 0 or size % 2 == 0 for size in self.kernel_size):
            raise ArgumentError(f"Kernel size value should be an odd and positive number, or two, not {kernel_size!r}.")
        self.sigma = (sigma, sigma) if isinstance(sigma, int | float) else tuple(sigma)
        if len(self.sigma) != 2 or not 0.0 < self.sigma[0] <= self.sigma[1]:
            raise ArgumentError(f"sigma values should be positive and of the form (min, max). Got {sigma}")

    def forward(self, img: Any) -> Any:
        sigma = uniform(float(self.sigma[0]), float(self.sigma[1]))
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"
