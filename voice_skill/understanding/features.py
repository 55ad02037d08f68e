"""The features of an utterance, label by label: few numbers, each explainable in the sentence beside its name.

Measured from what was read (`reading.py`) and what the phrases say about it (`evidence.py`). Not for deciding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice_skill.understanding.evidence import Evidence
from voice_skill.understanding.reading import ELSEWHERE, OTHER_BODY, Item, Reader
from voice_skill.understanding.training import NONE, TrainingSet

FEATURES: Mapping[str, str] = {
    "words": "its words point to this label (as seen in the training phrases)",
    "lead": "they point to it more than to any other label",
    "phrase": "a training phrase of this label and the utterance cover each other",
    "found": "a large share of a training phrase is in the utterance",
    "spelling": "a training phrase is spelled alike",
    "sound": "a training phrase sounds alike",
    "little words": "the little words run as in this label's phrases (how long does ...)",
    "named": "it names this label outright (heat, massage, doctor ...)",
    "named at the foot": "it names this label and speaks of feet or cramps",
    "named cleanly": "it names this label and nothing in it belongs elsewhere",
    "asking": "its little words run as in our phrases rather than as in refused sentences",
    "named and asking": "it names this label and its little words run as in our phrases",
    "feet": "it speaks of feet, cramps, muscles, legs or pain",
    "clean": "nothing in it is strange, of another subject or of another body part",
    "strange words": "it has words that nobody here has ever used",
    "strange at the foot": "it has strange words, yet speaks of feet or cramps",
    "other body part": "it speaks of another body part and not of the foot",
    "other subject": "it has words of other subjects (music, shopping, cooking ...)",
    "other subject at the foot": "it has words of other subjects, yet speaks of feet or cramps",
    "length": "it is long",
    "any": "how readily this kind of label is meant at all",
}
# Those that a refusal is judged by: what the out-of-scope sentences say. The others speak for or against our labels.
REFUSAL_FEATURES = ("words", "phrase", "found", "spelling", "sound", "little words")

# How surely a concept places us at the foot (0-1): "muscle" may be anybody's.
_FEET: Mapping[str, float] = {"cramp": 0.85, "foot": 0.55, "muscle": 0.45, "leg": 0.4, "pain": 0.35}
_MOST_WORDS, _MOST_LEAD, _MOST_OTHER = 8.0, 3.0, 2.0  # bounds in nats, nats and words: more of it proves no more
_CLEAN = 0.3  # at most this much that is strange or foreign, in words
_LITTLE_CREDIT = 0.8  # a strange word that resembles a little word counts as strange only for the rest


@dataclass(frozen=True, slots=True)
class Measured:
    """One utterance, measured.

    items: what was read, in order.
    pointing: items x labels, how strongly each item points to each label in nats.
    table: labels x features, in the orders of `Evidence.labels` and `FEATURES`.
    """

    items: tuple[Item, ...]
    pointing: NDArray[np.float64]
    table: NDArray[np.float64]


class Measurer:
    """Measures utterances against one training set. Pure; takes about 0.1 s to build per 1,000 phrases."""

    def __init__(self, training: TrainingSet) -> None:
        self._reader = Reader(training.concepts)
        # The words of our own phrases are known; those of the out-of-scope sentences stay strange.
        self._reader.learn(text for label, texts in training.phrases.items() if label != NONE for text in texts)
        self._evidence = Evidence(training, self._reader)
        self.labels = self._evidence.labels
        self._ours = np.array([label != NONE for label in self.labels])
        self._core = self._evidence.core_weights(training.core)

    def measure(self, text: str) -> Measured:
        """The features of a normalised text; of an empty one too."""
        items = self._reader.read(text)
        pointing = self._evidence.pointing(items)
        words = pointing.sum(axis=0)
        phrase, found = self._evidence.coverage(items)
        spelling, sound = self._evidence.likeness(text, items)
        concepts = _concepts(items)
        feet = 1.0 - np.prod([1 - sure * concepts.get(concept, 0.0) for concept, sure in _FEET.items()])
        strange = self._strangeness(items)
        body = concepts.get(OTHER_BODY, 0.0) * (1 - concepts.get("foot", 0.0))
        other = min(_MOST_OTHER, sum(item.senses[0].unit == ELSEWHERE for item in items))
        clean = float(strange + body + other < _CLEAN)
        named = np.array([max((concepts.get(c, 0.0) * w for c, w in core), default=0.0) for core in self._core])
        asking = self._evidence.asking(items)
        columns: dict[str, NDArray[np.float64] | float] = {
            "words": np.clip(words, -_MOST_OTHER, _MOST_WORDS) / 4,
            "lead": self._lead(words),
            "phrase": phrase,
            "found": found,
            "spelling": spelling,
            "sound": sound,
            "little words": self._evidence.framing(items),
            "named": named,
            "named at the foot": named * feet,
            "named cleanly": named * clean,
            "asking": asking,
            "named and asking": named * asking,
            "feet": feet,
            "clean": clean,
            "strange words": strange,
            "strange at the foot": strange * feet,
            "other body part": body,
            "other subject": other,
            "other subject at the foot": other * feet,
            "length": np.log1p(len(text.split())),
            "any": 1.0,
        }
        table = np.zeros((len(self.labels), len(FEATURES)))
        for number, name in enumerate(FEATURES):
            table[:, number] = columns[name]
            if name not in REFUSAL_FEATURES:
                table[~self._ours, number] = 0.0
        return Measured(items, pointing, table)

    def _lead(self, words: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of each label over the best other one of ours."""
        ranked = np.sort(np.where(self._ours, words, -np.inf))
        best, second = ranked[-1], ranked[-2]
        return np.clip(np.where(words == best, best - second, words - best), -_MOST_LEAD, _MOST_LEAD)

    def _strangeness(self, items: Sequence[Item]) -> float:
        """How many strange words there are, less what each may be a mishearing of."""
        total = 0.0
        for item in items:
            if item.role == "strange":
                as_concept = max(
                    (s.confidence for s in item.senses if s.unit[0] != "." and s.unit != ELSEWHERE), default=0.0
                )
                total += 1 - max(as_concept, _LITTLE_CREDIT * self._reader.misheard_little(item.surface))
        return total


def _concepts(items: Sequence[Item]) -> dict[str, float]:
    """Concept -> the confidence that it was spoken of."""
    found: dict[str, float] = {}
    for item in items:
        for sense in item.senses:
            if sense.unit[0] != ".":
                found[sense.unit] = max(sense.confidence, found.get(sense.unit, 0.0))
    return found
