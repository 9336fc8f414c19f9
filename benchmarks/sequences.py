"""Networks over sequences, written once for either library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from networks import Library, Network

WORDS, TAGS = 1000, 10
WIDTH, HEADS, HIDDEN = 256, 4, 1024


@dataclass(frozen=True)
class Tagging(Network):
    """`shape` is (words,): a batch has shape (words, size), and every word has its tag."""

    def arrays(self, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        shape = (*self.shape, size)
        return rng.integers(0, WORDS, shape), rng.integers(0, self.classes, shape).reshape(-1)


def tagger(width: int, hidden: int) -> Any:
    """An embedding, an LSTM and a linear layer; the tutorial's has 6 and 6."""

    def build(torch: Library) -> Any:
        nn = torch.nn

        class Tagger(nn.Module):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.embedding = nn.Embedding(WORDS, width)
                self.lstm = nn.LSTM(width, hidden)
                self.fc = nn.Linear(hidden, TAGS)

            def forward(self, words: Any) -> Any:
                states, _ = self.lstm(self.embedding(words))
                return self.fc(states.reshape(-1, hidden))

        return Tagger()

    return build


def transformer(torch: Library) -> Any:
    """Two layers of an encoder (Vaswani et al., 2017), without dropout; a mean over positions and a linear layer."""
    nn = torch.nn

    class Transformer(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2)
            self.fc = nn.Linear(WIDTH, TAGS)

        def forward(self, x: Any) -> Any:
            return self.fc(self.encoder(x).mean(1))

    return Transformer()


TAGGER = Tagging("LSTM tagger", tagger(6, 6), (5,), TAGS)
WIDE_TAGGER = Tagging("LSTM tagger, 128", tagger(64, 128), (32,), TAGS)
TRANSFORMER = Network("Transformer", transformer, (64, WIDTH), TAGS)
