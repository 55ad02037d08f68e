"""Text becomes plain words in one form, whoever typed or recognised it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_skill.understanding.normalize import normalize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("My toes are CRAMPING!!", "my toes are cramping"),
        ("  what's   that?\n", "what is that"),
        ("It won\u2019t stop, can\u2019t stop, doesn\u2019t stop.", "it will not stop cannot stop does not stop"),
        ("I'm, they're, I've, we'll, he'd", "i am they are i have we will he would"),
        ("my mother's foot", "my mother foot"),
        ("caf\u00e9 na\u00efve", "cafe naive"),
        ("gonna wanna dunno", "going to want to do not know"),
        ("20 minutes", "20 minutes"),
        ("heat/ice... or - massage?", "heat ice or massage"),
        ("\u00bfqu\u00e9?", "que"),
        ("", ""),
        ("!!! ... \U0001f9b6", ""),
    ],
)
def test_plain_words(text: str, words: str) -> None:
    assert normalize(text) == words


@given(st.text())
def test_never_raises_and_normalizing_twice_changes_nothing(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once
    assert once == " ".join(once.split())
    assert all(char.isascii() and (char.isalnum() or char == " ") for char in once)
    assert once == once.lower()
