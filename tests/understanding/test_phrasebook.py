"""The nearest phrase of each label: covered words, spelling, sound."""

from __future__ import annotations

import numpy as np
import pytest

from voice_skill.understanding.features import learned_reader
from voice_skill.understanding.phrasebook import Phrasebook
from voice_skill.understanding.training import TrainingSet

TRAINING = TrainingSet(
    phrases={
        "heat": ("does heat help", "is a warm bath any good"),
        "massage": ("should i rub it", "does massage help"),
        "none": ("what is the weather", "my neck hurts"),
    },
    commands=frozenset(),
    concepts={
        "heat": ("heat", "warm"),
        "massage": ("massage", "rub"),
        "neutral": ("does", "is", "a", "the", "i", "it"),
    },
    core={},
)
READER, READINGS = learned_reader(TRAINING)
BOOK = Phrasebook(TRAINING, READINGS)


def nearest(numbers: np.ndarray) -> str:
    return list(TRAINING.phrases)[int(np.argmax(numbers))]


@pytest.mark.parametrize(
    ("text", "label"),
    [("does warmth help", "heat"), ("rub it", "massage"), ("will rubbing help", "massage"), ("the weather", "none")],
)
def test_coverage_finds_the_label(text: str, label: str) -> None:
    coverage = BOOK.coverage(READER.read(text))
    assert nearest(coverage) == label
    assert ((coverage >= 0) & (coverage <= 1)).all()


def test_a_phrase_covers_itself_and_strange_words_take_from_it() -> None:
    whole = BOOK.coverage(READER.read("does heat help")).max()
    diluted = BOOK.coverage(READER.read("does heat help xylophone quartet")).max()
    assert whole == pytest.approx(1.0)
    assert diluted < 0.85


def test_spelling_does_not_mind_the_order_of_words() -> None:
    assert BOOK.spelling("help heat does")[0] == pytest.approx(1.0)
    assert BOOK.spelling("does heat help")[1] < 1.0


def test_sound_hears_through_misspelling() -> None:
    assert nearest(BOOK.sound(READER.read("masaj"))) == "massage"


def test_nothing_is_near_to_nothing() -> None:
    assert not BOOK.coverage(()).any()
