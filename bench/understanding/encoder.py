"""The public sentence encoder all-MiniLM-L6-v2, whole and as it is: what its users get. Not for our network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fit.network import read_encoder
from voice_skill.understanding.network import SentenceNetwork

LAYERS = 6
_AT_ONCE = 64  # texts


class Encoder:
    """Embeds normalised texts: the mean of the last layer's pieces, of length 1."""

    def __init__(self, folder: Path) -> None:
        weights = read_encoder(folder, LAYERS)
        width = weights.words.whole.shape[1]
        whole = {"out.weight": np.eye(width, dtype=np.float32), "out.bias": np.zeros(width, np.float32)}
        self._network = SentenceNetwork(replace(weights, ends={**weights.ends, **whole}), ())

    def embed(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Texts x width."""
        rows = [self._network.numbers(text) for text in texts]
        parts = [self._network.outputs(rows[at : at + _AT_ONCE]) for at in range(0, len(rows), _AT_ONCE)]
        means = np.concatenate(parts)
        return means / np.linalg.norm(means, axis=1, keepdims=True)
