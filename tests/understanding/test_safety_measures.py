"""Amounts in words: durations and ages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_skill.article.redflags import MEASURED_GROUPS
from voice_skill.understanding.measures import measured, split_glued

LONG, CHILD, SMALL = "ten-minutes-or-more", "under-twelve-years", "number-under-twelve"


def found(text: str, group: str) -> list[str]:
    words = text.split()
    return [" ".join(words[start:end]) for name, start, end in measured(words) if name == group]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("for ten minutes", "ten minutes"),
        ("forty five minutes", "forty five minutes"),
        ("90 mins", "90 mins"),
        ("an hour", "an hour"),
        ("half an hour", "half an hour"),
        ("a quarter of an hour", "a quarter of an hour"),
        ("three quarters of an hour", "three quarters of an hour"),
        ("two and a half hours", "two and a half hours"),
        ("a couple of hours", "a couple of hours"),
        ("hours of cramp", "hours"),
        ("the last hour", "hour"),
        ("two days", "two days"),
        ("ten to fifteen minutes", "fifteen minutes"),
    ],
)
def test_ten_minutes_or_more(text: str, amount: str) -> None:
    assert found(text, LONG) == [amount]


@pytest.mark.parametrize(
    "text",
    [
        "ten seconds",
        "nine minutes",
        "a minute",
        "half a minute",
        "a few minutes",
        "minutes",
        "one day",
        "twice a day",
        "these days",
        "two weeks",
        "ten years",
    ],
)
def test_less_or_much_more(text: str) -> None:
    assert found(text, LONG) == []


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("my five year old", "five year old"),
        ("she is 3 years old", "3 years old"),
        ("my 3 yo", "3 yo"),
        ("a year old", "a year old"),
        ("six month old baby", "six month old"),
        ("aged six", "aged six"),
    ],
)
def test_ages_of_children(text: str, age: str) -> None:
    assert found(text, CHILD) == [age]


@pytest.mark.parametrize(
    "text", ["seventy years old", "twelve years old", "an old shoe", "old", "yo", "aged", "year old"]
)
def test_other_ages(text: str) -> None:
    assert found(text, CHILD) == []


def test_a_bare_number_counts_no_time() -> None:
    assert found("my son is eight and cramps", SMALL) == ["eight"]
    for text in ("eight months along", "forty five", "one of those", "eight of them", "seventy"):
        assert found(text, SMALL) == []


@pytest.mark.parametrize(
    ("word", "parts"), [("20min", ("20", "min")), ("3h", ("3", "hour")), ("3yo", ("3", "yo")), ("foot", ("foot",))]
)
def test_glued_amounts_come_apart(word: str, parts: tuple[str, ...]) -> None:
    assert split_glued(word) == parts


@given(
    st.lists(st.sampled_from(["a", "half", "quarter", "of", "and", "ten", "5", "old", "yo", "year", "aged", "hour"]))
)
def test_amounts_lie_within_the_words(words: list[str]) -> None:
    for group, start, end in measured(words):
        assert group in MEASURED_GROUPS
        assert 0 <= start < end <= len(words)
