"""Products of which only one factor wants a gradient: the other one's, and what it would need, are left out."""

import numpy as np
import pytest

import graphnn

SHAPES = [
    ((3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (4, 5)),
    ((4,), (4, 5)),
    ((3, 4), (4,)),
    ((4,), (4,)),
    ((4,), (2, 4, 5)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES, ids=str)
@pytest.mark.parametrize("wanted", [0, 1])
def test_one_factors_gradient_is_pytorchs_when_the_other_wants_none(left, right, wanted):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in (left, right)]
    ours, theirs = [graphnn.from_numpy(a) for a in arrays], [torch.from_numpy(a) for a in arrays]
    for factors in (ours, theirs):
        factors[wanted].requires_grad = True
        (factors[0] @ factors[1]).square().sum().backward()
    np.testing.assert_allclose(ours[wanted].grad.numpy(), theirs[wanted].grad.numpy(), rtol=1e-9)
    assert ours[1 - wanted].grad is None
