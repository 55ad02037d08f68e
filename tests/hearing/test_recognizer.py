"""The real bundled model on real (synthetic) speech: n-best lists, joined parts, closed grammars, odd input."""

from __future__ import annotations

import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_skill.errors import ModelError
from voice_skill.events import Hypothesis
from voice_skill.hearing.models import CheckedModel
from voice_skill.hearing.recognizer import Partial, Recognizer, SpeechModel, join_readings, merge_readings

QUESTION = "my toes are cramping what should i do"
OTHER = "how can i prevent foot cramps at night"


def hear(recognizer, frames):
    partials = [partial for frame in frames for partial in recognizer.accept(frame)]
    return partials, recognizer.finish()


@pytest.mark.parametrize("text", [QUESTION, OTHER, "stop"])
def test_what_is_said_is_heard(open_view, sounds, text):
    partials, final = hear(open_view, sounds.speech(text))
    assert final.text == text
    assert final.audio_ms == 20 * len(sounds.speech(text))
    assert all(isinstance(partial, Partial) and partial.text for partial in partials)
    assert len({partial.text for partial in partials}) == len(partials), "only news is told"


def test_partials_grow_towards_the_text(open_view, sounds):
    partials, _ = hear(open_view, sounds.speech(QUESTION))
    assert partials[0].text.startswith("my")
    assert "my toes are cramping" in {partial.text for partial in partials}


def test_alternatives_are_ranked_different_and_relative_to_the_best(open_view, sounds):
    _, final = hear(open_view, sounds.speech(OTHER)[:-35])  # ends in mid-word
    likelihoods = [reading.log_likelihood for reading in final.alternatives]
    assert 2 <= len(final.alternatives) <= 5
    assert likelihoods[0] == 0.0
    assert likelihoods == sorted(likelihoods, reverse=True)
    texts = [reading.text for reading in final.alternatives]
    assert len(set(texts)) == len(texts)
    assert not any("[unk]" in text for text in texts)


def test_used_again_it_hears_the_same(open_view, sounds):
    first = hear(open_view, sounds.speech(OTHER))
    hear(open_view, sounds.speech(QUESTION))
    assert hear(open_view, sounds.speech(OTHER)) == first


def test_vosks_own_end_of_utterance_loses_nothing(open_view, sounds):
    frames = [*sounds.speech(QUESTION), *sounds.silence(3_000), *sounds.speech(OTHER), *sounds.silence(3_000)]
    partials, final = hear(open_view, frames)
    assert final.text == f"{QUESTION} {OTHER}"
    assert partials[-1].text.startswith(QUESTION)
    assert final.audio_ms == 20 * len(frames)


def test_silence_and_nothing_at_all_are_empty_texts(open_view, sounds):
    for frames in ([], [b""], sounds.silence(2_000), sounds.silence(100)):
        partials, final = hear(open_view, frames)
        assert partials == []
        assert final.text == ""
        assert final.alternatives[0] == Hypothesis("")


def test_half_a_sample_is_refused(open_view):
    with pytest.raises(ValueError, match="half a sample"):
        open_view.accept(bytes(641))
    open_view.reset()


@pytest.mark.parametrize("ended", ["reset", "finish"])
@pytest.mark.parametrize("silence_ms", [0, *range(300, 1_500, 100)])
def test_nothing_of_an_utterance_gets_into_the_next(open_view, sounds, ended, silence_ms):
    spoken = [*sounds.speech(QUESTION)[:75], *sounds.silence(silence_ms)]  # Vosk may or may not have ended it itself
    for frame in spoken:
        open_view.accept(frame)
    getattr(open_view, ended)()
    assert hear(open_view, sounds.silence(2_000))[1].text == ""
    assert hear(open_view, sounds.speech("stop"))[1].text == "stop"


def test_warm_up_leaves_nothing_behind(speech_model, sounds):
    recognizer = Recognizer(speech_model)
    recognizer.warm_up()
    assert hear(recognizer, sounds.speech("stop"))[1].text == "stop"


@pytest.mark.parametrize(
    ("word", "known"), [("cramp", True), ("[unk]", True), ("zeppelins", False), ("", False), ("Cramp", False)]
)
def test_vocabulary(open_view, word, known):
    assert open_view.knows(word) is known


# --- closed views -------------------------------------------------------------------------------------------------


def test_a_closed_view_hears_its_phrases_and_nothing_else(speech_model, open_view, sounds):
    commands = Recognizer(speech_model, grammar=["stop", "next step", "repeat"])
    assert hear(commands, sounds.speech("stop"))[1].text == "stop"
    assert hear(commands, sounds.speech(QUESTION))[1].text == ""
    assert hear(open_view, sounds.speech(QUESTION))[1].text == QUESTION, "the views don't disturb each other"


def test_phrases_with_unknown_words_are_left_out_and_reported(speech_model, sounds, caplog):
    with caplog.at_level(logging.WARNING):
        commands = Recognizer(speech_model, grammar=["stop", "plantar  zeppelins", "", "  ", "stop", "Next"])
    assert commands.left_out == ("plantar zeppelins", "", "", "Next")
    assert "zeppelins" in caplog.text
    assert hear(commands, sounds.speech("stop"))[1].text == "stop"


@pytest.mark.parametrize("grammar", [[], [""], ["zeppelins"], ['"]'], ["\\u0000"], ["Café"]])
def test_a_grammar_that_would_kill_the_process_is_refused(speech_model, grammar):
    with pytest.raises(ValueError, match="no phrase"):
        Recognizer(speech_model, grammar=grammar)


def test_a_folder_that_vosk_refuses_names_the_repair(tmp_path):
    with pytest.raises(ModelError) as caught:
        SpeechModel(CheckedModel("empty", tmp_path, "voice-skill model install empty"))
    assert "empty" in caught.value.cause
    assert caught.value.fix == "voice-skill model install empty"


# --- n-best lists -------------------------------------------------------------------------------------------------

READINGS = st.lists(
    st.builds(Hypothesis, st.sampled_from(["", "a", "b", "a b"]), st.floats(-50, 0)), min_size=1, max_size=6
)


def mass(readings):
    return sum(math.exp(reading.log_likelihood) for reading in readings)


@given(READINGS)
def test_merging_adds_up_probabilities(readings):
    merged = merge_readings(readings)
    assert {reading.text for reading in merged} == {reading.text for reading in readings}
    assert merged[0].log_likelihood == 0.0
    for reading in merged:
        same = [one for one in readings if one.text == reading.text]
        first = [one for one in readings if one.text == merged[0].text]
        assert math.exp(reading.log_likelihood) == pytest.approx(mass(same) / mass(first))


def test_joining_takes_the_likeliest_combinations():
    parts = [
        (Hypothesis("my toes"), Hypothesis("my nose", -1.0)),
        (Hypothesis(""),),
        (Hypothesis("cramp"), Hypothesis("camp", -0.5), Hypothesis("", -9.0)),
    ]
    assert join_readings(parts, 3) == (
        Hypothesis("my toes cramp", 0.0),
        Hypothesis("my toes camp", -0.5),
        Hypothesis("my nose cramp", -1.0),
    )
    assert join_readings([], 5) == (Hypothesis(""),)


@given(st.lists(READINGS, max_size=4), st.integers(1, 5))
def test_joined_lists_are_ranked_and_bounded(parts, limit):
    joined = join_readings(parts, limit)
    likelihoods = [reading.log_likelihood for reading in joined]
    assert 1 <= len(joined) <= limit
    assert likelihoods[0] == 0.0
    assert likelihoods == sorted(likelihoods, reverse=True)
    assert len({reading.text for reading in joined}) == len(joined)
