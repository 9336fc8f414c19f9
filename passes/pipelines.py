"""The orders in which passes are run, each with the reason for its place. Take one, and put your own anywhere in it."""

from __future__ import annotations

from graphnn.passes.canonicalize import Canonicalize
from graphnn.passes.common_subexpressions import CommonSubexpressions
from graphnn.passes.constant_folding import ConstantFolding
from graphnn.passes.dead_code import DeadCode
from graphnn.passes.eliminate_dropout import EliminateDropout
from graphnn.passes.flatten_channels_last import FlattenChannelsLast
from graphnn.passes.fold_batch_norm import FoldBatchNorm
from graphnn.passes.fold_embedding import FoldEmbedding
from graphnn.passes.fuse_conv_relu import FuseConvReLU
from graphnn.passes.fuse_elementwise import FuseElementwise
from graphnn.passes.fuse_epilogue import FuseEpilogue
from graphnn.passes.fuse_linear_relu import FuseLinearReLU
from graphnn.passes.join_slice_grads import JoinSliceGrads
from graphnn.passes.layout import ChannelsLast
from graphnn.passes.lines_as_images import LinesAsImages
from graphnn.passes.pack_weights import HowToPack, PackWeights
from graphnn.rewrite.pass_ import Pass


def inference_pipeline(backend: str = "numpy", *, packing: HowToPack | None = None) -> tuple[Pass, ...]:
    """For graphs that only compute outputs; `backend` runs what is made, and wants constant weights as
    `packing` says (see `PackWeights`)."""
    return (*_inference(), *_fusions(backend, packing=packing))


def training_pipeline(backend: str = "numpy", *, late_inputs: int = 0) -> tuple[Pass, ...]:
    """For graphs that also differentiate or write state: batch norm follows its batch or needs its gradient, so it is
    not folded; a relu stays fusable where its gradient reads only its output. The last `late_inputs` of the graph's
    inputs are given in the middle of a run: what waits for them goes into no group with what does not."""
    return (*_training(), *_fusions(backend, late_inputs))


def _fusions(backend: str, late_inputs: int = 0, packing: HowToPack | None = None) -> tuple[Pass, ...]:
    """Last: a group is opaque to all others, and no named op must be lost in one."""
    if backend != "native":
        return (FuseElementwise(late_inputs=late_inputs),)
    return (
        JoinSliceGrads(),  # before the groups, which would take the additions; gives zeros another sign, so not for NumPy
        LinesAsImages(),  # before the formats, which images have
        # before the groups, which go by where their operands lie
        ChannelsLast(),
        # after the formats; before the packing, which hides the weights
        *((FlattenChannelsLast(),) if packing is not None else ()),
        # after the formats, which decide how a convolution is done; before the groups, which hide the layers
        *((PackWeights(packing),) if packing is not None else ()),
        # before the groups, which would take what follows a product
        FuseEpilogue(late_inputs=late_inputs),
        # in C each group is one loop, whatever its size; takes in the optimizer's arithmetic
        FuseElementwise(min_elements=1, max_results=8, late_inputs=late_inputs),
    )


def _inference() -> tuple[Pass, ...]:
    return (
        DeadCode(),  # first: what nothing uses hides values that have one user, and costs every later pass
        EliminateDropout(),  # leaves identities behind that stand between layers
        Canonicalize(),  # one form for what is the same, so that the passes below see it
        ConstantFolding(),  # after the algebra, which makes operands constant; before merging, which compares them
        CommonSubexpressions(),  # after all that brings two nodes into the same form; leaves nothing dead
        FoldBatchNorm(),  # before the fusions, which would hide the layer beside it
        FuseLinearReLU(),  # after folding, which puts linear and relu side by side
        FuseConvReLU(),  # likewise
        FoldEmbedding(),  # after the fusions, so that a relu is computed for the table, too
    )


def _training() -> tuple[Pass, ...]:
    return (
        DeadCode(),  # first: gradients that nobody asked for, and all that was computed for them
        EliminateDropout(),  # leaves identities behind that stand between layers, and full masks
        Canonicalize(),  # also simplifies the gradient rules' general forms: seeds of one, no-op sum_to, double casts
        ConstantFolding(),  # folds what is left of the seeds
        CommonSubexpressions(),  # what forward, backward and the optimizer all compute
        FuseLinearReLU(),  # while relu is still a node of its own
        FuseConvReLU(),  # likewise
    )
