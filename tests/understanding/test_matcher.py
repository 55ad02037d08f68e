"""What the matcher makes of an utterance: sentences that must work, context, n-best lists, and what never happens."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_skill.article.content import Content
from voice_skill.events import Hypothesis
from voice_skill.understanding.interpret import Understanding
from voice_skill.understanding.matcher import Awaiting, Context, Match, Matcher
from voice_skill.understanding.normalize import normalize

CORPUS = Path(__file__).parents[1] / "corpus"
IN_STEPS = Context(in_steps=True, entry="heat")
CONTEXTS = {
    "nothing": Context(),
    "overheard": Context(to_us=False),
    "steps": IN_STEPS,
    "yes-no": Context(in_steps=True, awaiting="yes-no", entry="heat"),
    "choice": Context(in_steps=True, awaiting="choice", entry="heat"),
}


def understood(matcher: Matcher, text: str, context: Context = CONTEXTS["nothing"]) -> Match:
    return matcher.match([Hypothesis(text)], context)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("my toes are cramping", "relief-now"),
        ("Ow! My foot's cramping!", "relief-now"),
        ("make it stop", "relief-now"),
        ("how do I stop a cramp", "relief-now"),
        ("cramp", "relief-now"),
        ("which remedies are there", "remedies"),
        ("what is a foot cramp", "mechanics"),
        ("what causes foot cramps", "causes"),
        ("should I drink more water", "diet-and-dehydration"),
        ("I'm diabetic, is that why my toes cramp", "medical-conditions"),
        ("why do my feet cramp at night", "circulation"),
        ("I ran a marathon and now my arch is cramping", "muscle-fatigue"),
        ("I'm pregnant and my toes cramp", "pregnancy"),
        ("pregnant", "pregnancy"),
        ("are my shoes too tight", "footwear"),
        ("heat", "heat"),
        ("does a hot water bottle help", "heat"),
        ("should I rub it", "massage"),
        ("how do I stretch my toes", "stretching"),
        ("what's that exercise with the marbles", "strengthening"),
        ("how do I stop cramps coming back", "prevention"),
        ("how long will it last", "duration"),
        ("when should I see a doctor", "see-a-doctor"),
        ("my foot is cramping, should I see a doctor", "see-a-doctor"),
        ("stop", "stop"),
        ("slower please", "slower"),
        ("a bit slower", "slower"),
        ("say that again please", "repeat"),
        ("next", "next"),
        ("go back", "previous"),
        ("speak up", "louder"),
        ("not so loud", "quieter"),
        ("faster", "faster"),
        ("what can I ask you", "help"),
        ("bye", "goodbye"),
        ("wait a moment", "pause"),
        ("start over", "start-over"),
    ],
)
def test_sentences_that_must_work(matcher: Matcher, text: str, entry: str) -> None:
    match = understood(matcher, text)
    assert (match.entry, match.band) == (entry, "accept")


@pytest.mark.parametrize(
    "text",
    [
        "what's the weather",
        "my neck hurts",
        "I have a headache",
        "play some music",
        "set a timer for ten minutes",
        "how do I make banana bread",
        "where can I buy new shoes",
        "that really cramps my style",
        "he is six foot two",
        "turn the volume of the radio down",
        "stop the music",
        "tell me a joke",
        "the president said talks would continue",
        "",
        "...",
    ],
)
def test_what_is_not_for_us_is_refused(matcher: Matcher, text: str) -> None:
    match = understood(matcher, text)
    assert (match.entry, match.kind, match.band) == (None, "none", "reject")


@pytest.mark.parametrize("before", ["", "please ", "could you please ", "can you ", "um ", "okay "])
@pytest.mark.parametrize("after", ["", " please", " now"])
@pytest.mark.parametrize(
    ("command", "asked"),
    [("stop", "stop"), ("slower", "speak slower"), ("louder", "speak up"), ("repeat", "repeat that")],
)
def test_politeness_changes_nothing(matcher: Matcher, before: str, asked: str, after: str, command: str) -> None:
    match = understood(matcher, before + asked + after)
    assert (match.entry, match.band) == (command, "accept")


@pytest.mark.parametrize(
    ("context", "text", "wanted"),
    [
        (context, text, wanted.split("|"))
        for wanted, text, context in (
            line.split("\t") for line in (CORPUS / "in-context-dev.tsv").read_text(encoding="utf-8").splitlines()
        )
    ],
)
def test_what_is_meant_depends_on_where_we_are(matcher: Matcher, context: str, text: str, wanted: list[str]) -> None:
    match = understood(matcher, text, CONTEXTS[context])
    assert match.band != "ask"
    assert (match.entry or "none") in wanted


@pytest.mark.parametrize("context", CONTEXTS.values())
def test_a_bare_stop_stops_always(matcher: Matcher, context: Context) -> None:
    match = understood(matcher, "stop", context)
    assert (match.entry, match.band) == ("stop", "accept")


def test_a_bare_foot_is_too_little_to_be_sure_of(matcher: Matcher) -> None:
    assert understood(matcher, "foot").score < 0.8


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("heat or massage", {"heat", "massage"}),
        ("are my shoes to blame or is it diabetes", {"footwear", "medical-conditions"}),
        ("should I stretch it or should I see a doctor", {"stretching", "see-a-doctor"}),
    ],
)
def test_two_topics_in_one_utterance_are_both_named(matcher: Matcher, text: str, pair: set[str]) -> None:
    match = understood(matcher, text)
    assert {match.entry, match.second} == pair


def test_a_correction_names_what_was_meant(matcher: Matcher) -> None:
    match = understood(matcher, "no massage", CONTEXTS["yes-no"])
    assert "massage" in (match.entry, match.second)


def test_no_second_topic_is_made_up(matcher: Matcher) -> None:
    assert understood(matcher, "should I rub it").second is None


@pytest.mark.parametrize(
    ("garbled", "clear", "entry"),
    [
        ("my those are clamping", "my toes are cramping", "relief-now"),
        ("is it my chews", "is it my shoes", "footwear"),
        ("how lung will it lost", "how long will it last", "duration"),
    ],
)
def test_evidence_is_summed_over_the_alternatives(matcher: Matcher, garbled: str, clear: str, entry: str) -> None:
    alone = matcher.match([Hypothesis(garbled)])
    together = matcher.match([Hypothesis(garbled), Hypothesis(clear, -0.4)])
    assert alone.entry != entry
    assert together.entry == entry


def test_alternatives_that_disagree_make_it_less_sure(matcher: Matcher) -> None:
    sure = matcher.match([Hypothesis("stop")])
    torn = matcher.match([Hypothesis("stop"), Hypothesis("slower", -0.2)])
    assert torn.score < sure.score


def test_a_far_less_likely_alternative_says_nothing(matcher: Matcher) -> None:
    assert matcher.match([Hypothesis("stop"), Hypothesis("slower", -30.0)]) == matcher.match([Hypothesis("stop")])


def test_equally_likely_alternatives_may_come_in_any_order(matcher: Matcher) -> None:
    one = [Hypothesis("my toes are cramping"), Hypothesis("my those are cramping")]
    first, last = matcher.match(one), matcher.match(one[::-1])
    assert first.entry == last.entry
    assert first.score == pytest.approx(last.score)


def test_empty_alternatives_are_left_out(matcher: Matcher) -> None:
    assert matcher.match([Hypothesis(""), Hypothesis("stop", -1.0)]).entry == "stop"
    assert matcher.match([]).band == "reject"


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=60), st.floats(-50, 0)), max_size=5),
    st.booleans(),
    st.sampled_from(["nothing", "yes-no", "choice"]),
)
def test_anything_may_be_said(
    matcher: Matcher, readings: list[tuple[str, float]], in_steps: bool, awaiting: Awaiting
) -> None:
    alternatives = [Hypothesis(text, likelihood) for text, likelihood in readings]
    context = Context(in_steps=in_steps, awaiting=awaiting)
    match = matcher.match(alternatives, context)
    assert 0.0 <= match.runner_up_score <= match.score <= 1.0
    assert (match.entry is None) == (match.band == "reject") == (match.kind == "none")
    assert match == matcher.match(alternatives, context)


@settings(deadline=None)
@given(
    st.sampled_from(["my toes are cramping", "what causes it", "stop", "is heat good"]), st.text(" .,!?-\n", max_size=8)
)
def test_punctuation_and_capitals_mean_nothing(matcher: Matcher, text: str, marks: str) -> None:
    assert understood(matcher, marks + text.upper() + marks) == understood(matcher, text)


def test_every_phrase_of_the_content_finds_its_own_entry(matcher: Matcher, content: Content) -> None:
    entries = [(entry.id, phrase) for entry in content.article.entries for phrase in entry.phrases]
    found = [understood(matcher, phrase).entry == entry_id for entry_id, phrase in entries]
    assert sum(found) >= 0.98 * len(found)


def test_building_and_matching_stay_quick(content: Content, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.process_time()
    matcher = Understanding.of(content).matcher
    built = time.process_time()
    sentences = [normalize(phrase) for entry in content.article.entries for phrase in entry.phrases[:10]]
    for sentence in sentences:
        understood(matcher, sentence)
    each_ms = 1000 * (time.process_time() - built) / len(sentences)
    with capsys.disabled():
        print(f"\nmatcher: built in {1000 * (built - began):.0f} ms, {each_ms:.1f} ms an utterance")
    assert built - began < 10
    assert each_ms < 200
