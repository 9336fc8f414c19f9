"""Networks that the command line's tests name."""

import graphnn
from graphnn import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(4 * 3 * 3, 5)

    def forward(self, x):
        return self.head(graphnn.flatten(self.features(x), 1))


def broken():
    raise ValueError("no weights here")


def double(x):
    return x * 2


number = 3
