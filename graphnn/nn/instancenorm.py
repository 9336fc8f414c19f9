"""Instance normalisation layers."""

from __future__ import annotations

import warnings
from typing import Any

from graphnn.errors import ShapeError
from graphnn.ir.dtypes import DType
from graphnn.nn import functional as F
from graphnn.nn.normbase import NormBase
from graphnn.tensor.tensor import Tensor


class _InstanceNorm(NormBase):
    """Normalises each channel of each sample by its own statistics; in evaluation by the running ones, where they are
    tracked."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_rank(input)
        unbatched = input.ndim == min(self.ranks)
        self._check_channels(input, 0 if unbatched else 1)
        return self._normalized(input.unsqueeze(0)).squeeze(0) if unbatched else self._normalized(input)

    def _check_channels(self, input: Tensor, dim: int) -> None:
        found = input.shape[dim]
        if found == self.num_features:
            return
        if self.affine:
            raise ShapeError(
                f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: {found}."
            )
        warnings.warn(
            f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in "
            "num_features, which is not used because affine=False",
            stacklevel=4,
        )

    def _normalized(self, input: Tensor) -> Tensor:
        own = self.training or not self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        return F.instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, own, momentum, self.eps
        )


class InstanceNorm1d(_InstanceNorm):
    """For (N, C, L) and (C, L)."""

    ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """For (N, C, H, W) and (C, H, W)."""

    ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """For (N, C, D, H, W) and (C, D, H, W)."""

    ranks = (4, 5)
