import pytest

from graphnn.passes import FoldBatchNorm
from tests.passes.check import check_rewrite, check_unchanged

STATE = """
  %mean: f32[3] = param() {name="bn.running_mean", role="buffer"}
  %var: f32[3] = param() {name="bn.running_var", role="buffer"}
  %gamma: f32[3] = param() {name="bn.weight"}
  %beta: f32[3] = param() {name="bn.bias"}"""
CONV = '%w: f32[3, 2, 3, 3] = param() {name="conv.weight"}\n%b: f32[3] = param() {name="conv.bias"}' + STATE
OUT = "f32[2, 3, 4, 4]"
KEYS = "%mean, %var, %gamma, %beta"


def norm(of: str, type: str, more: str = "") -> str:
    attrs = f" {{{more}}}" if more else ""
    return f"%norm: {type}, %1: f32[3], %2: f32[3], %3: f32[3], %4: f32[3] = batch_norm({of}, {KEYS}){attrs}"


def test_folds_into_the_convolution_before_it():
    check_rewrite(
        FoldBatchNorm(),
        before=f"""
        graph @g(%x: f32[2, 2, 4, 4]) -> ({OUT}) {{
          {CONV}
          %0: {OUT} = conv2d(%x, %w, %b) {{padding=[1, 1]}}
          {norm("%0", OUT)}
          return %norm
        }}""",
        after=f"""
        graph @g(%x: f32[2, 2, 4, 4]) -> ({OUT}) {{
          {CONV}
          %0: f32[3] = add(%var, 1e-05)
          %1: f32[3] = rsqrt(%0)
          %2: f32[3] = mul(%1, %gamma)
          %3: f32[3] = mul(%mean, %2)
          %4: f32[3] = sub(%beta, %3)
          %5: f32[3, 1, 1, 1] = reshape(%2) {{shape=[3, 1, 1, 1]}}
          %6: f32[3] = mul(%b, %2)
          %7: f32[3] = add(%6, %4)
          %8: f32[3, 2, 3, 3] = mul(%w, %5)
          %9: {OUT} = conv2d(%x, %8, %7) {{padding=[1, 1]}}
          return %9
        }}""",
    )


def test_folds_into_the_linear_before_it_which_has_no_bias():
    weight = '%w: f32[3, 5] = param() {name="fc.weight"}'
    check_rewrite(
        FoldBatchNorm(),
        before=f"""
        graph @g(%x: f32[2, 5]) -> (f32[2, 3]) {{
          {weight}{STATE}
          %0: f32[2, 3] = linear(%x, %w)
          {norm("%0", "f32[2, 3]", "eps=0.001")}
          return %norm
        }}""",
        after=f"""
        graph @g(%x: f32[2, 5]) -> (f32[2, 3]) {{
          {weight}{STATE}
          %0: f32[3] = add(%var, 0.001)
          %1: f32[3] = rsqrt(%0)
          %2: f32[3] = mul(%1, %gamma)
          %3: f32[3] = mul(%mean, %2)
          %4: f32[3] = sub(%beta, %3)
          %5: f32[3, 1] = reshape(%2) {{shape=[3, 1]}}
          %6: f32[3, 5] = mul(%w, %5)
          %7: f32[2, 3] = linear(%x, %6, %4)
          return %7
        }}""",
    )


@pytest.mark.parametrize(
    ("layer", "weight", "shape", "type", "out"),
    [
        ("conv1d", "f32[3, 2, 3]", [3, 1, 1], "f32[2, 2, 5]", "f32[2, 3, 3]"),
        ("conv_transpose2d", "f32[2, 3, 2, 2]", [1, 3, 1, 1], "f32[2, 2, 4, 4]", "f32[2, 3, 5, 5]"),
    ],
)
def test_folds_into_other_convolutions(layer, weight, shape, type, out):
    param = f'%w: {weight} = param() {{name="conv.weight"}}'
    check_rewrite(
        FoldBatchNorm(),
        before=f"""
        graph @g(%x: {type}) -> ({out}) {{
          {param}{STATE}
          %0: {out} = {layer}(%x, %w)
          {norm("%0", out)}
          return %norm
        }}""",
        after=f"""
        graph @g(%x: {type}) -> ({out}) {{
          {param}{STATE}
          %0: f32[3] = add(%var, 1e-05)
          %1: f32[3] = rsqrt(%0)
          %2: f32[3] = mul(%1, %gamma)
          %3: f32[3] = mul(%mean, %2)
          %4: f32[3] = sub(%beta, %3)
          %5: f32{list(shape)} = reshape(%2) {{shape={list(shape)}}}
          %6: {weight} = mul(%w, %5)
          %7: {out} = {layer}(%x, %6, %4)
          return %7
        }}""",
    )


def test_a_transposed_convolution_in_groups_stays():
    check_unchanged(
        FoldBatchNorm(),
        f"""
        graph @g(%x: f32[2, 3, 4]) -> (f32[2, 3, 5]) {{
          %w: f32[3, 1, 2] = param() {{name="conv.weight"}}{STATE}
          %0: f32[2, 3, 5] = conv_transpose1d(%x, %w) {{groups=3}}
          {norm("%0", "f32[2, 3, 5]")}
          return %norm
        }}""",
    )


def test_folds_into_the_linear_after_it():
    weight = '%w: f32[5, 3] = param() {name="fc.weight"}\n%b: f32[5] = param() {name="fc.bias"}'
    check_rewrite(
        FoldBatchNorm(),
        before=f"""
        graph @g(%x: f32[2, 3]) -> (f32[2, 5]) {{
          {weight}{STATE}
          {norm("%x", "f32[2, 3]")}
          %5: f32[2, 5] = linear(%norm, %w, %b)
          return %5
        }}""",
        after=f"""
        graph @g(%x: f32[2, 3]) -> (f32[2, 5]) {{
          {weight}{STATE}
          %0: f32[3] = add(%var, 1e-05)
          %1: f32[3] = rsqrt(%0)
          %2: f32[3] = mul(%1, %gamma)
          %3: f32[3] = mul(%mean, %2)
          %4: f32[3] = sub(%beta, %3)
          %5: f32[5] = linear(%4, %w, %b)
          %6: f32[5, 3] = mul(%w, %2)
          %7: f32[2, 5] = linear(%x, %6, %5)
          return %7
        }}""",
    )


KEPT = {
    "training mode": ("", "%norm", "training=true"),
    "a second user between": ("", "%norm, %0", ""),
    "statistics that are asked for": ("update %mean = %3\n", "%norm", ""),
    "weights that this graph writes": ("update %b = %gamma\n", "%norm", ""),
}


@pytest.mark.parametrize(("update", "outputs", "attrs"), KEPT.values(), ids=KEPT.keys())
def test_keeps(update, outputs, attrs):
    types = ", ".join(OUT for _ in outputs.split())
    check_unchanged(
        FoldBatchNorm(),
        f"""
        graph @g(%x: f32[2, 2, 4, 4]) -> ({types}) {{
          {CONV}
          %0: {OUT} = conv2d(%x, %w, %b) {{padding=[1, 1]}}
          {norm("%0", OUT, attrs)}
          {update}return {outputs}
        }}""",
    )


def test_keeps_weights_that_are_inputs_and_channels_that_are_no_features():
    check_unchanged(
        FoldBatchNorm(),
        f"""
        graph @g(%x: f32[2, 2, 4, 4], %w: f32[3, 2, 3, 3], %y: f32[2, 3, 5]) -> ({OUT}, f32[2, 3, 3]) {{
          {STATE}
          %v: f32[3, 5] = param() {{name="fc.weight"}}
          %0: {OUT} = conv2d(%x, %w) {{padding=[1, 1]}}
          {norm("%0", OUT)}
          %5: f32[2, 3, 3] = linear(%y, %v)
          %6: f32[2, 3, 3], %7: f32[3], %8: f32[3], %9: f32[3], %10: f32[3] = batch_norm(%5, {KEYS})
          return %norm, %6
        }}""",
    )
