"""The sentence network: how it reads words, that texts don't disturb each other, and its file."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_network import LABELS, tiny_network

from voice_skill.understanding.network import (
    LONGEST,
    UNLIKELIEST,
    NetworkWeights,
    SentenceNetwork,
    parse_network,
    shipped_network,
    written_network,
)
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.training import TrainingSet

WEIGHTS = tiny_network()


@pytest.fixture
def network() -> SentenceNetwork:
    return SentenceNetwork(WEIGHTS, LABELS)


def pieces(network: SentenceNetwork, text: str) -> list[str]:
    return [WEIGHTS.pieces[number] for number in network.numbers(text)]


def test_a_word_is_read_by_its_longest_pieces(network: SentenceNetwork) -> None:
    assert pieces(network, "toes cramping") == ["[CLS]", "toe", "##s", "cramp", "##ing", "[SEP]"]
    assert pieces(network, "") == ["[CLS]", "[SEP]"]


def test_a_word_with_a_sign_it_lacks_is_unknown(network: SentenceNetwork) -> None:
    assert pieces(network, "toé") == ["[CLS]", "[UNK]", "[SEP]"]


def test_what_is_too_long_is_not_read(network: SentenceNetwork) -> None:
    assert len(network.numbers("toe " * 200)) == LONGEST
    assert network.numbers("toe " * 200)[-1] == network.numbers("")[-1]


def test_texts_read_together_are_read_as_alone() -> None:
    texts = ["toes cramping", "cramp", "", "s s s s"]
    together = SentenceNetwork(WEIGHTS, LABELS).read(texts)
    for text, reading in zip(texts, together, strict=True):
        alone = SentenceNetwork(WEIGHTS, LABELS).read([text])[0]
        assert reading.labels == pytest.approx(alone.labels, abs=1e-4)
        assert reading.flags == pytest.approx(alone.flags, abs=1e-4)


def test_probabilities_sum_to_one(network: SentenceNetwork) -> None:
    reading = network.read(["toes cramping"])[0]
    assert np.exp(reading.labels).sum() == pytest.approx(1, abs=0.01)
    assert np.exp(list(reading.flags.values())).sum() == pytest.approx(1)


def test_a_label_it_does_not_know_is_never_likely() -> None:
    network = SentenceNetwork(WEIGHTS, (*LABELS, "new entry"))
    assert network.read(["cramp"])[0].labels[-1] == UNLIKELIEST


def test_the_order_of_words_matters(network: SentenceNetwork) -> None:
    one, other = network.read(["toes cramping", "cramping toes"])
    assert one.labels != pytest.approx(other.labels, abs=1e-6)


def test_its_file_keeps_it() -> None:
    kept = parse_network(written_network(WEIGHTS))
    assert (kept.pieces, kept.labels, kept.flags, kept.trained_on) == (
        WEIGHTS.pieces,
        WEIGHTS.labels,
        WEIGHTS.flags,
        WEIGHTS.trained_on,
    )
    before, after = (SentenceNetwork(w, LABELS).read(["toes cramping"])[0].labels for w in (WEIGHTS, kept))
    assert after == pytest.approx(before, abs=0.1)  # numbers are rounded
    assert written_network(kept) == written_network(parse_network(written_network(kept)))


def test_a_damaged_file_is_refused() -> None:
    data = written_network(WEIGHTS)
    with pytest.raises((ValueError, KeyError, zipfile.BadZipFile)):
        parse_network(data[: len(data) // 2])


def test_remembering_changes_nothing() -> None:
    network = SentenceNetwork(WEIGHTS, LABELS)
    first = network.read(["cramp"])[0].labels
    network.read([f"toe {number}" for number in range(600)])
    assert network.read(["cramp"])[0].labels == pytest.approx(first, abs=1e-4)


def test_what_comes_with_the_program_knows_every_label(training: TrainingSet) -> None:
    labels = tuple(training.phrases)
    reading = shipped_network(labels).read(["put a hot water bottle on it"])[0]
    assert labels[int(reading.labels.argmax())] == "heat"
    assert (reading.labels > UNLIKELIEST).sum() > 1


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_upsets_it(text: str) -> None:
    reading = SentenceNetwork(WEIGHTS, LABELS).read([normalize(text)])[0]
    assert np.isfinite(reading.labels).all()


def test_weights_can_be_replaced_without_touching_others() -> None:
    changed: NetworkWeights = replace(WEIGHTS, trained_on="other")
    assert SentenceNetwork(changed, LABELS).trained_on == "other"
