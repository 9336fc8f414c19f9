"""From a network to a compiled training step, one thing after another."""

import graphnn as torch
from graphnn import nn

torch.manual_seed(0)


# --8<-- [start:network]
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 16)
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


net = Classifier()
# --8<-- [end:network]

# --8<-- [start:trace]
x = torch.randn(64, 2)
graph = torch.trace(net, x)
print(graph)
# --8<-- [end:trace]

# --8<-- [start:passes]
from graphnn.passes import PassManager, inference_pipeline  # noqa: E402

print(PassManager(inference_pipeline()).run(graph).report)
# --8<-- [end:passes]

# --8<-- [start:step]
y = (x[:, 0] * x[:, 1] > 0).long()
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)


@torch.compile
def step(x, y):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    return loss


losses = [step(x, y).item() for _ in range(200)]
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}")
# --8<-- [end:step]

# --8<-- [start:plan]
plan = step.plans[0]
print(plan.reason)
print(f"{plan.arena_bytes} bytes, at least {plan.lower_bound_bytes} needed, {plan.sum_bytes} without reuse")
print("baked in:", *plan.assumptions[:3], sep="\n  ")
# --8<-- [end:plan]

# --8<-- [start:save]
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "net.safetensors"
    torch.save(net.state_dict(), path)
    other = Classifier()
    other.load_state_dict(torch.load(path))
print("the same answers:", torch.equal(other(x), net(x)))
# --8<-- [end:save]
