"""Datasets of images that tutorials begin with, as `torchvision.datasets`, read from files that are there already.

`mnist.py` has MNIST and those published in its form, `idx.py` reads their files, `vision.py` is what they have in
common: transforms and how a dataset prints.
"""

from graphnn.datasets.mnist import KMNIST, MNIST, FashionMNIST
from graphnn.datasets.vision import VisionDataset

__all__ = ["FashionMNIST", "KMNIST", "MNIST", "VisionDataset"]
