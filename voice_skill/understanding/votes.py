"""What each word, and each pair of neighbouring words, says for or against each label: fitted numbers, and their file.

The file `votes.tsv` beside this module is written by `scripts/fit` and meant to be read by people: a line per word
or pair, with the labels it speaks for (positive) or against. Not for fitting, nor for the final sum (`matcher.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from voice_skill.understanding.reading import Item

ANY = "(any)"  # the line that holds for every utterance
_PAIR_WEIGHT = 0.5  # a pair counts half: its words have voted already
_LEAST = -8.0  # nats: no label is less likely than this by its votes alone

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Votes:
    """Word or pair -> its vote in nats for each of `labels`."""

    labels: tuple[str, ...]
    table: Mapping[str, Floats]

    def cast(self, items: Sequence[Item]) -> list[tuple[str, Floats]]:
        """The votes of an utterance: (word or pair, nats for each label)."""
        return [(key, count * self.table[key]) for key, count in ballots(items).items() if key in self.table]

    def shares(self, items: Sequence[Item]) -> Floats:
        """The natural logarithm of each label's probability by its votes alone, -8 at the least."""
        total = np.zeros(len(self.labels))
        for _, vote in self.cast(items):
            total += vote
        total -= total.max()
        return np.maximum(_LEAST, total - np.log(np.exp(total).sum()))


def ballots(items: Sequence[Item]) -> dict[str, float]:
    """What an utterance votes with, each with its weight: every sense of every word, and the pairs of first senses."""
    counts = {ANY: 1.0}
    for item in items:
        for sense in item.senses:
            counts[sense.unit] = max(sense.confidence, counts.get(sense.unit, 0.0))
    first = ["^", *(item.senses[0].unit for item in items), "$"]
    return counts | {f"{before} + {after}": _PAIR_WEIGHT for before, after in pairwise(first)}


def parse_votes(text: str, labels: Sequence[str]) -> Votes:
    """Votes from the text of a votes file, for these labels; a label that the file lacks gets none.

    Raises ValueError for a damaged file.
    """
    number = {label: index for index, label in enumerate(labels)}
    table: dict[str, Floats] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        key, *cells = line.split("\t")
        table[key] = vote = np.zeros(len(labels))
        for cell in cells:
            label, _, weight = cell.rpartition(" ")
            if label in number:
                vote[number[label]] = float(weight)
    return Votes(tuple(labels), table)


def written_votes(votes: Votes) -> Iterator[str]:
    """The lines of a votes file; a label without a vote is left out."""
    yield "# What each concept (heat), word (.help) or pair of neighbours says for each label, in nats; by scripts/fit."
    for key, vote in sorted(votes.table.items()):
        cells = [f"{label} {weight:g}" for label, weight in zip(votes.labels, vote.tolist(), strict=True) if weight]
        yield "\t".join([key, *cells])
