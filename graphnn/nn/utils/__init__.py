"""What is done to modules and their parameters from outside, under PyTorch's names.

`rnn` packs and pads sequences, `parametrize` makes parameters of others, `parametrizations` has the usual ones
(`orthogonal` stands in its own file), `fusion` folds batch norms into the layers before them; `norms` and `computed`
serve these and the older `weight_norm` and `spectral_norm`.
"""

from graphnn.nn.utils import parametrizations, parametrize, rnn
from graphnn.nn.utils.clip_grad import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from graphnn.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from graphnn.nn.utils.fusion import (
    fuse_conv_bn_eval,
    fuse_conv_bn_weights,
    fuse_linear_bn_eval,
    fuse_linear_bn_weights,
)
from graphnn.nn.utils.skip_init import skip_init
from graphnn.nn.utils.spectral_norm import remove_spectral_norm, spectral_norm
from graphnn.nn.utils.weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "remove_spectral_norm",
    "remove_weight_norm",
    "rnn",
    "skip_init",
    "spectral_norm",
    "vector_to_parameters",
    "weight_norm",
]
