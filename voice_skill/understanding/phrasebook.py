"""Compares an utterance with every training phrase: which label has a phrase that says the same in much the same words.

Every result has one number per label, that of the label's nearest phrase. Nothing is fitted here. Not for weighing the
results (`matcher.py`) nor for what single words say (`votes.py`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from voice_skill.understanding.reading import Item
from voice_skill.understanding.training import TrainingSet
from voice_skill.understanding.words import sounds

Floats = NDArray[np.float64]

_LITTLE_WEIGHT = 0.2  # a little word's part in how much of a phrase is covered, against a word of substance
_STRANGE_WEIGHT = 0.8  # a strange word's part, against a word that one phrase alone has


class Phrasebook:
    """All training phrases, indexed. Results come in the order of the training set's labels.

    Args:
        training: the phrases, at least one for each label.
        readings: label -> what is read in each of its phrases.
    """

    def __init__(self, training: TrainingSet, readings: Mapping[str, Sequence[Sequence[Item]]]) -> None:
        texts = list(chain.from_iterable(training.phrases.values()))
        every_reading = list(chain.from_iterable(readings[label] for label in training.phrases))
        sizes = [len(phrases) for phrases in training.phrases.values()]
        self._first = np.cumsum([0, *sizes[:-1]])  # where each label's phrases begin
        self._texts = [_sorted_words(text) for text in texts]
        self._sounds = [_sound_of(reading) for reading in every_reading]

        holders: dict[str, dict[int, None]] = defaultdict(dict)  # unit -> the numbers of the phrases that hold it
        little: set[str] = set()
        for number, reading in enumerate(every_reading):
            for item in reading:
                unit = item.senses[0].unit
                holders[unit][number] = None
                if item.role == "little":
                    little.add(unit)
        self._holders = {unit: np.array(list(numbers)) for unit, numbers in holders.items()}
        self._rarity = {
            unit: math.log1p(len(texts) / (1 + len(numbers))) * (_LITTLE_WEIGHT if unit in little else 1.0)
            for unit, numbers in holders.items()
        }
        self._strange_rarity = _STRANGE_WEIGHT * math.log1p(len(texts))
        self._mass = np.zeros(len(texts))
        for unit, numbers in self._holders.items():
            self._mass[numbers] += self._rarity[unit]

    def coverage(self, items: Sequence[Item]) -> Floats:
        """How far the utterance and the nearest phrase cover each other (0-1), rare words counting more: the root of
        the share of the phrase that is in the utterance times the share of the utterance that is in the phrase.
        """
        found: dict[str, float] = {}
        mass = 0.0
        for item in items:
            known = [sense for sense in item.senses if sense.unit in self._rarity]
            mass += max((self._rarity[sense.unit] for sense in known), default=self._strange_rarity)
            for sense in known:
                found[sense.unit] = max(sense.confidence, found.get(sense.unit, 0.0))
        if not found:
            return np.zeros(len(self._first))
        holders = [self._holders[unit] for unit in found]
        parts = [self._rarity[unit] * confidence for unit, confidence in found.items()]
        shared = np.bincount(
            np.concatenate(holders), np.repeat(parts, [len(held) for held in holders]), minlength=len(self._mass)
        )
        return self._nearest(np.sqrt(shared / self._mass * np.minimum(1.0, shared / mass)))

    def spelling(self, text: str) -> Floats:
        """How alike the letters of the nearest phrase are, whatever the order of the words (0-1)."""
        return self._nearest(_ratios(_sorted_words(text), self._texts))

    def sound(self, items: Sequence[Item]) -> Floats:
        """How alike the nearest phrase sounds, its words of substance only (0-1)."""
        return self._nearest(_ratios(_sound_of(items), self._sounds))

    def _nearest(self, by_phrase: Floats) -> Floats:
        return np.maximum.reduceat(by_phrase, self._first)


def _ratios(text: str, others: Sequence[str]) -> Floats:
    return process.cdist([text], others, scorer=fuzz.ratio, dtype=np.float64)[0] / 100


def _sorted_words(text: str) -> str:
    return " ".join(sorted(text.split()))


def _sound_of(items: Sequence[Item]) -> str:
    """How its words of substance sound; where there are none, how all of it sounds."""
    heavy = [item for item in items if item.role != "little"] or items
    return " ".join(sounds(word) for item in heavy for word in item.surface.split())
