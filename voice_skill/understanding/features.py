"""The features of an utterance, label by label: few numbers, each explainable in the sentence beside its name.

Measured from what was read (`reading.py`), what that votes for (`votes.py`) and what the sentence network takes it for
(`network.py`). Not for deciding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice_skill.understanding.network import SentenceNetwork
from voice_skill.understanding.reading import ELSEWHERE, OTHER_BODY, Item, Reader
from voice_skill.understanding.training import NONE, TrainingSet
from voice_skill.understanding.votes import Votes

FEATURES: Mapping[str, str] = {
    "votes": "its words, what they stand for and their neighbours speak for this label",
    "whole sentence": "a small language network that was taught all our sentences takes it for this label",
    "named at the foot": "it names this label outright (heat, massage, doctor ...) and speaks of feet or cramps",
    "named cleanly": "it names this label outright and nothing in it belongs elsewhere",
    "strange words": "it has words that no phrase of ours has",
    "other body part": "it speaks of another body part and not of the foot",
    "other subject": "it has words of other subjects (music, shopping, cooking ...)",
    "other subject at the foot": "it has words of other subjects, yet speaks of feet or cramps",
    "length": "it is long (log of its words)",
    "any": "how readily this kind of label is meant at all",
}
# What speaks for refusing, measured on the out-of-scope sentences; the other features speak for or against our labels.
REFUSAL_FEATURES = ("votes", "whole sentence")

# How surely a concept places us at the foot (0-1): "muscle" may be anybody's.
_FEET: Mapping[str, float] = {"cramp": 0.85, "foot": 0.55, "muscle": 0.45, "leg": 0.4, "pain": 0.35}
_MOST_OTHER = 2  # words of other subjects: more of them prove no more
_CLEAN = 0.3  # words: at most this much that is strange or of elsewhere
_LITTLE_CREDIT = 0.8  # a strange word that resembles a little word counts as strange only for the rest

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """One utterance, measured.

    items: what was read, in order.
    table: labels x features, in the orders of `Measurer.labels` and `FEATURES`.
    """

    items: tuple[Item, ...]
    table: Floats


class Measurer:
    """Measures utterances against one training set, its votes and a network for its labels, as `reader` reads them."""

    def __init__(self, training: TrainingSet, votes: Votes, network: SentenceNetwork, reader: Reader) -> None:
        self._reader = reader
        self._network = network
        self._votes = votes
        self.labels = tuple(training.phrases)
        self._core = [training.core.get(label, ()) for label in self.labels]
        self._refusal = np.array([label == NONE for label in self.labels])
        self._not_for_refusal = np.array([name not in REFUSAL_FEATURES for name in FEATURES])

    def prepare(self, texts: Sequence[str]) -> None:
        """Let the network read several texts at once, which takes less time than one after the other."""
        self._network.read(texts)

    def measure(self, text: str) -> Measured:
        """The features of a normalised text; of an empty one too."""
        items = self._reader.read(text)
        concepts = _concepts(items)
        feet = 1.0 - math.prod(1 - sure * concepts.get(concept, 0.0) for concept, sure in _FEET.items())
        strange = self._strangeness(items)
        body = concepts.get(OTHER_BODY, 0.0) * (1 - concepts.get("foot", 0.0))
        other = min(_MOST_OTHER, sum(item.senses[0].unit == ELSEWHERE for item in items))
        named = np.array([max((concepts.get(concept, 0.0) for concept in core), default=0.0) for core in self._core])
        columns: dict[str, Floats | float] = {
            "votes": self._votes.sums(items),
            "whole sentence": self._network.read([text])[0].labels,
            "named at the foot": named * feet,
            "named cleanly": named * (strange + body + other < _CLEAN),
            "strange words": strange,
            "other body part": body,
            "other subject": other,
            "other subject at the foot": other * feet,
            "length": math.log1p(len(text.split())),
            "any": 1.0,
        }
        table = np.zeros((len(self.labels), len(FEATURES)))
        for number, name in enumerate(FEATURES):
            table[:, number] = columns[name]
        table[np.ix_(self._refusal, self._not_for_refusal)] = 0.0
        return Measured(items, table)

    def votes_of(self, items: Sequence[Item]) -> list[tuple[str, Floats]]:
        """The single votes behind the feature "votes": (word or pair, nats for each label)."""
        return self._votes.cast(items)

    def named(self, items: Sequence[Item]) -> list[int]:
        """The numbers of the labels that these items name outright, without any doubt about the word."""
        said = {item.senses[0].unit for item in items if item.role == "concept"}
        return [number for number, core in enumerate(self._core) if said.intersection(core)]

    def _strangeness(self, items: Sequence[Item]) -> float:
        """How many strange words there are, less what each may be a mishearing of."""
        total = 0.0
        for item in items:
            if item.role == "strange":
                concepts = [s.confidence for s in item.senses if s.unit[0] != "." and s.unit != ELSEWHERE]
                total += 1 - max([*concepts, _LITTLE_CREDIT * self._reader.misheard_little(item.surface)])
        return total


def learned_reader(training: TrainingSet) -> Reader:
    """A reader that knows the words of our own phrases; those of the refused sentences stay strange to it."""
    reader = Reader(training.concepts)
    reader.learn(reader.plain(text) for label, texts in training.phrases.items() if label != NONE for text in texts)
    return reader


def _concepts(items: Sequence[Item]) -> dict[str, float]:
    """Concept -> the confidence that it was spoken of."""
    found: dict[str, float] = {}
    for item in items:
        for sense in item.senses:
            if sense.unit[0] != ".":
                found[sense.unit] = max(sense.confidence, found.get(sense.unit, 0.0))
    return found
