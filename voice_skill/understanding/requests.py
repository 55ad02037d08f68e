"""Finds what is asked about the talk itself ("start the timer") among few, whole phrases.

A sentence is a request only if it is one of the phrases as a whole, but for fillers and politeness at its ends and a
letter misheard: what the timer is called here, an oven has as well. Not for entries and commands (`matcher.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from rapidfuzz import fuzz, process

from voice_skill.article.schema import Requests
from voice_skill.events import Hypothesis
from voice_skill.understanding.normalize import normalize

# What may stand before and after a phrase without changing it.
_POLITE = "please thanks thank you sorry dear"
_FILLERS = "okay ok oh ah um uh er hey hi hello well so right yes yeah now then and but no just actually"
_AROUND = frozenset(f"{_POLITE} {_FILLERS}".split())
# Out of 100. Of the phrases, no two of different requests are this alike; of 9,000 sentences about other things, none
# is this like a phrase that it isn't.
ALIKE = 93.0
_ALTERNATIVES = 3  # of the n-best list
_UNLIKELY = 3.0  # nats


class RequestFinder:
    """Knows the phrases of `content/requests.yaml`."""

    def __init__(self, requests: Requests) -> None:
        self._meant: dict[str, str] = {}
        for request in requests.requests:
            for phrase in request.phrases:
                self._meant[normalize(phrase)] = request.id
        self._by_length: Mapping[int, Sequence[str]] = _by_length(self._meant)

    def find(self, alternatives: Iterable[Hypothesis]) -> str | None:
        """The id of the request that the likeliest alternatives hold, or None."""
        for hypothesis in list(alternatives)[:_ALTERNATIVES]:
            if hypothesis.log_likelihood < -_UNLIKELY:
                break
            candidates = _without_fillers(normalize(hypothesis.text).split())
            for find in (self._meant.get, self._nearly):
                found = next(filter(None, map(find, candidates)), None)
                if found:
                    return found
        return None

    def _nearly(self, text: str) -> str | None:
        same_length = self._by_length.get(len(text.split()), ())
        found = process.extractOne(text, same_length, scorer=fuzz.ratio, score_cutoff=ALIKE)
        return self._meant[found[0]] if found else None


def _without_fillers(words: Sequence[str]) -> list[str]:
    """The text, and the same with fewer and fewer of the fillers at its ends."""
    before = sum(1 for _ in takewhile(_AROUND.__contains__, words))
    after = sum(1 for _ in takewhile(_AROUND.__contains__, reversed(words)))
    spans = ((first, len(words) - last) for first in range(before + 1) for last in range(after + 1))
    return [" ".join(words[first:end]) for first, end in spans if first < end]


def _by_length(phrases: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for phrase in phrases:
        found.setdefault(len(phrase.split()), []).append(phrase)
    return found
