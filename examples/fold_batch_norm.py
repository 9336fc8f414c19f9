"""Folding a batch norm into the convolution before it: the graph before, the graph after, and how far results move."""

import graphnn
from graphnn import nn
from graphnn.passes import FoldBatchNorm, PassManager

graphnn.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
images = graphnn.randn(8, 3, 10, 10)
with graphnn.no_grad():
    for _ in range(20):  # the running statistics leave their starting values
        net(3 * images + 1)
net.eval()

with graphnn.no_grad():
    before = graphnn.trace(net, images)
result = PassManager((FoldBatchNorm(),)).run(before)
print("before:", before, "\nafter:", result.graph, f"\n{result.report}", sep="\n")

with graphnn.no_grad():
    eager = net(images)
    folded = graphnn.compile(net, backend="numpy")(images)
print(f"the compiled network, which folds too, is within {(eager - folded).abs().max().item():.0e} of the eager one")
