"""The matcher on the dev corpora, typed and as the recognizer heard them: figures that may rise but not fall.

The dev split was looked at while the matcher was made, so these are no estimate of how it does on unseen wording.
"""

from __future__ import annotations

import pytest
from rapidfuzz import fuzz, process

from fit.corpus import load_corpus
from fit.judge import Score, judge
from fit.judging import HEARD_DEV, as_heard, dev_cases
from voice_skill.understanding.matcher import Matcher
from voice_skill.understanding.network import shipped_network
from voice_skill.understanding.training import NONE, TrainingSet
from voice_skill.understanding.weights import shipped_weights

TYPED = dev_cases()
CORPUS = load_corpus()
SPOKEN = as_heard(TYPED, HEARD_DEV)
# Measured, less two points: (right at least, wrong at most, near misses accepted at most, far ones at most), percent.
FLOOR = {"typed": (94.5, 2.2, 1.5, 2.0), "spoken": (86.1, 3.3, 5.0, 3.4)}


@pytest.mark.parametrize(("kind", "cases"), [("typed", TYPED), ("spoken", SPOKEN)])
def test_accuracy_does_not_fall(matcher: Matcher, kind: str, cases: list, capsys: pytest.CaptureFixture[str]) -> None:
    score: Score = judge(matcher, cases)
    with capsys.disabled():
        print(f"\ndev, {kind}: {score}")
    right, wrong, near, far = FLOOR[kind]
    assert score.right >= right
    assert score.wrong <= wrong
    assert score.near_accepted <= near
    assert score.far_accepted <= far


def test_the_dev_split_covers_everything(training: TrainingSet) -> None:
    meant = {label for case in TYPED for label in case.labels}
    unasked = {"yes", "no"}  # count only when something was asked: in-context-dev.tsv
    assert meant >= set(training.phrases) - unasked
    groups = [case.group for case in TYPED]
    assert groups.count("in scope") >= 400
    assert min(groups.count("near"), groups.count("far")) >= 150
    assert all(case.labels == (NONE,) for case in TYPED if case.group != "in scope")


def test_no_training_sentence_stands_in_the_dev_split() -> None:
    texts = [text for phrases in CORPUS.phrases().values() for text in phrases]
    assert not {case.alternatives[0].text for case in TYPED}.intersection(texts)
    twins = [
        (case.alternatives[0].text, twin[0])
        for case in TYPED
        if (twin := process.extractOne(case.alternatives[0].text, texts, scorer=fuzz.ratio, score_cutoff=96))
    ]
    assert not twins


def test_everything_was_fitted_on_these_sentences(training: TrainingSet) -> None:
    labels = tuple(training.phrases)
    weights = shipped_weights(labels)
    assert weights.trained_on == CORPUS.digest(), "phrases, wording or lexicon changed: run scripts/fit"
    assert shipped_network(labels).trained_on == weights.trained_on, "network.npz is of another fit: run scripts/fit"
    assert 0 < weights.bands.ask <= weights.bands.accept < 1
    assert 0 < weights.alarm.asked <= weights.alarm.raised < 1
