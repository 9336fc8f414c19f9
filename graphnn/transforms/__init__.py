"""Transforms of images, as `torchvision.transforms`: objects that hold their settings, and `functional` that does it.

Images are Tensors (channels, height, width, with any dimensions before), PIL images, or NumPy arrays (height, width
and, if any, channels); what comes out is of the kind that went in. Random transforms draw from graphnn's generators, so
in a DataLoader each batch has numbers of its own, whichever worker makes it. On Tensors the transforms are ordinary
operations: they can be differentiated, traced and stand in an nn.Sequential.

`compose.py` has what is made of other transforms, `convert.py` what changes the kind of image or its numbers,
`geometry.py`, `random_geometry.py` and `random_warping.py` what moves pixels, `color.py` what changes them.
"""

from graphnn.transforms import functional
from graphnn.transforms.color import ColorJitter, Grayscale, Normalize, RandomErasing, RandomGrayscale, RandomInvert
from graphnn.transforms.compose import Compose, Lambda, RandomApply, RandomChoice, RandomOrder
from graphnn.transforms.convert import ConvertImageDtype, PILToTensor, ToPILImage, ToTensor
from graphnn.transforms.functional.resizing import InterpolationMode
from graphnn.transforms.geometry import CenterCrop, FiveCrop, Pad, Resize, TenCrop
from graphnn.transforms.random_geometry import (
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomVerticalFlip,
)
from graphnn.transforms.random_warping import GaussianBlur, RandomAffine, RandomRotation

__all__ = [
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ConvertImageDtype",
    "FiveCrop",
    "GaussianBlur",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandomAffine",
    "RandomApply",
    "RandomChoice",
    "RandomCrop",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomOrder",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomVerticalFlip",
    "Resize",
    "TenCrop",
    "ToPILImage",
    "ToTensor",
    "functional",
]
