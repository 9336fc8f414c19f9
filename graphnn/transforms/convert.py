"""Transforms from one kind of image, or range of numbers, to another."""

from __future__ import annotations

from typing import Any

from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.nn import Module
from graphnn.tensor.tensor import Tensor
from graphnn.transforms import functional as F


class ToTensor:
    """A PIL image or an array [H, W, C] as a Tensor [C, H, W]; bytes from 0 to 255 become floats from 0 to 1."""

    def __call__(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor:
    """A PIL image as a Tensor of the same numbers."""

    def __call__(self, pic: Any) -> Tensor:
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToPILImage:
    """A Tensor or an array as a PIL image."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class ConvertImageDtype(Module):
    """A Tensor image in another dtype, its numbers spread over that dtype's range."""

    def __init__(self, dtype: DType = dtypes.float32) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return F.convert_image_dtype(image, self.dtype)
