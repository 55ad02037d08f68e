"""The understanding benchmark: its sums are right, its pictures don't change by themselves, and it runs."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from typer.testing import CliRunner

from bench import corpora
from bench.corpora import Case
from bench.figures import Share
from bench.speech.hearing import Heard
from bench.understanding import __main__ as command
from bench.understanding import growth, peers, pictures, tables
from bench.understanding.taken import Taken
from voice_skill.understanding.matcher import Context

FOUND = [
    Taken("entries", ("heat", "remedies"), "right", "remedies", 0.9, likely=True),
    Taken("entries", ("heat",), "wrong", "massage", 0.6, likely=False),
    Taken("entries", ("massage",), "asked", "asked", 0.45, likely=True),
    Taken("commands", ("stop",), "warned", "warned", 0.95, likely=True),
    Taken("near", ("none",), "wrong", "heat", 0.91, likely=False),
    Taken("far", ("none",), "right", "rejected", 0.05, likely=False),
]
HEARD = [
    Heard("a", "about", "kokoro", "clean", "hot", "hot", "right", 1, 0.1),
    Heard("b", "about", "kokoro", "pink", "hot", "not", "wrong", 1, 0.1),
    Heard("c", "flag", "kokoro", "babble", "help", "help", "raised", 1, 0.1),
    Heard("d", "none", "kokoro", "clean", "tea", "tea", "accepted", 1, 0.1),
]
FLAGS = {"raised": Share(19, 20), "false alarms": Share(0, 10)}


def test_goals_are_met_or_not():
    figures = tables.goals(FOUND, HEARD, FLAGS).figures
    assert figures["wrong entry, typed"]["hits"] == 1
    assert not figures["wrong entry, typed"]["met"]
    assert figures["false alarms, typed"]["met"]
    assert figures["near misses accepted, typed"]["percent"] == 100
    assert figures["right entry, spoken, clean"]["met"]
    assert figures["wrong entry, spoken, 10 dB"]["percent"] == 100


def test_each_label_says_what_it_is_taken_for():
    rows = {row[0]: row for row in tables.by_label(FOUND).rows}
    assert rows["heat"][-1] == "massage (1)"
    assert rows["massage"][-1] == ""
    assert rows["stop"][1] == "1"


def test_any_right_label_is_no_confusion():
    counts = tables.confused(FOUND[:3])
    assert counts == Counter({("remedies", "remedies"): 1, ("heat", "massage"): 1, ("massage", "asked"): 1})
    assert tables.confusions(counts).rows == [("heat", "massage", "1")]


def test_calibration_compares_what_was_said_with_what_was_so():
    bins = tables.bins(FOUND)
    assert [each.right.total for each in bins] == [1, 1, 1, 3]
    assert bins[-1].chance == pytest.approx((0.9 + 0.95 + 0.91) / 3)
    assert bins[-1].right == Share(2, 3)
    sure = [Taken("entries", ("heat",), "right", "heat", 1.0, likely=True)] * 4
    assert tables.calibration(tables.bins(sure)).figures["expected_error_points"] == 0


def test_spoken_utterances_are_told_apart_by_kind_and_noise():
    table = tables.spoken(HEARD)
    assert [row[:3] for row in table.rows] == [
        ("entries", "clean", "1"),
        ("entries", "pink noise, 10 dB", "1"),
        ("not for us", "clean", "1"),
        ("red flags", "babble, 10 dB", "1"),
    ]
    assert table.figures["not for us, clean"]["wrong"]["percent"] == 100
    assert table.figures["red flags, babble, 10 dB"]["right"]["percent"] == 100


def test_pictures_are_the_same_each_time(tmp_path):
    for name in ("one", "two"):
        pictures.draw_confusions(tables.confused(FOUND), tmp_path / name / "confusion.svg")
        pictures.draw_calibration(tables.bins(FOUND), tmp_path / name / "calibration.svg")
    for name in ("confusion.svg", "calibration.svg"):
        one = (tmp_path / "one" / name).read_bytes()
        assert one == (tmp_path / "two" / name).read_bytes()
        assert b"<svg" in one


PHRASES = {
    "heat": ["does heat help", "put a warm towel on it", "is a bath good"] * 3,
    "massage": ["should i rub it", "squeeze the muscle", "is a massage good"] * 3,
    "none": ["what is the time", "play a song", "where is my hat"] * 3,
}


@pytest.mark.parametrize("learn", [peers._tfidf, peers._nearest, peers._grammar])
def test_other_designs_learn_from_phrases(learn):
    scores = learn(PHRASES)
    for label in ("heat", "massage"):
        for text in PHRASES[label]:
            assert peers._best(scores(text))[0] == label


def test_a_design_whose_parts_are_missing_is_said_to_be_missing(tmp_path, understanding_matcher, monkeypatch):
    monkeypatch.setattr(peers, "_tfidf", lambda _: lambda _: {})
    monkeypatch.setattr(peers, "_grammar", lambda _: lambda _: {"heat": 1.0})
    monkeypatch.setattr(peers, "_nearest", lambda _: lambda _: {"none": 1.0})
    cases = [Case("does heat help", ("heat",), corpora.IN_SCOPE), Case("rulers", ("none",), "near")]
    cases.append(Case("good evening", ("none",), "far"))
    table = peers.measure(understanding_matcher, cases, tmp_path, lambda _: None)
    missing = next(row for row in table.rows if row[0].startswith("MiniLM"))
    assert "scripts/fit" in missing[1]
    assert table.rows[0][0] == "this skill"
    assert table.figures["this skill"]["ratio"] == 1
    assert len(table.rows) == 5


@pytest.fixture(scope="module")
def understanding_matcher():
    from voice_skill.skill import build_skill

    return build_skill("US").understanding.matcher


def test_ten_times_the_entries_are_ten_times_as_many_and_cost_is_measured():
    from voice_skill.skill import build_skill
    from voice_skill.understanding.training import training_set

    content = build_skill("US").content
    training = training_set(content.article, content.commands, content.lexicon)
    grown = growth.matcher_of(training, 3)
    topics = len(training.phrases) - len(training.commands) - 1
    assert len(grown.labels) == len(training.phrases) + 2 * topics
    chances = grown.chances(grown.sums("does massage help"), "does massage help", Context())
    massage = [chances[grown.labels.index(label)] for label in ("massage", "massage 1", "massage 2")]
    assert massage == pytest.approx([massage[0]] * 3)
    assert sum(massage) > 0.5
    figures = growth.measure(content, ["does massage help", "stop"]).figures
    assert figures["ten_times_entries"] > 0


def test_the_command_writes_figures_page_and_pictures(tmp_path, monkeypatch):
    few = [Case("does heat help", ("heat",), corpora.IN_SCOPE), Case("stop", ("stop",), corpora.IN_SCOPE)]
    few += [Case("my neck aches", ("none",), "near"), Case("what is the time", ("none",), "far")]
    monkeypatch.setattr(command.corpora, "unseen", lambda: few * 10)
    monkeypatch.setattr(command, "_spoken", lambda **_: HEARD)
    monkeypatch.setattr(corpora, "written_flags", lambda *_: corpora.flagged_cases()[::60])
    page = tmp_path / "page.md"
    page.write_text("# How well it works\n", encoding="utf-8")
    done = CliRunner().invoke(command.app, ["--quick", "--json", str(tmp_path / "f.json"), "--page", str(page)])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))["figures"]
    assert figures["understanding-goals"]["far talk accepted, typed"]["percent"] == 0
    assert "evaluation-confusion.svg" in page.read_text(encoding="utf-8")
    assert (tmp_path / "evaluation-calibration.svg").exists()
