"""Reads an utterance: which words or phrases in it stand for which concept, also when they were misheard.

A *unit* is a concept of the lexicon ("heat") or a single word as its stem (".pair", with a dot). Every word of the
utterance is read as one or more units, each with a confidence. Not for deciding what is meant (`features.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from voice_skill.understanding.words import key, stem

# Concepts of the lexicon with a role of their own (see the head of content/lexicon.yaml).
OTHER_BODY, ELSEWHERE, NEUTRAL, POLITE = "other-body", "elsewhere", "neutral", "polite"

# How a word is used: a concept of the subject, a word of another subject, a little word, a word known from the
# phrases, or a stranger.
Role = Literal["concept", "other", "little", "known", "strange"]

# Two words with keys at least this similar (0-1) may be one misheard as the other; below, chance likenesses win.
# Found on the dev split of the prototype.
_ALIKE = 0.70
_REMEMBERED = 256  # texts: an utterance is read for the matcher and for red flags
_SHORTEST = 3  # letters: shorter words resemble everything


@dataclass(frozen=True, slots=True)
class Sense:
    """One way to take a word: as `unit`, with `confidence` 0-1, because it was heard as `heard_as`."""

    unit: str
    confidence: float
    heard_as: str


@dataclass(frozen=True, slots=True)
class Item:
    """A word or phrase of the utterance, and what it may stand for, the likeliest sense first."""

    surface: str
    role: Role
    senses: tuple[Sense, ...]


class Reader:
    """Knows the lexicon's words and reads utterances with them.

    Args:
        concepts: concept -> its normalised words and phrases.
    """

    def __init__(self, concepts: Mapping[str, Sequence[str]]) -> None:
        self._exact: dict[tuple[str, ...], str] = {}
        self._stemmed: dict[tuple[str, ...], str] = {}
        for concept, phrases in concepts.items():
            for phrase in phrases:
                words = tuple(phrase.split())
                self._exact.setdefault(words, concept)
                self._stemmed.setdefault(tuple(map(stem, words)), concept)
        lengths: defaultdict[str, set[int]] = defaultdict(lambda: {1})
        for words in self._stemmed:
            lengths[words[0]].add(len(words))
        # stem of a first word -> how many words the phrases have that begin with it, most first
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        self._known: frozenset[str] = frozenset()
        self.read = lru_cache(maxsize=_REMEMBERED)(self._read)
        self.misheard = lru_cache(maxsize=20_000)(self._misheard)
        self.misheard_little = lru_cache(maxsize=20_000)(self._misheard_little)

    def learn(self, readings: Iterable[Sequence[Item]]) -> None:
        """Take every word of these readings as known: from now on it is not strange."""
        self._known |= {item.senses[0].unit for reading in readings for item in reading}
        self.read.cache_clear()

    def _read(self, text: str) -> tuple[Item, ...]:
        """The items of a normalised text, in order."""
        items: list[Item] = []
        phrases = list(self._phrases(text.split()))
        while phrases:
            surface, concept = phrases.pop(0)
            if concept is None and phrases and phrases[0][1] is None:
                joined = self._joined(surface, phrases[0][0])
                if joined:
                    items.append(Item(f"{surface} {phrases.pop(0)[0]}", "strange", (joined,)))
                    continue
            items.append(self._item(surface, concept))
        return tuple(items)

    def plain(self, text: str) -> tuple[Item, ...]:
        """The items of a normalised text taken at its word: nothing is misheard in a written phrase."""
        return tuple(_plain(surface, concept) for surface, concept in self._phrases(text.split()))

    def _phrases(self, words: list[str]) -> Iterator[tuple[str, str | None]]:
        """(words, their concept or None), the longest known phrase first."""
        stems = [stem(word) for word in words]
        start = 0
        while start < len(words):
            end, concept = start, None
            for length in self._lengths.get(stems[start], (1,)):
                end = start + length
                concept = self._exact.get(tuple(words[start:end])) or self._stemmed.get(tuple(stems[start:end]))
                if concept:
                    break
            yield " ".join(words[start:end]), concept
            start = end

    def _item(self, surface: str, concept: str | None) -> Item:
        if concept is not None:
            return _plain(surface, concept)
        unit = _word_unit(surface)
        likely = self.misheard(surface) if len(surface) >= _SHORTEST else ()
        if unit in self._known:
            return Item(surface, "known", (Sense(unit, 1.0, surface), *_fainter(likely, 0.6)))
        return Item(surface, "strange", (*_fainter(likely, 0.8), Sense(unit, 1.0, surface)))

    def _joined(self, first: str, second: str) -> Sense | None:
        """The concept of a word that the recognizer cut in two ("pre gnant"), if these two can be one."""
        whole = self.misheard(first + second)
        return next((s for s in _fainter(whole, 0.9) if s.confidence > 0.63 and len(s.heard_as) > 4), None)

    @cached_property
    def _audible(self) -> tuple[list[str], list[str]]:
        """(words, their keys): what a misheard word of substance may have been."""
        words = [word for word, concept in self._single_words() if concept not in (NEUTRAL, POLITE)]
        return words, [key(word) for word in words]

    @cached_property
    def _little_keys(self) -> list[str]:
        return [key(word) for word, concept in self._single_words() if concept in (NEUTRAL, POLITE)]

    def _single_words(self) -> Iterator[tuple[str, str]]:
        for words, concept in self._exact.items():
            if len(words) == 1 and len(words[0]) >= _SHORTEST:
                yield words[0], concept

    def _misheard(self, word: str) -> tuple[Sense, ...]:
        """Concepts whose words look or sound like `word`, the most alike first, at most five."""
        words, keys = self._audible
        found = process.extract(key(word), keys, scorer=Levenshtein.normalized_similarity, score_cutoff=_ALIKE, limit=5)
        senses: dict[str, Sense] = {}
        for _, alike, index in found:
            concept = self._exact[words[index],]
            senses.setdefault(concept, Sense(concept, 0.9 * _confidence(alike), words[index]))
        return tuple(senses.values())

    def _misheard_little(self, word: str) -> float:
        """0-1: how well `word` could be one of the little words, misheard."""
        best = process.extractOne(
            key(word), self._little_keys, scorer=Levenshtein.normalized_similarity, score_cutoff=_ALIKE
        )
        return _confidence(best[1]) if best else 0.0


@lru_cache(maxsize=20_000)
def _plain(surface: str, concept: str | None) -> Item:
    if concept is None:
        return Item(surface, "known", (Sense(_word_unit(surface), 1.0, surface),))
    if concept in (NEUTRAL, POLITE):
        return Item(surface, "little", (Sense(_word_unit(surface), 1.0, surface),))
    role: Role = "other" if concept in (OTHER_BODY, ELSEWHERE) else "concept"
    return Item(surface, role, (Sense(concept, 1.0, surface),))


def _word_unit(surface: str) -> str:
    return "." + " ".join(map(stem, surface.split()))


def _confidence(alike: float) -> float:
    """Similarity of two keys (0-1) as a confidence: 0.45 is chance, 1 is certain."""
    return min(1.0, (alike - 0.45) / 0.55)


def _fainter(senses: tuple[Sense, ...], factor: float) -> tuple[Sense, ...]:
    return tuple(Sense(s.unit, s.confidence * factor, s.heard_as) for s in senses)
