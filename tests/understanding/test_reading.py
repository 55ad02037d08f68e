"""Which words stand for which concept, also when they were misheard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.reading import Reader

READER = Reader(
    {
        "cramp": ["cramp", "seize up", "charley horse"],
        "foot": ["foot", "toes", "bottom of my foot"],
        "heat": ["heat", "hot water bottle"],
        "pregnancy": ["pregnant"],
        "other-body": ["neck"],
        "elsewhere": ["weather", "film"],
        "neutral": ["my", "is", "the", "does", "it", "a"],
        "polite": ["please", "could you"],
    }
)
READER.learn([READER.plain("kneading dough")])


def read(text: str) -> list[tuple[str, str, str]]:
    return [(item.surface, item.role, item.senses[0].unit) for item in READER.read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my foot", [("my", "little", ".my"), ("foot", "concept", "foot")]),
        ("hot water bottle", [("hot water bottle", "concept", "heat")]),
        ("seizing up", [("seizing up", "concept", "cramp")]),
        ("bottom of my foot", [("bottom of my foot", "concept", "foot")]),
        ("my neck", [("my", "little", ".my"), ("neck", "other", "other-body")]),
        ("the weather", [("the", "little", ".the"), ("weather", "other", "elsewhere")]),
        ("could you please", [("could you", "little", ".could you"), ("please", "little", ".pleas")]),
        ("knead", [("knead", "known", ".knead")]),
    ],
)
def test_the_longest_phrase_and_any_ending(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("heard", "concept", "word"),
    [("cramb", "cramp", "cramp"), ("pregnent", "pregnancy", "pregnant"), ("pre gnant", "pregnancy", "pregnant")],
)
def test_misheard_words(heard: str, concept: str, word: str) -> None:
    (item,) = READER.read(heard)
    assert item.role == "strange"
    assert (item.senses[0].unit, item.senses[0].heard_as) == (concept, word)
    assert 0.3 < item.senses[0].confidence < 1.0


def test_a_word_like_nothing_stands_for_itself_alone() -> None:
    (item,) = READER.read("xylophone")
    assert item.role == "strange"
    assert [sense.unit for sense in item.senses] == [".xylophon"]


def test_a_written_phrase_is_taken_at_its_word() -> None:
    assert READER.plain("cramb")[0].senses[0].unit == ".cramb"


@given(st.text(alphabet="abcdefghij 0123'xyz", max_size=60))
def test_every_word_is_read_once_and_in_order(text: str) -> None:
    words = normalize(text)
    assert " ".join(item.surface for item in READER.read(words)) == words
    assert all(0.0 <= sense.confidence <= 1.0 for item in READER.read(words) for sense in item.senses)
