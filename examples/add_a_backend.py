"""A backend of one's own: it binds plans as the NumPy backend does, and says at each run what it is about to compute."""

import graphnn
from graphnn import nn
from graphnn.backends import register_backend
from graphnn.backends.numpy.backend import NumpyBackend, NumpyWorkspace


class Talking(NumpyWorkspace):
    """One arena with the plan's steps bound to it; `forward` runs them."""

    def __init__(self, plan, state):
        super().__init__(plan, state)
        self.steps = [node.op.name for i, node in enumerate(plan.order) if i not in plan.views]

    def forward(self, inputs):
        print(f"running {', '.join(self.steps)}")
        return super().forward(inputs)


class TalkingBackend(NumpyBackend):
    """What a backend gives: a name, a target (what the planner must know), `bind`, and the text of what it runs."""

    name = "talking"

    def bind(self, plan, state):
        return Talking(plan, state)

    def source(self, plan):
        return "\n".join(str(node) for node in plan.order)


register_backend("talking", TalkingBackend)
fast = graphnn.compile(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval(), backend="talking")
with graphnn.no_grad():
    print(fast(graphnn.ones(1, 3)).shape)
print(fast.source)
