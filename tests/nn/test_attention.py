"""What the parity table does not show of attention: dropout, errors, hints, precision, and gradients of masks."""

import warnings
from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.nn import functional as F

torch = pytest.importorskip("torch")
L, S, E = 3, 5, 8


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def both(*arrays: np.ndarray, requires_grad: bool = True) -> tuple[list[Any], list[Any]]:
    ours = [graphnn.tensor(a, requires_grad=requires_grad and a.dtype == np.float32) for a in arrays]
    return ours, [torch.tensor(a, requires_grad=requires_grad and a.dtype == np.float32) for a in arrays]


def assert_same_with_gradients(function: Any, *arrays: np.ndarray) -> None:
    ours, theirs = both(*arrays)
    found, wanted = function(graphnn, *ours), function(torch, *theirs)
    np.testing.assert_allclose(found.detach().numpy(), wanted.detach().numpy(), rtol=2e-4, atol=2e-5)
    found.square().sum().backward()
    wanted.square().sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        if b.requires_grad:
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=2e-3, atol=2e-4)


# ---- scaled_dot_product_attention


@pytest.mark.parametrize("shape", [(L, 1), (2, 1, L, S), (1, 4, 1, S)], ids=str)
def test_a_mask_of_numbers_gets_its_gradient(shape: tuple[int, ...]):
    def attend(library: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
        return library.nn.functional.scaled_dot_product_attention(q, k, v, mask, scale=0.7)

    assert_same_with_gradients(attend, normal(2, 4, L, E), normal(2, 4, S, E), normal(2, 4, S, 6), normal(*shape))


@pytest.mark.parametrize("causal", [False, True])
def test_key_heads_may_serve_several_query_heads(causal: bool):
    def attend(library: Any, q: Any, k: Any, v: Any) -> Any:
        function = library.nn.functional.scaled_dot_product_attention
        return function(q, k, v, is_causal=causal, enable_gqa=True)

    assert_same_with_gradients(attend, normal(2, 6, L, E), normal(2, 2, S, E), normal(2, 2, S, E, seed=1))


def test_a_query_that_may_see_nothing_gives_zeros_and_no_gradient():
    mask = np.array([[False] * S, [True] * S, [True] + [False] * (S - 1)])

    def attend(library: Any, q: Any, k: Any, v: Any) -> Any:
        return library.nn.functional.scaled_dot_product_attention(q, k, v, library.tensor(mask))

    assert_same_with_gradients(attend, normal(2, 2, L, E), normal(2, 2, S, E), normal(2, 2, S, E, seed=1))


def test_half_precision_is_computed_in_single():
    arrays = [normal(2, 2, n, E, seed=n).astype(np.float16) for n in (L, S, S)]
    found = F.scaled_dot_product_attention(*map(graphnn.tensor, arrays))
    exact = F.scaled_dot_product_attention(*(graphnn.tensor(a.astype(np.float32)) for a in arrays))
    assert found.dtype is graphnn.float16
    np.testing.assert_array_equal(found.numpy(), exact.numpy().astype(np.float16))


def test_dropout_keeps_the_mean_and_is_the_same_eager_and_compiled():
    attend = lambda q, k, v: F.scaled_dot_product_attention(q, k, v, dropout_p=0.3)  # noqa: E731
    q, k = graphnn.tensor(normal(4, 8, 16, E)), graphnn.tensor(normal(4, 8, 64, E))
    ones = graphnn.ones(4, 8, 64, 1)
    graphnn.manual_seed(3)
    eager = attend(q, k, ones)
    graphnn.manual_seed(3)
    compiled = graphnn.compile(attend)(q, k, ones)
    np.testing.assert_allclose(compiled.numpy(), eager.numpy(), rtol=1e-6)
    assert eager.mean().item() == pytest.approx(1.0, abs=0.05)
    assert eager.var().item() > 1e-3


def test_training_with_dropout_gives_the_same_gradients_compiled():
    module = nn.TransformerDecoderLayer(E, 2, 12, dropout=0.4)
    x, memory = graphnn.tensor(normal(L, 2, E)), graphnn.tensor(normal(S, 2, E))

    def gradients(call: Any) -> list[np.ndarray]:
        graphnn.manual_seed(5)
        module.zero_grad()
        call(x, memory).square().sum().backward()
        return [p.grad.numpy().copy() for p in module.parameters()]

    for a, b in zip(gradients(graphnn.compile(module)), gradients(module), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_attention_is_one_node():
    module = nn.MultiheadAttention(E, 2)
    x = graphnn.tensor(normal(L, 2, E))
    graph = graphnn.trace(lambda x: module(x, x, x, need_weights=False)[0], x)
    names = [node.op.name for node in graph.nodes]
    assert names.count("scaled_dot_product_attention") == 1
    assert "softmax" not in names


# ---- many heads


def test_keys_and_values_may_be_given_ready():
    def attend(library: Any, x: Any, weight: Any, bias: Any, key: Any, value: Any) -> Any:
        out, _ = library.nn.functional.multi_head_attention_forward(
            x, x, x, E, 2, weight, bias, None, None, True, 0.0, weight[:E], bias[:E], static_k=key, static_v=value
        )  # fmt: skip
        return out

    arrays = normal(L, 2, E), normal(3 * E, E), normal(3 * E), normal(4, S, E // 2), normal(4, S, E // 2, seed=1)
    assert_same_with_gradients(attend, *arrays)


def test_masks_of_two_kinds_are_taken_with_a_warning():
    module, x = nn.MultiheadAttention(E, 2), graphnn.tensor(normal(L, 2, E))
    with pytest.warns(UserWarning, match="mismatched key_padding_mask and attn_mask"):
        module(x, x, x, key_padding_mask=graphnn.zeros(2, L), attn_mask=graphnn.zeros(L, L, dtype=graphnn.bool))


def shaped(*shape: int) -> Any:
    return lambda t: t.zeros(*shape)


Q = shaped(L, 2, E)
REFUSED: dict[str, Any] = {
    "a hint without a mask": (Q, Q, Q, {"is_causal": True}),
    "a mask of another size": (Q, Q, Q, {"attn_mask": shaped(L, 4)}),
    "a mask for other heads": (Q, Q, Q, {"attn_mask": shaped(3, L, L)}),
    "a mask of one dimension": (Q, Q, Q, {"attn_mask": shaped(L)}),
    "a mask of integers": (Q, Q, Q, {"attn_mask": lambda t: t.zeros(L, L, dtype=t.int64)}),
    "padding for another batch": (Q, Q, Q, {"key_padding_mask": shaped(L, L)}),
    "padding without a batch": (Q, Q, Q, {"key_padding_mask": shaped(L)}),
    "other features": (shaped(L, 2, 6), Q, Q, {}),
    "keys that are not values": (Q, Q, shaped(S, 2, E), {}),
    "another batch": (Q, shaped(L, 3, E), shaped(L, 3, E), {}),
    "keys with a batch alone": (shaped(L, E), Q, Q, {}),
    "vectors": (shaped(E), shaped(E), shaped(E), {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_what_pytorch_refuses(case: str):
    *inputs, named = REFUSED[case]
    caught = []
    for library in (torch, graphnn):
        module = library.nn.MultiheadAttention(E, 2)
        with pytest.raises((AssertionError, RuntimeError)) as info:
            module(*(i(library) for i in inputs), **{k: v(library) if callable(v) else v for k, v in named.items()})
        caught.append(info.value)
    theirs, ours = caught
    assert isinstance(ours, type(theirs))
    assert isinstance(ours, graphnn.errors.GraphnnError)


def test_refuses_heads_that_do_not_divide_the_features():
    with pytest.raises(AssertionError, match="embed_dim must be divisible by num_heads"):
        nn.MultiheadAttention(4, 3)
    with pytest.raises(ValueError, match="must be greater than 0"):
        nn.MultiheadAttention(0, 3)


# ---- transformers


def test_starts_with_pytorchs_distributions():
    graphnn.manual_seed(0)
    torch.manual_seed(0)
    ours = dict(nn.Transformer(64, 2, 1, 1, 128).named_parameters())
    theirs = dict(torch.nn.Transformer(64, 2, 1, 1, 128).named_parameters())
    assert list(ours) == list(theirs)
    for name, wanted in theirs.items():
        assert ours[name].abs().max().item() == pytest.approx(wanted.abs().max().item(), rel=0.15), name


def test_the_causal_mask_is_pytorchs():
    found = nn.Transformer.generate_square_subsequent_mask(4)
    np.testing.assert_array_equal(found.numpy(), torch.nn.Transformer.generate_square_subsequent_mask(4).numpy())
    assert found.dtype is graphnn.float32


PADDINGS = {"at the end": [[False, False, True], [False] * 3], "in the middle": [[False, True, False], [False] * 3]}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("place", PADDINGS)
@pytest.mark.parametrize("options", [{}, {"norm_first": True}, {"activation": "gelu"}, {"bias": False}], ids=str)
def test_padding_is_cleared_where_pytorch_packs_sequences(options: dict[str, Any], place: str):
    found = []
    for library in (torch, graphnn):
        layer = library.nn.TransformerEncoderLayer(E, 2, 12, batch_first=True, **options)
        found.append(library.nn.TransformerEncoder(layer, 2, library.nn.LayerNorm(E)).eval())
    theirs, ours = found
    ours.load_state_dict({k: graphnn.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    x, mask = normal(2, 3, E), np.array(PADDINGS[place])
    with torch.no_grad(), graphnn.no_grad():
        wanted = theirs(torch.tensor(x), src_key_padding_mask=torch.tensor(mask)).numpy()
        given = graphnn.tensor(x), graphnn.tensor(mask)
        for call in (ours, graphnn.compile(ours)):
            out = call(given[0], src_key_padding_mask=given[1]).numpy()
            np.testing.assert_allclose(out, wanted, rtol=2e-4, atol=2e-5)


@pytest.mark.filterwarnings("ignore")
def test_a_stack_of_decoders_computes_relu_for_an_activation_module_as_pytorchs_does():
    theirs, ours = (
        t.nn.TransformerDecoder(t.nn.TransformerDecoderLayer(E, 2, 12, 0.0, t.nn.Tanh()), 1) for t in (torch, graphnn)
    )
    ours.load_state_dict({k: graphnn.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    (x, memory), given = both(normal(L, 2, E), normal(S, 2, E), requires_grad=False)
    np.testing.assert_allclose(ours(x, memory).detach().numpy(), theirs(*given).detach().numpy(), rtol=2e-4, atol=2e-5)


def test_refuses_sequences_that_do_not_fit():
    model = nn.Transformer(E, 2, 1, 1, 12)
    with pytest.raises(RuntimeError, match="the batch number of src and tgt must be equal"):
        model(graphnn.zeros(L, 2, E), graphnn.zeros(L, 3, E))
    with pytest.raises(RuntimeError, match="must be equal to d_model"):
        model(graphnn.zeros(L, 2, 6), graphnn.zeros(L, 2, E))
    with pytest.raises(RuntimeError, match="activation should be relu/gelu, not tanh"):
        nn.TransformerEncoderLayer(E, 2, activation="tanh")


def test_no_warning_for_masks_of_one_kind():
    module, x = nn.TransformerEncoderLayer(E, 2, 12), graphnn.tensor(normal(L, 2, E))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module(x, graphnn.zeros(L, L, dtype=graphnn.bool), graphnn.zeros(2, L, dtype=graphnn.bool))
