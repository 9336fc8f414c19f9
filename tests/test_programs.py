"""Whole programs as newcomers write them, run with PyTorch and with graphnn under its name: what they print is the same,
numbers and addresses aside."""

import contextlib
import importlib
import io
import re
import sys

import pytest

pytest.importorskip("torch")

DEFINE = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Digits(nn.Module):
    def __init__(self):
        super(Digits, self).__init__()
        self.first = nn.Conv2d(1, 6, 5)
        self.second = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, image):
        x = F.max_pool2d(F.relu(self.first(image)), (2, 2))
        x = F.max_pool2d(F.relu(self.second(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc3(F.relu(self.fc2(x)))

torch.manual_seed(0)
net = Digits()
image = torch.randn(1, 1, 32, 32)
criterion = nn.MSELoss()
target = torch.randn(10).view(1, -1)
"""

PROGRAMS = {
    "looking at a network": DEFINE
    + """
print(net)
params = list(net.parameters())
print(len(params), params[0].size())
for name, param in net.named_parameters():
    print(f"{name} | {param.size()} | {param[:2]}")
out = net(image)
print(out)
print(net(image).argmax(1).shape, nn.Softmax(dim=1)(out).sum().item() > 0.99)
""",
    "walking the chain of grad_fn": DEFINE
    + """
loss = criterion(net(image), target)
print(loss)
def walk(node, depth):
    print("  " * depth, node)
    for following, number in node.next_functions:
        if following is None:
            print("  " * depth, None)
        else:
            walk(following, depth + 1)
walk(loss.grad_fn, 0)
""",
    "gradients before and after backward": DEFINE
    + """
net.zero_grad()
net(image).backward(torch.randn(1, 10))
net.zero_grad()
print(net.first.bias.grad)
loss = criterion(net(image), target)
loss.backward()
print(net.first.bias.grad)
try:
    loss.backward()
except RuntimeError as error:
    print("second time" in str(error))
""",
    "two ways to update": DEFINE
    + """
import torch.optim as optim
criterion(net(image), target).backward()
for f in net.parameters():
    f.data.sub_(f.grad.data * 0.01)
optimizer = optim.SGD(net.parameters(), lr=0.01)
for _ in range(3):
    optimizer.zero_grad()
    loss = criterion(net(image), target)
    loss.backward()
    optimizer.step()
print(optimizer, loss.shape, loss.grad_fn is None)
""",
    "layers one by one": """
import torch
from torch import nn
layer = nn.Linear(3, 2)
x = torch.rand(1, 3)
print(layer, x.shape)
for param in layer.parameters():
    print(param.shape, param.requires_grad)
print(layer(x))
stack = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 2))
print(stack)
print(stack(torch.rand(5, 3, 4)))
print(nn.ReLU()(layer(x)))
print(nn.MaxPool2d(3)(torch.rand(1, 6, 6)).size())
batch = torch.rand(1, 4, 4) * 20 + 5
norm = nn.BatchNorm1d(4)
normed = norm(batch)
print(batch.mean().shape, normed.grad_fn, normed.mean().grad_fn)
print((nn.Dropout(p=0.4)(torch.ones(1, 40, 40)) == 0).sum() > 300)
print(nn.Conv2d(1, 6, 5).weight.shape, nn.Embedding(10, 3)(torch.tensor([1, 2])))
""",
    "devices and sizes": """
import torch
device = "cuda" if torch.cuda.is_available() else "cpu"
x = torch.rand(3, 28, 28, device=device)
print(device, x.size(), x.dtype, x.device, x.is_leaf)
print(x.view(3, -1).shape, x[0].shape, x[:, 0, :2].shape)
print(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1.5, 2.5]), torch.zeros(2, 3), torch.tensor(True))
""",
}


def run(program, library):
    """What the program prints when `torch` is the named library."""
    names = [n for n in sys.modules if n == "torch" or n.startswith("torch.")]
    hidden = {n: sys.modules.pop(n) for n in names} if library == "graphnn" else {}
    if library == "graphnn":
        for tail in ("", ".nn", ".nn.functional", ".optim"):
            sys.modules["torch" + tail] = importlib.import_module("graphnn" + tail)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(program, "program.py", "exec"), {"__name__": "program"})
    finally:
        for name in [n for n in sys.modules if (n == "torch" or n.startswith("torch.")) and library == "graphnn"]:
            del sys.modules[name]
        sys.modules.update(hidden)
    return printed.getvalue()


def without_numbers(text):
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    return re.sub(r"\s*-?\d+\.\d*(e[+-]\d+)?", " #", text)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_the_same_with_graphnn(name):
    ours, theirs = run(PROGRAMS[name], "graphnn"), run(PROGRAMS[name], "torch")
    assert without_numbers(ours) == without_numbers(theirs)
    assert ours.strip()
