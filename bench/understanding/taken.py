"""What each typed utterance was taken for, through the product's own path. Not for adding up (`tables.py`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.corpora import Case
from bench.outcomes import judged, kind_of
from voice_skill.asking import Asker
from voice_skill.events import Hypothesis
from voice_skill.understanding.matcher import Matcher


@dataclass(frozen=True, slots=True)
class Taken:
    """One utterance.

    kind: "entries", "commands", "near" or "far".
    expected: the ids that are right, the best first; ("none",) when it must be refused.
    outcome: see `bench.outcomes.judged`.
    label: what it was taken for: an id, or the outcome "asked", "rejected" or "warned".
    chance, likely: the matcher's probability (0-1) of its likeliest label, and whether that is right.
    """

    kind: str
    expected: tuple[str, ...]
    outcome: str
    label: str
    chance: float
    likely: bool


def taken(asker: Asker, matcher: Matcher, cases: Iterable[Case]) -> list[Taken]:
    """What each case was taken for, in a visit of its own."""
    return [_taken(asker, matcher, case) for case in cases]


def _taken(asker: Asker, matcher: Matcher, case: Case) -> Taken:
    answer = asker.ask_text(case.text)
    decided = answer.exchange.decided
    assert decided is not None
    accepted = decided.action in ("answer", "command") and decided.entry is not None
    match = matcher.match((Hypothesis(case.text),))
    return Taken(
        kind_of(case),
        case.expected,
        judged(answer, case.expected),
        decided.entry if accepted else {"reject": "rejected", "ask": "asked"}.get(decided.action, "warned"),
        match.score,
        (match.entry or match.runner_up) in case.expected,
    )
