"""Endings, rough phones, and the key that words are compared by."""

from __future__ import annotations

import pytest
from rapidfuzz.distance import Levenshtein

from voice_skill.understanding.words import key, sounds, stem


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("cramp cramps cramping cramped", "cramp"),
        ("stop stops stopping stopped", "stop"),
        ("massage massages massaging massaged", "massag"),
        ("worry worries", "worry"),
        ("stretch stretches stretching", "stretch"),
        ("shoe shoes", "shoe"),
        ("roll rolling rolled", "roll"),
    ],
)
def test_one_stem_for_all_endings(words: str, expected: str) -> None:
    assert {stem(word) for word in words.split()} == {expected}


@pytest.mark.parametrize("word", ["is", "this", "bus", "foot", "ring", "red", "gas"])
def test_short_words_keep_their_letters(word: str) -> None:
    assert stem(word) == word


@pytest.mark.parametrize(
    ("one", "other"), [("toe", "tow"), ("heel", "heal"), ("knead", "need"), ("calf", "kaff"), ("wrap", "rap")]
)
def test_homophones_sound_alike(one: str, other: str) -> None:
    assert Levenshtein.normalized_similarity(sounds(one), sounds(other)) >= 0.5


@pytest.mark.parametrize(("one", "other"), [("heat", "head"), ("shoe", "show"), ("heel", "hole")])
def test_vowels_keep_words_apart(one: str, other: str) -> None:
    assert sounds(one) != sounds(other)


@pytest.mark.parametrize(
    ("heard", "meant", "other"),
    [("cramb", "cramp", "crown"), ("masage", "massage", "message"), ("pregnent", "pregnant", "present")],
)
def test_the_key_is_nearer_to_what_was_meant(heard: str, meant: str, other: str) -> None:
    alike = Levenshtein.normalized_similarity
    assert alike(key(heard), key(meant)) > alike(key(heard), key(other))
