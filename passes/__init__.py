"""The passes: each rewrites a valid graph into a valid graph, one pass a file; imported as `graphnn.passes`.

A pass is a frozen dataclass with a kebab-case `name`, its options as fields and `run(graph) -> PassResult`; the
machinery (`Pass`, `PassManager`, patterns) is in `graphnn.rewrite`. `pipelines.py` holds the orders that are used, with
a reason for each place. Pass classes are exported from here, and load when they are first named.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphnn.passes.canonicalize import Canonicalize as Canonicalize
    from graphnn.passes.common_subexpressions import CommonSubexpressions as CommonSubexpressions
    from graphnn.passes.constant_folding import ConstantFolding as ConstantFolding
    from graphnn.passes.dead_code import DeadCode as DeadCode
    from graphnn.passes.eliminate_dropout import EliminateDropout as EliminateDropout
    from graphnn.passes.flatten_channels_last import FlattenChannelsLast as FlattenChannelsLast
    from graphnn.passes.fold_batch_norm import FoldBatchNorm as FoldBatchNorm
    from graphnn.passes.fold_embedding import FoldEmbedding as FoldEmbedding
    from graphnn.passes.fuse_conv_relu import FuseConvReLU as FuseConvReLU
    from graphnn.passes.fuse_elementwise import FuseElementwise as FuseElementwise
    from graphnn.passes.fuse_epilogue import FuseEpilogue as FuseEpilogue
    from graphnn.passes.fuse_linear_relu import FuseLinearReLU as FuseLinearReLU
    from graphnn.passes.join_slice_grads import JoinSliceGrads as JoinSliceGrads
    from graphnn.passes.layout import ChannelsLast as ChannelsLast
    from graphnn.passes.lines_as_images import LinesAsImages as LinesAsImages
    from graphnn.passes.pack_weights import PackWeights as PackWeights
    from graphnn.passes.pipelines import inference_pipeline as inference_pipeline
    from graphnn.passes.pipelines import training_pipeline as training_pipeline
    from graphnn.rewrite import Pass as Pass
    from graphnn.rewrite import PassManager as PassManager
    from graphnn.rewrite import PassResult as PassResult
    from graphnn.rewrite import pattern_pass as pattern_pass

_HOMES = {
    "Canonicalize": "graphnn.passes.canonicalize",
    "ChannelsLast": "graphnn.passes.layout",
    "CommonSubexpressions": "graphnn.passes.common_subexpressions",
    "ConstantFolding": "graphnn.passes.constant_folding",
    "DeadCode": "graphnn.passes.dead_code",
    "EliminateDropout": "graphnn.passes.eliminate_dropout",
    "FlattenChannelsLast": "graphnn.passes.flatten_channels_last",
    "FoldBatchNorm": "graphnn.passes.fold_batch_norm",
    "FoldEmbedding": "graphnn.passes.fold_embedding",
    "FuseConvReLU": "graphnn.passes.fuse_conv_relu",
    "FuseElementwise": "graphnn.passes.fuse_elementwise",
    "FuseEpilogue": "graphnn.passes.fuse_epilogue",
    "FuseLinearReLU": "graphnn.passes.fuse_linear_relu",
    "JoinSliceGrads": "graphnn.passes.join_slice_grads",
    "LinesAsImages": "graphnn.passes.lines_as_images",
    "PackWeights": "graphnn.passes.pack_weights",
    "Pass": "graphnn.rewrite",
    "PassManager": "graphnn.rewrite",
    "PassResult": "graphnn.rewrite",
    "inference_pipeline": "graphnn.passes.pipelines",
    "training_pipeline": "graphnn.passes.pipelines",
    "pattern_pass": "graphnn.rewrite",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'graphnn.passes' has no attribute {name!r}; it has {', '.join(_HOMES)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
