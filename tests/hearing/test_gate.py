"""Where utterances begin and end: on synthetic noise, on synthesised speech, and as a state machine on any frames."""

from __future__ import annotations

import io
import subprocess

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_skill.hearing.frames import FRAME_BYTES, duration_ms
from voice_skill.hearing.gate import GateSettings, NoiseFloor, SpeechEnd, SpeechFrame, SpeechStart, VoiceGate

QUESTION = "my toes are cramping what should i do"
OTHER = "how can i prevent foot cramps at night"


def run(frames, gate=None):
    gate = gate or VoiceGate()
    return [event for frame in frames for event in gate.push(frame)] + gate.finish()


def utterances(events):
    """(start event, all its sound, end event) of each utterance that isn't a click."""
    found = []
    for event in events:
        match event:
            case SpeechStart():
                start, sound = event, event.audio
            case SpeechFrame():
                sound += event.audio
            case SpeechEnd():
                if event.reason != "click":
                    found.append((start, sound, event))
    return found


def mixed(*layers):
    """Layers of frames added up; the shortest gives the length."""
    whole = [np.frombuffer(b"".join(layer), np.int16).astype(np.int32) for layer in layers]
    length = min(map(len, whole))
    pcm = np.clip(sum(layer[:length] for layer in whole), -32768, 32767).astype(np.int16).tobytes()
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES)]


def test_silence_gives_nothing(sounds):
    assert run(sounds.silence(20_000)) == []


@pytest.mark.parametrize("kind", ["hiss", "hum"])
@pytest.mark.parametrize("dbfs", [-70, -55, -45, -35, -25, -15])
def test_steady_noise_gives_no_utterance(sounds, kind, dbfs):
    assert utterances(run(getattr(sounds, kind)(15_000, dbfs))) == []


@pytest.mark.parametrize("text", [QUESTION, OTHER, "stop"])
@pytest.mark.parametrize("dbfs", [-15, -26, -35, -45])
def test_speech_at_any_level_is_one_utterance(sounds, text, dbfs):
    speech = sounds.speech(text, dbfs)
    before = sounds.hiss(2_000, -75)
    ((start, sound, end),) = utterances(run([*before, *speech, *sounds.hiss(1_500, -75, seed=1)]))
    ends = 2_000 + 20 * len(speech)
    assert start.at_ms <= 2_000 + 60
    assert ends - 400 <= end.voice_end_ms <= ends + 100
    assert end.reason == "silence"
    assert end.at_ms - end.voice_end_ms == 800
    assert duration_ms(sound) == end.at_ms - start.at_ms


@pytest.mark.parametrize(("kind", "snr_db"), [("hiss", 10), ("hiss", 20), ("hum", 5), ("hum", 20)])
def test_speech_in_noise_begins_and_ends(sounds, kind, snr_db):
    speech = sounds.speech(QUESTION, -26)
    whole = [*sounds.silence(2_000), *speech, *sounds.silence(2_000)]
    ((start, _, end),) = utterances(run(mixed(whole, getattr(sounds, kind)(20 * len(whole), -26 - snr_db))))
    assert 1_400 <= start.at_ms <= 2_200
    assert end.reason == "silence"
    assert abs(end.voice_end_ms - (2_000 + 20 * len(speech))) <= 600


def test_the_synthesizer_of_the_product_is_speech_too(sounds):
    spoken = subprocess.run(["espeak-ng", "--stdout", "what causes foot cramps"], check=True, capture_output=True)
    samples, rate = soundfile.read(io.BytesIO(spoken.stdout))
    speech = sounds.frames(soxr.resample(samples, rate, 16_000))
    assert len(utterances(run([*sounds.silence(1_000), *speech, *sounds.silence(1_000)]))) == 1


@pytest.mark.parametrize("gain_db", [0, -18])
def test_a_recording_may_begin_and_end_in_mid_speech(sounds, gain_db):
    frames = sounds.frames(sounds.samples(QUESTION)[2_400:-1_600] * 10 ** (gain_db / 20))
    ((start, sound, end),) = utterances(run(frames))
    assert start.at_ms <= 100
    assert end.reason == "end of sound"
    assert duration_ms(sound) >= 20 * len(frames) - 200


def test_noise_at_the_start_of_a_recording_is_no_speech(sounds):
    noise = sounds.hiss(4_000, -30)
    assert utterances(run(noise)) == []
    assert utterances(run(noise[:20])) == []


def test_preroll_holds_the_300_ms_before_the_voice(sounds):
    before = sounds.hiss(2_000, -80)
    frames = [*before, *sounds.speech("stop", -20), *sounds.silence(1_000)]
    ((start, sound, _),) = utterances(run(frames))
    assert 1_640 <= start.at_ms <= 1_800
    whole = b"".join(frames)
    assert whole[start.at_ms * 32 :].startswith(sound)


@pytest.mark.parametrize(("pause_ms", "count"), [(300, 1), (600, 1), (1_000, 2), (2_000, 2)])
def test_pauses(sounds, pause_ms, count):
    speech = sounds.speech(QUESTION, -26)
    frames = [*sounds.silence(500), *speech, *sounds.silence(pause_ms), *speech, *sounds.silence(1_000)]
    assert len(utterances(run(frames))) == count


def test_patience_can_be_set(sounds):
    speech = sounds.speech(QUESTION, -26)
    frames = [*speech, *sounds.silence(1_200), *speech, *sounds.silence(3_000)]
    ((_, _, end),) = utterances(run(frames, VoiceGate(GateSettings(end_silence_ms=2_000))))
    assert end.at_ms - end.voice_end_ms == 2_000


@pytest.mark.parametrize("length_ms", [5, 20, 40])
def test_clicks_are_no_utterances(sounds, length_ms):
    click = np.random.default_rng(0).normal(0, 0.3, 16 * length_ms)
    frames = [*sounds.hiss(1_500, -75), *sounds.frames(click), *sounds.hiss(1_500, -75, seed=1)]
    assert utterances(run(frames)) == []


def test_endless_talk_is_cut(sounds):
    talk = sounds.speech(QUESTION, -26) * 12
    first, *rest = utterances(run(talk))
    assert first[2].reason == "too long"
    assert duration_ms(first[1]) == 15_000
    assert rest, "what follows is an utterance of its own"


def test_discard_forgets_the_utterance(sounds):
    gate = VoiceGate()
    speech = [*sounds.silence(1_000), *sounds.speech(QUESTION, -26)]
    assert any(isinstance(event, SpeechStart) for frame in speech[:100] for event in gate.push(frame))
    assert gate.open
    gate.discard()
    assert not gate.open
    assert gate.finish() == []


def test_places_in_the_stream_stay_right_when_its_beginning_is_discarded(sounds):
    gate = VoiceGate()
    for frame in sounds.silence(600):
        gate.push(frame)
    gate.discard()
    ((start, _, _),) = utterances(run([*sounds.silence(1_400), *sounds.speech("stop", -20)], gate))
    assert 1_640 <= start.at_ms <= 1_800


def test_after_the_end_of_a_stream_the_gate_is_as_new(sounds):
    gate = VoiceGate()
    frames = [*sounds.hiss(500, -35), *mixed(sounds.speech(QUESTION, -26), sounds.hiss(5_000, -35, seed=1))]
    first = run(frames, gate)
    run(sounds.silence(5_000), gate)
    assert run(frames, gate) == first


def test_only_whole_frames():
    with pytest.raises(ValueError, match="640"):
        VoiceGate().push(bytes(320))


def test_noise_floor_is_the_quietest_tenth_of_the_last_3_s():
    floor = NoiseFloor()
    for level in range(100):
        floor.update(-float(level))
    assert floor.dbfs == -89
    for _ in range(NoiseFloor.HISTORY):
        floor.update(-10.0)
    assert floor.dbfs == -10
    assert len(floor) == 150


FRAMES = st.sampled_from(["quiet", "loud", "voice"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(FRAMES, st.integers(1, 60)), max_size=12))
def test_any_sound_gives_well_formed_events(sounds, script):
    voice = sounds.speech(QUESTION, -26)
    kinds = {"quiet": sounds.silence(2_000), "loud": sounds.hiss(2_000, -20), "voice": voice}
    frames = [kinds[kind][at % len(kinds[kind])] for kind, count in script for at in range(count)]
    events = run(frames)
    assert events == run(frames), "the same frames give the same events"
    whole, ended = b"".join(frames), 0
    for event in events:
        match event:
            case SpeechStart(audio, at_ms):
                assert at_ms >= ended
                assert whole[at_ms * 32 :].startswith(audio)
                heard = at_ms * 32 + len(audio)
            case SpeechFrame(audio, _):
                assert whole[heard:].startswith(audio)
                heard += len(audio)
            case SpeechEnd(at_ms, voice_end_ms):
                assert voice_end_ms <= at_ms == heard // 32
                ended = at_ms
