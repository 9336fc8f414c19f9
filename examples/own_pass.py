"""A pass of one's own: a pattern is an ordinary function, traced. It goes anywhere into a pipeline."""

import graphnn
from graphnn import nn
from graphnn.ops import clamp, relu
from graphnn.passes import PassManager, inference_pipeline, pattern_pass


@pattern_pass("clamp-to-relu")
def clamp_to_relu(x):
    """clamp(x, min=0) -> relu(x). Bit-exact."""
    return clamp(x, min=0.0), relu(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.fc2 = nn.Linear(8, 2)

    def forward(self, x):
        return self.fc2(self.fc1(x).clamp(min=0.0))


graph = graphnn.trace(Net(), graphnn.ones(3, 4))
print(graph, "\n")

# First of all, so that the fusion of linear and relu finds what it makes.
result = PassManager((clamp_to_relu, *inference_pipeline())).run(graph)
print(result.graph, "\n")
print(result.report)
