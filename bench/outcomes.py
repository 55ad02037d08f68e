"""What came of an utterance, in the few words the tables use. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein

from bench.corpora import IN_SCOPE, Case
from bench.figures import Share
from voice_skill.article.schema import COMMAND_IDS
from voice_skill.asking import Answer
from voice_skill.understanding.normalize import normalize

ALARMS = ("emergency", "urgent")
OUTCOMES = ("right", "asked", "rejected", "warned", "wrong")  # as `judged` has them
_AS_OURS = {"refused": "right", "accepted": "wrong"}


def outcome(answer: Answer, expected: tuple[str, ...]) -> str:
    """right, asked (back, about the right thing), rejected, warned (of a red flag, or asked about one), or wrong.

    For something to be refused (expected "none"): refused, asked, warned, or accepted.
    """
    decided = answer.exchange.decided
    assert decided is not None
    if decided.action in ALARMS or flag_asked(answer):
        return "warned"
    if expected == ("none",):
        return {"reject": "refused", "ask": "asked"}.get(decided.action, "accepted")
    if decided.action in ("answer", "command"):
        return "right" if decided.entry in expected else "wrong"
    if decided.action == "ask":
        return "asked" if {decided.entry, decided.runner_up} & set(expected) else "wrong"
    return "rejected" if decided.action == "reject" else "wrong"


def judged(answer: Answer, expected: tuple[str, ...]) -> str:
    """One of `OUTCOMES`: as `outcome`, but refusing what isn't for us is right, and accepting it wrong."""
    came = outcome(answer, expected)
    return _AS_OURS.get(came, came)


def kind_of(case: Case) -> str:
    """What a case is counted under: "entries", "commands", or its group when it isn't for us."""
    if case.group != IN_SCOPE:
        return case.group
    return "commands" if case.expected[0] in COMMAND_IDS else "entries"


def flag_raised(answer: Answer, flag: str) -> bool:
    """Whether a red flag was answered at least as urgently as its row asks: E, then U, then D."""
    decided = answer.exchange.decided
    assert decided is not None
    if flag[3] == "E":
        return decided.action == "emergency"
    if flag[3] == "U":
        return decided.action in ALARMS
    return decided.action in ALARMS or (decided.runner_up or "").startswith("RF-D")


def flag_asked(answer: Answer) -> bool:
    """Whether the answer is the question if some red flag was meant."""
    decided = answer.exchange.decided
    return decided is not None and decided.action == "ask" and (decided.entry or "").startswith("RF-")


def word_errors(said: str, text: str) -> tuple[int, int]:
    """Words put in, left out or taken for others, and how many were said; contractions are written out first."""
    reference = normalize(said).split()
    return Levenshtein.distance(reference, normalize(text).split()), len(reference)


def share(outcomes: Iterable[str], name: str) -> Share:
    """How many outcomes are `name`."""
    listed = list(outcomes)
    return Share(listed.count(name), len(listed))
