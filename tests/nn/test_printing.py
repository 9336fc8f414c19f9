"""Modules print letter for letter as PyTorch's."""

from collections import OrderedDict

import pytest

from tests.nn.both import OURS, torch

SPELLINGS = {
    "linear": lambda t: t.nn.Linear(2, 3, False),
    "conv": lambda t: t.nn.Conv2d(1, 6, 5),
    "conv-options": lambda t: t.nn.Conv2d(3, 6, 3, stride=2, padding=1, dilation=2, groups=3, bias=False),
    "conv-same": lambda t: t.nn.Conv2d(3, 6, 3, padding="same"),
    "batch-norm": lambda t: t.nn.BatchNorm2d(3),
    "batch-norm-options": lambda t: t.nn.BatchNorm1d(3, momentum=None, affine=False, track_running_stats=False),
    "max-pool": lambda t: t.nn.MaxPool2d((2, 3), stride=1),
    "avg-pool": lambda t: t.nn.AvgPool2d(2, padding=1),
    "embedding": lambda t: t.nn.Embedding(3, 4),
    "embedding-padding": lambda t: t.nn.Embedding(3, 4, padding_idx=-1),
    "flatten": lambda t: t.nn.Flatten(),
    "unflatten": lambda t: t.nn.Unflatten(1, (2, 3)),
    "softmax": lambda t: t.nn.Softmax(),
    "log-softmax": lambda t: t.nn.LogSoftmax(dim=1),
    "relu": lambda t: t.nn.ReLU(),
    "relu-inplace": lambda t: t.nn.ReLU(inplace=True),
    "sigmoid": lambda t: t.nn.Sigmoid(),
    "tanh": lambda t: t.nn.Tanh(),
    "dropout": lambda t: t.nn.Dropout(0.2, inplace=True),
    "identity": lambda t: t.nn.Identity(3, x=2),
    "mse": lambda t: t.nn.MSELoss(),
    "l1": lambda t: t.nn.L1Loss(),
    "cross-entropy": lambda t: t.nn.CrossEntropyLoss(weight=t.ones(3)),
    "nll": lambda t: t.nn.NLLLoss(),
    "sequential": lambda t: t.nn.Sequential(t.nn.Linear(1, 2), t.nn.Sequential(t.nn.ReLU())),
    "named-sequential": lambda t: t.nn.Sequential(OrderedDict(first=t.nn.Linear(1, 2), second=t.nn.ReLU())),
    "empty-sequential": lambda t: t.nn.Sequential(),
    "list": lambda t: t.nn.ModuleList(
        [t.nn.Linear(1, 2), t.nn.Linear(1, 2), t.nn.ReLU(), t.nn.Sequential(t.nn.ReLU())]
    ),
    "empty-list": lambda t: t.nn.ModuleList(),
    "dict": lambda t: t.nn.ModuleDict({"a": t.nn.ReLU(), "b": t.nn.Linear(1, 1)}),
    "parameter-list": lambda t: t.nn.ParameterList([t.nn.Parameter(t.zeros(2, 3)), t.zeros(2), 3]),
    "parameter-dict": lambda t: t.nn.ParameterDict({"a": t.nn.Parameter(t.zeros(2, 3)), "b": 3}),
    "parameter": lambda t: t.nn.Parameter(t.zeros(2, 3)),
    "frozen-parameter": lambda t: t.nn.Parameter(t.tensor([0.25, -1.5]), requires_grad=False),
    "empty-parameter": lambda t: t.nn.Parameter(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_prints_as_in_pytorch(spelling):
    assert repr(SPELLINGS[spelling](OURS)) == repr(SPELLINGS[spelling](torch))


def make_net(t, extra):
    class Net(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.ReLU())
            self.register_buffer("nothing", None)
            self.absent = None

        def extra_repr(self):
            return extra

    return Net()


@pytest.mark.parametrize("extra", ["", "depth=1", "depth=1\nwidth=2"])
def test_a_users_module_prints_its_extra_lines_above_its_children(extra):
    assert repr(make_net(OURS, extra)) == repr(make_net(torch, extra))
