"""Training one network: batches in an order fixed by the seed, a step that may be compiled, and what it took."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import graphnn
from graphnn import nn, optim
from graphnn.tools.demo.digits import Digits
from graphnn.tools.demo.network import Net

LEARNING_RATE, MOMENTUM = 0.04, 0.9  # the rate at the start
Step = Callable[[Any, Any], Any]


@dataclass
class History:
    """The loss of each step, and the seconds it took. The first step also makes what is kept for the others."""

    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def step_seconds(self) -> float:
        """The median over all steps but the first."""
        return statistics.median(self.seconds[1:] or self.seconds)


def make_optimizer(net: Net) -> optim.SGD:
    return optim.SGD(net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)


def make_step(net: Net, optimizer: optim.SGD) -> Step:
    """One step of training, as the tutorial writes it; returns the loss."""
    criterion = nn.CrossEntropyLoss()

    def step(images: graphnn.Tensor, labels: graphnn.Tensor) -> graphnn.Tensor:
        optimizer.zero_grad()
        loss = criterion(net(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def batches(digits: Digits, epochs: int, batch_size: int, seed: int) -> Iterator[tuple[graphnn.Tensor, graphnn.Tensor]]:
    """Whole batches only, so that every step has the same shapes."""
    generator = np.random.default_rng(seed)
    for _ in range(epochs):
        order = generator.permutation(len(digits.train_images))
        for start in range(0, len(order) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            yield graphnn.tensor(digits.train_images[chosen]), graphnn.tensor(digits.train_labels[chosen])


def train(
    step: Step, optimizer: optim.SGD, digits: Digits, epochs: int, batch_size: int, seed: int, name: str
) -> History:
    """Runs all steps, the learning rate falling to 0 along a line. The bar is drawn on a terminal only."""
    from tqdm import tqdm

    history = History()
    total = epochs * (len(digits.train_images) // batch_size)
    with tqdm(batches(digits, epochs, batch_size, seed), name, total, unit="step", disable=None) as bar:
        for done, (images, labels) in enumerate(bar):
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - done / total)
            start = time.perf_counter()
            loss = step(images, labels)
            history.seconds.append(time.perf_counter() - start)
            history.losses.append(loss.item())
            bar.set_postfix(loss=f"{history.losses[-1]:.4f}", refresh=False)
    return history


def accuracy(net: Net, digits: Digits) -> float:
    """The share of held-out digits that the network gets right."""
    with graphnn.no_grad():
        guesses = net(graphnn.tensor(digits.test_images)).argmax(1).numpy()
    return float((guesses == digits.test_labels).mean())
