"""The convolutional network of PyTorch's tutorial on neural networks (LeNet), for 32x32 images of one channel."""

from __future__ import annotations

import graphnn
import graphnn.nn.functional as F
from graphnn import nn


class Net(nn.Module):
    """Two convolutions with pooling, then three linear layers: (N, 1, 32, 32) -> (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, input: graphnn.Tensor) -> graphnn.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(input)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = graphnn.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
