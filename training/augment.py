"""One clean clip into one of the many ways it could have reached a microphone. Pure: same draws, same sound.

Order as in the world: the speaker's tempo and pitch, the room, other sounds, the microphone's band, its level and
clipping. Not for features.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.random import Generator
from scipy.signal import butter, fftconvolve, sosfilt

from training import noise
from training.recipe import FeaturesPart
from voice_skill.hearing.frames import SAMPLE_RATE

FULL_SCALE = 32768.0
SPEEDS = (0.88, 1.14)  # tempo and pitch together, as a record turned slower or faster
LEVELS_DBFS = (-45.0, -10.0)  # of the speech; clipping takes the loudest to -3 dBFS and beyond
CLIPPED = 0.08  # share of clips driven into the microphone's limit
BANDED = 0.3  # share of clips from a telephone or a cheap microphone


def spoil(clip: np.ndarray, part: FeaturesPart, rng: Generator, voices: noise.Voices) -> np.ndarray:
    """Make one recording of a clip.

    Args:
        clip: mono, 16 kHz, -1 to 1.
        part: how often and how badly.
        rng: every draw comes from it.
        voices: gives clips of other people.

    Returns: samples, 16 kHz, on the scale of 16-bit integers (what Kaldi's features expect), unrounded.
    """
    sound = _tempo(clip, rng)
    sound = np.concatenate([np.zeros(_draw(rng, 0.05, 0.5)), sound, np.zeros(_draw(rng, 0.1, 0.6))])
    if rng.random() < part.roomy:
        sound = room(sound, rng)
    power = np.sqrt(np.mean(sound**2) * 1.6) + 1e-9  # of the speaking part: pauses take about three eighths
    if rng.random() < part.spoilt:
        ratio = rng.uniform(*part.snr_db)
        sound = sound + noise.draw(len(sound), rng, voices) * power * 10 ** (-ratio / 20)
    sound = sound + noise.white(len(sound), rng) * power * 10 ** (-rng.uniform(35, 65) / 20)  # every microphone hisses
    if rng.random() < BANDED:
        sound = band(sound, rng)
    sound = sound * 10 ** (rng.uniform(*LEVELS_DBFS) / 20) / power
    if rng.random() < CLIPPED:
        sound = (
            np.clip(sound, -1, 1)
            if np.abs(sound).max() > 1
            else np.clip(sound / np.abs(sound).max() * rng.uniform(1.2, 4), -0.7, 0.7)
        )
    return np.clip(sound, -1, 1) * (FULL_SCALE - 1)


def room(sound: np.ndarray, rng: Generator) -> np.ndarray:
    """Echoes of a room: reverberation time 0.15 to 0.7 s, the direct sound 0 to 10 dB above all echoes."""
    length = int(rng.uniform(0.15, 0.7) * SAMPLE_RATE)
    echoes = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    echoes[: int(0.002 * SAMPLE_RATE)] = 0  # nothing comes back before 2 ms: a wall at 35 cm
    echoes *= 10 ** (-rng.uniform(0, 10) / 20) / np.sqrt(np.sum(echoes**2))
    echoes[0] = 1
    return fftconvolve(sound, echoes)[: len(sound)]


def band(sound: np.ndarray, rng: Generator) -> np.ndarray:
    """A telephone's band (300 to 3400 Hz, steep) or a cheap microphone's (gentle, drawn by chance)."""
    if rng.random() < 0.35:
        edges, order = (300.0, 3400.0), 4
    else:
        edges, order = (rng.uniform(50, 300), rng.uniform(3300, 7500)), 1
    return np.asarray(sosfilt(butter(order, edges, "band", fs=SAMPLE_RATE, output="sos"), sound))


def _tempo(clip: np.ndarray, rng: Generator) -> np.ndarray:
    speed = rng.uniform(*SPEEDS)
    return soxr.resample(clip, SAMPLE_RATE * speed, SAMPLE_RATE, quality="MQ")


def _draw(rng: Generator, least_s: float, most_s: float) -> int:
    return int(rng.uniform(least_s, most_s) * SAMPLE_RATE)
