"""What the network's outputs stand for: phones, or phones that know whether they end a word. Output 0 is the blank.

Not for pronunciations (`lexicon.py`) nor for what Kaldi makes of the outputs (`topology.py`).
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from numpy.random import Generator

from training.lexicon import PHONE_ID, PHONES, Lexicon
from training.network import HEAD, Weights
from training.topology import Inventory, output_of


class Units:
    """The outputs of one kind of network.

    names: what output 1, 2, ... stands for; with positions `X` and, from 40 on, `X_` at a word's end.
    """

    def __init__(self, kind: Inventory) -> None:
        self.kind = kind
        self.names: tuple[str, ...] = PHONES if kind == "phones" else (*PHONES, *(f"{phone}_" for phone in PHONES))

    def ids(self, pronunciation: tuple[str, ...]) -> list[int]:
        """The outputs one word's phones are heard as."""
        last = len(pronunciation) - 1
        return [
            output_of(self.kind, len(PHONES), PHONE_ID[phone], word_final=place == last)
            for place, phone in enumerate(pronunciation)
        ]

    def label(self, text: str, lexicon: Lexicon, rng: Generator) -> np.ndarray:
        """The outputs a sentence is heard as; empty when a word has no pronunciation. Of several, one is drawn."""
        ids: list[int] = []
        for word in text.split():
            known = lexicon.pronunciations(word)
            if not known:
                return np.zeros(0, np.int32)
            ids += self.ids(known[int(rng.integers(0, len(known)))])
        return np.array(ids, np.int32)

    def grow_head(self, weights: Weights) -> Weights:
        """A head over plain phones made one over these units: a phone at a word's end starts as the phone elsewhere."""
        if self.kind == "phones":
            return weights
        matrix, bias = weights[f"{HEAD}/<LinearParams>"], weights[f"{HEAD}/<BiasParams>"]
        return weights | {
            f"{HEAD}/<LinearParams>": jnp.concatenate([matrix, matrix[1:]]),
            f"{HEAD}/<BiasParams>": jnp.concatenate([bias, bias[1:]]),
        }
