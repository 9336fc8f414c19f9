"""Batch normalisation layers."""

from __future__ import annotations

from graphnn.autodiff.modes import no_grad
from graphnn.nn import functional as F
from graphnn.nn.functional.normalization import require_several
from graphnn.nn.normbase import NormBase
from graphnn.ops.batch_norm import batch_norm as batch_norm_op
from graphnn.tensor.tensor import Tensor


class _BatchNorm(NormBase):
    """Normalises dimension 1. In training with the batch's statistics, of which running ones are kept: an exponential
    average, or with `momentum=None` the mean over all batches; in evaluation with the running ones."""

    def forward(self, input: Tensor) -> Tensor:
        self._check_rank(input)
        tracking = self.training and self.track_running_stats
        if tracking and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                return self._averaging_forward(input)
        batch_statistics = self.training or (self.running_mean is None and self.running_var is None)
        keep = tracking or not self.training
        mean, var = (self.running_mean, self.running_var) if keep else (None, None)
        momentum = 0.0 if self.momentum is None else self.momentum
        return F.batch_norm(input, mean, var, self.weight, self.bias, batch_statistics, momentum, self.eps)

    def _averaging_forward(self, input: Tensor) -> Tensor:
        """Moves the running statistics to the mean over all batches: by 1 / (number of batches) of what is new."""
        require_several(input)
        statistics = (self.running_mean, self.running_var)
        out, _, _, *found = batch_norm_op(
            input, *statistics, self.weight, self.bias, training=True, momentum=1.0, eps=self.eps
        )
        with no_grad():
            for running, new in zip(statistics, found, strict=True):
                running.add_((new - running) / self.num_batches_tracked)
        return out  # type: ignore[no-any-return]


class BatchNorm1d(_BatchNorm):
    """For (N, C) and (N, C, L)."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """For (N, C, H, W)."""

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """For (N, C, D, H, W)."""

    ranks = (5,)
