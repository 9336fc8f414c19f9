"""What the transforms do, as functions of an image and their settings.

`images.py` tells the kinds of images apart and turns arrays into Tensors and back; `converting.py` goes between kinds
and dtypes, `resizing.py`, `moving.py` and `warping.py` move pixels, `coloring.py`, `adjusting.py` and
`blurring.py` change them.
"""

from graphnn.transforms.functional.adjusting import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
)
from graphnn.transforms.functional.blurring import gaussian_blur
from graphnn.transforms.functional.coloring import erase, invert, normalize, rgb_to_grayscale, to_grayscale
from graphnn.transforms.functional.converting import convert_image_dtype, pil_to_tensor, to_pil_image, to_tensor
from graphnn.transforms.functional.images import get_dimensions, get_image_num_channels, get_image_size
from graphnn.transforms.functional.moving import center_crop, crop, five_crop, hflip, pad, ten_crop, vflip
from graphnn.transforms.functional.resizing import InterpolationMode, resize, resized_crop
from graphnn.transforms.functional.warping import affine, rotate

__all__ = [
    "InterpolationMode",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_hue",
    "adjust_saturation",
    "affine",
    "center_crop",
    "convert_image_dtype",
    "crop",
    "erase",
    "five_crop",
    "gaussian_blur",
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "hflip",
    "invert",
    "normalize",
    "pad",
    "pil_to_tensor",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "ten_crop",
    "to_grayscale",
    "to_pil_image",
    "to_tensor",
    "vflip",
]
