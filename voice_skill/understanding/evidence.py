"""What the training phrases say about an utterance: how strongly its words point to each label, how much of it the
nearest phrase of each label covers, and how its little words run.

Counts only, nothing fitted: built from the phrases in one pass. Every result has one number per label. Not for
weighing the results against each other (`matcher.py`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from voice_skill.understanding.reading import Item, Reader
from voice_skill.understanding.training import NONE, TrainingSet
from voice_skill.understanding.words import sounds

Floats = NDArray[np.float64]

# Smoothing and bounds of the evidence in nats: a concept may weigh much, a word little, a little word least.
_SMOOTH, _FRAME_SMOOTH, _KIND_FRAME_SMOOTH = 0.03, 0.01, 0.003
_CONCEPT_BOUNDS, _WORD_BOUNDS, _LITTLE_BOUNDS, _FRAME_BOUNDS = (-1.0, 9.0), (-0.3, 1.0), (-0.3, 0.5), (-1.5, 1.5)
_LITTLE_WEIGHT = 0.35  # a little word's part in how much of a phrase is covered, against a word of substance
_STRANGE_WEIGHT = 0.8  # a strange word's part, against a word seen in one phrase only
_NAMING = 3.0  # nats: a core concept that points this strongly names its label and no other


class Evidence:
    """Knows the phrases; answers for one utterance at a time.

    Attributes:
        labels: the labels, in the order of every result.
    """

    def __init__(self, training: TrainingSet, reader: Reader) -> None:
        self.labels = tuple(training.phrases)
        texts = list(chain.from_iterable(training.phrases.values()))
        label_of = [number for number, label in enumerate(self.labels) for _ in training.phrases[label]]
        readings = [reader.plain(text) for text in texts]
        units = [[item.senses[0].unit for item in reading] for reading in readings]
        little = {item.senses[0].unit for reading in readings for item in reading if item.role == "little"}

        self._first = np.searchsorted(label_of, np.arange(len(self.labels)))
        self._texts = [_sorted_words(text) for text in texts]
        self._sounds = [_sound_string(reading) for reading in readings]
        self._posted = _postings(units)
        self._idf = {
            unit: math.log1p(len(texts) / (1 + len(holders))) * (_LITTLE_WEIGHT if unit in little else 1.0)
            for unit, holders in self._posted.items()
        }
        self._strange_idf = _STRANGE_WEIGHT * math.log1p(len(texts))
        self._mass = np.array([sum(self._idf[unit] for unit in set(phrase)) for phrase in units])
        self._rows = self._pointing_rows(units, label_of, training.core, little)
        frames = [_frame(reading) for reading in readings]
        self._frames = _frame_rows(frames, label_of)
        self._kind_of = [2 if label == NONE else int(label in training.commands) for label in self.labels]
        self._kind_frames = _kind_frame_rows(frames, [self._kind_of[number] for number in label_of])

    def core_weights(self, core: Mapping[str, Sequence[str]]) -> list[list[tuple[str, float]]]:
        """Of each label: its core concepts, each with how exclusively it names this label (0-1)."""
        return [
            [(c, min(1.0, max(0.0, self._rows[c][number]) / _NAMING)) for c in core.get(label, ()) if c in self._rows]
            for number, label in enumerate(self.labels)
        ]

    def pointing(self, items: Sequence[Item]) -> Floats:
        """How strongly each item points to each label, in nats (against an average label): items x labels."""
        result = np.zeros((len(items), len(self.labels)))
        for number, item in enumerate(items):
            rows = [sense.confidence * self._rows[sense.unit] for sense in item.senses if sense.unit in self._rows]
            if rows:
                result[number] = np.max(rows, axis=0)
        return result

    def coverage(self, items: Sequence[Item]) -> tuple[Floats, Floats]:
        """Of each label's nearest phrase: how far it and the utterance cover each other (0-1), and the largest share
        of any of its phrases that was found (0-1).
        """
        found: dict[str, float] = {}
        mass = 0.0
        for item in items:
            mass += max((self._idf.get(sense.unit, 0.0) for sense in item.senses), default=0.0) or self._strange_idf
            for sense in item.senses:
                if sense.unit in self._idf:
                    found[sense.unit] = max(sense.confidence, found.get(sense.unit, 0.0))
        if not found:
            return np.zeros(len(self.labels)), np.zeros(len(self.labels))
        holders = [self._posted[unit] for unit in found]
        weights = [self._idf[unit] * confidence for unit, confidence in found.items()]
        shared = np.bincount(
            np.concatenate(holders), np.repeat(weights, [len(held) for held in holders]), minlength=len(self._mass)
        )
        share = shared / self._mass
        both = np.sqrt(share * np.minimum(1.0, shared / mass))
        return np.maximum.reduceat(both, self._first), np.maximum.reduceat(share, self._first)

    def likeness(self, text: str, items: Sequence[Item]) -> tuple[Floats, Floats]:
        """Of each label's most alike phrase (0-1): alike in spelling, in whatever order of words; alike in sound."""
        spelling = process.cdist([_sorted_words(text)], self._texts, scorer=fuzz.ratio, dtype=np.float64)[0]
        sound = process.cdist([_sound_string(items)], self._sounds, scorer=fuzz.ratio, dtype=np.float64)[0]
        return np.maximum.reduceat(spelling, self._first) / 100, np.maximum.reduceat(sound, self._first) / 100

    def framing(self, items: Sequence[Item]) -> Floats:
        """How well the run of little words fits each label's phrases, in nats over the root of its length."""
        pairs = _frame(items)
        rows = [self._frames[pair] for pair in pairs if pair in self._frames]
        return np.sum(rows, axis=0) / math.sqrt(len(pairs)) if rows else np.zeros(len(self.labels))

    def asking(self, items: Sequence[Item]) -> Floats:
        """How much more the run of little words is like the phrases of the label's kind (topics, or commands) than
        like the out-of-scope sentences, in nats over the root of its length.
        """
        pairs = _frame(items)
        rows = [self._kind_frames[pair] for pair in pairs if pair in self._kind_frames]
        if not rows:
            return np.zeros(len(self.labels))
        return (np.sum(rows, axis=0) / math.sqrt(len(pairs)))[self._kind_of]

    def _pointing_rows(
        self, units: list[list[str]], label_of: list[int], core: Mapping[str, Sequence[str]], little: set[str]
    ) -> dict[str, Floats]:
        """Of each unit: its log-odds for each label against the average label."""
        rows, rates = _rates(units, label_of)
        for number, label in enumerate(self.labels):
            for concept in core.get(label, ()):
                if concept in rows:
                    # A core concept names its label even where the phrases seldom use it.
                    rates[rows[concept], number] = 0.5 + 0.5 * rates[rows[concept], number]
        odds = np.log((rates + _SMOOTH) / (rates.mean(axis=1, keepdims=True) + _SMOOTH))
        bounds = {u: _LITTLE_BOUNDS if u in little else _WORD_BOUNDS if u[0] == "." else _CONCEPT_BOUNDS for u in rows}
        return {unit: np.clip(odds[row], *bounds[unit]) for unit, row in rows.items()}


def _postings(units: list[list[str]]) -> dict[str, NDArray[np.intp]]:
    """Unit -> the numbers of the phrases that hold it."""
    posted: dict[str, list[int]] = defaultdict(list)
    for number, phrase in enumerate(units):
        for unit in dict.fromkeys(phrase):
            posted[unit].append(number)
    return {unit: np.array(holders) for unit, holders in posted.items()}


def _rates(groups: list[list[str]], label_of: list[int]) -> tuple[dict[str, int], Floats]:
    """(key -> row, rows x labels): the share of each label's phrases that hold the key."""
    rows: dict[str, int] = {}
    counts: Counter[tuple[int, int]] = Counter()
    for group, label in zip(groups, label_of, strict=True):
        for unit in dict.fromkeys(group):
            counts[rows.setdefault(unit, len(rows)), label] += 1
    sizes = np.bincount(label_of)
    rates = np.zeros((len(rows), len(sizes)))
    for (row, label), count in counts.items():
        rates[row, label] = count / sizes[label]
    return rows, rates


def _frame_rows(frames: list[list[str]], label_of: list[int]) -> dict[str, Floats]:
    rows, rates = _rates(frames, label_of)
    odds = np.log((rates + _FRAME_SMOOTH) / (rates.mean(axis=1, keepdims=True) + _FRAME_SMOOTH))
    return {pair: np.clip(odds[row], *_FRAME_BOUNDS) for pair, row in rows.items()}


def _kind_frame_rows(frames: list[list[str]], kind_of: list[int]) -> dict[str, Floats]:
    """Of each pair: its log-odds in topics, commands and refusals against refusals (so the last is 0)."""
    rows, rates = _rates(frames, kind_of)
    odds = np.log((rates + _KIND_FRAME_SMOOTH) / (rates[:, 2:] + _KIND_FRAME_SMOOTH))
    return {pair: np.clip(odds[row], *_FRAME_BOUNDS) for pair, row in rows.items()}


def _frame(items: Sequence[Item]) -> list[str]:
    """Neighbouring pairs of the utterance, its words of substance replaced by #: "how long", "long #"."""
    marks = ["^", *(item.surface if item.role == "little" else "#" for item in items), "$"]
    return [f"{a} {b}" for a, b in pairwise(marks) if (a, b) != ("#", "#")]


def _sorted_words(text: str) -> str:
    return " ".join(sorted(text.split()))


def _sound_string(items: Sequence[Item]) -> str:
    """How its words of substance sound; of nothing but little words, how all of it sounds."""
    heavy = [item for item in items if item.role != "little"] or items
    return " ".join(sounds(word) for item in heavy for word in item.surface.split())
