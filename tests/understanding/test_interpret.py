"""The front door: red flags first, then the match, and a second thing said in the same breath."""

from __future__ import annotations

import pytest

from voice_skill.article.content import Content
from voice_skill.events import Hypothesis
from voice_skill.understanding.interpret import Context, Understanding, Understood, clauses


def understood(understanding: Understanding, text: str, context: Context | None = None) -> Understood:
    return understanding.interpret((Hypothesis(text),), context or Context())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("i am pregnant and my toes cramp", ["i am pregnant", "my toes cramp"]),
        ("and does heat help", []),
        ("does heat help", []),
        ("", []),
    ],
)
def test_clauses_are_what_joining_words_join(text: str, parts: list[str]) -> None:
    assert clauses(text) == parts


@pytest.mark.parametrize(
    ("text", "entry", "second"),
    [
        ("i am pregnant and my toes are cramping", "pregnancy", "relief-now"),
        ("does heat help and how long does it last", "heat", "duration"),
        ("does heat help", "heat", None),
        ("my foot cramps at night and my cat is grey", "circulation", None),
    ],
)
def test_a_second_topic_is_found(understanding: Understanding, text: str, entry: str, second: str | None) -> None:
    match = understood(understanding, text).match
    assert {match.entry, match.second} == {entry, second}


def test_every_entry_can_be_had_by_its_title(understanding: Understanding, content: Content) -> None:
    """That is how it is offered: "Or say: massage." """
    for entry in content.article.entries:
        match = understood(understanding, entry.title).match
        assert (match.entry, match.band) == (entry.id, "accept"), entry.title


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("massage", "how hard"),
        ("stretching", "which way"),
        ("stretching", "how often"),
        ("relief-now", "the other foot"),
    ],
)
def test_between_the_steps_short_questions_are_about_the_open_entry(
    understanding: Understanding, entry: str, text: str
) -> None:
    match = understood(understanding, text, Context(in_steps=True, entry=entry)).match
    assert (match.entry, match.band) == (entry, "accept")
    assert understood(understanding, text).match.band != "accept"


def test_between_the_steps_another_topic_is_still_another(understanding: Understanding) -> None:
    here = Context(in_steps=True, entry="massage")
    assert understood(understanding, "does a warm bath help", here).match.entry == "heat"
    assert understood(understanding, "what is the weather tomorrow", here).match.band == "reject"


@pytest.mark.parametrize(
    "text", ["the pain is gone", "it's still hurting", "brief mode", "my cramp has gone", "it passed"]
)
def test_words_alone_make_no_alarm_of_a_phrase_whose_meaning_is_known(understanding: Understanding, text: str) -> None:
    found = understood(understanding, text)
    assert found.request is not None
    assert found.alarm is None


def test_a_rule_does_and_so_do_words_that_are_no_such_phrase(understanding: Understanding) -> None:
    assert understood(understanding, "it won't go away").alarm is not None
    readings = (Hypothesis("the pain is unbearable and my leg is numb"), Hypothesis("the pain is gone", -1.0))
    found = understanding.interpret(readings, Context())
    assert found.request is not None
    assert found.alarm is not None
