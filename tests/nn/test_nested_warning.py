"""The encoder's warning where PyTorch would not pack padded sequences."""

import warnings

import pytest

from graphnn import nn

torch = pytest.importorskip("torch")

OPTIONS = [
    {},
    {"batch_first": True},
    {"batch_first": True, "norm_first": True},
    {"batch_first": True, "activation": "tanh"},
    {"batch_first": True, "nhead": 1},
    {"batch_first": True, "bias": False},
]


def said(lib, options):
    activation = {"activation": lib.tanh} if "activation" in options else {}
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        layer = lib.nn.TransformerEncoderLayer(8, **{"nhead": 2, **options, **activation})
        lib.nn.TransformerEncoder(layer, 1)
        lib.nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
    return [(w.category, str(w.message)) for w in found]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_encoder_warns_in_pytorchs_words(options):
    import graphnn

    assert said(graphnn, options) == said(torch, options)
    assert nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, batch_first=True), 1).use_nested_tensor
