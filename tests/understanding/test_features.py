"""The features of an utterance, on the real content."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_skill.understanding.features import FEATURES, REFUSAL_FEATURES, Measurer, learned_reader
from voice_skill.understanding.network import shipped_network
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.training import NONE, TrainingSet
from voice_skill.understanding.weights import shipped_weights


@pytest.fixture(scope="module")
def measurer(training: TrainingSet) -> Measurer:
    labels = tuple(training.phrases)
    return Measurer(training, shipped_weights(labels).votes, shipped_network(labels), learned_reader(training))


def value(measurer: Measurer, text: str, label: str, feature: str) -> float:
    return float(measurer.measure(text).table[measurer.labels.index(label), list(FEATURES).index(feature)])


@pytest.mark.parametrize(
    ("feature", "more", "less", "label"),
    [
        ("votes", "does a warm bath help", "does a long walk help", "heat"),
        ("whole sentence", "will hot water loosen it", "will a long walk loosen it", "heat"),
        ("named at the foot", "stretching for foot cramps", "stretching", "stretching"),
        ("named cleanly", "does massage help", "how much is a back massage at the hotel", "massage"),
        ("strange words", "the zyzzyva quaffed", "my foot hurts", "relief-now"),
        ("other body part", "my neck hurts", "my foot hurts", "relief-now"),
        ("other subject", "play some music on the radio", "my foot hurts", "relief-now"),
        ("other subject at the foot", "my foot hurts from the music", "my foot hurts", "relief-now"),
        ("length", "my foot hurts so much today", "my foot", "relief-now"),
    ],
)
def test_a_feature_grows_with_what_it_says(measurer: Measurer, feature: str, more: str, less: str, label: str) -> None:
    assert value(measurer, more, label, feature) > value(measurer, less, label, feature)


def test_the_refusal_is_judged_by_the_refused_sentences_alone(measurer: Measurer) -> None:
    row = measurer.measure("does massage help my neck").table[measurer.labels.index(NONE)]
    used = {name for name, number in zip(FEATURES, row, strict=True) if number}
    assert used <= set(REFUSAL_FEATURES)


def test_each_feature_is_explained_in_its_own_sentence() -> None:
    assert len(set(FEATURES.values())) == len(FEATURES)
    assert all(sentence.split()[0] in ("it", "its", "a", "how", "nothing") for sentence in FEATURES.values())


@settings(deadline=None)  # the first text waits for the network
@given(st.text(max_size=80))
def test_every_number_is_finite(measurer: Measurer, text: str) -> None:
    assert np.isfinite(measurer.measure(normalize(text)).table).all()
