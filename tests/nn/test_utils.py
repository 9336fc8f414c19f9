"""nn.utils: clipping (in compiled steps too), vectors of parameters."""

import copy
import math

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.errors import ArgumentError, ArgumentTypeError

torch = pytest.importorskip("torch")

ROWS = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)


def pair() -> tuple[nn.Module, "torch.nn.Module"]:
    """The same small network in both libraries, with gradients."""
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    ours = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    ours.load_state_dict({k: graphnn.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    ours(graphnn.tensor(ROWS)).pow(2).sum().backward()
    theirs(torch.tensor(ROWS)).pow(2).sum().backward()
    return ours, theirs


def assert_same_gradients(ours: nn.Module, theirs: "torch.nn.Module") -> None:
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("norm", [1.0, 2.0, 3.0, math.inf])
@pytest.mark.parametrize("bound", [0.5, 1e6])
def test_clips_by_the_norm_of_all_gradients(norm: float, bound: float):
    ours, theirs = pair()
    found = nn.utils.clip_grad_norm_(ours.parameters(), bound, norm)
    wanted = torch.nn.utils.clip_grad_norm_(theirs.parameters(), bound, norm)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert_same_gradients(ours, theirs)


def test_clips_value_by_value():
    ours, theirs = pair()
    nn.utils.clip_grad_value_(ours.parameters(), 0.3)
    torch.nn.utils.clip_grad_value_(theirs.parameters(), 0.3)
    assert_same_gradients(ours, theirs)


def test_clips_inside_a_compiled_step():
    eager, _ = pair()
    compiled = copy.deepcopy(eager)

    def step(model: nn.Module, optimizer: graphnn.optim.Optimizer, x: graphnn.Tensor) -> graphnn.Tensor:
        optimizer.zero_grad()
        model(x).pow(2).sum().backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        return norm

    norms = []
    for model, run in ((eager, step), (compiled, graphnn.compile(step))):
        optimizer = graphnn.optim.SGD(model.parameters(), lr=0.1)
        norms.append([run(model, optimizer, graphnn.tensor(ROWS)).item() for _ in range(4)])
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)
    for a, b in zip(eager.parameters(), compiled.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_a_norm_that_is_not_finite_is_refused_on_request():
    param = nn.Parameter(graphnn.ones(2))
    param.grad = graphnn.tensor([math.inf, 1.0])
    with pytest.raises(ArgumentError, match="is non-finite, so it cannot be clipped"):
        nn.utils.clip_grad_norm_(param, 1.0, error_if_nonfinite=True)


def test_no_gradients_have_the_norm_zero_and_no_parameters_are_warned_of():
    assert nn.utils.clip_grad_norm_([nn.Parameter(graphnn.ones(2))], 1.0).item() == 0.0
    with pytest.warns(UserWarning, match="empty generator"):
        nn.utils.clip_grad_norm_((p for p in ()), 1.0)
    with pytest.warns(FutureWarning, match="deprecated"):
        nn.utils.clip_grad_norm([nn.Parameter(graphnn.ones(2))], 1.0)
    assert nn.utils.get_total_norm([graphnn.tensor([3.0]), graphnn.tensor([4.0])]).item() == pytest.approx(5.0)


def test_parameters_become_a_vector_and_come_back():
    ours, theirs = pair()
    vector = nn.utils.parameters_to_vector(ours.parameters())
    wanted = torch.nn.utils.parameters_to_vector(theirs.parameters())
    np.testing.assert_array_equal(vector.detach().numpy(), wanted.detach().numpy())
    nn.utils.vector_to_parameters(vector.detach() * 2, ours.parameters())
    np.testing.assert_array_equal(ours[2].bias.detach().numpy(), theirs[2].bias.detach().numpy() * 2)
    with pytest.raises(ArgumentTypeError, match=r"expected torch\.Tensor"):
        nn.utils.vector_to_parameters([1.0], ours.parameters())
