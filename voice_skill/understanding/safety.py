"""Listens for red flags, words that mean "get medical help", in every alternative of the recognizer, partial or final.

Word groups found near each other, not scores of whole sentences: a flag is caught in any sentence around it, and the
words that fired can be shown. What to listen for stands in `content/safety.yaml`. Not for choosing or speaking the
reply (`conversation`), nor for topics (`matcher.py`). Pure.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, permutations

from rapidfuzz import fuzz, process

from voice_skill.article.redflags import Pattern, RedFlag, SafetyLayer
from voice_skill.article.schema import Tier
from voice_skill.understanding.measures import measured, split_glued
from voice_skill.understanding.normalize import normalize

# A word this similar (rapidfuzz ratio, 0-100) to a bendable red-flag word of at least this many letters is taken for it
# (reference S3); with another first letter it must be closer still, for people rarely mistype that one.
_SIMILAR, _SIMILAR_OTHER_INITIAL, _LETTERS = 80, 85, 5
_MAX_WORDS = 400  # more is no utterance; bounds the scan of a pasted page
_FILLERS = frozenset(("uh", "um", "er", "erm", "ah", "oh", "eh", "hmm", "mm", "mhm", "uhm"))
_SENTENCE_END = re.compile(r"[.!?;\n]+")
_PLAIN = re.compile(r"[a-z ]*")
# Typed without the apostrophe; `normalize` writes out the ones that have it.
_UNAPOSTROPHED = {
    "cant": "cannot",
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

_Term = tuple[str, ...]  # names that mean the same to a rule: groups "<pain>" and literal phrases "left arm"
_Index = Mapping[str, Sequence[tuple[tuple[str, ...], str]]]  # first word -> (phrase, name)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A red flag that was raised.

    reply: key of `SafetyLayer.replies`; about: completes "Did you say ...?".
    denied: the words are there, but denied ("no chest pain") or not enough to be sure: ask, don't alarm.
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
    """A pattern, ready to be looked for in each of its orderings."""

    flag: RedFlag
    pattern: Pattern
    orderings: tuple[tuple[_Term, ...], ...]
    gap: int


@dataclass(slots=True)
class _Heard:
    """An utterance with everything that was spotted in it: name of a term -> where."""

    words: tuple[str, ...]
    spots: Mapping[str, Sequence[_Spot]]
    _merged: dict[_Term, list[_Spot]] = field(default_factory=dict[_Term, list[_Spot]])

    def of(self, term: _Term) -> list[_Spot]:
        """Where any name of the term stands; of "clot" in "blood clot" only the whole."""
        found = self._merged.get(term)
        if found is None:
            every = [spot for name in term for spot in self.spots.get(name, ())]
            found = [spot for spot in every if not any(_inside(spot, other) for other in every)]
            self._merged[term] = found
        return found

    def within(self, term: _Term, start: int, end: int) -> bool:
        """Whether the term stands wholly within words start..end."""
        return any(start <= spot.start and spot.end <= end for spot in self.of(term))


class SafetyScanner:
    """Compiled once from the safety layer; a scan then costs about a millisecond a sentence."""

    def __init__(self, layer: SafetyLayer) -> None:
        self._layer = layer
        rules = [_rule(flag, pattern, layer.window) for flag in layer.flags for pattern in flag.patterns]
        self._by_name: dict[str, list[int]] = defaultdict(list)  # name of a rule's first term -> numbers of rules
        for number, rule in enumerate(rules):
            for name in rule.orderings[0][0]:
                self._by_name[name].append(number)
        self._rules = rules
        self._phrases = _by_first_word(_phrases(layer, rules))
        self._idioms = _by_first_word((_spoken_words(idiom), "") for idiom in layer.idioms)
        self._vocabulary = {w for entries in self._phrases.values() for phrase, _ in entries for w in phrase}
        self._bendable = [word for word in layer.bendable if len(word) >= _LETTERS]
        self._never_bent = frozenset(layer.never_bent)
        self._barriers = frozenset(layer.barriers)
        self._between = {word: {*between, *layer.denial.lists} for word, between in layer.denial.words.items()}
        self._negative = {"cannot", *layer.denial.words}
        self._meant_by: dict[str, list[str]] = defaultdict(list)
        for word, alikes in layer.sound_alikes.items():
            for alike in alikes:
                self._meant_by[alike].append(word)
        self._readings = lru_cache(maxsize=10_000)(self._readings_of)

    def scan(self, alternatives: Sequence[str]) -> Alarm | None:
        """The gravest red flag in any alternative (best first; raw or normalised; partial results will do), or None.

        A flag counts as it stands in the best alternative that holds it. Affirmed emergencies and urgent flags come
        first, then denied ones (to be asked about), then those that only want a doctor's advice; among equals the one
        that `safety.yaml` lists first. Raises nothing on any text.
        """
        found: dict[str, Alarm] = {}
        for text in dict.fromkeys(alternatives):
            for alarm in sorted(chain.from_iterable(map(self._alarms, _utterances(text))), key=_gravity):
                found.setdefault(alarm.flag, alarm)
        listed = (found[flag.id] for flag in self._layer.flags if flag.id in found)
        return min(listed, key=_gravity, default=None)

    def _alarms(self, text: str) -> Iterable[Alarm]:
        """The alarm of every flag that is raised in one utterance: affirmed if any of its patterns is."""
        heard = self._hear(text)
        alarms: dict[str, Alarm] = {}
        for number in sorted(set(chain.from_iterable(self._by_name.get(name, ()) for name in heard.spots))):
            rule = self._rules[number]
            so_far = alarms.get(rule.flag.id)
            if so_far is not None and not so_far.denied:
                continue
            for spots in self._matches(rule, heard):
                alarm = self._alarm(rule, spots, heard)
                if not alarm.denied:
                    alarms[rule.flag.id] = alarm
                    break
                if rule.flag.ask_if_denied:
                    alarms.setdefault(rule.flag.id, alarm)
        return alarms.values()

    def _alarm(self, rule: _Rule, spots: Iterable[_Spot], heard: _Heard) -> Alarm:
        in_place = sorted(spots, key=lambda spot: spot.start)
        doubtful = rule.pattern.ask or bool(heard.of(rule.pattern.doubt)) or self._denied(in_place, heard)
        evidence = tuple(" ".join(heard.words[spot.start : spot.end]) for spot in in_place)
        return Alarm(rule.flag.id, rule.flag.tier, rule.flag.reply, rule.flag.about, doubtful, evidence)

    def _matches(self, rule: _Rule, heard: _Heard) -> Iterator[tuple[_Spot, ...]]:
        """Every way the terms of a rule stand near enough to each other, not explained away by what is around them."""
        if not all(heard.of(term) for term in rule.orderings[0]) or heard.of(rule.pattern.harmless_with):
            return
        around = self._layer.context[rule.flag.tier]
        for ordering in rule.orderings:
            for spots in self._chains(ordering, rule.gap, heard, ()):
                explained = heard.within(
                    rule.pattern.unless, spots[0].start - around.before, spots[-1].end + around.after
                )
                if not explained and any(spot.sure for spot in spots):
                    yield spots

    def _chains(
        self, terms: Sequence[_Term], gap: int, heard: _Heard, before: tuple[_Spot, ...]
    ) -> Iterator[tuple[_Spot, ...]]:
        """Spots of the terms, one after the other, with at most `gap` words and no barrier between."""
        if not terms:
            yield before
            return
        for spot in heard.of(terms[0]):
            if before:
                end = before[-1].end
                if not end <= spot.start <= end + gap or not self._barriers.isdisjoint(heard.words[end : spot.start]):
                    continue
            yield from self._chains(terms[1:], gap, heard, (*before, spot))

    def _denied(self, spots: Sequence[_Spot], heard: _Heard) -> bool:
        """Whether any spot is denied; "cannot breathe" isn't, after "no", for the denial is part of the sign."""
        own = {at for spot in spots for at in range(spot.start, spot.end)}
        deniable = (spot for spot in spots if self._negative.isdisjoint(heard.words[spot.start : spot.end]))
        return any(self._denied_at(spot.start, own, heard) for spot in deniable)

    def _denied_at(self, start: int, own: Collection[int], heard: _Heard) -> bool:
        """Whether a negating word reaches the word at `start` over nothing but words it may reach over."""
        for at in range(start - 1, max(-1, start - 1 - 2 * self._layer.window), -1):
            passable = self._between.get(heard.words[at])
            if passable is None or at in own:
                continue
            span = heard.words[at + 1 : start]
            if passable.issuperset(span):
                return True
            if not set(span).isdisjoint(self._layer.denial.lists):
                # "no swelling, redness or chest pain": the other things denied stand between, too.
                return all(word in passable or word in self._vocabulary for word in span)
        return False

    def _hear(self, text: str) -> _Heard:
        words = _spoken_words(text)
        exactly = [{word: True} for word in words]
        struck = [(spot.start, spot.end) for _, spot in _find(self._idioms, words, exactly)]
        spots: dict[str, list[_Spot]] = defaultdict(list)
        for name, spot in _find(self._phrases, words, [self._readings(word) for word in words]):
            if not any(_explained(spot, start, end) for start, end in struck):
                spots[name].append(spot)
        for group, start, end in measured(words):
            spots[f"<{group}>"].append(_Spot(start, end, sure=True))
        return _Heard(words, spots)

    def _readings_of(self, word: str) -> dict[str, bool]:
        """Red-flag words that `word` may stand for -> whether that is sure (not merely a sound-alike)."""
        readings = dict.fromkeys(self._meant_by.get(word, ()), False)
        if word in self._vocabulary:
            return readings | {word: True}
        if len(word) >= _LETTERS and word not in self._never_bent and not readings:
            near = process.extract(word, self._bendable, scorer=fuzz.ratio, score_cutoff=_SIMILAR, limit=3)
            for meant, score, _ in near:
                if score >= _SIMILAR_OTHER_INITIAL or meant[0] == word[0]:
                    readings[meant] = True
        return readings


def _inside(spot: _Spot, other: _Spot) -> bool:
    return other.start <= spot.start and spot.end <= other.end and (spot.start, spot.end) != (other.start, other.end)


def _gravity(alarm: Alarm) -> tuple[bool, bool, int]:
    """Sorts alarms, gravest first."""
    return alarm.tier == "doctor", alarm.denied, _TIERS.index(alarm.tier)


def _rule(flag: RedFlag, pattern: Pattern, window: int) -> _Rule:
    orderings = (pattern.terms,) if pattern.ordered else tuple(permutations(pattern.terms))
    return _Rule(flag, pattern, orderings, window if pattern.gap is None else pattern.gap)


def _phrases(layer: SafetyLayer, rules: Sequence[_Rule]) -> Iterator[tuple[tuple[str, ...], str]]:
    """(phrase, name it stands for) of every name that a rule uses."""
    exceptions = ((rule.pattern.unless, rule.pattern.harmless_with, rule.pattern.doubt) for rule in rules)
    terms = chain(chain.from_iterable(rule.orderings[0] for rule in rules), chain.from_iterable(exceptions))
    for name in set(chain.from_iterable(terms)):
        for phrase in layer.terms.get(name[1:-1], ()) if name.startswith("<") else (name,):
            yield _spoken_words(phrase), name


def _by_first_word(entries: Iterable[tuple[tuple[str, ...], str]]) -> _Index:
    index: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for words, name in entries:
        if words:
            index[words[0]].append((words, name))
    return index


def _find(index: _Index, words: Sequence[str], readings: Sequence[Mapping[str, bool]]) -> Iterator[tuple[str, _Spot]]:
    """Every phrase of the index that stands in the words, taken as any of their readings."""
    for start in range(len(words)):
        for first, sure in readings[start].items():
            for phrase, name in index.get(first, ()):
                end = start + len(phrase)
                if len(phrase) == 1:  # most are; the rest would say the same, slowly
                    yield name, _Spot(start, end, sure)
                elif end <= len(words) and all(word in readings[at] for at, word in enumerate(phrase, start)):
                    yield name, _Spot(start, end, any(readings[at][word] for at, word in enumerate(phrase, start)))


def _utterances(text: str) -> Iterator[str]:
    """The text, and each sentence of it when it was typed with several: one may deny or explain only its own words."""
    yield text
    sentences = [sentence for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    if len(sentences) > 1:
        yield from sentences


def _explained(spot: _Spot, start: int, end: int) -> bool:
    """Whether an idiom at start..end explains the spot away: they share words, and the spot doesn't hold all of it."""
    return spot.start < end and start < spot.end and not (spot.start <= start and end <= spot.end)


def _spoken_words(text: str) -> tuple[str, ...]:
    """Normalised words without fillers and stammered repeats, glued amounts ("20min") taken apart."""
    text = text[: _MAX_WORDS * 12]
    words: list[str] = []
    for written in (text if _PLAIN.fullmatch(text) else normalize(text)).split():
        for word in _UNAPOSTROPHED.get(written, written).split():
            for part in split_glued(word) if word[0].isdigit() else (word,):
                if part not in _FILLERS and (not words or part != words[-1]):
                    words.append(part)
    return tuple(words[:_MAX_WORDS])
