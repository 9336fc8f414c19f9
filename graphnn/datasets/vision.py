"""What datasets of images have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.utils.data.dataset import Dataset

Transform = Callable[[Any], Any]


class VisionDataset(Dataset[tuple[Any, Any]]):
    """Images with targets. `transform` and `target_transform` take one of the two, `transforms` takes both."""

    transforms: Callable[[Any, Any], Any] | None

    def __init__(
        self,
        root: str | os.PathLike[str],
        transforms: Callable[[Any, Any], Any] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ArgumentError("Only transforms or transform/target_transform can be passed as argument")
        self.root = os.path.expanduser(root)
        self.transform = transform
        self.target_transform = target_transform
        self.transforms = StandardTransform(transform, target_transform) if separate else transforms

    def extra_repr(self) -> str:
        """Further lines for printing."""
        return ""

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} defines no __len__")

    def __repr__(self) -> str:
        lines = [f"Number of datapoints: {len(self)}", f"Root location: {self.root}", *self.extra_repr().splitlines()]
        if self.transforms is not None:
            lines.append(repr(self.transforms))
        return "\n    ".join([f"Dataset {type(self).__name__}", *lines])


class StandardTransform:
    """A function of image and target, made of a function of each."""

    def __init__(self, transform: Transform | None = None, target_transform: Transform | None = None) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        image = input if self.transform is None else self.transform(input)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __repr__(self) -> str:
        parts = (("Transform: ", self.transform), ("Target transform: ", self.target_transform))
        shown = [f"{head}{_indented(repr(part), len(head))}" for head, part in parts if part is not None]
        return "\n".join(["StandardTransform", *shown])


def _indented(text: str, width: int) -> str:
    """The text with all lines but the first moved right."""
    return text.replace("\n", "\n" + " " * width)
