import numpy as np

import graphnn as gn
from graphnn import nn
from graphnn.ops.packed_recurrence import GatePacking
from graphnn.ops.packed_weights import Packing
from graphnn.passes import PackWeights
from tests.passes.check import check_rewrite, check_unchanged


def eight(node):
    return Packing(8)


def test_constant_weights_are_packed_once_for_all_their_layers():
    check_rewrite(
        PackWeights(eight),
        before="""
        graph @g(%x: f32[20, 6], %y: f32[3, 6]) -> (f32[20, 5], f32[3, 5]) {
          %w: f32[5, 6] = param() {name="w"}
          %b: f32[5] = param() {name="b"}
          %0: f32[20, 5] = linear(%x, %w, %b)
          %1: f32[3, 5] = linear_relu(%y, %w)
          return %0, %1
        }""",
        after="""
        graph @g(%x: f32[20, 6], %y: f32[3, 6]) -> (f32[20, 5], f32[3, 5]) {
          %w: f32[5, 6] = param() {name="w"}
          %b: f32[5] = param() {name="b"}
          %0: f32[1, 6, 8] = pack_weight(%w) {width=8}
          %1: f32[20, 5] = packed_linear(%x, %0, %b) {shape=[5, 6]}
          %2: f32[3, 5] = packed_linear(%y, %0) {shape=[5, 6], relu=true}
          return %1, %2
        }""",
    )


def test_convolutions_keep_their_geometry():
    check_rewrite(
        PackWeights(eight),
        before="""
        graph @g(%x: f32[2, 3, 8, 8]) -> (f32[2, 4, 4, 4]) {
          %w: f32[4, 3, 3, 3] = param() {name="w"}
          %0: f32[2, 4, 4, 4] = conv2d_relu(%x, %w) {stride=[2, 2], padding=[1, 1]}
          return %0
        }""",
        after="""
        graph @g(%x: f32[2, 3, 8, 8]) -> (f32[2, 4, 4, 4]) {
          %w: f32[4, 3, 3, 3] = param() {name="w"}
          %0: f32[1, 3, 3, 3, 8] = pack_weight(%w) {width=8}
          %1: f32[2, 4, 4, 4] = packed_conv2d(%x, %0) {shape=[4, 3, 3, 3], stride=[2, 2], padding=[1, 1], relu=true}
          return %1
        }""",
    )


def test_kernels_of_transposed_convolutions_are_turned_round_first():
    check_rewrite(
        PackWeights(eight),
        before="""
        graph @g(%x: f32[2, 3, 8, 8]) -> (f32[2, 4, 16, 16]) {
          %w: f32[3, 4, 4, 4] = param() {name="w"}
          %b: f32[4] = param() {name="b"}
          %0: f32[2, 4, 16, 16] = conv_transpose2d(%x, %w, %b) {stride=[2, 2], padding=[1, 1]}
          return %0
        }""",
        after="""
        graph @g(%x: f32[2, 3, 8, 8]) -> (f32[2, 4, 16, 16]) {
          %w: f32[3, 4, 4, 4] = param() {name="w"}
          %b: f32[4] = param() {name="b"}
          %0: f32[4, 3, 4, 4] = permute(%w) {dims=[1, 0, 2, 3]}
          %1: f32[4, 3, 4, 4] = flip(%0) {dims=[2, 3]}
          %2: f32[1, 4, 4, 3, 8] = pack_weight(%1) {width=8}
          %3: f32[2, 4, 16, 16] = packed_conv_transpose2d(%x, %2, %b) {shape=[3, 4, 4, 4], stride=[2, 2], padding=[1, 1]}
          return %3
        }""",
    )


def test_kernels_are_transformed_where_that_is_asked_for():
    check_rewrite(
        PackWeights(lambda node: Packing(8, winograd=4)),
        before="""
        graph @g(%x: f32[2, 3, 8, 8]) -> (f32[2, 4, 8, 8]) {
          %w: f32[4, 3, 3, 3] = param() {name="w"}
          %0: f32[2, 4, 8, 8] = conv2d(%x, %w) {padding=[1, 1]}
          return %0
        }""",
        after="""
        graph @g(%x: f32[2, 3, 8, 8]) -> (f32[2, 4, 8, 8]) {
          %w: f32[4, 3, 3, 3] = param() {name="w"}
          %0: f32[36, 1, 3, 8] = pack_weight(%w) {width=8, winograd=4}
          %1: f32[2, 4, 8, 8] = packed_conv2d(%x, %0) {shape=[4, 3, 3, 3], padding=[1, 1]}
          return %1
        }""",
    )


def test_recurrent_layers_get_the_same_units_of_all_gates_side_by_side():
    check_rewrite(
        PackWeights(lambda node: GatePacking(8, inputs=4)),
        before="""
        graph @g(%x: f32[5, 1, 3], %h: f32[1, 6]) -> (f32[5, 1, 6]) {
          %w: f32[18, 3] = param() {name="w"}
          %u: f32[18, 6] = param() {name="u"}
          %0: f32[5, 1, 6], %1: f32[1, 6], %2: f32[5, 18], %3: f32[5, 6] = gru(%x, %h, %w, %u)
          return %0
        }""",
        after="""
        graph @g(%x: f32[5, 1, 3], %h: f32[1, 6]) -> (f32[5, 1, 6]) {
          %w: f32[18, 3] = param() {name="w"}
          %u: f32[18, 6] = param() {name="u"}
          %0: f32[2, 3, 3, 4] = pack_gates(%w) {gates=3, width=4}
          %1: f32[1, 6, 3, 8] = pack_gates(%u) {gates=3, width=8}
          %2: f32[5, 1, 6], %3: f32[1, 6], %4: f32[5, 18], %5: f32[5, 6] = packed_gru(%x, %h, %0, %1)
          return %2
        }""",
    )


def test_a_recurrent_layer_that_is_used_twice_is_packed_once():
    layer = nn.GRU(3, 64).eval()
    fast = gn.compile(lambda x, y: layer(x)[0].sum() + layer(y)[0].sum(), backend="native")
    with gn.no_grad():
        fast(gn.randn(5, 1, 3), gn.randn(5, 1, 3))
    assert str(fast.plans[0].graph).count("= packed_gru(") == 2
    packed = str(fast.plans[0].prologue).split("= pack_gates(")[1:]
    assert len(packed) == len({line.split(")")[0] for line in packed})


def test_weights_that_are_written_or_given_stay_as_they_are():
    check_unchanged(
        PackWeights(eight),
        """
        graph @g(%x: f32[20, 6], %v: f32[5, 6]) -> (f32[20, 5], f32[20, 5]) {
          %w: f32[5, 6] = param() {name="w"}
          %0: f32[20, 5] = linear(%x, %w)
          %1: f32[20, 5] = linear(%x, %v)
          %2: f32[5, 6] = mul(%w, 0.5)
          update %w = %2
          return %0, %1
        }""",
    )


def test_nothing_is_packed_where_the_backend_does_not_ask_for_it():
    check_unchanged(
        PackWeights(),
        """
        graph @g(%x: f32[20, 6]) -> (f32[20, 5]) {
          %w: f32[5, 6] = param() {name="w"}
          %0: f32[20, 5] = linear(%x, %w)
          return %0
        }""",
    )


def test_a_compiled_network_packs_again_only_when_a_weight_was_written():
    net = nn.Sequential(nn.Linear(40, 48), nn.ReLU(), nn.Linear(48, 24)).eval()
    fast = gn.compile(net, backend="native")
    x = gn.randn(32, 40)
    with gn.no_grad():
        for _ in range(3):
            assert np.allclose(fast(x).numpy(), net(x).numpy(), atol=1e-5)
        assert fast.plans[0].prologue_runs == 1
        assert "pack_weight" in str(fast.plans[0].prologue)
        net[0].weight.mul_(2.0)
        assert np.allclose(fast(x).numpy(), net(x).numpy(), atol=1e-5)
        assert fast.plans[0].prologue_runs == 2
