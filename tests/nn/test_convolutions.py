"""Convolutions, their transposes, Fold and Unfold: errors, names in the history and in graphs, second gradients."""

import warnings
from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.errors import GraphnnError

torch = pytest.importorskip("torch")


def noise(library: Any, *shape: int, dtype: str = "f4") -> Any:
    return library.tensor(np.random.default_rng(len(shape)).standard_normal(shape).astype(dtype)).requires_grad_()


# ---- errors

REFUSED: dict[str, Any] = {
    "a rank": lambda t: t.nn.Conv1d(2, 4, 3)(t.zeros(1, 2, 7, 7)),
    "a rank, transposed": lambda t: t.nn.ConvTranspose2d(2, 4, 3)(t.zeros(3, 7)),
    "a rank, functional": lambda t: t.nn.functional.conv1d(t.zeros(3, 2, 7), t.zeros(4, 2, 3, 3)),
    "channels": lambda t: t.nn.Conv3d(2, 4, 3)(t.zeros(1, 3, 7, 7, 7)),
    "channels, transposed": lambda t: t.nn.ConvTranspose2d(2, 4, 3)(t.zeros(3, 3, 7, 7)),
    "no stride": lambda t: t.nn.Conv1d(2, 4, 3, stride=0)(t.zeros(1, 2, 7)),
    "no dilation": lambda t: t.nn.Conv1d(2, 4, 3, dilation=0)(t.zeros(1, 2, 7)),
    "negative padding": lambda t: t.nn.Conv1d(2, 4, 3, padding=-1)(t.zeros(1, 2, 7)),
    "a large kernel": lambda t: t.nn.Conv3d(2, 4, 9)(t.zeros(1, 2, 7, 7, 7)),
    "an empty image": lambda t: t.nn.Conv2d(2, 4, 3, padding=2)(t.zeros(1, 2, 0, 7)),
    "an empty image, transposed": lambda t: t.nn.ConvTranspose2d(2, 4, 3)(t.zeros(1, 2, 0, 7)),
    "dtypes": lambda t: t.nn.Conv1d(2, 4, 3)(t.zeros(1, 2, 7, dtype=t.float64)),
    "groups of inputs": lambda t: t.nn.Conv1d(3, 4, 3, groups=2),
    "groups of outputs": lambda t: t.nn.ConvTranspose3d(2, 3, 3, groups=2),
    "no groups": lambda t: t.nn.Conv3d(2, 3, 3, groups=0),
    "a padding mode": lambda t: t.nn.Conv1d(2, 3, 3, padding_mode="mirror"),
    "a padding mode, transposed": lambda t: t.nn.ConvTranspose1d(2, 3, 3, padding_mode="reflect"),
    "a padding name": lambda t: t.nn.Conv2d(4, 3, 3, padding="foo"),
    "a padding name, functional": lambda t: t.nn.functional.conv1d(t.zeros(1, 2, 7), t.zeros(4, 2, 3), padding="foo"),
    "same with a stride": lambda t: t.nn.Conv1d(2, 3, 3, padding="same", stride=2),
    "much reflection": lambda t: t.nn.Conv1d(2, 3, 3, padding=7, padding_mode="reflect")(t.zeros(1, 2, 7)),
    "output padding": lambda t: t.nn.ConvTranspose2d(2, 4, 3, stride=2, output_padding=2)(t.zeros(3, 2, 7, 7)),
    "negative output padding": lambda t: t.nn.ConvTranspose1d(2, 4, 3, output_padding=-1)(t.zeros(3, 2, 7)),
    "an output size": lambda t: t.nn.ConvTranspose2d(2, 4, 3, stride=2)(t.zeros(3, 2, 7, 7), output_size=(17, 15)),
    "output sizes": lambda t: t.nn.ConvTranspose2d(2, 4, 3, stride=2)(t.zeros(3, 2, 7, 7), output_size=(15,)),
    "nothing left": lambda t: t.nn.ConvTranspose2d(2, 4, 3, padding=20)(t.zeros(3, 2, 7, 7)),
    "a bias": lambda t: t.nn.functional.conv_transpose1d(t.zeros(3, 2, 7), t.zeros(2, 4, 3), t.zeros(5)),
    "columns": lambda t: t.nn.Fold((4, 5), 2)(t.zeros(8, 11)),
    "a column's length": lambda t: t.nn.Fold((4, 5), 2)(t.zeros(7, 12)),
    "a rank of columns": lambda t: t.nn.Fold((4, 5), 2)(t.zeros(3, 8, 12, 1)),
    "three sizes": lambda t: t.nn.Fold((4, 5, 6), 2)(t.zeros(3, 8, 12)),
    "a still window": lambda t: t.nn.Unfold(2, stride=0)(t.zeros(3, 2, 4, 5)),
    "a large window": lambda t: t.nn.Unfold(6)(t.zeros(3, 2, 4, 5)),
    "a matrix for an image": lambda t: t.nn.Unfold(2)(t.zeros(4, 5)),
    "no channels": lambda t: t.nn.Unfold(2)(t.zeros(3, 0, 4, 5)),
    "integers": lambda t: t.nn.Unfold(2)(t.zeros(1, 2, 4, 5, dtype=t.int64)),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_pytorch_refuses_is_refused(case: Any):
    with pytest.raises(Exception) as theirs:
        case(torch)
    with pytest.raises(GraphnnError) as ours:
        case(graphnn)
    assert isinstance(ours.value, theirs.type) or theirs.type not in (ValueError, RuntimeError, TypeError)


def test_messages_say_which_sizes_would_be_valid():
    layer = nn.ConvTranspose2d(2, 4, 3, stride=2)
    wanted = r"requested an output size of \(17, 15\), but valid sizes range from \[15, 15\] to \[16, 16\]"
    with pytest.raises(ValueError, match=wanted):
        layer(graphnn.zeros(3, 2, 7, 7), output_size=(17, 15))
    with pytest.raises(RuntimeError, match=r"Expected 2D \(unbatched\) or 3D \(batched\) input to conv1d, but got"):
        nn.Conv1d(2, 4, 3)(graphnn.zeros(7))


# ---- history

CHAINED: dict[str, Any] = {
    "a line": lambda t: t.nn.Conv1d(2, 4, 3)(noise(t, 3, 2, 9)),
    "a volume": lambda t: t.nn.Conv3d(2, 4, 3)(noise(t, 1, 2, 5, 5, 5)),
    "unbatched": lambda t: t.nn.Conv1d(2, 4, 3)(noise(t, 2, 9)),
    "same with an even kernel": lambda t: t.nn.Conv2d(2, 4, 4, padding="same")(noise(t, 3, 2, 7, 7)),
    "reflected": lambda t: t.nn.Conv1d(2, 4, 3, padding=1, padding_mode="reflect")(noise(t, 3, 2, 7)),
    "replicated": lambda t: t.nn.Conv2d(2, 4, 3, padding=1, padding_mode="replicate")(noise(t, 3, 2, 7, 7)),
    "transposed": lambda t: t.nn.ConvTranspose2d(2, 4, 3, stride=2)(noise(t, 3, 2, 7, 7)),
    "transposed, unbatched": lambda t: t.nn.ConvTranspose1d(2, 4, 3)(noise(t, 2, 7)),
    "unfolded": lambda t: t.nn.Unfold(2)(noise(t, 2, 4, 5)),
    "folded": lambda t: t.nn.Fold((4, 5), 2)(noise(t, 3, 8, 12)),
}


def chain(tensor: Any) -> list[str]:
    """The names of the nodes along the first edges."""
    names, node = [], tensor.grad_fn
    while node is not None:
        names.append(type(node).__name__)
        node = node.next_functions[0][0] if node.next_functions else None
    return names


@pytest.mark.parametrize("case", CHAINED.values(), ids=CHAINED.keys())
def test_the_history_has_pytorch_s_names(case: Any):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's of padding="same" with even kernels
        assert chain(case(graphnn)) == chain(case(torch))


LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "conv1d": (lambda: nn.Conv1d(2, 3, 2, stride=2), (2, 2, 6)),
    "conv3d": (lambda: nn.Conv3d(2, 2, 2, padding=1), (1, 2, 3, 3, 3)),
    "conv_transpose1d": (lambda: nn.ConvTranspose1d(2, 3, 2, stride=2), (2, 2, 4)),
    "conv_transpose2d": (lambda: nn.ConvTranspose2d(2, 2, 2, stride=2, groups=2), (1, 2, 3, 3)),
    "conv_transpose3d": (lambda: nn.ConvTranspose3d(1, 2, 2), (1, 1, 2, 2, 2)),
    "im2col": (lambda: nn.Unfold(2), (1, 2, 3, 4)),
    "col2im": (lambda: nn.Fold((3, 4), 2), (1, 8, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_one_node_of_its_graph(name: str):
    make, shape = LAYERS[name]
    assert [node.op.name for node in graphnn.trace(make(), graphnn.zeros(*shape)).nodes] == [name]


F = nn.functional
TWICE: dict[str, tuple[Any, list[tuple[int, ...]]]] = {
    "conv1d": (lambda x, w, b: F.conv1d(x, w, b, stride=2), [(2, 2, 6), (3, 2, 2), (3,)]),
    "conv3d": (lambda x, w: F.conv3d(x, w, padding=1), [(1, 2, 3, 2, 2), (2, 2, 2, 2, 2)]),
    "conv_transpose1d": (lambda x, w, b: F.conv_transpose1d(x, w, b, stride=2), [(2, 2, 4), (2, 3, 2), (3,)]),
    "conv_transpose2d": (lambda x, w: F.conv_transpose2d(x, w, groups=2), [(1, 2, 3, 3), (2, 1, 2, 2)]),
    "conv_transpose3d": (lambda x, w: F.conv_transpose3d(x, w), [(1, 1, 2, 2, 2), (1, 2, 2, 1, 2)]),
    "unfold": (lambda x: F.unfold(x, 2) ** 2, [(1, 2, 3, 4)]),
    "fold": (lambda x: F.fold(x, (3, 4), 2) ** 2, [(1, 8, 6)]),
}


@pytest.mark.parametrize(("function", "shapes"), TWICE.values(), ids=TWICE.keys())
def test_gradients_have_gradients(function: Any, shapes: list[tuple[int, ...]]):
    given = tuple(noise(graphnn, *shape, dtype="f8") for shape in shapes)
    assert graphnn.autograd.gradgradcheck(function, given)
