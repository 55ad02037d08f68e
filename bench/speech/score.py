"""Adds up what was heard: word error rates with their uncertainty, and shares of right answers. Pure.

A word error rate is (substitutions + deletions + insertions) / words said, over all clips; words are compared after
`normalize`, which writes contractions out: "it's" for "it is" is no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.figures import Share
from bench.outcomes import word_errors
from bench.speech.hearing import Heard

DRAWS = 1000  # of the bootstrap


@dataclass(frozen=True, slots=True)
class Rate:
    """A word error rate. interval: 95 %, by bootstrap over sentences: two clips of one sentence are no two facts."""

    errors: int
    words: int
    clips: int
    interval: tuple[float, float]

    @property
    def percent(self) -> float:
        """May exceed 100: insertions count."""
        return 100 * self.errors / self.words if self.words else 0.0

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.percent:.1f} % ({low:.0f}-{high:.0f})" if self.words else ""

    def as_json(self) -> dict[str, Any]:
        """Counts, percentage and interval."""
        return {
            "errors": self.errors,
            "words": self.words,
            "clips": self.clips,
            "percent": round(self.percent, 2),
            "interval95": [round(end, 2) for end in self.interval],
        }


def error_rate(pairs: Iterable[tuple[str, str, str]]) -> Rate:
    """Of (group, said, text); groups (sentences, or speakers) are what the bootstrap draws."""
    groups: dict[str, tuple[int, int]] = {}
    clips = 0
    for group, said, text in pairs:
        errors, words = word_errors(said, text)
        before = groups.get(group, (0, 0))
        groups[group] = (before[0] + errors, before[1] + words)
        clips += 1
    if not groups:
        return Rate(0, 0, 0, (0.0, 0.0))
    counts = np.array(list(groups.values()))
    drawn = np.random.default_rng(0).integers(len(counts), size=(DRAWS, len(counts)))
    sums = counts[drawn].sum(axis=1)
    low, high = np.percentile(100 * sums[:, 0] / np.maximum(sums[:, 1], 1), [2.5, 97.5])
    return Rate(int(counts[:, 0].sum()), int(counts[:, 1].sum()), clips, (float(low), float(high)))


def rate_of(heard: Iterable[Heard]) -> Rate:
    """The word error rate of these clips."""
    return error_rate((each.key, each.said, each.text) for each in heard)


def share_of(heard: Iterable[Heard], *outcomes: str) -> Share:
    """How many of these clips came to one of these outcomes."""
    listed = [each.outcome in outcomes for each in heard]
    return Share(sum(listed), len(listed))


def where(heard: Sequence[Heard], kinds: Sequence[str] = (), conditions: Sequence[str] = ()) -> list[Heard]:
    """Those of these kinds and conditions; empty means all."""
    return [h for h in heard if (not kinds or h.kind in kinds) and (not conditions or h.condition in conditions)]
