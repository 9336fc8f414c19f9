"""The same code run on PyTorch and on graphnn, for comparing what comes out."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graphnn import nn, optim
from graphnn.autodiff.modes import no_grad
from graphnn.errors import GraphnnError
from graphnn.ir import dtypes
from graphnn.tensor.creation import from_numpy, ones, tensor, zeros
from graphnn.tensor.tensor import Tensor

torch = pytest.importorskip("torch")

OURS = SimpleNamespace(
    nn=nn,
    optim=optim,
    zeros=zeros,
    ones=ones,
    tensor=tensor,
    from_numpy=from_numpy,
    no_grad=no_grad,
    float32=dtypes.float32,
    float64=dtypes.float64,
    int64=dtypes.int64,
    Tensor=Tensor,
)
LIBRARIES = (torch, OURS)


def failure(build: Callable[[Any], Any], library: Any) -> Exception:
    """What `build(library)` raises; that it raises is part of what is compared."""
    with pytest.raises(Exception) as caught:
        build(library)
    return caught.value


def check_same_failure(build: Callable[[Any], Any]) -> None:
    """Both raise the same message; graphnn's error is also of PyTorch's built-in type, and of its own hierarchy."""
    wanted, got = failure(build, torch), failure(build, OURS)
    builtin = next(cls for cls in type(wanted).__mro__ if cls.__module__ == "builtins")
    assert str(got.args[0]) == str(wanted.args[0])
    assert isinstance(got, builtin)
    assert isinstance(got, GraphnnError) or type(got) is AttributeError


def copy_weights(source: Any, target: Any) -> None:
    """Puts the state of a PyTorch module into a graphnn one of the same structure."""
    state = {key: from_numpy(np.array(value.detach().numpy())) for key, value in source.state_dict().items()}
    target.load_state_dict(state)


def array(item: Any) -> np.ndarray:
    """The values of a tensor of either library."""
    return np.asarray(item.detach().numpy())
