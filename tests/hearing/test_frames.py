"""Sound of any rate and form becomes 20 ms frames of 16 kHz mono int16."""

from __future__ import annotations

import numpy as np
import pytest

from voice_skill.hearing.frames import (
    FRAME_BYTES,
    SAMPLE_RATE,
    SILENCE_DBFS,
    Framer,
    amplify,
    duration_ms,
    level_dbfs,
    loudest_dbfs,
)


def tone(seconds, rate, hz=440.0, peak=0.5):
    return (peak * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def as_pcm(samples):
    return np.rint(samples * 32768).astype(np.int16).tobytes()


@pytest.mark.parametrize(
    ("pcm", "dbfs"),
    [
        (as_pcm(tone(1, 16_000, peak=1 - 1e-4)), -3.01),
        (as_pcm(tone(1, 16_000, peak=0.01)), -43.01),
        (np.full(320, 1, np.int16).tobytes(), -90.31),
        (bytes(640), SILENCE_DBFS),
        (b"", SILENCE_DBFS),
    ],
)
def test_level(pcm, dbfs):
    assert level_dbfs(pcm) == pytest.approx(dbfs, abs=0.05)


def test_loudest_finds_the_loud_part():
    pcm = bytes(16_000) + as_pcm(tone(0.2, 16_000, peak=0.1)) + bytes(16_000)
    assert loudest_dbfs(pcm) == pytest.approx(-23, abs=0.2)
    assert loudest_dbfs(pcm[16_000:16_640]) == pytest.approx(-23, abs=0.5)  # shorter than 100 ms


def test_amplify_clips_instead_of_wrapping():
    pcm = np.array([100, -100, 20_000, -20_000], np.int16).tobytes()
    assert np.frombuffer(amplify(pcm, 20), np.int16).tolist() == [1000, -1000, 32767, -32768]


def test_16_khz_mono_passes_unchanged():
    pcm = np.random.default_rng(0).integers(-32768, 32768, 320 * 7, np.int16).tobytes()
    framer = Framer(SAMPLE_RATE)
    assert b"".join(framer.push_int16(pcm, 1) + framer.flush()) == pcm


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("block", [160, 441, 4096])
def test_any_rate_any_block_keeps_the_tone_and_the_length(rate, block):
    samples = tone(1.0, rate)[:, None]
    framer = Framer(rate)
    frames = [frame for at in range(0, len(samples), block) for frame in framer.push(samples[at : at + block])]
    frames += framer.flush()
    assert {len(frame) for frame in frames} == {FRAME_BYTES}
    heard = np.frombuffer(b"".join(frames), np.int16) / 32768
    assert abs(len(heard) - SAMPLE_RATE) <= 2 * 320
    spectrum = np.abs(np.fft.rfft(heard[2000:10_000]))
    assert np.argmax(spectrum) == round(440 * 8000 / SAMPLE_RATE)
    assert np.std(heard[2000:10_000]) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_stereo_is_averaged():
    left = tone(0.1, 16_000)
    both = np.stack([left, -left], axis=1)
    assert level_dbfs(b"".join(Framer(16_000).push(both))) == SILENCE_DBFS
    interleaved = np.rint(np.stack([left, np.zeros_like(left)], axis=1) * 32767).astype(np.int16).tobytes()
    assert level_dbfs(b"".join(Framer(16_000).push_int16(interleaved, 2))) == pytest.approx(-15, abs=0.1)


def test_too_loud_is_clipped():
    frames = Framer(16_000).push(np.full((320, 1), 3.0, np.float32))
    assert set(np.frombuffer(frames[0], np.int16)) == {32767}


def test_the_last_frame_is_filled_up():
    framer = Framer(16_000)
    assert framer.push(np.full((100, 1), 0.5, np.float32)) == []
    (last,) = framer.flush()
    assert len(last) == FRAME_BYTES
    assert np.count_nonzero(np.frombuffer(last, np.int16)) == 100
    assert framer.flush() == []


def test_duration():
    assert duration_ms(bytes(640)) == 20
    assert duration_ms(b"") == 0
