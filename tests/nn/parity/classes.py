"""Which classes of torch.nn graphnn is to have: all that torch.nn.modules exports, less the exceptions named here."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

EXCEPTIONS = {
    "Module": "the base class, tested by itself",
    "Container": "deprecated",
    "NLLLoss2d": "deprecated",
    "DataParallel": "distributed",
    "SyncBatchNorm": "distributed",
    "CrossMapLRN2d": "a private form of LocalResponseNorm",
    "LinearCrossEntropyOptions": "options of LinearCrossEntropyLoss, no layer",
    "RNNBase": "the base class of RNN, LSTM and GRU",
    "RNNCellBase": "the base class of the cells",
    "UninitializedBuffer": "lazy",
    "UninitializedParameter": "lazy",
}


def wanted() -> set[str]:
    """The names, from PyTorch's own list, never from ours."""
    exported = set(torch.nn.modules.__all__)
    return {n for n in exported if not n.startswith("Lazy") and n not in EXCEPTIONS}
