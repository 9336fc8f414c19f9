"""The two pipelines: what they make of a network, that they are plain tuples, and that a user's pass fits anywhere."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from graphnn import passes
from graphnn.ir import parse
from graphnn.passes import DeadCode, FoldBatchNorm, Pass, PassManager, inference_pipeline, training_pipeline
from graphnn.rewrite import EXACT
from graphnn.runtime.interpreter import interpret
from tests.chains import chain
from tests.passes.check import check_values

NETWORK = """
graph @net(%x: f32[2, 1, 6, 6]) -> (f32[2, 3]) {
  %w1: f32[4, 1, 3, 3] = param() {name="conv.weight"}
  %mean: f32[4] = param() {name="bn.running_mean", role="buffer"}
  %var: f32[4] = param() {name="bn.running_var", role="buffer"}
  %w2: f32[3, 64] = param() {name="fc.weight"}
  %b2: f32[3] = param() {name="fc.bias"}
  %rng: u64[2] = param() {name="rng", role="rng"}
  %0: f32[2, 4, 4, 4] = conv2d(%x, %w1)
  %1: f32[2, 4, 4, 4], %2: f32[4], %3: f32[4], %4: f32[4], %5: f32[4] = batch_norm(%0, %mean, %var)
  %6: f32[2, 4, 4, 4] = relu(%1)
  %7: f32[2, 4, 4, 4], %8: bool[2, 4, 4, 4] = dropout(%6, %rng) {p=0.0}
  %9: f32[2, 64] = flatten(%7) {start_dim=1, end_dim=3}
  %10: f32[2, 64] = mul(%9, 1.0)
  %11: f32[2, 3] = linear(%10, %w2, %b2)
  %12: f32[2, 3] = relu(%11)
  %13: f32[2, 3] = exp(%12)
  return %12
}"""


def ops_after(pipeline) -> list[str]:
    graph = PassManager(pipeline).run(parse(NETWORK)).graph
    return [node.op.name for node in graph.nodes if any(v.type.shape[:1] == (2,) for v in node.outputs)]


def test_inference_leaves_the_fused_layers_alone():
    assert ops_after(inference_pipeline()) == ["conv2d_relu", "flatten", "linear_relu"]


def test_training_keeps_the_batch_norm():
    assert ops_after(training_pipeline()) == ["conv2d", "batch_norm", "relu", "flatten", "linear_relu"]


@pytest.mark.parametrize("pipeline", [inference_pipeline(), training_pipeline()], ids=["inference", "training"])
def test_values_stay_within_the_sum_of_what_the_passes_state(pipeline):
    graph = parse(NETWORK)
    folds = any(p.tolerance != EXACT for p in pipeline)
    check_values(graph, PassManager(pipeline).run(graph).graph, FoldBatchNorm.tolerance if folds else EXACT)


@pytest.mark.parametrize("pipeline", [inference_pipeline(), training_pipeline()], ids=["inference", "training"])
def test_a_second_run_changes_nothing(pipeline):
    once = PassManager(pipeline).run(parse(NETWORK)).graph
    assert not PassManager(pipeline).run(once).modified


def test_names_are_kebab_case_and_docstrings_say_before_and_after():
    for pass_ in {*inference_pipeline(), *training_pipeline()}:
        assert pass_.name == pass_.name.lower().replace(" ", "-").replace("_", "-")
        assert "->" in (pass_.__doc__ or "")
        assert "Bit-exact" in (pass_.__doc__ or "") or pass_.tolerance != EXACT


def test_passes_are_values_with_options_as_fields():
    assert passes.FuseElementwise() == passes.FuseElementwise()
    assert replace(passes.FuseElementwise(), min_elements=1) != passes.FuseElementwise()
    assert len({DeadCode(), DeadCode(), passes.ConstantFolding(max_bytes=1)}) == 2


@dataclass(frozen=True)
class TanhIsSigmoid(Pass):
    """sigmoid(x) -> tanh(x / 2) / 2 + 1 / 2"""

    name = "tanh-is-sigmoid"

    def apply(self, graph):
        from graphnn.ops import add, mul, tanh

        found = [node for node in graph.nodes if node.op.name == "sigmoid"]
        for node in found:
            with graph.before(node):
                value = add(mul(tanh(mul(node.inputs[0], 0.5)), 0.5), 0.5)
            graph.replace_all_uses(node.output, value)
        return bool(found)


def test_a_pass_of_the_users_own_goes_anywhere_in_a_pipeline():
    text = "graph @g(%x: f32[4]) -> (f32[4]) {\n %0: f32[4] = sigmoid(%x)\n return %0\n}"
    result = PassManager((TanhIsSigmoid(), *inference_pipeline())).run(parse(text))
    assert [node.op.name for node in result.graph.nodes] == ["mul", "tanh", "mul", "add"]
    x = np.linspace(-3, 3, 4, dtype=np.float32)
    np.testing.assert_allclose(interpret(result.graph, x)[0][0], 1 / (1 + np.exp(-x)), rtol=1e-6)


def test_ten_thousand_nodes_go_through_both_pipelines():
    graph = chain(10_000)
    for pipeline in (inference_pipeline(), training_pipeline()):
        assert len(PassManager(pipeline).run(graph).graph.nodes) <= 10_000


def test_a_name_that_is_no_pass_is_answered_with_those_that_are():
    with pytest.raises(AttributeError, match=r"'graphnn.passes' has no attribute 'DeadCod'; it has .*DeadCode"):
        _ = passes.DeadCod
    assert {"DeadCode", "PassManager", "inference_pipeline"} <= set(dir(passes))
