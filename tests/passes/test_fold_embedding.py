import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.passes import FoldEmbedding
from tests.passes.check import check_rewrite, check_unchanged

TABLE = '%t: f32[7, 3] = param() {name="words.weight"}'
LINEAR = f'{TABLE}\n%w: f32[4, 3] = param() {{name="fc.weight"}}\n%b: f32[4] = param() {{name="fc.bias"}}'

WEIGHTS = "%w_ih, %w_hh, %b_ih, %b_hh"


def layer(gates: int) -> str:
    """A layer of 2 units over inputs of 3 numbers."""
    wide = gates * 2
    given = {"ih": f"{wide}, 3", "hh": f"{wide}, 2"}
    weights = [f'%w_{name}: f32[{shape}] = param() {{name="w_{name}"}}' for name, shape in given.items()]
    return "\n".join([TABLE, *weights, *(f'%b_{name}: f32[{wide}] = param() {{name="b_{name}"}}' for name in given)])


def test_linear_with_and_without_relu():
    check_rewrite(
        FoldEmbedding(),
        before=f"""
        graph @g(%i: i64[5]) -> (f32[5, 4], f32[5, 4]) {{
          {LINEAR}
          %0: f32[5, 3] = embedding(%i, %t) {{padding_idx=2}}
          %1: f32[5, 4] = linear(%0, %w, %b)
          %2: f32[5, 4] = linear_relu(%0, %w)
          return %1, %2
        }}""",
        after=f"""
        graph @g(%i: i64[5]) -> (f32[5, 4], f32[5, 4]) {{
          {LINEAR}
          %0: f32[7, 4] = linear(%t, %w, %b)
          %1: f32[5, 4] = embedding(%i, %0)
          %2: f32[7, 4] = linear_relu(%t, %w)
          %3: f32[5, 4] = embedding(%i, %2)
          return %1, %3
        }}""",
    )


def test_moves_of_leading_dimensions_are_done_to_the_indices():
    check_rewrite(
        FoldEmbedding(),
        before=f"""
        graph @g(%i: i64[2, 6]) -> (f32[3, 1, 4, 4]) {{
          {LINEAR}
          %0: f32[2, 6, 3] = embedding(%i, %t)
          %1: f32[6, 2, 3] = permute(%0) {{dims=[1, 0, 2]}}
          %2: f32[4, 3, 3] = reshape(%1) {{shape=[4, 3, 3]}}
          %3: f32[3, 4, 3] = transpose(%2) {{dim0=0, dim1=1}}
          %4: f32[3, 1, 4, 3] = unsqueeze(%3) {{dim=1}}
          %5: f32[3, 1, 4, 4] = linear(%4, %w)
          return %5
        }}""",
        after=f"""
        graph @g(%i: i64[2, 6]) -> (f32[3, 1, 4, 4]) {{
          {LINEAR}
          %0: f32[7, 4] = linear(%t, %w)
          %1: i64[6, 2] = permute(%i) {{dims=[1, 0]}}
          %2: i64[4, 3] = reshape(%1) {{shape=[4, 3]}}
          %3: i64[3, 4] = transpose(%2) {{dim0=0, dim1=1}}
          %4: i64[3, 1, 4] = unsqueeze(%3) {{dim=1}}
          %5: f32[3, 1, 4, 4] = embedding(%4, %0)
          return %5
        }}""",
    )


def test_lstm_takes_both_biases_from_the_table():
    check_rewrite(
        FoldEmbedding(),
        before=f"""
        graph @g(%i: i64[5, 1], %h: f32[1, 2]) -> (f32[5, 1, 2]) {{
          {layer(4)}
          %0: f32[5, 1, 3] = embedding(%i, %t)
          %1: f32[5, 1, 2], %2: f32[1, 2], %3: f32[1, 2], %4: f32[5, 8], %5: f32[5, 2] = lstm(%0, %h, %h, {WEIGHTS})
          return %1
        }}""",
        after=f"""
        graph @g(%i: i64[5, 1], %h: f32[1, 2]) -> (f32[5, 1, 2]) {{
          {layer(4)}
          %0: f32[8] = add(%b_ih, %b_hh)
          %1: f32[7, 8] = linear(%t, %w_ih, %0)
          %2: f32[5, 1, 8] = embedding(%i, %1)
          %3: f32[5, 1, 2], %4: f32[1, 2], %5: f32[1, 2], %6: f32[5, 8], %7: f32[5, 2] = lstm(%2, %h, %h, none, %w_hh)
          return %3
        }}""",
    )


def test_gru_keeps_the_bias_of_its_states():
    check_rewrite(
        FoldEmbedding(),
        before=f"""
        graph @g(%i: i64[5, 1], %h: f32[1, 2]) -> (f32[5, 1, 2]) {{
          {layer(3)}
          %0: f32[5, 1, 3] = embedding(%i, %t)
          %1: f32[5, 1, 2], %2: f32[1, 2], %3: f32[5, 6], %4: f32[5, 2] = gru(%0, %h, {WEIGHTS})
          return %1
        }}""",
        after=f"""
        graph @g(%i: i64[5, 1], %h: f32[1, 2]) -> (f32[5, 1, 2]) {{
          {layer(3)}
          %0: f32[7, 6] = linear(%t, %w_ih, %b_ih)
          %1: f32[5, 1, 6] = embedding(%i, %0)
          %2: f32[5, 1, 2], %3: f32[1, 2], %4: f32[5, 6], %5: f32[5, 2] = gru(%1, %h, none, %w_hh, none, %b_hh)
          return %2
        }}""",
    )


def test_a_table_that_a_run_brings_or_writes_stays():
    head = '%w: f32[4, 3] = param() {name="fc.weight"}'
    body = "%0: f32[5, 3] = embedding(%i, %t)\n%1: f32[5, 4] = linear(%0, %w)"
    check_unchanged(
        FoldEmbedding(),
        f"graph @g(%i: i64[5], %t: f32[7, 3]) -> (f32[5, 4]) {{\n{head}\n{body}\nreturn %1\n}}",
    )
    check_unchanged(
        FoldEmbedding(),
        f"graph @g(%i: i64[5]) -> (f32[5, 4]) {{\n{TABLE}\n{head}\n{body}\n%2: f32[7, 3] = mul(%t, 0.5)\n"
        "update %t = %2\nreturn %1\n}",
    )


def test_what_is_constant_altogether_stays():
    check_unchanged(
        FoldEmbedding(),
        f"""
        graph @g() -> (f32[2, 4]) {{
          {LINEAR}
          %i: i64[2] = param() {{name="positions", role="buffer"}}
          %0: f32[2, 3] = embedding(%i, %t)
          %1: f32[2, 4] = linear(%0, %w)
          return %1
        }}""",
    )


@pytest.mark.parametrize("limit", [7 * 4 * 4 - 1, 7 * 4 * 4])
def test_large_tables_stay(limit: int):
    net = nn.Sequential(nn.Embedding(7, 3), nn.Linear(3, 4)).eval()
    graph = graphnn.trace(net, graphnn.tensor([1, 6]))
    assert FoldEmbedding(limit).run(graph).modified == (limit >= 7 * 4 * 4)


class Tagger(nn.Module):
    def __init__(self, kind: str, **options: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 5, padding_idx=0)
        self.read = getattr(nn, kind)(5, 16, num_layers=2, **options)
        self.tags = nn.Linear(16 * (1 + options.get("bidirectional", False)), 4)

    def forward(self, words):
        return self.tags(self.read(self.words(words))[0])


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("options", [{}, {"batch_first": True}, {"bidirectional": True}, {"bias": False}])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_compiled_taggers_follow_their_weights(kind: str, options: dict[str, bool], backend: str):
    graphnn.manual_seed(0)
    net = Tagger(kind, **options).eval()
    fast = graphnn.compile(net, backend=backend)
    words = graphnn.tensor(np.random.default_rng(0).integers(0, 30, (6, 3)))
    with graphnn.no_grad():
        for _ in range(2):
            np.testing.assert_allclose(fast(words).numpy(), net(words).numpy(), rtol=1e-5, atol=1e-6)
            net.words.weight[words[0, 0]] += 1
            net.read.bias_hh_l0.mul_(2) if options.get("bias", True) else None
        assert len(fast.plans) == 1
        assert "embedding" in str(fast.plans[0].graph)
        assert "linear" in str(fast.plans[0].prologue)
        with pytest.raises(IndexError, match="index out of range in self: 30, the weight has 30 rows"):
            fast(graphnn.full((6, 3), 30))
