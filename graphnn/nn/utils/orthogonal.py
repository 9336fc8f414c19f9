"""Weights that stay orthogonal: made of free parameters by the matrix exponential, Cayley's map or reflections.

M. Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds" (2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.autodiff.modes import no_grad
from graphnn.errors import ArgumentError, UnsupportedError
from graphnn.nn.module import Module
from graphnn.nn.utils.parametrize import register_parametrization
from graphnn.tensor import linalg
from graphnn.tensor.creation import eye, from_numpy
from graphnn.tensor.joining import cat
from graphnn.tensor.sampling import randn
from graphnn.tensor.tensor import Tensor

MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    """From a free matrix, one with orthonormal rows or columns, whichever are shorter in number."""

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape = tuple(weight.shape)
        self.orthogonal_map = orthogonal_map
        self.use_trivialization = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        rows, columns = X.shape[-2:]
        free: Any = X.mT if rows < columns else X
        found = self._reflected(free) if self.orthogonal_map == "householder" else self._turned(free)
        if self.use_trivialization:
            found = self.base @ found
        return found.mT if rows < columns else found  # type: ignore[no-any-return]

    def _turned(self, X: Tensor) -> Any:
        """The exponential, or Cayley's map, of the skew matrix below whose diagonal X stands."""
        n, k = X.shape[-2:]
        lower: Any = X.tril()
        if n != k:
            lower = cat([lower, X.new_zeros((*X.shape[:-2], n, n - k))], -1)
        skew = lower - lower.mT
        if self.orthogonal_map == "matrix_exp":
            found = linalg.matrix_exp(skew)
        else:
            unit = eye(n, dtype=X.dtype)
            found = linalg.solve(unit - skew * 0.5, (unit + skew * 0.5).expand(tuple(skew.shape)))
        return found[..., :k]

    def _reflected(self, X: Tensor) -> Any:
        """The product of the reflections at X's columns below the diagonal, with the diagonal's signs."""
        below: Any = X.tril(-1)
        scale = 2.0 / (1.0 + (below * below).sum(-2))
        return linalg.householder_product(below, scale) * X.diagonal(0, -2, -1).int().unsqueeze(-2)

    def right_inverse(self, value: Tensor) -> Tensor:
        if tuple(value.shape) != self.shape:
            raise ArgumentError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape "
                f"{tuple(value.shape)}."
            )
        with no_grad():
            return self._based(value) if self.use_trivialization else self._as_reflections(value)

    def _based(self, value: Tensor) -> Tensor:
        """Lets `base` be the value, completed to a square; the free parameters then start where they change nothing."""
        square: Any = value.mT if value.shape[-2] < value.shape[-1] else value
        n, k = square.shape[-2:]
        if n != k:
            square = cat([square, randn(*square.shape[:-2], n, n - k).to(square.dtype)], -1)
        if n != k or not _is_orthogonal(square):
            square = _nearest_by_columns(square)
        self.base = square.clone()
        start = value.new_zeros(tuple(value.shape))
        start.diagonal(0, -2, -1).fill_(-1.0)
        return start  # type: ignore[no-any-return]

    def _as_reflections(self, value: Tensor) -> Tensor:
        if self.orthogonal_map != "householder":
            raise UnsupportedError(
                "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                "use_trivialization=False."
            )
        wide = value.shape[-2] < value.shape[-1]
        raw, scale = np.linalg.qr((value.mT if wide else value).detach().numpy(), "raw")
        found = np.swapaxes(raw, -2, -1).copy()
        rows = np.arange(scale.shape[-1])
        found[..., rows, rows] = np.where(scale == 0, -1, 1) * np.sign(found[..., rows, rows])
        tensor = from_numpy(found)
        return tensor.mT if wide else tensor


def _is_orthogonal(square: Tensor) -> bool:
    unit = eye(square.shape[-1], dtype=square.dtype)
    limit = 10.0 * square.shape[-1] * float(np.finfo(square.dtype.numpy).eps)
    return bool(((square.mT @ square - unit).abs() <= limit).all())


def _nearest_by_columns(square: Tensor) -> Any:
    q, r = linalg.qr(square)
    return q * r.diagonal(0, -2, -1).sign().unsqueeze(-2)


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """`module.<name>` stays orthogonal (its rows or columns orthonormal) whatever an optimizer does."""
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ArgumentError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ArgumentError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in MAPS:
        raise ArgumentError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    return register_parametrization(module, name, _Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True)
