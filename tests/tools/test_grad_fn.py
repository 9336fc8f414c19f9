"""The grad_fn chain, as a picture and as text."""

import pytest

import graphnn
import graphnn.nn.functional as F
from graphnn import nn
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.tools import draw_grad_fn, grad_fn_text
from graphnn.tools.demo.network import Net
from tests.tools.dot_text import read

TUTORIAL = """\
input -> conv2d -> relu -> maxpool2d -> conv2d -> relu -> maxpool2d
      -> flatten -> linear -> relu -> linear -> relu -> linear
      -> MSELoss
      -> loss"""


def tutorial_loss(net):
    return nn.MSELoss()(net(graphnn.randn(1, 1, 32, 32)), graphnn.randn(10).view(1, -1))


# ---- text


def test_the_text_is_the_tutorials():
    assert grad_fn_text(tutorial_loss(Net())) == TUTORIAL


def test_an_output_that_is_no_single_number_ends_the_chain_as_output():
    text = grad_fn_text(Net()(graphnn.randn(1, 1, 32, 32)))
    assert text.splitlines()[-2:] == [
        "      -> flatten -> linear -> relu -> linear -> relu -> linear",
        "      -> output",
    ]


def test_ends_can_be_named():
    y = graphnn.relu(graphnn.ones(2, requires_grad=True))
    assert grad_fn_text(y, input="x", output="y") == "x -> relu\n  -> y"


def test_the_other_losses_are_spelled_as_their_classes():
    logits, target = graphnn.randn(3, 4, requires_grad=True), graphnn.tensor([0, 1, 2])
    assert grad_fn_text(nn.CrossEntropyLoss()(logits, target)) == "input\n      -> CrossEntropyLoss\n      -> loss"
    text = grad_fn_text(nn.NLLLoss()(F.log_softmax(logits, 1), target))
    assert text == "input -> log_softmax\n      -> NLLLoss\n      -> loss"


def test_the_chain_follows_activations_and_not_parameters():
    x, w = graphnn.randn(2, 3), graphnn.randn(4, 3, requires_grad=True)
    assert grad_fn_text((x @ w.t()).relu().sum()) == "input -> matmul -> relu -> sum\n      -> loss"
    rows = F.embedding(graphnn.tensor([1, 2]), w)
    assert grad_fn_text(rows.tanh()) == "input -> embedding -> tanh\n      -> output"


def test_the_chain_follows_the_longer_branch_around_a_residual_connection():
    x = graphnn.randn(2, 3, requires_grad=True).exp()
    assert grad_fn_text(x + x.sin().tanh()) == "input -> exp -> sin -> tanh -> add\n      -> output"


def test_a_tensor_without_history_is_refused_in_words():
    with pytest.raises(ArgumentError, match=r"this f32\[2\] tensor has no grad_fn: it is a leaf"):
        grad_fn_text(graphnn.ones(2, requires_grad=True))
    with pytest.raises(ArgumentError, match="nothing it was made of requires grad"):
        draw_grad_fn(graphnn.ones(2) + 1)
    with pytest.raises(ArgumentTypeError, match="draw_grad_fn wants a Tensor, got Net"):
        draw_grad_fn(Net())


# ---- picture


def test_the_picture_follows_next_functions():
    net = Net()
    loss = tutorial_loss(net)
    links = read(draw_grad_fn(loss, params=net)).links()
    assert links[:3] == [
        ("loss | f32[]", "MseLossBackward0 | of mse_loss", "f32[]"),
        ("MseLossBackward0 | of mse_loss", "AddmmBackward0 | of linear", "f32[1, 10]"),
        ("AddmmBackward0 | of linear", "fc3.bias | AccumulateGrad | f32[10]", ""),
    ]
    assert ("TBackward0", "fc3.weight | AccumulateGrad | f32[10, 84]", "") in links


def test_every_parameter_of_the_tutorials_network_is_a_leaf_with_its_name_and_shape():
    net = Net()
    leaves = read(draw_grad_fn(tutorial_loss(net), params=net)).texts("leaf")
    assert sorted(leaves) == sorted(f"{name} | AccumulateGrad | {p.tensor_type}" for name, p in net.named_parameters())


@pytest.mark.parametrize(
    "given", [lambda net: net, lambda net: net.named_parameters(), lambda net: dict(net.named_parameters())]
)
def test_parameters_are_named_by_a_module_pairs_or_a_dict(given):
    net = nn.Linear(2, 1, bias=False)
    drawing = read(draw_grad_fn(net(graphnn.ones(1, 2)), params=given(net)))
    assert drawing.texts("leaf") == ["weight | AccumulateGrad | f32[1, 2]"]


def test_leaves_without_a_name_are_leaves_still():
    drawing = read(draw_grad_fn(graphnn.ones(2, requires_grad=True) * 2))
    assert drawing.texts("leaf") == ["leaf | AccumulateGrad | f32[2]"]
    assert drawing.legend == ["the tensor", "backward node", "AccumulateGrad: adds into .grad"]


def test_a_node_that_is_shared_is_drawn_once():
    x = graphnn.ones(2, requires_grad=True).exp()
    drawing = read(draw_grad_fn(x.sin() * x.cos()))
    assert drawing.texts("backward").count("ExpBackward0 | of exp") == 1
    assert [link[1] for link in drawing.links()].count("ExpBackward0 | of exp") == 2


def test_a_chain_longer_than_pythons_stack_is_drawn_and_told():
    x = graphnn.ones(2, requires_grad=True)
    for _ in range(3000):
        x = x.neg()
    assert len(read(draw_grad_fn(x)).texts("backward")) == 3000
    assert grad_fn_text(x).count("neg") == 3000


def test_writes_the_picture(tmp_path):
    net = Net()
    draw_grad_fn(tutorial_loss(net), tmp_path / "chain.png", params=net)
    assert (tmp_path / "chain.png").read_bytes().startswith(b"\x89PNG")
