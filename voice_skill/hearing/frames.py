"""The one form of sound inside the hearing room: frames of 20 ms, 16 kHz, mono, int16, as bytes.

Whatever a microphone or a file delivers becomes such frames here. Not for opening either, nor for judging the sound.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE_RATE = 16_000  # Hz: what the speech models were trained on; Vosk loops forever on some other rates
FRAME_MS = 20  # the longest frame but one that the voice detector accepts (10, 20 or 30 ms)
FRAME_SAMPLES = SAMPLE_RATE * FRAME_MS // 1000
FRAME_BYTES = FRAME_SAMPLES * 2
SILENCE_DBFS = -120.0  # what digital silence is said to measure; one int16 step is -90 dBFS

_FULL_SCALE = 32_768


def level_dbfs(pcm: bytes) -> float:
    """Loudness of int16 samples: RMS in dB relative to full scale, `SILENCE_DBFS` for digital silence."""
    if not pcm:
        return SILENCE_DBFS
    samples = np.frombuffer(pcm, np.int16).astype(np.float32)
    power = float(np.dot(samples, samples)) / len(samples)
    return 10 * math.log10(power / _FULL_SCALE**2) if power else SILENCE_DBFS


def loudest_dbfs(pcm: bytes) -> float:
    """Loudness of the loudest 100 ms of these int16 samples, in steps of a frame."""
    window, last = 5 * FRAME_BYTES, max(1, len(pcm) - 5 * FRAME_BYTES + 1)
    return max(level_dbfs(pcm[start : start + window]) for start in range(0, last, FRAME_BYTES))


def amplify(pcm: bytes, gain_db: float) -> bytes:
    """The same int16 samples, louder by `gain_db`; what would overflow is clipped."""
    louder = np.rint(np.frombuffer(pcm, np.int16) * 10 ** (gain_db / 20))
    return np.clip(louder, -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16).tobytes()


def duration_ms(pcm: bytes) -> int:
    """How long these 16 kHz mono int16 samples last, in ms."""
    return len(pcm) // 2 * 1000 // SAMPLE_RATE


class Framer:
    """Turns blocks of any rate and channel count into frames; keeps the filter's state from block to block.

    Args:
        rate: Hz of the blocks that will be pushed. At 16 kHz mono the samples pass through unchanged, bit for bit.
    """

    def __init__(self, rate: int) -> None:
        self._resampler = None
        if rate != SAMPLE_RATE:
            import soxr  # only where it is needed: most microphones give 16 kHz

            self._resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
        self._rest = b""

    def push(self, block: NDArray[np.float32]) -> list[bytes]:
        """The whole frames that are complete with this block.

        Args:
            block: shape (samples, channels), float32 in -1..1; channels are averaged, louder samples clipped.
        """
        mono = block.mean(axis=1, dtype=np.float32) if block.shape[1] > 1 else block[:, 0]
        return self._cut(self._resampler.resample_chunk(mono) if self._resampler else mono)

    def push_int16(self, block: bytes, channels: int) -> list[bytes]:
        """Same for interleaved int16 samples."""
        samples = np.frombuffer(block, np.int16).reshape(-1, channels).astype(np.float32)
        samples /= _FULL_SCALE
        return self.push(samples)

    def flush(self) -> list[bytes]:
        """What is left in the filter; the last frame is filled up with silence. The framer is of no use afterwards."""
        tail = np.zeros(0, np.float32)
        frames = self._cut(self._resampler.resample_chunk(tail, last=True) if self._resampler else tail)
        if self._rest:
            frames.append(self._rest.ljust(FRAME_BYTES, b"\0"))
            self._rest = b""
        return frames

    def _cut(self, mono: NDArray[np.float32]) -> list[bytes]:
        pcm = (
            self._rest + np.clip(np.rint(mono * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16).tobytes()
        )
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._rest = pcm[whole:]
        return [pcm[start : start + FRAME_BYTES] for start in range(0, whole, FRAME_BYTES)]
