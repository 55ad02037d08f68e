"""Commands over the assistant's own voice, on the real model and the real canceller."""

from __future__ import annotations

import numpy as np
import pytest

from voice_skill.article.loader import load_content
from voice_skill.hearing.bargein import BargeIn
from voice_skill.hearing.frames import FRAME_BYTES
from voice_skill.hearing.remainder import Remainder
from voice_skill.settings import CONTENT_DIR
from voice_skill.speaking.synthesizer import Synthesizer

RATE = 16_000
PHRASES = load_content(CONTENT_DIR).requests.while_speaking


class Loudspeaker:
    steady = True
    slips = 1

    def __init__(self):
        self.frame = bytes(FRAME_BYTES)

    def take(self, behind_s=0.0):
        return self.frame


@pytest.fixture(scope="module")
def voice():
    """Twenty seconds of the assistant's own voice, at -26 dBFS."""
    synthesizer = Synthesizer(None, 150)
    texts = [
        "Gently pull your toes up toward your shin.",
        "Say next when you're ready.",
        "Rub the tight spot.",
        "If it keeps coming back, ask your doctor.",
        "Lay a warm pack on it to bring more blood there.",
    ]
    clips = [synthesizer.render(text).resampled(RATE).samples / 32768 for text in texts]
    sound = np.concatenate([part for clip in clips for part in (clip, np.zeros(RATE // 3))] * 2)
    return sound * 10 ** (-26 / 20) / np.sqrt(np.mean(sound[sound != 0] ** 2))


def said(text):
    """By another voice than the assistant's."""
    import io
    import subprocess

    import soundfile
    import soxr

    command = ["flite", "-voice", "slt", "-t", text, "-o", "/dev/stdout"]
    wave = subprocess.run(command, capture_output=True, check=True).stdout
    samples, rate = soundfile.read(io.BytesIO(wave))
    sound = soxr.resample(samples, rate, RATE)
    return sound * 10 ** (-26 / 20) / np.sqrt(np.mean(sound**2))


def commands(speech_model, sounds, microphone, played, **options):
    loudspeaker = Loudspeaker()
    barge_in = BargeIn(speech_model, PHRASES, loudspeaker, **options)
    found = []
    for heard, frame in zip(sounds.frames(microphone), sounds.frames(played), strict=True):
        loudspeaker.frame = frame
        text = barge_in.hear(heard)
        if text:
            found.append(text)
    return found


def echo(voice, gain_db):
    late = np.concatenate([np.zeros(int(0.05 * RATE)), voice])[: len(voice)]
    hiss = np.random.default_rng(1).standard_normal(len(voice)) * 10 ** (-70 / 20)
    return late * 10 ** (gain_db / 20) + hiss


@pytest.mark.parametrize("gain_db", [0, -10, -20, -30])
def test_its_own_voice_is_no_command(speech_model, sounds, voice, gain_db):
    assert commands(speech_model, sounds, echo(voice, gain_db), voice) == []


@pytest.mark.parametrize("text", ["stop", "louder", "chest pain"])
def test_a_command_is_heard_over_it(speech_model, sounds, voice, text):
    microphone = echo(voice, -20)
    word = said(text)
    microphone[8 * RATE : 8 * RATE + len(word)] += word
    assert commands(speech_model, sounds, microphone, voice) == [text]


def test_what_the_assistant_says_itself_is_not_obeyed(speech_model, sounds, voice):
    microphone = echo(voice, -20)
    word = said("next")
    microphone[8 * RATE : 8 * RATE + len(word)] += word
    assert commands(speech_model, sounds, microphone, voice, being_said=lambda: "Say next when you're ready.") == []


def test_its_own_voice_is_no_command_when_the_delay_changes(speech_model, sounds, voice):
    """What the canceller has learnt is wrong from then on, and nearly all of the echo is left."""
    microphone = np.concatenate([echo(voice, 0)[: 8 * RATE], np.zeros(RATE // 10), echo(voice, 0)[8 * RATE :]])
    assert commands(speech_model, sounds, microphone[: len(voice)], voice) == []


def test_who_speaks_as_the_delay_changes_is_heard(speech_model, sounds, voice):
    late, word = np.concatenate([np.zeros(RATE // 10), voice[8 * RATE :]]), said("stop")
    microphone = np.concatenate([echo(voice, -20)[: 8 * RATE], echo(late, -20)])[: len(voice)]
    microphone[9 * RATE : 9 * RATE + len(word)] += word
    (heard,) = commands(speech_model, sounds, microphone, voice)
    assert heard.startswith("stop")


def test_a_faint_echo_with_pieces_missing_is_withheld_and_words_over_it_are_not(sounds, voice):
    """A sound server drops a piece now and then: what the canceller has learnt is wrong from there on."""
    microphone, word, hole = echo(voice, -30), said("stop"), RATE // 25
    for start in range(6 * RATE, len(voice), RATE // 3):
        microphone[start:-hole] = microphone[start + hole :]
        microphone[start + 2 * hole : start + 3 * hole] = 0
    played = voice

    def given(heard):
        loudspeaker = Loudspeaker()
        remainder = Remainder(loudspeaker)
        frames = []
        for frame, loudspeaker.frame in zip(sounds.frames(heard), sounds.frames(played), strict=True):
            frames += remainder.of(frame, 0.0)
        return sum(frame != bytes(FRAME_BYTES) for frame in frames)

    assert given(microphone) == 0
    microphone[8 * RATE : 8 * RATE + len(word)] += word
    assert given(microphone) >= 20


def test_without_knowing_what_is_played_nothing_is_heard(speech_model, sounds, voice):
    """Between the loudspeaker and the microphone something stands still: what `Played` gives may be long over."""
    loudspeaker = Loudspeaker()
    loudspeaker.steady = False
    barge_in = BargeIn(speech_model, PHRASES, loudspeaker)
    microphone, word = echo(voice, -30), said("stop")
    microphone[8 * RATE : 8 * RATE + len(word)] += word
    assert not any(map(barge_in.hear, sounds.frames(microphone)))


def test_with_headphones_nothing_is_cancelled(speech_model, sounds):
    barge_in = BargeIn(speech_model, PHRASES, None)
    frames = sounds.frames(np.concatenate([np.zeros(2 * RATE), said("stop"), np.zeros(RATE)]))
    assert [text for text in map(barge_in.hear, frames) if text] == ["stop"]


def test_other_talk_is_no_command(speech_model, sounds):
    barge_in = BargeIn(speech_model, PHRASES, None)
    frames = sounds.frames(np.concatenate([np.zeros(2 * RATE), said("the children walked to school"), np.zeros(RATE)]))
    assert [text for text in map(barge_in.hear, frames) if text] == []


def test_keeping_up_forgets_what_was_begun(speech_model, sounds):
    barge_in = BargeIn(speech_model, PHRASES, None)
    frames = sounds.frames(np.concatenate([np.zeros(2 * RATE), said("stop")]))
    heard = [barge_in.hear(frame) for frame in frames[:-12]]
    barge_in.keep_up()
    assert not any(heard)
    assert not any(barge_in.hear(bytes(FRAME_BYTES)) for _ in range(60))
