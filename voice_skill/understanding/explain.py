"""Says in plain lines why an utterance was matched as it was: what was heard, what counted, and the verdict.

For authors of content: reads a `Match`, decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from voice_skill.understanding.features import FEATURES
from voice_skill.understanding.matcher import HeardWord, Match
from voice_skill.understanding.safety import Alarm

_WORTH_SAYING = 0.1  # nats: what counts for less is left out
_VERDICTS = {"accept": "accepted", "ask": "not sure: asks whether it is meant", "reject": "refused"}


def explain(match: Match) -> str:
    """Heard words, then features with what each counted for, then probability and band; one fact per line."""
    return "\n".join(_lines(match))


def explain_alarm(ruled: Alarm | None, believed: Alarm | None) -> str | None:
    """What the rules found, and what was believed in the end, in one line; None when there was nothing to believe."""
    if believed is None:
        if ruled is None:
            return None
        words = ", ".join(ruled.evidence)
        return f"red flag {ruled.flag} ({ruled.tier}): overruled; a rule found {words}, but nothing else speaks for it"
    state = "denied or doubtful" if believed.denied else "raised"
    because = ", ".join(believed.evidence) or "all its words together (alarms.tsv and the network)"
    return f"red flag {believed.flag} ({believed.tier}): {state}, because of {because}"


def _lines(match: Match) -> Iterator[str]:
    if not match.text:
        yield "heard nothing"
        return
    judged = match.entry or match.runner_up
    yield f'heard "{match.text}"; judged as {judged}'
    yield f"words (what each says for {judged}):"
    for word in match.words:
        if word.surface or abs(word.points) >= _WORTH_SAYING:
            yield f"  {word.points:+.2f}  {_word(word)}"
    counted = {name: match.features[name] * weight - match.refusal[name] for name, weight in match.weights.items()}
    yield f"features (what each counts for, against refusing; they sum to {sum(counted.values()):+.2f}):"
    for name, part in sorted(counted.items(), key=lambda pair: -abs(pair[1])):
        if abs(part) >= _WORTH_SAYING:
            yield f"  {part:+.2f}  {name} {match.features[name]:.2f}: {FEATURES[name]}"
    yield f"probability {match.score:.2f}, that it is for us at all {match.in_scope:.2f}"
    if match.entry and match.runner_up:
        yield f"next best: {match.runner_up} {match.runner_up_score:.2f}"
    if match.second:
        yield f"also named: {match.second}"
    yield f"{_VERDICTS[match.band]} ({match.band})"


def _word(word: HeardWord) -> str:
    if not word.surface:
        return f"next to each other: {word.unit}"
    taken = f', heard as "{word.heard_as}"' if word.heard_as != word.surface else ""
    return f'"{word.surface}"{taken}: {word.unit if word.unit[0] != "." else "a word of its own"}'
