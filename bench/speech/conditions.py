"""What stands between a clean clip and the recognizer: noise, a room, other people's talk, distance, a telephone band.

Made apart from whatever a model was trained with, on purpose: its noises and rooms would flatter it. All samples are
float64 at 16 kHz, full scale 1.0; every draw comes from the generator that is passed in. Not for deciding which clip
meets which condition (`hearing.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import soxr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

RATE = 16_000
SNR_DB = 10.0
NOISY = ("pink", "babble", "room")  # the goals for noisy speech are about these
CONDITIONS = ("clean", *NOISY, "quiet", "tel8k")

HISS_DBFS = -75.0  # under everything: no microphone gives digital silence
QUIET_DB = -24.0  # a soft voice, or one across the room: from -26 to -50 dBFS
TALKERS = 5  # at once, in babble; with fewer, single words stand out
RT60_S = 0.35  # a furnished living room
_EYRING_S = 0.25  # what Eyring's formula must be asked for to get it: measured, the sparse late images ring longer
ROOMS = 6
_SOUND_M_PER_S = 343.0
_FRAME = 320


def disturb(clean: Samples, condition: str, random: np.random.Generator, talk: Sequence[Samples] = ()) -> Samples:
    """The clip as it arrives in one of `CONDITIONS`, same length.

    talk: clips of other people, needed for babble. Raises ValueError for an unknown condition.
    """
    match condition:
        case "clean":
            heard = clean
        case "pink":
            heard = clean + at_snr(clean, pink(len(clean), random))
        case "babble":
            heard = clean + at_snr(clean, babble(len(clean), talk, random))
        case "room":
            heard = in_room(clean, int(random.integers(ROOMS)))
        case "quiet":
            heard = clean * 10 ** (QUIET_DB / 20)
        case "tel8k":
            heard = telephone(clean)
        case _:
            raise ValueError(f"no such condition: {condition}")
    return heard + random.standard_normal(len(heard)) * 10 ** (HISS_DBFS / 20)


def speech_level(samples: Samples) -> float:
    """Root mean square of the 20 ms frames within 40 dB of the loudest one: of the speech, not of its pauses."""
    power = np.mean(samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME) ** 2, axis=1)
    return float(np.sqrt(np.mean(power[power >= power.max() * 1e-4])))


def at_snr(speech: Samples, noise: Samples, snr_db: float = SNR_DB) -> Samples:
    """The noise, its mean power over the whole clip `snr_db` below the level of the speech."""
    return noise * (speech_level(speech) * 10 ** (-snr_db / 20) / float(np.sqrt(np.mean(noise**2))))


def pink(length: int, random: np.random.Generator) -> Samples:
    """Noise with equal power in each octave above 20 Hz."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    hz = np.fft.rfftfreq(length, 1 / RATE)
    spectrum[hz < 20] = 0
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 20)), length)


def babble(length: int, talk: Sequence[Samples], random: np.random.Generator) -> Samples:
    """`TALKERS` people at once, equally loud, each saying one clip after another without a pause."""
    together = np.zeros(length)
    for _ in range(TALKERS):
        line: list[Samples] = []
        while sum(map(len, line)) < 2 * length:
            said = talk[int(random.integers(len(talk)))]
            loud = np.flatnonzero(np.abs(said) > 0.02 * np.abs(said).max())
            line.append(said[loud[0] : loud[-1]] / speech_level(said))
        start = int(random.integers(length))
        together += np.concatenate(line)[start : start + length]
    return together


def in_room(samples: Samples, number: int) -> Samples:
    """The clip in one of `ROOMS` rooms, heard 0.7 to 2 m from the speaker, at its own level."""
    echoes = room_response(number)
    size = 1 << (len(samples) + len(echoes) - 1).bit_length()
    heard = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(echoes, size), size)[: len(samples)]
    return heard * (speech_level(samples) / speech_level(heard))


@cache
def room_response(number: int) -> Samples:
    """Impulse response of a shoebox room by the image-source method (Allen and Berkley 1979); direct sound at 0.

    The walls absorb so much that sound dies away by 60 dB in about `RT60_S`. Each echo is put on the nearest sample,
    and what is below 60 Hz is taken out: all images being positive, they would add up to a rumble no room has.
    """
    random = np.random.default_rng(1000 + number)
    size = random.uniform((3.2, 2.8, 2.3), (5.5, 4.5, 2.7))
    microphone = size * random.uniform(0.25, 0.75, 3)
    while True:
        mouth = random.uniform(0.4, size - 0.4)
        if 0.7 <= np.linalg.norm(mouth - microphone) <= 2.0:
            break
    surface = 2 * (size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
    reflected = np.exp(-0.161 * size.prod() / (surface * _EYRING_S) / 2)  # of the amplitude, at one wall
    reach = _SOUND_M_PER_S * 1.4 * RT60_S
    axes = [_images(size[axis], mouth[axis], microphone[axis], reach) for axis in range(3)]
    squared = axes[0][0][:, None, None] ** 2 + axes[1][0][None, :, None] ** 2 + axes[2][0][None, None, :] ** 2
    bounces = axes[0][1][:, None, None] + axes[1][1][None, :, None] + axes[2][1][None, None, :]
    metres = np.sqrt(squared)
    near = metres < reach
    metres, bounces = metres[near], bounces[near]
    places = np.rint((metres - metres.min()) * (RATE / _SOUND_M_PER_S)).astype(int)
    echoes = np.bincount(places, weights=reflected**bounces / metres)
    spectrum = np.fft.rfft(echoes)
    return np.fft.irfft(spectrum * np.clip(np.fft.rfftfreq(len(echoes), 1 / RATE) / 60 - 1, 0, 1), len(echoes))


def _images(length: float, source: float, ear: float, reach: float) -> tuple[Samples, NDArray[np.int64]]:
    """Along one axis: how far the mirror images of the source lie from the ear (m), and after how many reflections."""
    n = np.arange(-int(reach / (2 * length)) - 1, int(reach / (2 * length)) + 2)
    places = np.concatenate([2 * n * length + source, 2 * n * length - source])
    return places - ear, np.concatenate([np.abs(2 * n), np.abs(2 * n - 1)])


def telephone(samples: Samples) -> Samples:
    """Sampled at 8 kHz, and nothing below 300 Hz or above 3400 Hz."""
    narrow = soxr.resample(soxr.resample(samples, RATE, RATE // 2), RATE // 2, RATE)
    narrow = np.pad(narrow, (0, max(0, len(samples) - len(narrow))))[: len(samples)]
    hz = np.fft.rfftfreq(len(narrow), 1 / RATE)
    kept = np.clip((hz - 250) / 50, 0, 1) * np.clip((3500 - hz) / 100, 0, 1)
    return np.fft.irfft(np.fft.rfft(narrow) * kept, len(narrow))
