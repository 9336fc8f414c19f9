"""Drawings of graphs: what is on them, told from their DOT text."""

import pytest

import graphnn
from graphnn import nn, optim
from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir import parse
from graphnn.passes import PassManager, inference_pipeline
from graphnn.tools import draw_graph
from graphnn.tools.demo.network import Net
from graphnn.tools.drawing.style import KINDS
from tests.chains import chain
from tests.tools.dot_text import read

SMALL = """
graph @small(%x: f32[2, 3], %lr: f64) -> (f32[2, 4]) {
  %w: f32[4, 3] = param() {name="fc.weight"}
  %m: f32[2, 4] = param() {name="mean", role="buffer"}
  %0: f32[2, 4] = linear_relu(%x, %w, none)  # fc, model.py:7
  %1: f32[2, 4] = mul(%0, 0.5)  # model.py:8
  %2: f32[2, 4] = sub(%1, %0)  # model.py:8
  %3: f32[2, 4] = mul(%2, %lr)  # model.py:8
  %4: f32[2, 4] = add(%3, %m)  # model.py:8
  update %m = %4
  return %2
}
"""

FUSED = """
graph @groups(%x: f32[8]) -> (f32[8]) {
  %0: f32[8] = fused(%x) {body=graph @body(%a: f32[8]) -> (f32[8]) {
    %b: f32[8] = mul(%a, 2.0)
    %c: f32[8] = exp(%b)
    return %c
  }}
  return %0
}
"""


def residual_block():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.ReLU())
            self.bn = nn.BatchNorm2d(2)

        def forward(self, x):
            return graphnn.relu(x + self.bn(self.conv(x)))

    return nn.Sequential(Block(), Block())


def training_step(layers=2):
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), *(nn.Linear(4, 4) for _ in range(layers - 2)), nn.Linear(4, 2))
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

    def step(x):
        optimizer.zero_grad()
        loss = net(x).sum()
        loss.backward()
        optimizer.step()
        return loss

    return graphnn.trace(step, graphnn.ones(5, 3))


def test_shapes_stand_on_the_arrows_and_names_on_the_boxes():
    links = read(draw_graph(parse(SMALL))).links()
    assert ("x | f32[2, 3]", "linear_relu", "f32[2, 3]") in links
    assert ("fc.weight | f32[4, 3]", "linear_relu", "") in links
    assert ("sub", "output 0", "f32[2, 4]") in links


def test_operands_that_cannot_be_swapped_are_named_on_the_arrows():
    links = read(draw_graph(parse(SMALL))).links()
    assert {label for _, end, label in links if end == "sub"} == {"a: f32[2, 4]", "b: f32[2, 4]"}


def test_numbers_and_hyper_parameters_stand_in_the_labels():
    drawing = read(draw_graph(parse(SMALL)))
    assert drawing.texts("op") == ["mul(·, 0.5)", "sub", "mul(·, lr)", "add"]
    assert drawing.texts("input") == ["x | f32[2, 3]"]
    assert "read at each run: lr: f64" in drawing.title


def test_parameters_other_state_and_activations_differ_in_shape_and_border_too():
    drawing = read(draw_graph(parse(SMALL)))
    assert drawing.texts("parameter") == ["fc.weight | f32[4, 3]"]
    assert drawing.texts("state") == ["mean | f32[2, 4]"]
    looks = {(kind.shape, kind.style, kind.extra) for name, kind in KINDS.items() if name in SEEN_ON_GRAPHS}
    assert len(looks) == len(SEEN_ON_GRAPHS)


SEEN_ON_GRAPHS = ("input", "parameter", "state", "constant", "op", "fused", "update", "output")


def test_new_values_of_state_are_shown():
    drawing = read(draw_graph(parse(SMALL)))
    assert drawing.texts("update") == ["mean"]
    assert ("add", "mean", "f32[2, 4]") in drawing.links()


def test_the_legend_names_the_kinds_that_are_there_and_no_others():
    assert read(draw_graph(parse(SMALL))).legend == [
        *("input", "parameter", "buffer, other state", "operation", "fused operation", "new value of state", "output")
    ]
    assert read(draw_graph(parse(FUSED))).legend == ["input", "fused operation", "output"]
    assert read(draw_graph(parse(SMALL), legend=False)).legend == []


def test_a_fused_group_lists_the_operations_of_its_body():
    assert read(draw_graph(parse(FUSED))).texts("fused") == ["fused | mul(·, 2.0) | exp"]


def test_fused_operations_are_told_apart_after_the_passes():
    net = Net().eval()
    graph = graphnn.trace(net, graphnn.ones(1, 1, 32, 32))
    assert read(draw_graph(graph)).texts("fused") == []
    after = PassManager(inference_pipeline()).run(graph).graph
    assert read(draw_graph(after)).texts("fused") == ["conv2d_relu", "conv2d_relu", "linear_relu", "linear_relu"]


def test_big_constants_are_abbreviated():
    graph = graphnn.ir.graph.Graph("constants")
    graph.outputs = [
        graph.constant(graphnn.arange(10000.0).numpy()),
        graph.constant(graphnn.tensor([1.0, 2.5]).numpy()),
    ]
    assert read(draw_graph(graph)).texts("constant") == [
        "constant | [0, 1, 2, … 10,000 elements] | f32[10000]",
        "constant | [1. , 2.5] | f32[2]",
    ]


def test_modules_are_nested_frames():
    drawing = read(draw_graph(graphnn.trace(residual_block().eval(), graphnn.ones(1, 2, 4, 4))))
    assert list(drawing.frames) == [
        "0",
        "0.conv",
        "0.conv.0",
        "0.conv.1",
        "0.bn",
        "1",
        "1.conv",
        "1.conv.0",
        "1.conv.1",
        "1.bn",
        "legend",
    ]
    assert drawing.framed("0.conv.1") == ["relu"]
    assert {"add", "batch_norm", "conv2d | padding=[1, 1]"} <= set(drawing.framed("0"))


def test_a_frame_that_holds_only_a_frame_is_left_out():
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)))
    assert list(read(draw_graph(graphnn.trace(net, graphnn.ones(1, 2)))).frames) == ["0.0", "legend"]


def test_the_backward_of_a_module_has_a_frame_of_its_own():
    drawing = read(draw_graph(training_step()))
    assert drawing.framed("2") == ["linear", "2.weight | f32[2, 4]", "2.bias | f32[2]"]
    assert any(text.startswith("matmul") for text in drawing.framed("2, backward"))
    assert "1, backward" in drawing.frames


def test_a_module_that_is_called_twice_has_a_frame_for_each_call():
    layer = nn.Linear(3, 3)

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(graphnn.relu(self.layer(x)))

    assert list(read(draw_graph(graphnn.trace(Twice(), graphnn.ones(1, 3)))).frames) == [
        "layer",
        "layer, again",
        "legend",
    ]


def test_the_backwards_of_a_module_that_is_called_twice_are_backwards_both():
    relu = nn.ReLU()
    net = nn.Sequential(nn.Linear(3, 3), relu, nn.Linear(3, 3), relu)

    def step(x):
        loss = net(x).sum()
        loss.backward()
        return loss, [p.grad for p in net.parameters()]

    frames = read(draw_graph(graphnn.trace(step, graphnn.ones(5, 3)))).frames
    assert [title for title in frames if "backward" in title].count("1, backward") == 1
    assert "1, again" in frames
    assert list(frames)[:4] == ["0", "1", "2", "1, again"]
    assert all(", again" not in title for title in list(frames)[4:])


def test_the_update_of_each_parameter_is_framed():
    drawing = read(draw_graph(training_step()))
    updates = [title for title in drawing.frames if title.startswith("update of")]
    assert updates == ["update of 0.weight", "update of 0.bias", "update of 2.weight", "update of 2.bias"]
    frame = drawing.framed("update of 2.bias")
    assert {"mul(·, momentum)", "mul(·, lr)", "2.bias | f32[2]", "2.bias", "2.bias.momentum_buffer"} <= set(frame)


def test_state_is_drawn_beside_each_user():
    assert read(draw_graph(training_step())).texts("parameter").count("2.weight | f32[2, 4]") == 3


def test_tooltips_say_where_a_node_came_from():
    boxes = read(draw_graph(parse(SMALL))).boxes.values()
    assert "%0: f32[2, 4] = linear_relu  # fc, model.py:7" in [box["tooltip"] for box in boxes]


def test_names_are_shown_letter_for_letter():
    text = r"""graph @"<odd> \"name\""(%x: f32[1]) -> (f32[1]) {
  %w: f32[1] = param() {name="<b>&\\N"}
  %0: f32[1] = add(%x, %w)  # a<b>, model.py:1
  return %0
}"""
    dot = draw_graph(parse(text))
    assert "<b>&\\N | f32[1]" in read(dot).texts("parameter")
    assert b"&lt;b&gt;&amp;\\N" in dot.pipe(format="svg")


def test_what_no_node_makes_is_drawn_too():
    text = """graph @ends(%x: f32[1], %s: f64) -> (f32[1], f64, f64, f32[1]) {
  %p: f32[1] = param() {name="p"}
  %q: f32[1] = param() {name="q"}
  update %q = %x
  return %x, 2.0, %s, %p
}"""
    drawing = read(draw_graph(parse(text)))
    assert drawing.texts("output") == ["output 0", "output 1 | 2.0", "output 2 | s", "output 3"]
    assert ("p | f32[1]", "output 3", "f32[1]") in drawing.links()
    assert ("x | f32[1]", "q", "f32[1]") in drawing.links()


def test_the_same_graph_gives_the_same_text():
    assert draw_graph(parse(SMALL)).source == draw_graph(parse(SMALL)).source


def test_drawing_leaves_the_graph_as_it_was():
    graph = training_step()
    before = str(graph)
    draw_graph(graph)
    assert str(graph) == before


def test_refuses_what_is_no_graph():
    with pytest.raises(ArgumentTypeError, match=r"draw_graph wants a Graph, got Net; graphnn\.trace"):
        draw_graph(Net())


def test_refuses_another_direction():
    with pytest.raises(ArgumentError, match='"TB" or "LR", got \'up\''):
        draw_graph(parse(SMALL), direction="up")


def test_in_a_large_graph_the_shapes_stand_in_the_boxes():
    drawing = read(draw_graph(chain(3000)))
    assert drawing.texts("op")[:2] == ["relu | → f32[4]", "neg | → f32[4]"]
    assert len(drawing.texts("op")) == 3000
    assert {label for _, _, label in drawing.links()} == {""}


def test_of_many_updates_each_is_one_box_that_lists_what_it_does():
    drawing = read(draw_graph(training_step(layers=4)))
    updates = drawing.texts("update")
    assert len(updates) == 8
    assert updates[0].split(" | ") == [
        "update of 0.weight",
        "0.weight.momentum_buffer: f32[4, 3]",
        "0.weight: f32[4, 3]",
        *("mul(·, momentum)", "add", "mul(·, lr)", "sub"),
    ]
    assert [(end, label) for _, end, label in drawing.links() if end == updates[0]] == [(updates[0], "f32[4, 3]")]
    assert sum(end in updates for _, end, _ in drawing.links()) == 8


def test_the_state_of_a_batch_norm_stands_in_two_boxes():
    drawing = read(draw_graph(graphnn.trace(nn.BatchNorm1d(2).eval(), graphnn.ones(3, 2))))
    assert drawing.texts("parameter") == ["weight | f32[2] | bias | f32[2]"]
    assert drawing.texts("state") == ["running_mean | f32[2] | running_var | f32[2]"]
