"""An op of one's own: its type rule, its kernel and its gradient in one paragraph; then it traces, trains and compiles."""

import numpy as np

import graphnn
from graphnn.ir.types import TensorType
from graphnn.ops import mul
from graphnn.ops.op import Op, Trait, register


def infer_cube(x: TensorType) -> TensorType:
    """x * x * x, in x's dtype."""
    return TensorType(x.dtype, x.shape)


cube = register(
    Op(
        "cube",
        infer=infer_cube,
        numpy=lambda out, x: [(np.multiply, x, x, out), (np.multiply, out, x, out)],
        vjp=lambda c, g, x: mul(g, mul(3.0, mul(x, x))),
        traits=(Trait.ELEMENTWISE,),
    )
)

x = graphnn.tensor([1.0, 2.0, 3.0], requires_grad=True)
cube(x).sum().backward()
print(f"gradient of x^3 at 1, 2, 3: {x.grad.tolist()}")
print(graphnn.trace(cube, graphnn.ones(3)))
print(f"compiled: {graphnn.compile(cube)(graphnn.tensor([1.0, 2.0, 3.0])).tolist()}")
