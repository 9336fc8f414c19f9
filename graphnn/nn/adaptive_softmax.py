"""A softmax over many classes by clusters (Grave, Joulin, Cissé, Grangier and Jégou, "Efficient softmax approximation
for GPUs", 2017): frequent classes have their own scores, each cluster of rare ones has one score among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.dtypes import DType
from graphnn.nn import functional as F
from graphnn.nn.containers import ModuleList, Sequential
from graphnn.nn.linear import Linear
from graphnn.nn.module import Module
from graphnn.ops.compare import where
from graphnn.ops.joining import cat
from graphnn.ops.op import builders
from graphnn.tensor.tensor import Tensor


class _ASMoutput(NamedTuple):
    """Each sample's log-probability of its target, and minus their mean."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """`cutoffs` are the first classes of the clusters; cluster i goes through in_features / div_value^i numbers."""

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        listed = _checked(list(cutoffs), n_classes)
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*listed, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = listed[0]
        self.n_clusters = len(listed)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i, (start, stop) in enumerate(pairwise(self.cutoffs), start=1):
            inner = int(in_features // div_value**i)
            first = Linear(in_features, inner, bias=False, device=device, dtype=dtype)
            self.tail.append(Sequential(first, Linear(inner, stop - start, bias=False, device=device, dtype=dtype)))

    def reset_parameters(self) -> None:
        self.head.reset_parameters()
        for projection in self.tail:
            for layer in projection:
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        _require_fit(input_, target_)
        alone = target_.ndim == 0
        input, target = (input_.unsqueeze(0), target_.unsqueeze(0)) if alone else (input_, target_)
        self._require_classes(target)
        head = F.log_softmax(self.head(input), dim=1)
        found = where(target < self.shortlist_size, _picked(head, target, self.shortlist_size), 0.0)
        for i, (start, stop) in enumerate(pairwise(self.cutoffs)):
            inside = (target >= start) & (target < stop)
            if not builders.stack and not bool(inside.any()):
                continue
            of_cluster = F.log_softmax(self.tail[i](input), dim=1)
            score = head[:, self.shortlist_size + i] + _picked(of_cluster, target - start, stop - start)
            found = found + where(inside, score, 0.0)
        loss = (-found).mean()
        return _ASMoutput(found.squeeze(0) if alone else found, loss)

    def _require_classes(self, target: Tensor) -> None:
        """Values are looked at in eager code only."""
        if builders.stack or not target.numel():
            return
        low, high = int(target.min().item()), int(target.max().item())
        if low < 0 or high >= self.n_classes:
            raise ArgumentError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{low}, {high}] were found. "
            )

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities (N, n_classes) of all classes."""
        head = F.log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i, projection in enumerate(self.tail, start=self.shortlist_size):
            parts.append(F.log_softmax(projection(input), dim=1) + head[:, i].unsqueeze(1))
        return cat(*parts, dim=1)  # type: ignore[no-any-return]

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each sample."""
        return self.log_prob(input).argmax(dim=1)  # type: ignore[no-any-return]


def _picked(log_probs: Tensor, index: Tensor, size: int) -> Tensor:
    """Each row's number at its index, where that is in range."""
    return log_probs.gather(1, index.clamp(min=0, max=size - 1).unsqueeze(1)).squeeze(1)  # type: ignore[no-any-return]


def _checked(cutoffs: list[int], n_classes: int) -> list[int]:
    if not cutoffs:
        raise ArgumentError("cutoffs should be a sequence of length larger than 0")
    rising = all(a < b for a, b in pairwise([0, *cutoffs, n_classes]))
    if not rising or any(int(c) != c for c in cutoffs):
        raise ArgumentError(
            "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is "
            "between 1 and n_classes-1"
        )
    return cutoffs


def _require_fit(input: Tensor, target: Tensor) -> None:
    if target.ndim > 1:
        raise ShapeError("0D or 1D target tensor expected, multi-target not supported")
    if input.ndim != target.ndim + 1:
        raise ShapeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with size "
            f"{list(input.shape)}"
        )
    if target.ndim == 1 and input.shape[0] != target.shape[0]:
        raise ShapeError("Input and target should have the same size in the batch dimension.")
