"""Trains a small network on scikit-learn's handwritten digits; the whole step is compiled into one plan.

Needs scikit-learn: pip install -e ".[demo]"
"""

from sklearn.datasets import load_digits

import graphnn as torch
from graphnn import nn, optim

torch.manual_seed(0)
images, labels = load_digits(return_X_y=True)
order = torch.randperm(len(images))
x, y = torch.tensor(images / 16, dtype=torch.float32)[order], torch.tensor(labels)[order]

net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


@torch.compile
def step(x, y):
    optimizer.zero_grad()
    loss = criterion(net(x), y)
    loss.backward()
    optimizer.step()
    return loss


for epoch in range(10):
    for start in range(0, 1500, 50):
        loss = step(x[start : start + 50], y[start : start + 50])
    print(f"epoch {epoch}: loss {loss.item():.4f}")

with torch.no_grad():
    right = (net(x[1500:]).argmax(1) == y[1500:]).sum().item()
print(f"{right} of {len(x) - 1500} digits that it has not seen are right")
print(f"{step!r}; {step.plans[0]!r}")
