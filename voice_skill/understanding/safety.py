"""Listens for red flags: words that mean "get medical help", in every alternative the recognizer gives, partial or final.

Word groups found near each other, not scores of whole sentences: a flag is caught in any sentence around it, and the
words that fired can be shown. What to listen for stands in `content/safety.yaml`. Not for choosing or speaking the reply
(`conversation`), nor for topics (`matcher.py`). Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from rapidfuzz import fuzz, process

from voice_skill.article.redflags import Pattern, RedFlag, SafetyLayer
from voice_skill.article.schema import Tier
from voice_skill.understanding.measures import measured, split_glued
from voice_skill.understanding.normalize import normalize

# A word this similar (rapidfuzz ratio, 0-100) to a red-flag word of at least this many letters is taken for it
# (reference S3); with another first letter it must be closer still, for people rarely mistype that one.
_ALIKE, _ALIKE_OTHER_INITIAL, _LETTERS = 80, 85, 5
_MAX_WORDS = 400  # more is no utterance; keeps the scan of a pasted page bounded
_FILLERS = frozenset("uh um er erm ah oh eh hmm mm mhm uhm".split())
# Typed without the apostrophe; `normalize` writes out the ones that have it.
_UNAPOSTROPHED = {
    "cant": "cannot",
    "cannt": "cannot",
    "wont": "will not",
    "dont": "do not",
    "doesnt": "does not",
    "didnt": "did not",
    "isnt": "is not",
    "arent": "are not",
    "wasnt": "was not",
    "couldnt": "could not",
    "havent": "have not",
    "hasnt": "has not",
    "im": "i am",
    "ive": "i have",
    "hes": "he is",
    "shes": "she is",
    "theres": "there is",
}
_TIERS: tuple[Tier, ...] = ("emergency", "urgent", "doctor")


@dataclass(frozen=True, slots=True)
class Alarm:
    """A red flag that was raised.

    reply: key of `SafetyLayer.replies`; about: completes "Did you say ...?".
    denied: the words are there, but denied ("no chest pain") or not enough: ask, don't alarm.
    evidence: the words that fired, as they were heard.
    """

    flag: str
    tier: Tier
    reply: str
    about: str
    denied: bool
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Spot:
    """A term found at words start..end (exclusive); not `sure` when every word of it is only a sound-alike."""

    start: int
    end: int
    sure: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern, ready to be looked for: each ordering is a sequence of terms, each term a choice of names."""

    pattern: Pattern
    orderings: tuple[tuple[tuple[str, ...], ...], ...]
    gap: int
    unless: tuple[str, ...]
    doubt: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Heard:
    """An utterance with everything that was spotted in it."""

    words: tuple[str, ...]
    spots: Mapping[str, Sequence[_Spot]]

    def any_of(self, names: Iterable[str], start: int = 0, end: int = _MAX_WORDS) -> bool:
        """Whether any of the terms stands wholly within words start..end."""
        return any(start <= s.start and s.end <= end for name in names for s in self.spots.get(name, ()))


class SafetyScanner:
    """Compiled once from the safety layer; then `scan` costs well under a millisecond for a spoken sentence."""

    def __init__(self, layer: SafetyLayer) -> None:
        self._layer = layer
        self._rules: list[tuple[RedFlag, tuple[_Rule, ...]]] = [
            (flag, tuple(_rule(pattern, layer.window) for pattern in flag.patterns)) for flag in layer.flags
        ]
        self._phrases = _phrase_index(layer, (rule for _, rules in self._rules for rule in rules))
        self._idioms = _by_first_word((_spoken_words(idiom), "") for idiom in layer.idioms)
        self._vocabulary = frozenset(w for entries in self._phrases.values() for phrase, _ in entries for w in phrase)
        self._bendable = [word for word in layer.bendable if len(word) >= _LETTERS]
        self._never_bent = frozenset(layer.never_bent)
        self._meant_by: dict[str, list[str]] = defaultdict(list)
        for word, alikes in layer.sound_alikes.items():
            for alike in alikes:
                self._meant_by[alike].append(word)
        self._barriers = frozenset(layer.barriers)
        self._between = {word: frozenset(between) for word, between in layer.denial.words.items()}
        self._readings = lru_cache(maxsize=10_000)(self._readings_of)

    def scan(self, alternatives: Sequence[str]) -> Alarm | None:
        """The gravest red flag in any alternative (best first; raw or normalised; partial results will do), or None.

        A flag counts as it stands in the best alternative that holds it. Affirmed emergencies and urgent flags come
        first, then denied ones (to be asked about), then those that only want a doctor's advice. Never raises.
        """
        found: dict[str, Alarm] = {}
        for text in dict.fromkeys(alternatives):
            heard = self._hear(text)
            for flag, rules in self._rules:
                if flag.id not in found:
                    alarm = self._raised(flag, rules, heard)
                    if alarm is not None:
                        found[flag.id] = alarm
        in_order = [found[flag.id] for flag, _ in self._rules if flag.id in found]
        return min(in_order, key=_gravity, default=None)

    def _raised(self, flag: RedFlag, rules: Iterable[_Rule], heard: _Heard) -> Alarm | None:
        """The alarm of one flag in one utterance, affirmed if any of its patterns is."""
        denied: Alarm | None = None
        for rule in rules:
            for spots in self._matches(rule, heard):
                doubtful = rule.pattern.ask or heard.any_of(rule.doubt) or self._denied(spots, heard)
                if doubtful and not flag.ask_if_denied:
                    continue
                evidence = tuple(" ".join(heard.words[s.start : s.end]) for s in sorted(spots, key=lambda s: s.start))
                alarm = Alarm(flag.id, flag.tier, flag.reply, flag.about, doubtful, evidence)
                if not doubtful:
                    return alarm
                denied = denied or alarm
        return denied

    def _matches(self, rule: _Rule, heard: _Heard) -> Iterator[tuple[_Spot, ...]]:
        """Every way the terms of a rule stand near enough to each other."""
        for ordering in rule.orderings:
            for spots in self._chains(ordering, rule.gap, heard, ()):
                first, last = spots[0].start, spots[-1].end
                context = self._layer.context
                explained = heard.any_of(rule.unless, first - context, last + context)
                if any(spot.sure for spot in spots) and not explained:
                    yield spots

    def _chains(
        self, terms: Sequence[Sequence[str]], gap: int, heard: _Heard, before: tuple[_Spot, ...]
    ) -> Iterator[tuple[_Spot, ...]]:
        """Spots of the terms, one after the other, with at most `gap` words and no barrier between."""
        if not terms:
            yield before
            return
        for name in terms[0]:
            for spot in heard.spots.get(name, ()):
                between = heard.words[before[-1].end : spot.start] if before else ()
                in_reach = not before or 0 <= spot.start - before[-1].end <= gap
                if in_reach and self._barriers.isdisjoint(between):
                    yield from self._chains(terms[1:], gap, heard, (*before, spot))

    def _denied(self, spots: Sequence[_Spot], heard: _Heard) -> bool:
        own = {at for spot in spots for at in range(spot.start, spot.end)}
        return any(self._denied_at(spot.start, own, heard) for spot in spots)

    def _denied_at(self, start: int, own: Collection[int], heard: _Heard) -> bool:
        """Whether a negating word reaches the word at `start` over nothing but the words it may reach over."""
        spotted = {at for spots in heard.spots.values() for spot in spots for at in range(spot.start, spot.end)}
        for at in range(start - 1, max(-1, start - 1 - self._layer.window * 2), -1):
            between = self._between.get(heard.words[at])
            if between is None or at in own:
                continue
            span = range(at + 1, start)
            listed = any(heard.words[i] in self._layer.denial.lists for i in span)
            passable = (*between, *self._layer.denial.lists)
            if all(heard.words[i] in passable or (listed and i in spotted) for i in span):
                return True
        return False

    def _hear(self, text: str) -> _Heard:
        words = _spoken_words(text)
        readings = [self._readings(word) for word in words]
        spots: dict[str, list[_Spot]] = defaultdict(list)
        struck = [(s.start, s.end) for _, s in _find(self._idioms, words, [{w: True} for w in words])]
        for name, spot in _find(self._phrases, words, readings):
            if not any(_only_part_of(spot, start, end) for start, end in struck):
                spots[name].append(spot)
        for name, start, end in measured(words):
            spots[f"<{name}>"].append(_Spot(start, end, sure=True))
        return _Heard(words, spots)

    def _readings_of(self, word: str) -> dict[str, bool]:
        """Red-flag words that `word` may stand for -> whether that is sure (not merely a sound-alike)."""
        readings = dict.fromkeys(self._meant_by.get(word, ()), False)
        if word in self._vocabulary:
            return readings | {word: True}
        if len(word) >= _LETTERS and word not in self._never_bent:
            for meant, score, _ in process.extract(
                word, self._bendable, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=3
            ):
                if score >= _ALIKE_OTHER_INITIAL or meant[0] == word[0]:
                    readings[meant] = True
        return readings


_Index = Mapping[str, Sequence[tuple[tuple[str, ...], str]]]


def _gravity(alarm: Alarm) -> tuple[bool, bool, int]:
    """Sorts alarms, gravest first."""
    return alarm.tier == "doctor", alarm.denied, _TIERS.index(alarm.tier)


def _rule(pattern: Pattern, window: int) -> _Rule:
    orderings = (pattern.terms,) if pattern.ordered else tuple(permutations(pattern.terms))
    gap = window if pattern.gap is None else pattern.gap
    return _Rule(pattern, orderings, gap, pattern.unless, pattern.doubt)


def _phrase_index(layer: SafetyLayer, rules: Iterable[_Rule]) -> _Index:
    """first word -> (phrase, name of the term it stands for), for every term that a rule names."""
    names = {name for rule in rules for term in (*rule.orderings[0], rule.unless, rule.doubt) for name in term}
    return _by_first_word(
        (_spoken_words(phrase), name)
        for name in names
        for phrase in (layer.terms.get(name[1:-1], ()) if name.startswith("<") else (name,))
    )


def _by_first_word(entries: Iterable[tuple[tuple[str, ...], str]]) -> _Index:
    index: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for words, name in entries:
        if words:
            index[words[0]].append((words, name))
    return index


def _find(index: _Index, words: Sequence[str], readings: Sequence[Mapping[str, bool]]) -> Iterator[tuple[str, _Spot]]:
    """Every phrase of the index that stands in the words, taken as any of their readings."""
    for start in range(len(words)):
        for first in readings[start]:
            for phrase, name in index.get(first, ()):
                end = start + len(phrase)
                if end <= len(words) and all(w in readings[at] for at, w in enumerate(phrase, start)):
                    yield name, _Spot(start, end, any(readings[at][w] for at, w in enumerate(phrase, start)))


def _only_part_of(spot: _Spot, start: int, end: int) -> bool:
    """Whether an idiom at start..end explains the spot away: they share words, and the spot doesn't hold all of it."""
    return spot.start < end and start < spot.end and not (spot.start <= start and end <= spot.end)


def _spoken_words(text: str) -> tuple[str, ...]:
    """Normalised words without fillers and stammered repeats, glued amounts ("20min") taken apart."""
    words: list[str] = []
    for written in normalize(text[: _MAX_WORDS * 12]).split():
        for word in _UNAPOSTROPHED.get(written, written).split():
            for part in split_glued(word):
                if part not in _FILLERS and (not words or part != words[-1]):
                    words.append(part)
    return tuple(words[:_MAX_WORDS])
