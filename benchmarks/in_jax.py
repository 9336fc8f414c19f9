"""The same networks as functions in JAX, over PyTorch's parameters by their names.

Images and weights of convolutions are turned to channels-last once, ahead: JAX is faster so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from networks import Network

Parameters = dict[str, Any]
MOMENTUM, RATE = 0.9, 0.01
CHANNELS_LAST = (0, 2, 3, 1)


class Layers:
    """The layers by the names of their parameters; `seen` collects the running statistics of a training step."""

    def __init__(self, parameters: Parameters, training: bool) -> None:
        self.p = parameters
        self.training = training
        self.seen: Parameters = {}

    def linear(self, name: str, x: Any) -> Any:
        return x @ self.p[f"{name}.weight"].T + self.p[f"{name}.bias"]

    def conv(self, name: str, x: Any, stride: int = 1, padding: int = 0) -> Any:
        weight = self.p[f"{name}.weight"]
        y = lax.conv_general_dilated(
            x, weight, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return y + self.p[f"{name}.bias"] if f"{name}.bias" in self.p else y

    def batch_norm(self, name: str, x: Any) -> Any:
        mean, variance = self.p[f"{name}.running_mean"], self.p[f"{name}.running_var"]
        if self.training:
            count = x.size // x.shape[-1]
            here, spread = x.mean((0, 1, 2)), x.var((0, 1, 2))
            self.seen[f"{name}.running_mean"] = 0.9 * mean + 0.1 * here
            self.seen[f"{name}.running_var"] = 0.9 * variance + 0.1 * spread * (count / max(count - 1, 1))
            mean, variance = here, spread
        scale = self.p[f"{name}.weight"] * lax.rsqrt(variance + 1e-5)
        return (x - mean) * scale + self.p[f"{name}.bias"]

    def layer_norm(self, name: str, x: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        return centred * lax.rsqrt(variance + 1e-5) * self.p[f"{name}.weight"] + self.p[f"{name}.bias"]

    def attention(self, name: str, x: Any, heads: int) -> Any:
        batch, length, width = x.shape
        packed = x @ self.p[f"{name}.in_proj_weight"].T + self.p[f"{name}.in_proj_bias"]
        q, k, v = (a.reshape(batch, length, heads, width // heads) for a in jnp.split(packed, 3, -1))
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * (width // heads) ** -0.5
        mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores, -1), v).reshape(batch, length, width)
        return self.linear(f"{name}.out_proj", mixed)

    def lstm(self, name: str, x: Any) -> Any:
        weight, hidden = self.p[f"{name}.weight_hh_l0"], self.p[f"{name}.weight_hh_l0"].shape[1]
        inner = x @ self.p[f"{name}.weight_ih_l0"].T + self.p[f"{name}.bias_ih_l0"] + self.p[f"{name}.bias_hh_l0"]

        def step(carry: Any, given: Any) -> Any:
            h, c = carry
            i, f, g, o = jnp.split(given + h @ weight.T, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        start = jnp.zeros((x.shape[1], hidden), x.dtype)
        return lax.scan(step, (start, start), inner)[1]


def max_pool(x: Any, size: int, stride: int, padding: int = 0) -> Any:
    around = [(0, 0), (padding, padding), (padding, padding), (0, 0)]
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1), around)


def tiny_model(net: Layers, x: Any) -> Any:
    return jax.nn.softmax(net.linear("linear2", jax.nn.relu(net.linear("linear1", x))), 1)


def mlp(net: Layers, x: Any) -> Any:
    x = jax.nn.relu(net.linear("1", x.reshape(len(x), -1)))
    return net.linear("5", jax.nn.relu(net.linear("3", x)))


def lenet(net: Layers, x: Any) -> Any:
    x = max_pool(jax.nn.relu(net.conv("conv1", x)), 2, 2)
    x = max_pool(jax.nn.relu(net.conv("conv2", x)), 2, 2)
    x = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
    x = jax.nn.relu(net.linear("fc2", jax.nn.relu(net.linear("fc1", x))))
    return net.linear("fc3", x)


def resnet18(net: Layers, x: Any) -> Any:
    x = max_pool(jax.nn.relu(net.batch_norm("bn1", net.conv("conv1", x, 2, 3))), 3, 2, 1)
    for block in range(8):
        x = _basic_block(net, f"layers.{block}", x, stride=2 if block in (2, 4, 6) else 1)
    return net.linear("fc", x.mean((1, 2)))


def _basic_block(net: Layers, name: str, x: Any, stride: int) -> Any:
    shortcut = x
    if f"{name}.downsample.0.weight" in net.p:
        shortcut = net.batch_norm(f"{name}.downsample.1", net.conv(f"{name}.downsample.0", x, stride))
    x = jax.nn.relu(net.batch_norm(f"{name}.bn1", net.conv(f"{name}.conv1", x, stride, 1)))
    return jax.nn.relu(net.batch_norm(f"{name}.bn2", net.conv(f"{name}.conv2", x, 1, 1)) + shortcut)


def tagger(net: Layers, words: Any) -> Any:
    states = net.lstm("lstm", net.p["embedding.weight"][words])
    return net.linear("fc", states.reshape(-1, states.shape[-1]))


def transformer(net: Layers, x: Any) -> Any:
    for number in range(2):
        name = f"encoder.layers.{number}"
        x = net.layer_norm(f"{name}.norm1", x + net.attention(f"{name}.self_attn", x, heads=4))
        inner = jax.nn.relu(net.linear(f"{name}.linear1", x))
        x = net.layer_norm(f"{name}.norm2", x + net.linear(f"{name}.linear2", inner))
    return net.linear("fc", x.mean(1))


FUNCTIONS: dict[str, Callable[[Layers, Any], Any]] = {
    "TinyModel": tiny_model,
    "MLP": mlp,
    "LeNet": lenet,
    "ResNet-18": resnet18,
    "LSTM tagger": tagger,
    "Transformer": transformer,
}


def function_of(network: Network) -> Callable[[Layers, Any], Any]:
    return FUNCTIONS[network.name.partition(", ")[0]]


def turned(array: np.ndarray, image: bool = False) -> Any:
    """An array for JAX: images with channels last, weights of convolutions as (height, width, in, out)."""
    if array.ndim == 4:
        array = array.transpose(CHANNELS_LAST if image else (2, 3, 1, 0))
    return jnp.asarray(array)


def forward(network: Network, parameters: dict[str, np.ndarray], x: np.ndarray) -> Callable[[], Any]:
    """One call, its result waited for."""
    function = function_of(network)
    compiled = jax.jit(lambda p, x: function(Layers(p, False), x))
    p, given = {name: turned(a) for name, a in parameters.items()}, turned(x, image=True)
    return lambda: compiled(p, given).block_until_ready()


def training_step(
    network: Network, parameters: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray
) -> Callable[[], Any]:
    """One step of SGD with momentum; parameters and momenta are updated in their places."""
    everything = {name: turned(a) for name, a in parameters.items() if not name.endswith("num_batches_tracked")}
    buffers = {name: a for name, a in everything.items() if "running_" in name}
    trained = {name: a for name, a in everything.items() if name not in buffers}
    state = [trained, buffers, jax.tree.map(jnp.zeros_like, trained)]
    given, wanted = turned(x, image=True), jnp.asarray(y)
    update = jax.jit(partial(_update, network), donate_argnums=(0, 1, 2))

    def run() -> Any:
        loss, *state[:] = update(*state, given, wanted)
        return jax.block_until_ready((loss, state))

    return run


def _update(network: Network, trained: Parameters, buffers: Parameters, momenta: Parameters, x: Any, y: Any) -> Any:
    def loss_of(trained: Parameters) -> Any:
        net = Layers(trained | buffers, True)
        return _loss(network, function_of(network)(net, x), y), net.seen

    (loss, seen), gradients = jax.value_and_grad(loss_of, has_aux=True)(trained)
    momenta = jax.tree.map(lambda m, g: MOMENTUM * m + g, momenta, gradients)
    trained = jax.tree.map(lambda p, m: p - RATE * m, trained, momenta)
    return loss, trained, buffers | seen, momenta


def _loss(network: Network, output: Any, y: Any) -> Any:
    answers = jax.nn.one_hot(y, network.classes)
    if network.probabilities:
        return ((output - answers) ** 2).mean()
    return -(jax.nn.log_softmax(output, -1) * answers).sum(-1).mean()
