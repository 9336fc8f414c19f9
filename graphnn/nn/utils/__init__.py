"""What is done to modules and their parameters from outside, under PyTorch's names; `rnn` packs and pads sequences."""

from graphnn.nn.utils import rnn

__all__ = ["rnn"]
