"""What an op means: one paragraph an op, giving type rule, NumPy kernel, gradient rule and traits together.

Enter at `op.py` (the Op class, how applying works) and `typing.py` (promotion, broadcasting, dimensions). Each other
file holds the ops of one family. Importing this package fills the table `graphnn.ir.registry.OPS`.
"""

from graphnn.ir.registry import OPS
from graphnn.ops.activation import celu, elu, gelu, glu, log_sigmoid, mish, silu, softplus
from graphnn.ops.adaptive_pool import adaptive_avg_pool, adaptive_avg_pool_grad, adaptive_max_pool
from graphnn.ops.angles import acos, acosh, asin, asinh, atan, atan2, atanh, cosh, hypot, sinc, sinh, tan
from graphnn.ops.attention import scaled_dot_product_attention, scaled_dot_product_attention_grad
from graphnn.ops.batch_norm import batch_norm, batch_norm_grad
from graphnn.ops.bilinear import bilinear
from graphnn.ops.broadcasting import expand, sum_to
from graphnn.ops.compare import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    clamp,
    eq,
    ge,
    gt,
    isfinite,
    isinf,
    isnan,
    le,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    ne,
    where,
)
from graphnn.ops.conv import (
    conv1d,
    conv1d_input_grad,
    conv1d_weight_grad,
    conv2d,
    conv2d_input_grad,
    conv2d_relu,
    conv2d_weight_grad,
    conv3d,
    conv3d_input_grad,
    conv3d_weight_grad,
)
from graphnn.ops.conv_transpose import conv_transpose1d, conv_transpose2d, conv_transpose3d
from graphnn.ops.creation import arange, constant, full
from graphnn.ops.cross_entropy import cross_entropy, cross_entropy_grad
from graphnn.ops.ctc import ctc_loss, ctc_loss_grad
from graphnn.ops.diagonals import diagonal, diagonal_grad, diagonal_scatter
from graphnn.ops.dropout import dropout
from graphnn.ops.edge_pad import edge_pad, edge_pad_grad
from graphnn.ops.elementwise import add, div, mul, neg, sub, zeros_like
from graphnn.ops.embedding import embedding, embedding_grad
from graphnn.ops.embedding_bag import embedding_bag
from graphnn.ops.extremes import argmax, argmin, max_dim, min_dim
from graphnn.ops.factorizations import cholesky, eigh, qr, svd
from graphnn.ops.fractional_pool import fractional_max_pool
from graphnn.ops.fused import fused
from graphnn.ops.fused_epilogue import fused_epilogue
from graphnn.ops.gamma import digamma, lgamma, polygamma
from graphnn.ops.gathering import gather, gather_grad, one_hot, scatter, scatter_add
from graphnn.ops.group_norm import group_norm, group_norm_grad
from graphnn.ops.gru import gru, gru_grad
from graphnn.ops.indexing import index, index_add, index_grad, index_put, index_select, index_select_grad
from graphnn.ops.instance_norm import instance_norm
from graphnn.ops.joining import cat, pad, stack
from graphnn.ops.layer_norm import layer_norm, layer_norm_grad, rms_norm, rms_norm_grad
from graphnn.ops.logarithms import exp2, log10, logaddexp, logaddexp2, xlog1py, xlogy
from graphnn.ops.losses import mse_loss, nll_loss, nll_loss_grad
from graphnn.ops.lstm import lstm, lstm_grad
from graphnn.ops.margin_losses import multi_margin_loss, multilabel_margin_loss
from graphnn.ops.matrix import linear, linear_relu, matmul
from graphnn.ops.movement import flatten, flip, permute, reshape, squeeze, transpose, unsqueeze
from graphnn.ops.normal_tails import erfc, erfcx, erfinv, log_ndtr
from graphnn.ops.numerals import (
    bitwise_left_shift,
    bitwise_right_shift,
    copysign,
    fmax,
    fmin,
    fmod,
    frac,
    gcd,
    heaviside,
    lcm,
    nextafter,
    signbit,
)
from graphnn.ops.packed_recurrence import pack_gates
from graphnn.ops.packed_weights import pack_weight, packed_conv2d, packed_conv_transpose2d, packed_linear
from graphnn.ops.packing import pack_padded_sequence, pad_packed_sequence
from graphnn.ops.piecewise import (
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    prelu,
    rrelu,
    softshrink,
    threshold,
)
from graphnn.ops.pointwise_losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    smooth_l1_loss,
    soft_margin_loss,
)
from graphnn.ops.pool import avg_pool2d, avg_pool2d_grad, max_pool2d, max_pool2d_grad
from graphnn.ops.pool3d import avg_pool3d, avg_pool3d_grad, max_pool3d
from graphnn.ops.power import floor_divide, maximum, minimum, pow, remainder
from graphnn.ops.random import rand, randint, randn, randperm, rng_advance
from graphnn.ops.recurrence import states_before
from graphnn.ops.reduce import all, amax, amin, any, cumsum, mean, prod, sum, var
from graphnn.ops.resample import resample, resample_grad
from graphnn.ops.rnn import rnn_relu, rnn_relu_grad, rnn_tanh, rnn_tanh_grad
from graphnn.ops.rounded_division import div_floor, div_trunc
from graphnn.ops.scans import cummax, cummin, cumprod, cumprod_grad, logcumsumexp
from graphnn.ops.scatter_reduce import scatter_reduce
from graphnn.ops.searching import mode, searchsorted
from graphnn.ops.shuffle import channel_shuffle, pixel_shuffle, pixel_unshuffle
from graphnn.ops.slicing import select, select_grad, select_scatter, slice, slice_grad, slice_scatter
from graphnn.ops.softmax import log_softmax, log_softmax_grad, softmax, softmax_grad
from graphnn.ops.solving import cofactor, det, inv, matrix_exp, pinv, slogdet, solve
from graphnn.ops.sorting import sort
from graphnn.ops.strided import as_strided, as_strided_grad, as_strided_scatter
from graphnn.ops.triangles import tril, triu
from graphnn.ops.unary import (
    abs,
    cast,
    ceil,
    contiguous,
    copy,
    cos,
    erf,
    exp,
    expm1,
    floor,
    log,
    log1p,
    log2,
    reciprocal,
    relu,
    relu_grad,
    round,
    rsqrt,
    sigmoid,
    sigmoid_grad,
    sign,
    sin,
    sqrt,
    square,
    tanh,
    tanh_grad,
    trunc,
)
from graphnn.ops.unfold import col2im, im2col
from graphnn.ops.unpool import max_unpool

OWN = frozenset(OPS.values())
"""The ops that come with graphnn."""
