"""The tutorials' networks, and one shaped like ResNet-18, written once for either library.

Each `build` takes the library, `graphnn` or `torch`, as its argument: the same code makes the same network in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Library = Any
"""`graphnn`, or `torch`."""


@dataclass(frozen=True)
class Network:
    """`build(library)` makes the module; it takes `shape` (without the batch) and tells `classes` apart. Its
    outputs are probabilities where `probabilities` is set, and logits otherwise."""

    name: str
    build: Callable[[Library], Any]
    shape: tuple[int, ...]
    classes: int
    probabilities: bool = False

    def arrays(self, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Random inputs and classes."""
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((size, *self.shape), np.float32)
        return x, rng.integers(0, self.classes, size)

    def batch(self, library: Library, size: int, seed: int = 0) -> tuple[Any, Any]:
        """The same random inputs and classes as tensors of either library."""
        x, y = self.arrays(size, seed)
        return library.tensor(x), library.tensor(y)

    def loss(self, library: Library) -> Callable[[Any, Any], Any]:
        """Cross entropy; of probabilities, the mean of the squared distance to the right answer."""
        if not self.probabilities:
            return library.nn.CrossEntropyLoss()  # type: ignore[no-any-return]
        distance, answers = library.nn.MSELoss(), library.eye(self.classes)
        return lambda output, target: distance(output, answers[target])


def tiny_model(torch: Library) -> Any:
    nn = torch.nn

    class TinyModel(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.linear1 = nn.Linear(100, 200)
            self.activation = nn.ReLU()
            self.linear2 = nn.Linear(200, 10)
            self.softmax = nn.Softmax(dim=1)

        def forward(self, x: Any) -> Any:
            return self.softmax(self.linear2(self.activation(self.linear1(x))))

    return TinyModel()


def mlp(torch: Library) -> Any:
    nn = torch.nn
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )


def lenet(second_kernel: int) -> Callable[[Library], Any]:
    """For images of 32 x 32; 400 features after two 5x5 convolutions, 576 where the second is 3x3."""
    features = 16 * ((14 - second_kernel + 1) // 2) ** 2

    def build(torch: Library) -> Any:
        nn, F = torch.nn, torch.nn.functional

        class LeNet(nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.conv1 = nn.Conv2d(1, 6, 5)
                self.conv2 = nn.Conv2d(6, 16, second_kernel)
                self.fc1 = nn.Linear(features, 120)
                self.fc2 = nn.Linear(120, 84)
                self.fc3 = nn.Linear(84, 10)

            def forward(self, x: Any) -> Any:
                x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
                x = F.max_pool2d(F.relu(self.conv2(x)), 2)
                x = torch.flatten(x, 1)
                return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))

        return LeNet()

    return build


def resnet18(torch: Library) -> Any:
    """Shaped as ResNet-18 (He et al., 2015): a 7x7 stem, eight blocks of two 3x3 convolutions, a mean over pixels."""
    nn, F = torch.nn, torch.nn.functional

    class BasicBlock(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.downsample = None
            if stride != 1 or inputs != outputs:
                conv = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
                self.downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))

        def forward(self, x: Any) -> Any:
            shortcut = x if self.downsample is None else self.downsample(x)
            x = F.relu(self.bn1(self.conv1(x)))
            return F.relu(self.bn2(self.conv2(x)) + shortcut)

    class ResNet18(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            stages = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]
            blocks = [BasicBlock(*shape) for i, o, stride in stages for shape in ((i, o, stride), (o, o, 1))]
            self.layers = nn.Sequential(*blocks)
            self.fc = nn.Linear(512, 1000)

        def forward(self, x: Any) -> Any:
            x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, stride=2, padding=1)
            return self.fc(self.layers(x).mean((2, 3)))

    return ResNet18()


TINY = Network("TinyModel", tiny_model, (100,), 10, probabilities=True)
MLP = Network("MLP", mlp, (1, 28, 28), 10)
LENET = Network("LeNet", lenet(5), (1, 32, 32), 10)
LENET3 = Network("LeNet, 3x3", lenet(3), (1, 32, 32), 10)
RESNET = Network("ResNet-18", resnet18, (3, 64, 64), 1000)
RESNET224 = Network("ResNet-18, 224", resnet18, (3, 224, 224), 1000)

TUTORIALS = (TINY, MLP, LENET, LENET3)

OPTIMIZERS: dict[str, Callable[[Library, Any], Any]] = {
    "SGD": lambda torch, parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9),
    "Adam": lambda torch, parameters: torch.optim.Adam(parameters, lr=0.001),
}


def training_step(
    network: Network, torch: Library, optimizer: str = "SGD", wrap: Callable[[Any], Any] = lambda net: net
) -> tuple[Any, Callable[[Any, Any], Any]]:
    """A new module, and the tutorials' loop body for it; the body calls `wrap(module)`."""
    net, criterion = network.build(torch), network.loss(torch)
    updates = OPTIMIZERS[optimizer](torch, net.parameters())
    called = wrap(net)

    def step(x: Any, y: Any) -> Any:
        updates.zero_grad()
        loss = criterion(called(x), y)
        loss.backward()
        updates.step()
        return loss

    return net, step
