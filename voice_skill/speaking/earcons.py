"""The two tones: "listening" rises, "heard" falls. Made of sines, softer than the voice, well under 150 ms.

Errors have no tone: they are spoken (reference U15). Not for choosing when a tone sounds.
"""

from __future__ import annotations

import numpy as np

from voice_skill.speaking.clip import FULL_SCALE, VOICE_DBFS, Clip

RATE = 22_050
SECONDS = 0.12  # at most 0.15 (reference U15)
EDGE_S = 0.015  # faded in and out, so that it doesn't click
LEVEL_DBFS = VOICE_DBFS - 6.0
LOW_HZ, HIGH_HZ = 523.0, 784.0  # a fifth (C5, G5), low enough for ears that have lost the highs


def _glide(from_hz: float, to_hz: float) -> Clip:
    """A tone that glides evenly (on the ear's scale) from one pitch to another, at -26 dBFS RMS in its body."""
    count = round(SECONDS * RATE)
    pitch = np.geomspace(from_hz, to_hz, count)
    wave = np.sin(2 * np.pi * np.cumsum(pitch) / RATE)
    edge = round(EDGE_S * RATE)
    ramp = np.sin(np.linspace(0, np.pi / 2, edge)) ** 2
    wave[:edge] *= ramp
    wave[-edge:] *= ramp[::-1]
    amplitude = FULL_SCALE * 10 ** (LEVEL_DBFS / 20) * np.sqrt(2)
    return Clip(np.round(wave * amplitude).astype(np.int16), RATE)


LISTENING = _glide(LOW_HZ, HIGH_HZ)
HEARD = _glide(HIGH_HZ, LOW_HZ)
