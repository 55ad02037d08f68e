"""Words of the content that a model doesn't know, and what sounds like them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voice_skill.article.content import Content
from voice_skill.understanding.unheard import sound_alikes, unheard_words


def all_but(*words: str):
    return lambda word: word not in words


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("pregnant", "pregnancy: "),
        ("tootsies", "concept foot: "),
        ("paralysed", "word group "),
        ("louder", "louder: "),
    ],
)
def test_each_place_of_an_unknown_word_is_named(content: Content, word: str, place: str) -> None:
    found = unheard_words(content, all_but(word))
    assert set(found) == {word}
    assert any(where.startswith(place) and word in where for where in found[word])


def test_the_words_of_red_flags_are_heard_without_the_names_of_groups(content: Content) -> None:
    asked: set[str] = set()
    unheard_words(content, lambda word: not asked.add(word))
    assert not any("<" in word or "-" in word for word in asked)
    only_flags = replace(content, lexicon=content.lexicon.model_copy(update={"concepts": {}, "phrases": {}}))
    flagged = unheard_words(only_flags, lambda _: False)
    assert any(where.startswith("red flag RF-E1: ") for places in flagged.values() for where in places)


def test_contractions_are_known_when_what_they_stand_for_is(content: Content) -> None:
    assert unheard_words(content, all_but("can't", "won't")) == {}
    assert {"can't", "cannot"} <= set(unheard_words(content, all_but("can't", "cannot")))


def test_figures_are_typed_and_never_heard(content: Content) -> None:
    assert not any(any(map(str.isdigit, word)) for word in unheard_words(content, lambda _: False))


def test_the_nearest_sounds_come_first_and_three_at_most() -> None:
    known = ["cough", "cuff", "calves", "half", "window", "shoe", "calfs"]
    found = sound_alikes("calf", known)
    assert len(found) == 3
    assert found[0] == "calfs"
    assert "window" not in found


def test_nothing_alike_is_better_than_anything() -> None:
    assert sound_alikes("zeppelin", ["cough", "shoe"]) == []
    assert sound_alikes("zeppelin", []) == []
