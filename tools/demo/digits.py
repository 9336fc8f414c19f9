"""The handwritten digits that come with scikit-learn, scaled from 8x8 to the 32x32 pixels that the network wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 32
HELD_OUT = 0.2  # of the digits


@dataclass(frozen=True)
class Digits:
    """Images f32[n, 1, 32, 32] with mean 0 and deviation 1 over the training set, labels i64[n]; `test` is held out."""

    train_images: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.float32]
    test_labels: NDArray[np.int64]


def load(seed: int) -> Digits:
    """All 1,797 digits, shuffled and split."""
    from sklearn.datasets import load_digits

    small, labels = load_digits(return_X_y=True)
    images = enlarge(small.reshape(-1, 8, 8), SIDE)[:, None]
    order = np.random.default_rng(seed).permutation(len(images))
    images, labels = images[order], labels[order].astype(np.int64)
    split = round(len(images) * (1 - HELD_OUT))
    mean, deviation = images[:split].mean(), images[:split].std()
    images = ((images - mean) / deviation).astype(np.float32)
    return Digits(images[:split], labels[:split], images[split:], labels[split:])


def enlarge(images: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Square images (n, s, s) scaled to (n, side, side), bilinear, the corners of both lying on each other's edges."""
    weights = _weights(images.shape[-1], side)
    return weights @ images @ weights.T


def _weights(old: int, new: int) -> NDArray[np.float64]:
    """A matrix (new, old): each row mixes the two old pixels beside a new one's centre."""
    centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0.0, 1.0 - np.abs(centres[:, None] - np.arange(old)))
