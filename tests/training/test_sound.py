"""Noises, spoilt recordings and their features."""

import numpy as np
import pytest
import soundfile

from training import augment, features, noise
from training.recipe import FeaturesPart, Recipe
from voice_skill.hearing.frames import SAMPLE_RATE


def tone(seconds: float = 1.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


def level(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound**2)))


@pytest.mark.parametrize("make", [noise.white, noise.pink, noise.brown, noise.hum, noise.knocks, noise.coughs])
def test_every_noise_has_unit_level_and_comes_from_its_seed(make) -> None:
    first, again, other = (make(SAMPLE_RATE, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert level(first) == pytest.approx(1, rel=0.02)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pink_noise_falls_by_three_decibels_an_octave() -> None:
    power = np.abs(np.fft.rfft(noise.pink(SAMPLE_RATE * 20, np.random.default_rng(0)))) ** 2
    low, high = (power[20 * f : 20 * 2 * f].mean() for f in (500, 1000))
    assert 10 * np.log10(low / high) == pytest.approx(3, abs=0.5)


def test_babble_is_made_of_other_peoples_voices() -> None:
    asked: list[int] = []

    def voices() -> np.ndarray:
        asked.append(1)
        return tone(0.5)

    spectrum = np.abs(np.fft.rfft(noise.babble(SAMPLE_RATE, np.random.default_rng(0), voices)))
    assert asked
    assert abs(int(spectrum.argmax()) - 440) <= 2


def test_a_spoilt_recording_keeps_the_scale_and_comes_from_its_seed() -> None:
    part = FeaturesPart()
    first, again = (augment.spoil(tone(), part, np.random.default_rng(5), tone) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    for seed in range(30):
        spoilt = augment.spoil(tone(), part, np.random.default_rng(seed), tone)
        assert np.abs(spoilt).max() <= 32767
        assert np.isfinite(spoilt).all()
        assert 0.9 * SAMPLE_RATE < len(spoilt) < 2.5 * SAMPLE_RATE


def test_a_telephone_carries_no_bass() -> None:
    low = np.sin(2 * np.pi * 40 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    assert max(level(augment.band(low, np.random.default_rng(seed))) for seed in range(20)) < 0.7 * level(low)


def test_echoes_ring_on_after_the_sound() -> None:
    click = np.zeros(SAMPLE_RATE)
    click[100] = 1
    ringing = augment.room(click, np.random.default_rng(1))
    assert ringing[100] == pytest.approx(1)
    assert level(ringing[200:2000]) > 0
    assert level(ringing[-1000:]) < level(ringing[200:1200])


def test_features_are_kaldis_mfcc() -> None:
    frames = features.mfcc(tone() * 32768)
    assert frames.shape == (98, 40)
    softer = features.mfcc(tone() * 32768 * 0.1)
    # A tenth of the amplitude lowers each of 40 log energies by ln 100; an orthonormal cosine transform has that in c0.
    assert frames[50, 0] - softer[50, 0] == pytest.approx(np.sqrt(40) * np.log(100), rel=0.05)
    np.testing.assert_allclose(frames[50, 1:], softer[50, 1:], atol=1.5)


def test_the_mean_of_what_was_heard_so_far_is_taken_off() -> None:
    frames = np.random.default_rng(0).standard_normal((900, 40)) + 5
    overall = np.full(40, 3.0)
    done = features.mean_normalise(frames, overall)
    for time in (0, 150, 450, 599, 899):
        heard = frames[max(0, time - 599) : time + 1]
        filled = min(200, 600 - len(heard))
        mean = (heard.sum(0) + filled * overall) / (len(heard) + filled)
        np.testing.assert_allclose(done[time], frames[time] - mean, atol=1e-4)


def test_shards_are_made_once_and_grow(tmp_path, progress) -> None:
    from training.speech import manifest

    folder = tmp_path / "speech"
    folder.mkdir()

    def add(name: str, text: str) -> None:
        soundfile.write(folder / name, tone(0.8), SAMPLE_RATE, subtype="PCM_16")
        manifest.append(folder / manifest.NAME, manifest.Clip(name, text, "test", "tone", 0.8))

    add("a.flac", "my foot")
    recipe = Recipe(features=FeaturesPart(copies=2))
    features.run(recipe, tmp_path, progress)
    shards = {file: file.stat().st_mtime_ns for file in (tmp_path / "features").glob("*.npz")}
    assert len(shards) == 2
    features.run(recipe, tmp_path, progress)
    assert shards == {file: file.stat().st_mtime_ns for file in (tmp_path / "features").glob("*.npz")}
    add("b.flac", "my toes")
    features.run(recipe, tmp_path, progress)
    texts = sorted(u.text for u in features.read_utterances(tmp_path / "features"))
    assert texts == ["my foot", "my foot", "my toes", "my toes"]
