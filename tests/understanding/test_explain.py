"""An author can see why: heard words, concepts, features, probability, band."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from voice_skill.events import Hypothesis
from voice_skill.understanding.explain import explain, explain_alarm
from voice_skill.understanding.features import FEATURES
from voice_skill.understanding.matcher import Matcher
from voice_skill.understanding.safety import Alarm


def explained(matcher: Matcher, text: str) -> str:
    return explain(matcher.match([Hypothesis(text)]))


def test_heard_words_and_their_concepts(matcher: Matcher) -> None:
    text = explained(matcher, "does a heating pad help")
    assert '"heating pad": heat' in text
    assert '"does": a word of its own' in text


def test_a_misheard_word_says_what_it_was_taken_for(matcher: Matcher) -> None:
    assert '"masagge", heard as "massage": massage' in explained(matcher, "does a masagge help")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("my toes are cramping", "accepted (accept)"),
        ("what's the weather", "refused (reject)"),
    ],
)
def test_the_verdict_comes_last(matcher: Matcher, text: str, verdict: str) -> None:
    lines = explained(matcher, text).splitlines()
    assert lines[-1] == verdict
    assert any(line.startswith("probability ") for line in lines)


def test_each_feature_comes_with_its_sentence(matcher: Matcher) -> None:
    text = explained(matcher, "should i rub my foot")
    assert FEATURES["length"] in text
    assert FEATURES["votes"] in text


def test_the_parts_add_up(matcher: Matcher) -> None:
    match = matcher.match([Hypothesis("should i rub my foot")])
    total = sum(match.features[name] * weight - match.refusal[name] for name, weight in match.weights.items())
    said = re.search(r"sum to ([+-][\d.]+)", explain(match))
    assert said
    assert float(said[1]) == pytest.approx(total, abs=0.01)
    assert total > 0


def test_the_next_best_and_what_else_was_named(matcher: Matcher) -> None:
    text = explained(matcher, "heat or massage")
    assert "next best: " in text
    assert "also named: " in text


def test_silence_is_explained_too(matcher: Matcher) -> None:
    assert explained(matcher, "...") == "heard nothing"


CHEST = Alarm("RF-E1", "emergency", "emergency", "chest pain", denied=False, evidence=("chest .. pain",))


@pytest.mark.parametrize(
    ("ruled", "believed", "said"),
    [
        (None, None, None),
        (CHEST, CHEST, "RF-E1 (emergency): raised, because of chest .. pain"),
        (CHEST, replace(CHEST, denied=True), "doubtful"),
        (None, replace(CHEST, evidence=()), "all its words together"),
        (CHEST, None, "overruled; a rule found chest .. pain"),
    ],
)
def test_a_red_flag_is_explained_in_one_line(ruled: Alarm | None, believed: Alarm | None, said: str | None) -> None:
    line = explain_alarm(ruled, believed)
    assert line is None if said is None else said in (line or "")
    assert "\n" not in (line or "")
