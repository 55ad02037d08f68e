import numpy as np
import pytest

from voice_skill.speaking.clip import Clip

RATE = 22_050


def tone(seconds: float, amplitude: float = 10_000, rate: int = RATE) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.int16)


def dbfs(amplitude: float) -> float:
    return 20 * np.log10(amplitude / 32768)


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.zeros(4, np.float32), RATE),
        (np.zeros((4, 2), np.int16), RATE),
        (np.zeros(4, np.int16), 0),
    ],
)
def test_only_mono_int16_at_a_rate_is_a_clip(samples, rate):
    with pytest.raises(ValueError, match="mono int16"):
        Clip(samples, rate)


def test_a_clip_cannot_be_altered_but_the_callers_array_can():
    own = tone(0.1)
    clip = Clip(own, RATE)
    with pytest.raises(ValueError, match="read-only"):
        clip.samples[0] = 1
    own[0] = 7
    assert clip.seconds == pytest.approx(0.1)


def test_trimming_takes_the_silence_around_and_leaves_the_pause_within():
    silence, hiss = np.zeros(RATE // 2, np.int16), np.full(RATE // 4, 20, np.int16)
    padded = Clip(np.concatenate([silence, hiss, tone(0.3), silence, tone(0.3), hiss, silence]), RATE)
    trimmed = padded.trimmed()
    assert trimmed.seconds == pytest.approx(0.3 + 0.5 + 0.3 + 2 * 0.010, abs=0.003)
    assert trimmed.samples[0] == 0
    assert abs(int(trimmed.samples[-1])) < 20


@pytest.mark.parametrize("length", [0, 1, 5000])
def test_pure_silence_becomes_empty(length):
    assert len(Clip(np.zeros(length, np.int16), RATE).trimmed().samples) == 0


@pytest.mark.parametrize("amplitude", [300, 3000, 30_000])
def test_levelling_brings_speech_to_minus_20_dbfs_whatever_its_pauses(amplitude):
    clip = Clip(np.concatenate([tone(0.5, amplitude), np.zeros(RATE, np.int16), tone(0.5, amplitude)]), RATE).levelled()
    assert dbfs(clip.spoken_amplitude) == pytest.approx(-20, abs=0.3)


def test_levelling_never_lets_a_peak_near_full_scale():
    click = np.zeros(RATE, np.int16)
    click[::400] = 8000  # far more peak than power
    clip = Clip(click, RATE).levelled()
    assert dbfs(np.abs(clip.samples).max()) == pytest.approx(-1, abs=0.1)
    assert dbfs(clip.spoken_amplitude) < -20


def test_levelling_silence_leaves_it_silent():
    assert not Clip(np.zeros(100, np.int16), RATE).levelled().samples.any()


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_resampling_keeps_length_and_pitch(rate):
    clip = Clip(tone(1.0), RATE).resampled(rate)
    assert clip.rate == rate
    assert clip.seconds == pytest.approx(1.0, abs=0.001)
    spectrum = np.abs(np.fft.rfft(clip.samples))
    assert np.argmax(spectrum) * rate / len(clip.samples) == pytest.approx(440, abs=1)


def test_resampling_to_its_own_rate_or_nothing_costs_nothing():
    clip, nothing = Clip(tone(0.1), RATE), Clip(np.zeros(0, np.int16), RATE)
    assert clip.resampled(RATE) is clip
    assert len(nothing.resampled(48_000).samples) == 0
