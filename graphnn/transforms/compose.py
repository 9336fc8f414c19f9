"""Transforms made of others, in order, at random, or of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.nn import Module, ModuleList
from graphnn.tensor.sampling import randperm
from graphnn.transforms.draws import chance, choice

Transform = Callable[[Any], Any]


def _listed(name: str, transforms: Iterable[Transform]) -> str:
    """The transforms, one a line, as torchvision prints them."""
    return "\n".join([f"{name}(", *(f"    {transform}" for transform in transforms), ")"])


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms)


class Lambda:
    """A function as a transform."""

    def __init__(self, lambd: Transform) -> None:
        if not callable(lambd):
            raise ArgumentTypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RandomApply(Module):
    """All of the transforms one after the other with probability p, else none of them."""

    def __init__(self, transforms: Sequence[Transform] | ModuleList, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        return Compose(list(self.transforms))(img) if chance(self.p) else img

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms).replace("(\n", f"(\n    p={self.p}\n", 1)


class _RandomTransforms:
    def __init__(self, transforms: Sequence[Transform]) -> None:
        if not isinstance(transforms, Sequence):
            raise ArgumentTypeError("Argument transforms should be a sequence")
        self.transforms = transforms

    def __repr__(self) -> str:
        return _listed(type(self).__name__, self.transforms)


class RandomOrder(_RandomTransforms):
    """All of the transforms, in random order."""

    def __call__(self, img: Any) -> Any:
        order = randperm(len(self.transforms)).tolist()
        return Compose([self.transforms[i] for i in order])(img)


class RandomChoice(_RandomTransforms):
    """One of the transforms, with probabilities in proportion to `p`, or equal ones."""

    def __init__(self, transforms: Sequence[Transform], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        if p is not None and len(p) != len(transforms):
            raise ArgumentError(f"RandomChoice: {len(transforms)} transforms want as many probabilities, not {len(p)}")
        self.p = p

    def __call__(self, img: Any) -> Any:
        return self.transforms[choice(self.p or [1.0] * len(self.transforms))](img)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"
