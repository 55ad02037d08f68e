"""What is learnt from: who is apart, what single sentences teach, and that the digest notices changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fit.corpus import Corpus, InContext, Line, load_corpus
from fit.files import HARMLESS
from voice_skill.article.loader import load_content
from voice_skill.events import Hypothesis
from voice_skill.settings import CONTENT_DIR
from voice_skill.understanding.training import NO_FLAG, NONE, TrainingSet


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus(
        training=TrainingSet({"heat": ("does heat help",), NONE: ("what is the time",)}, frozenset(), {}, {}),
        safety=load_content(CONTENT_DIR).safety,
        wording={
            "one": [Line(("heat", "remedies"), "bed", "hot water on it"), Line((NONE,), "far", "play a song")],
            "two": [Line((NONE,), "near", "i have chest pain"), Line((NONE,), "near", "my stroke play is poor")],
            "three": [Line(("heat",), "bath", "warm it up")],
        },
        red_flags={"one": [("RF-U2", "it began at noon")], "two": [(HARMLESS, "dead tired")], "three": []},
        heard={"hot water on it": (Hypothesis("hot what on it"),), "warm it up": (Hypothesis("warm it up"),)},
        in_context=[InContext("heat", "next", "the bottle is on")],
        judged={"my stroke play is poor": (NO_FLAG,)},
    )


def test_writers_are_whole_in_one_part(corpus: Corpus) -> None:
    rest, apart = corpus.parted()
    assert list(rest.wording) == ["one", "three"]  # in order of their names: one, three, two
    assert list(apart.wording) == ["two"]
    assert apart.flagged == [(HARMLESS, "dead tired")]
    assert rest.training is corpus.training


def test_a_sentence_counts_for_the_best_of_its_labels(corpus: Corpus) -> None:
    assert corpus.phrases()["heat"] == ["does heat help", "hot water on it", "warm it up"]


def test_what_may_be_alarming_teaches_no_calm(corpus: Corpus) -> None:
    calm = corpus.alarming()[NO_FLAG]
    assert "i have chest pain" not in calm
    assert {"dead tired", "my stroke play is poor", "play a song"} <= set(calm)


def test_a_copy_is_a_lesson_only_where_it_was_misheard(corpus: Corpus) -> None:
    counts = {lesson.text: lesson.counts for lesson in corpus.lessons()}
    assert counts["hot what on it"] < counts["hot water on it"]
    assert [lesson.text for lesson in corpus.lessons()].count("warm it up") == 1


def test_flags_are_as_judged_then_as_the_rules_have_them(corpus: Corpus) -> None:
    flags = {lesson.text: lesson.flags for lesson in corpus.lessons()}
    assert flags["my stroke play is poor"] == (NO_FLAG,)
    assert flags["i have chest pain"] == (NO_FLAG, "RF-E1")
    assert flags["it began at noon"] == ("RF-U2",)
    assert flags["dead tired"] == (NO_FLAG,)


def test_the_digest_changes_with_anything(corpus: Corpus) -> None:
    assert replace(corpus).digest() == corpus.digest()
    changes = [
        replace(corpus, wording={**corpus.wording, "four": [Line(("heat",), "bath", "more heat")]}),
        replace(corpus, red_flags={**corpus.red_flags, "four": [("RF-E1", "my chest aches")]}),
        replace(corpus, judged={}),
        replace(corpus, heard={}),
        replace(corpus, in_context=[]),
        replace(corpus, training=replace(corpus.training, core={"heat": ("heat",)})),
    ]
    assert len({corpus.digest(), *(changed.digest() for changed in changes)}) == 1 + len(changes)


def test_everything_judged_is_something_a_writer_wrote() -> None:
    corpus = load_corpus()
    assert corpus.judged.keys() <= {line.text for line in corpus.lines}
