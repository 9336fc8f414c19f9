"""Images of each kind from one array, and what comes out as arrays [C, H, W] again."""

import numpy as np
from PIL import Image

import graphnn

KINDS = ("tensor", "array", "pil")


def pixels(channels=3, height=13, width=17, seed=0):
    """Random bytes, u8[C, H, W]."""
    return np.random.default_rng(seed).integers(0, 256, (channels, height, width), np.uint8)


def image(array, kind):
    """The array [C, H, W] as an image of a kind; one channel alone loses its dimension where the kind has it so."""
    if kind == "tensor":
        return graphnn.from_numpy(array.copy())
    laid_out = array[0] if len(array) == 1 else np.ascontiguousarray(array.transpose(1, 2, 0))
    return Image.fromarray(laid_out) if kind == "pil" else laid_out.copy()


def layers(found, kind):
    """What a transform gave as an array [C, H, W]; it has to be of the kind."""
    if kind == "tensor":
        assert isinstance(found, graphnn.Tensor)
        return found.numpy()
    assert isinstance(found, Image.Image if kind == "pil" else np.ndarray)
    array = np.asarray(found)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def apply(transform, array, kind):
    return layers(transform(image(array, kind)), kind)
