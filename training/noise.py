"""Sounds that spoil speech: hiss, rumble, hum, knocks, coughs, other voices. Pure functions of length and draws.

All have a root mean square of 1 where they sound; how loud they are beside the speech is `augment.py`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from scipy.signal import butter, sosfilt

from voice_skill.hearing.frames import SAMPLE_RATE

Sound = np.ndarray  # mono, 16 kHz, float64
Voices = Callable[[], Sound]  # a clip of somebody else speaking, a new one each time

_KINDS: Sequence[tuple[str, float]] = (
    ("white", 0.12), ("pink", 0.22), ("brown", 0.08), ("babble", 0.33), ("hum", 0.08),
    ("knocks", 0.09), ("coughs", 0.08),
)  # fmt: skip


def draw(samples: int, rng: Generator, voices: Voices) -> Sound:
    """One noise of a kind drawn by chance; other voices most often: they are hardest to tell from the speaker."""
    names, chances = zip(*_KINDS, strict=True)
    kind = rng.choice(names, p=chances)
    return babble(samples, rng, voices) if kind == "babble" else _MAKERS[str(kind)](samples, rng)


def white(samples: int, rng: Generator) -> Sound:
    """Equal power at all frequencies."""
    return rng.standard_normal(samples)


def pink(samples: int, rng: Generator) -> Sound:
    """Power falling by 3 dB an octave, as in a busy room."""
    return _sloped(samples, rng, 0.5)


def brown(samples: int, rng: Generator) -> Sound:
    """Power falling by 6 dB an octave, as of traffic behind a window."""
    return _sloped(samples, rng, 1.0)


def hum(samples: int, rng: Generator) -> Sound:
    """Mains hum at 50 or 60 Hz with overtones, over a little hiss."""
    time = np.arange(samples) / SAMPLE_RATE
    base = float(rng.choice((50.0, 60.0)))
    tones = [rng.uniform(0.2, 1) / k * np.sin(2 * np.pi * (base * k * time + rng.uniform())) for k in range(1, 12)]
    return _unit(np.sum(tones, 0) + 0.05 * white(samples, rng))


def knocks(samples: int, rng: Generator) -> Sound:
    """Short blows, two or so a second: dishes, a door, a crutch put down."""
    out = 0.02 * white(samples, rng)
    for _ in range(1 + rng.poisson(samples / SAMPLE_RATE * 2)):
        length = int(rng.uniform(0.01, 0.12) * SAMPLE_RATE)
        start = int(rng.integers(0, max(1, samples - length)))
        blow = rng.standard_normal(length) * np.exp(-np.arange(length) / (length / rng.uniform(3, 8)))
        part = out[start : start + length]
        part += blow[: len(part)] * rng.uniform(0.3, 1)
    return _unit(out)


def coughs(samples: int, rng: Generator) -> Sound:
    """Bursts of breath shaped as coughs: a sharp onset, 0.2 to 0.4 s, energy from 300 Hz to 4 kHz."""
    out = 0.01 * white(samples, rng)
    band = butter(2, (300, 4000), "band", fs=SAMPLE_RATE, output="sos")
    for _ in range(1 + rng.poisson(samples / SAMPLE_RATE * 0.5)):
        length = int(rng.uniform(0.2, 0.4) * SAMPLE_RATE)
        start = int(rng.integers(0, max(1, samples - length)))
        time = np.linspace(0, 1, length)
        shape = np.minimum(time / 0.04, 1) * np.exp(-4 * time) + 0.5 * np.exp(-((time - 0.75) ** 2) / 0.01)
        part = out[start : start + length]
        part += (np.asarray(sosfilt(band, rng.standard_normal(length))) * shape)[: len(part)]
    return _unit(out)


def babble(samples: int, rng: Generator, voices: Voices) -> Sound:
    """One to six other people speaking at once."""
    out = np.zeros(samples)
    for _ in range(int(rng.integers(1, 7))):
        clip = voices()
        clip = np.tile(clip, samples // len(clip) + 2)
        start = int(rng.integers(0, len(clip) - samples))
        out += _unit(clip[start : start + samples]) * rng.uniform(0.5, 1)
    return _unit(out)


def _sloped(samples: int, rng: Generator, power: float) -> Sound:
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum /= np.maximum(np.arange(len(spectrum)), samples * 20 / SAMPLE_RATE) ** power  # flat below 20 Hz
    return _unit(np.fft.irfft(spectrum, samples))


def _unit(sound: Sound) -> Sound:
    return sound / (np.sqrt(np.mean(sound**2)) + 1e-9)


_MAKERS: dict[str, Callable[[int, Generator], Sound]] = {
    "white": white, "pink": pink, "brown": brown, "hum": hum, "knocks": knocks, "coughs": coughs,
}  # fmt: skip
