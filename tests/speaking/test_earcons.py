import numpy as np
import pytest

from voice_skill.speaking.clip import VOICE_DBFS, Clip
from voice_skill.speaking.earcons import HEARD, LISTENING


def pitch(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16))
    return float(np.argmax(spectrum)) * rate / (1 << 16)


@pytest.mark.parametrize(("clip", "direction"), [(LISTENING, 1), (HEARD, -1)], ids=["listening", "heard"])
def test_one_tone_rises_the_other_falls(clip: Clip, direction: int):
    third = len(clip.samples) // 3
    begin, end = (pitch(part, clip.rate) for part in (clip.samples[:third], clip.samples[-third:]))
    assert direction * (end - begin) > 80


@pytest.mark.parametrize("clip", [LISTENING, HEARD], ids=["listening", "heard"])
def test_tones_are_short_softer_than_the_voice_and_without_clicks(clip: Clip):
    assert clip.seconds <= 0.150
    assert 20 * np.log10(clip.spoken_amplitude / 32768) < VOICE_DBFS - 3
    assert np.abs(clip.samples[[0, -1]]).max() < 30
    assert np.abs(np.diff(clip.samples.astype(int))).max() < 600  # no step larger than the tone's own slope
