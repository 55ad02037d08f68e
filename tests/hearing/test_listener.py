"""Gate and recognizer together, on the real model: frames in, text out."""

from __future__ import annotations

import pytest

from voice_skill.hearing.gate import GateSettings, VoiceGate
from voice_skill.hearing.listener import Listener
from voice_skill.hearing.recognizer import Final, Partial, Recognizer

QUESTION = "my toes are cramping what should i do"
OTHER = "how can i prevent foot cramps at night"


def finals(listener, frames):
    heard = [result for frame in frames for result in listener.feed(frame)] + list(listener.flush())
    return [result for result in heard if isinstance(result, Final)]


def texts(listener, frames):
    return [final.text for final in finals(listener, frames)]


@pytest.fixture
def listener(open_view):
    open_view.reset()
    return Listener(open_view)


def test_two_questions_two_answers(listener, sounds):
    pause = sounds.hiss(1_500, -70)
    assert texts(listener, [*pause, *sounds.speech(QUESTION), *pause, *sounds.speech(OTHER), *pause]) == [
        QUESTION,
        OTHER,
    ]


def test_the_final_comes_with_the_frame_that_ends_the_utterance(listener, sounds):
    frames = [*sounds.silence(1_000), *sounds.speech(QUESTION), *sounds.silence(1_000)]
    results = [(at, result) for at, frame in enumerate(frames, 1) for result in listener.feed(frame)]
    assert [type(result) for _, result in results] == [Partial] * (len(results) - 1) + [Final]
    assert list(listener.flush()) == []
    at, final = results[-1]
    times = listener.last
    assert final.text == QUESTION
    assert times.decided_ms == 20 * at == times.voice_end_ms + 800
    assert times.start_ms < 1_300 < 3_000 < times.voice_end_ms
    assert 0 < times.finish_ms <= times.decode_ms


@pytest.mark.parametrize("dbfs", [-6, -26, -40, -46, -52])
def test_quiet_speech_is_raised(listener, sounds, dbfs):
    frames = [*sounds.hiss(1_000, -85), *sounds.speech(QUESTION, dbfs), *sounds.hiss(1_000, -85, seed=1)]
    assert texts(listener, frames) == [QUESTION]


@pytest.mark.parametrize("pause_ms", [200, 500, 700])
def test_a_pause_for_thought_splits_nothing(listener, sounds, pause_ms):
    first, second = (sounds.frames(sounds.samples(text)) for text in (QUESTION, OTHER))
    (final,) = finals(listener, [*sounds.silence(1_000), *first, *sounds.silence(pause_ms), *second])
    assert final.text == f"{QUESTION} {OTHER}"


def test_long_pauses_are_not_decoded(open_view, sounds):
    patient = Listener(open_view, VoiceGate(GateSettings(end_silence_ms=3_000)))
    spoken = sounds.frames(sounds.samples(QUESTION))
    (final,) = finals(patient, [*sounds.silence(1_000), *spoken, *sounds.silence(2_500), *spoken])
    assert final.text == f"{QUESTION} {QUESTION}"
    assert final.audio_ms <= 2 * 20 * len(spoken) + 300 + 500


def test_silence_is_never_decoded(sounds):
    class Deaf:
        def accept(self, _frames):
            raise AssertionError("silence was decoded")

    listener = Listener(Deaf())
    assert texts(listener, [*sounds.silence(5_000), *sounds.hiss(5_000, -65)]) == []
    assert listener.last is None


def test_a_click_is_dropped(listener, sounds):
    click = sounds.frames(sounds.samples(QUESTION)[8_000:8_800])
    frames = [*sounds.hiss(1_500, -75), *click, *sounds.hiss(1_500, -75, seed=1)]
    listener_with_short_memory = Listener(listener._recognizer, VoiceGate(GateSettings(min_voiced_ms=400)))
    assert texts(listener_with_short_memory, frames) == []
    assert texts(listener, [*sounds.silence(1_000), *sounds.speech("stop"), *sounds.silence(1_000)]) == ["stop"]


def test_discard_forgets_what_was_begun(listener, sounds):
    spoken = [*sounds.silence(1_000), *sounds.speech(QUESTION)]
    for frame in spoken[:-60]:
        list(listener.feed(frame))
    assert listener.in_utterance
    listener.discard()
    assert not listener.in_utterance
    assert texts(listener, [*sounds.silence(1_000), *sounds.speech("stop"), *sounds.silence(1_000)]) == ["stop"]


def test_another_view_can_be_put_in(listener, speech_model, sounds):
    commands = Recognizer(speech_model, grammar=["stop", "next", "repeat"])
    for frame in [*sounds.silence(1_000), *sounds.speech(QUESTION)][:100]:
        listener.feed(frame)
    listener.use(commands)
    pause = sounds.silence(1_000)
    assert texts(listener, [*pause, *sounds.speech("stop"), *pause, *sounds.speech(OTHER), *pause]) == ["stop", ""]
