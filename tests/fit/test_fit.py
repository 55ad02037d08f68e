"""The fit: what it learns from made-up numbers, and that a phrase is never judged by its own twin."""

from __future__ import annotations

import numpy as np
import pytest

from fit.hear import read_heard, write_heard
from fit.judge import Case, judge
from fit.logit import fit_logit, softmax
from fit.votes import fit_votes
from voice_skill.events import Hypothesis
from voice_skill.understanding.features import learned_reader
from voice_skill.understanding.matcher import Match
from voice_skill.understanding.training import TrainingSet

PHRASES = TrainingSet(
    phrases={
        "heat": ("does heat help", "does the heat help", "put a warm towel on it", "is a bath good"),
        "massage": ("should i rub it", "should i rub it now", "squeeze the muscle", "is a massage good"),
        "none": ("what is the time", "play a song", "where is my hat", "my neck hurts"),
    },
    commands=frozenset(),
    concepts={"heat": ("heat", "warm", "bath"), "massage": ("rub", "squeeze", "massage")},
    core={},
)


def test_the_logit_finds_the_weights_that_made_the_choices() -> None:
    rng = np.random.default_rng(0)
    tables = rng.normal(size=(4000, 3, 2))
    true = np.array([[2.0, -1.0], [0.5, 0.0]])
    kinds = [0, 0, 1]
    chance = softmax((tables * true[kinds]).sum(axis=2))
    chosen = np.array([rng.choice(3, p=row) for row in chance])
    found = fit_logit(tables, np.eye(3, dtype=bool)[chosen], np.ones(len(tables)), kinds, strength=0.01)
    assert found == pytest.approx(true, abs=0.15)


def test_votes_point_to_the_label_whose_phrases_have_the_word() -> None:
    reader = learned_reader(PHRASES)
    votes = fit_votes({label: [reader.plain(text) for text in texts] for label, texts in PHRASES.phrases.items()})
    assert votes.labels[int(votes.sums(reader.read("warm")).argmax())] == "heat"
    assert votes.labels[int(votes.sums(reader.read("rub the muscle")).argmax())] == "massage"


def test_what_only_one_phrase_has_says_nothing() -> None:
    reader = learned_reader(PHRASES)
    votes = fit_votes({label: [reader.plain(text) for text in texts] for label, texts in PHRASES.phrases.items()})
    assert "help" in votes.rows
    assert "song" not in votes.rows


def test_heard_copies_are_written_and_read_back(tmp_path) -> None:
    path = tmp_path / "heard.tsv"
    heard = [[Hypothesis("my those", 0.0), Hypothesis("my toes", -1.5)], []]
    write_heard(path, ["my toes", "ouch"], heard)
    assert read_heard(path) == {"my toes": tuple(heard[0]), "ouch": ()}


class _Scripted:
    def __init__(self, found: dict[str, Match]) -> None:
        self._found = found

    def match(self, alternatives: tuple[Hypothesis, ...]) -> Match:
        return self._found[alternatives[0].text]


def _match(entry: str | None, band: str, runner_up: str | None = None) -> Match:
    return Match(entry, "topic" if entry else "none", 0.5, runner_up, 0.1, band)  # type: ignore[arg-type]


def test_the_judge_counts() -> None:
    found = {
        "right": _match("heat", "accept"),
        "wrong": _match("massage", "accept"),
        "asked well": _match("massage", "ask", "heat"),
        "refused": _match(None, "reject"),
        "taken in": _match("heat", "accept"),
        "rightly refused": _match(None, "reject"),
    }
    cases = [Case((Hypothesis(text),), ("heat",), "in scope") for text in ("right", "wrong", "asked well", "refused")]
    cases += [
        Case((Hypothesis("taken in"),), ("none",), "near"),
        Case((Hypothesis("rightly refused"),), ("none",), "far"),
    ]
    score = judge(_Scripted(found), cases)  # type: ignore[arg-type]
    assert (score.right, score.wrong, score.asked, score.asked_well, score.refused) == (25, 25, 25, 25, 25)
    assert (score.near_accepted, score.far_accepted) == (100, 0)
