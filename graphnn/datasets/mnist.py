"""MNIST, and the datasets published in its form."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from graphnn.datasets.idx import read_idx
from graphnn.datasets.vision import StandardTransform, Transform, VisionDataset
from graphnn.errors import FileFormatError, MissingFileError
from graphnn.tensor.tensor import Tensor


class MNIST(VisionDataset):
    """Handwritten digits: 60,000 images of 28 x 28 to train with, 10,000 to test with.

    `data` are the images (u8[n, 28, 28]), `targets` the classes (i64[n]); an item is a PIL image and an int, as the
    transforms change them. The four published files (`train-images-idx3-ubyte` and so on, `.gz` or unpacked) are
    looked for in root/MNIST/raw, root/MNIST and root. graphnn downloads nothing: `download=True` is content with files
    that are there, and says else which ones to put where.
    """

    home = "yann.lecun.com/exdb/mnist"
    classes: ClassVar = [
        *("0 - zero", "1 - one", "2 - two", "3 - three", "4 - four"),
        *("5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"),
    ]

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        part = "train" if train else "t10k"
        images, labels = self._find((f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"), download)
        self.data, self.targets = map(Tensor.of_array, _read_pair(images, labels))

    @property
    def raw_folder(self) -> str:
        """Where the files are looked for first."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.classes)}

    def _find(self, names: tuple[str, str], download: bool) -> list[Path]:
        """The files of these names in the first folder that has all of them."""
        raw = Path(self.raw_folder)
        for folder in (raw, raw.parent, Path(self.root)):
            found = [path for name in names if (path := _plain_or_packed(folder / name))]
            if len(found) == len(names):
                return found
        asked = "download=True: graphnn downloads nothing. " if download else ""
        raise MissingFileError(
            f"{type(self).__name__}: {asked}Dataset not found: put {names[0]} and {names[1]} (with .gz or unpacked) "
            f"into {self.raw_folder}; they can be had at {self.home}"
        )

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        from PIL import Image

        image, target = Image.fromarray(_entry(self.data, index)), int(_entry(self.targets, index))
        return StandardTransform(self.transform, self.target_transform)(image, target)

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


class FashionMNIST(MNIST):
    """Pictures of clothes, in MNIST's form; the files are looked for in root/FashionMNIST/raw first."""

    home = "github.com/zalandoresearch/fashion-mnist"
    classes: ClassVar = [
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ]


class KMNIST(MNIST):
    """Cursive Japanese letters, in MNIST's form; the files are looked for in root/KMNIST/raw first."""

    home = "github.com/rois-codh/kmnist"
    classes: ClassVar = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


def _entry(column: Any, index: int) -> Any:
    """One entry of what may have been replaced by a user's list or array."""
    return column.values("read as an item of a dataset")[index] if isinstance(column, Tensor) else column[index]


def _plain_or_packed(path: Path) -> Path | None:
    return next((p for p in (path, path.with_name(f"{path.name}.gz")) if p.is_file()), None)


def _read_pair(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    images, labels = read_idx(images_path), read_idx(labels_path)
    for path, array, ndim, what in ((images_path, images, 3, "images"), (labels_path, labels, 1, "labels")):
        if array.dtype != np.uint8 or array.ndim != ndim:
            raise FileFormatError(
                f"{path}: {what} are wanted, u8 of {ndim} dimensions; the file has {array.dtype} {list(array.shape)}"
            )
    if len(images) != len(labels):
        raise FileFormatError(
            f"{images_path} has {len(images)} images and {labels_path} {len(labels)} labels: they are of different sets"
        )
    return images, labels.astype(np.int64)
