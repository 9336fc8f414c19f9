"""From one kind of image, or range of numbers, to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.tensor.creation import defaults, of_numpy
from graphnn.tensor.tensor import Tensor
from graphnn.transforms.functional.images import is_pil

_NEARLY_ONE = 1.0 - 1e-3  # so that 1.0 becomes the largest integer, and every integer has as much of [0, 1]
_PIL_DTYPES = {"I": np.int32, "I;16": np.int16, "F": np.float32}


def to_tensor(pic: Any) -> Tensor:
    """A PIL image, or an array [H, W] or [H, W, C], as a Tensor [C, H, W]; bytes become floats from 0 to 1."""
    found = _of_pil(pic) if is_pil(pic) else _of_array(pic)
    if found.dtype is not np.dtype(np.uint8):
        return of_numpy(np.ascontiguousarray(found))
    kind = defaults.dtype.numpy
    return of_numpy(np.divide(found, kind.type(255), order="C", dtype=kind))


def pil_to_tensor(pic: Any) -> Tensor:
    """A PIL image as a Tensor [C, H, W] of the same numbers."""
    if not is_pil(pic):
        raise ArgumentTypeError(f"pic should be PIL Image. Got {type(pic)}")
    array = np.array(pic)
    return of_numpy(np.ascontiguousarray(array[None] if array.ndim == 2 else array.transpose(2, 0, 1)))


def _of_pil(image: Any) -> np.ndarray:
    """[C, H, W]; black and white become 0 and 255."""
    array = np.asarray(image, _PIL_DTYPES.get(image.mode, np.uint8))
    array = array * np.uint8(255) if image.mode == "1" else array
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _of_array(pic: Any) -> np.ndarray:
    if not isinstance(pic, np.ndarray):
        raise ArgumentTypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    if pic.ndim not in (2, 3):
        raise ArgumentError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    return pic[None] if pic.ndim == 2 else pic.transpose(2, 0, 1)


def convert_image_dtype(image: Tensor, dtype: DType = dtypes.float32) -> Tensor:
    """The image in another dtype, with its numbers spread over that dtype's range: floats go from 0 to 1."""
    if not isinstance(image, Tensor):
        raise ArgumentTypeError(f"Input img should be Tensor Image, not {type(image).__name__}")
    if image.dtype is dtype:
        return image
    if image.dtype.is_floating_point:
        return image.to(dtype) if dtype.is_floating_point else _to_integers(image, dtype)
    if dtype.is_floating_point:
        found: Tensor = image.to(dtype) / bound(image.dtype)
        return found
    return _rescaled(image, dtype)


def _to_integers(image: Tensor, dtype: DType) -> Tensor:
    if dtype in (dtypes.int64, dtypes.uint64) or (image.dtype.itemsize < 8 and dtype in (dtypes.int32, dtypes.uint32)):
        raise ArgumentError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
    found: Tensor = (image * (bound(dtype) + _NEARLY_ONE)).to(dtype)
    return found


def _rescaled(image: Tensor, dtype: DType) -> Tensor:
    before, after = bound(image.dtype) + 1, bound(dtype) + 1
    if before > after:
        found: Tensor = (image // (before // after)).to(dtype)
    else:
        found = image.to(dtype) * (after // before)
    return found


def bound(dtype: DType) -> int:
    """What white is: 1 for floats, the largest number of integers."""
    return 1 if dtype.category != 1 else 2 ** (8 * dtype.itemsize - dtype.is_signed) - 1


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A Tensor [C, H, W] or [H, W], or an array, as a PIL image; floats from 0 to 1 become bytes.

    `mode` is Pillow's name for what the channels mean; it goes by their number and dtype unless given.
    """
    from PIL import Image

    array = _pixels(pic, mode)
    plain = _plain_mode(array)
    chosen = plain if mode is None else mode
    permitted = _MODES.get(array.shape[2] if array.ndim == 3 else 1) if plain != "F" else None
    if chosen != plain and (permitted is None or chosen not in permitted):
        raise ArgumentError(f"to_pil_image: mode {mode!r} does not fit {array.dtype} of shape {list(array.shape)}")
    image = Image.fromarray(array)
    return image if image.mode == chosen else _called(image, array, chosen)


_MODES = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV", "LAB"), 4: ("RGBA", "CMYK", "RGBX")}


def _called(image: Any, array: np.ndarray, mode: str) -> Any:
    """The same bytes under another mode."""
    from PIL import Image

    return Image.frombytes(mode, image.size, array.tobytes())


def _pixels(pic: Any, mode: str | None) -> np.ndarray:
    """[H, W] or [H, W, C], as Pillow takes it."""
    if not isinstance(pic, Tensor | np.ndarray):
        raise ArgumentTypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if pic.ndim not in (2, 3):
        raise ArgumentError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    if isinstance(pic, Tensor):
        if pic.dtype.is_floating_point and mode != "F":
            pic = (pic.detach() * 255).to(dtypes.uint8)
        layers = pic.values("made a PIL image")
        pic = layers.transpose(1, 2, 0) if layers.ndim == 3 else layers
    if pic.ndim == 3 and pic.shape[2] == 1:
        pic = pic[:, :, 0]
    if pic.ndim == 3 and pic.shape[2] not in _MODES:
        raise ArgumentError(f"pic should have 1 to 4 channels. Got {pic.shape[2]} channels.")
    return np.ascontiguousarray(pic)


def _plain_mode(array: np.ndarray) -> str:
    if array.ndim == 3 and array.dtype == np.uint8:
        return {2: "LA", 3: "RGB", 4: "RGBA"}[array.shape[2]]
    modes = {"uint8": "L", "int16": "I;16", "uint16": "I;16", "int32": "I", "float32": "F", "bool": "1"}
    if array.ndim == 3 or array.dtype.name not in modes:
        raise ArgumentTypeError(f"Input type {array.dtype} is not supported for {array.ndim} dimensions")
    return modes[array.dtype.name]
