"""Recurrent layers beyond the parity table: pairs of states, graphs that do not grow, grad_fn names, the tagger."""

import warnings
from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.ir.parser import parse
from graphnn.runtime.interpreter import interpret
from tests.nn.both import array, copy_weights
from tests.nn.recurrent_pairs import assert_close, assert_same_gradients, backward, both, leaves, normal

torch = pytest.importorskip("torch")

PAIRS: list[dict[str, Any]] = [
    {},
    {"bias": False, "batch_first": True},
    {"proj_size": 2},
    {"proj_size": 2, "bias": False, "num_layers": 2, "bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
]


# ---- an LSTM's two states


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("options", PAIRS, ids=str)
@pytest.mark.parametrize("batch", [(2,), ()])
def test_an_lstm_starts_from_a_pair_of_states(options: dict[str, Any], batch: tuple[int, ...], compiled: bool):
    ours, theirs = both("LSTM", 3, 4, **options)
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    shape = (*batch, 5, 3) if options.get("batch_first") or not batch else (5, *batch, 3)
    arrays = [normal(*shape), normal(count, *batch, options.get("proj_size") or 4), normal(count, *batch, 4)]
    found = []
    for library, module in ((graphnn, graphnn.compile(ours) if compiled else ours), (torch, theirs)):
        x, h, c = leaves(library, arrays)
        out, (h_n, c_n) = module(x, (h, c))
        backward(library, [out, h_n, c_n])
        found.append(([out, h_n, c_n], [x, h, c]))
    for a, b in zip(found[0][0], found[1][0], strict=True):
        assert_close(a, b)
    assert_same_gradients(ours, theirs, list(zip(found[0][1], found[1][1], strict=True)))


def test_an_lstm_cell_continues_from_a_pair_of_states():
    for shape, state in (((2, 3), (2, 4)), ((3,), (4,))):
        ours, theirs = both("LSTMCell", 3, 4)
        found = []
        for library, module in ((graphnn, ours), (torch, theirs)):
            x, h, c = leaves(library, [normal(*shape), normal(*state), normal(*state, seed=1)])
            outs = list(module(x, (h, c)))
            backward(library, outs)
            found.append((outs, [x, h, c]))
        for a, b in zip(found[0][0], found[1][0], strict=True):
            assert_close(a, b)
        assert_same_gradients(ours, theirs, list(zip(found[0][1], found[1][1], strict=True)))


# ---- one node however long the sequence


def nodes_of(module: Any, steps: int) -> list[str]:
    graph = graphnn.trace(module, graphnn.tensor(normal(steps, 2, 3)))
    return [node.op.name for node in graph.nodes]


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_a_graph_does_not_grow_with_the_sequence(name: str):
    module = getattr(nn, name)(3, 4, num_layers=2, bidirectional=True)
    short, long = nodes_of(module, 10), nodes_of(module, 1000)
    assert short == long
    assert short.count("rnn_tanh" if name == "RNN" else name.lower()) == 4


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_nor_does_its_backward(name: str):
    module = getattr(nn, name)(3, 4)

    def step(x: Any) -> Any:
        module.zero_grad()
        loss = module(x)[0].sum()
        loss.backward()
        return loss, [p.grad for p in module.parameters()]

    counts = [len(nodes_of(step, steps)) for steps in (10, 1000)]
    assert counts[0] == counts[1]


def test_a_traced_layer_is_printed_in_a_line_and_parsed_back():
    module = nn.LSTM(3, 4)
    graph = graphnn.trace(module, graphnn.tensor(normal(5, 2, 3)))
    text = str(graph)
    assert len([line for line in text.splitlines() if " = lstm(" in line]) == 1
    assert str(parse(text)) == text


# ---- names, options


@pytest.mark.parametrize(
    ("name", "options"), [(n, o) for n in ("RNN", "LSTM", "GRU") for o in ({}, {"bidirectional": True})]
)
def test_results_end_in_pytorchs_grad_fn(name: str, options: dict[str, Any]):
    ours, theirs = both(name, 3, 4, **options)
    for given in (normal(5, 2, 3), normal(5, 3)):
        a, b = (flat_outputs(m(lib.tensor(given))) for lib, m in ((graphnn, ours), (torch, theirs)))
        assert [t.grad_fn.name() for t in a] == [t.grad_fn.name() for t in b]
    packed = [
        flat_outputs(m(lib.nn.utils.rnn.pack_padded_sequence(lib.tensor(normal(5, 2, 3)), [5, 2])))
        for lib, m in ((graphnn, ours), (torch, theirs))
    ]
    assert [t.grad_fn.name() for t in packed[0]] == [t.grad_fn.name() for t in packed[1]]


def flat_outputs(found: Any) -> list[Any]:
    out, last = found
    return [out if hasattr(out, "grad_fn") else out.data, *(last if isinstance(last, tuple) else [last])]


def test_dropout_falls_between_the_layers_alone():
    """With all of it dropped, the second layer sees zeros: its output is that of a sequence of zeros."""
    module = nn.GRU(3, 4, num_layers=2, dropout=1.0)
    x = graphnn.tensor(normal(5, 2, 3))
    with graphnn.no_grad():
        out, last = module(x)
        other, others = module(x * 2.0)
        module.eval()
        kept, _ = module(x)
    np.testing.assert_array_equal(array(out), array(other))
    assert not np.array_equal(array(last)[0], array(others)[0])
    assert not np.array_equal(array(out), array(kept))


def test_dropout_without_a_second_layer_warns():
    for library in (torch, graphnn):
        with pytest.warns(UserWarning, match="non-zero dropout expects num_layers greater than 1"):
            library.nn.LSTM(3, 4, dropout=0.5)


def test_weights_start_uniform_within_one_over_the_root_of_the_units():
    graphnn.manual_seed(0)
    module = nn.LSTM(40, 64, num_layers=2)
    for weight in module.parameters():
        values = array(weight)
        assert np.abs(values).max() <= 1 / 8
        assert np.abs(values).max() > 0.12
        assert abs(values.mean()) < 0.01
    assert np.isclose(array(module.weight_hh_l1).std(), 2 / 8 / np.sqrt(12), rtol=0.05)


def test_flattening_parameters_changes_nothing():
    module = nn.GRU(3, 4, 2)
    before = [array(w).copy() for w in module.parameters()]
    module.flatten_parameters()
    for a, b in zip(before, module.parameters(), strict=True):
        np.testing.assert_array_equal(a, array(b))
    assert [len(group) for group in module.all_weights] == [4, 4]


def test_layers_convert_to_other_dtypes():
    ours, theirs = both("LSTM", 3, 4, num_layers=2)
    ours, theirs = ours.double(), theirs.double()
    x = normal(5, 2, 3).astype(np.float64)
    a, b = ours(graphnn.tensor(x))[0], theirs(torch.tensor(x))[0]
    np.testing.assert_allclose(array(a), array(b), rtol=1e-10, atol=1e-12)


def test_an_empty_batch_has_empty_results():
    out, last = nn.GRU(3, 4)(graphnn.zeros(5, 0, 3))
    assert (tuple(out.shape), tuple(last.shape)) == ((5, 0, 4), (1, 0, 4))


# ---- the tutorial's tagger


class Tagger:
    """Embedding, LSTM, linear, log_softmax: tags for the words of a sentence."""

    def __init__(self, library: Any) -> None:
        class Network(library.nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.word_embeddings = library.nn.Embedding(9, 6)
                self.lstm = library.nn.LSTM(6, 6)
                self.hidden2tag = library.nn.Linear(6, 3)

            def forward(self, sentence: Any) -> Any:
                embeds = self.word_embeddings(sentence)
                lstm_out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
                tag_space = self.hidden2tag(lstm_out.view(len(sentence), -1))
                return library.nn.functional.log_softmax(tag_space, dim=1)

        self.library = library
        self.model = Network()

    def train(self, compiled: bool = False) -> list[float]:
        """The losses of two epochs over two sentences."""
        library, model = self.library, self.model
        loss_function, optimizer = library.nn.NLLLoss(), library.optim.SGD(model.parameters(), lr=0.1)

        def step(sentence: Any, tags: Any) -> Any:
            model.zero_grad()
            loss = loss_function(model(sentence), tags)
            loss.backward()
            optimizer.step()
            return loss

        run = library.compile(step) if compiled else step
        data = [([0, 1, 2, 3, 4], [0, 1, 2, 0, 1]), ([5, 6, 7, 8], [1, 2, 0, 1])]
        pairs = [tuple(map(library.tensor, pair)) for pair in data]
        return [float(run(*pair).item()) for _ in range(4) for pair in pairs]


@pytest.mark.parametrize("compiled", [False, True])
def test_the_tutorials_tagger_trains_as_in_pytorch(compiled: bool):
    theirs, ours = Tagger(torch), Tagger(graphnn)
    copy_weights(theirs.model, ours.model)
    np.testing.assert_allclose(ours.train(compiled), theirs.train(), rtol=1e-4)
    for a, b in zip(ours.model.parameters(), theirs.model.parameters(), strict=True):
        np.testing.assert_allclose(array(a), array(b), rtol=1e-4, atol=1e-5)


# ---- gradients of gradients


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_gradients_have_gradients(name: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = both(name, 3, 4, bidirectional=True)
    ours, theirs = ours.double(), theirs.double()
    found = []
    for library, module in ((graphnn, ours), (torch, theirs)):
        x = library.tensor(normal(4, 2, 3).astype(np.float64), requires_grad=True)
        (first,) = library.autograd.grad((module(x)[0] ** 2).sum(), [x], create_graph=True)
        (first**2).sum().backward()
        found.append(x)
    np.testing.assert_allclose(array(found[0].grad), array(found[1].grad), rtol=1e-7)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(array(a.grad), array(b.grad), rtol=1e-7, atol=1e-9)


def test_a_traced_layer_is_interpreted():
    module = nn.LSTM(3, 4, bidirectional=True)
    x = normal(5, 2, 3)
    out, _ = module(graphnn.tensor(x))
    found, _ = interpret(graphnn.trace(module, graphnn.tensor(x)), x)
    np.testing.assert_allclose(found[0], array(out), rtol=1e-5, atol=1e-6)
