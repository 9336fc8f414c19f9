"""What a plan says: the order of the steps, the memory they need, which values make its peak, and why it was made."""

import graphnn
from graphnn import nn

net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 13 * 13, 10))
fast = graphnn.compile(net)

with graphnn.no_grad():
    fast(graphnn.ones(16, 1, 28, 28))
    fast(graphnn.ones(1, 1, 28, 28))

first, second = fast.plans
print(first, "\n")
for buffer in first.buffers:
    print(f"{buffer.name:>16}: bytes {buffer.offset:,} to {buffer.offset + buffer.size:,}", end="")
    print(f" of the arena, during steps {buffer.start} to {buffer.stop - 1}")
print(f"\nthe second plan was made because of: {second.reason}")
