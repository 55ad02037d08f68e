"""One piece of mono sound: the value that passes between the voice, the cache and the speaker.

Knows how to be trimmed, levelled and resampled, because every voice needs the same finish. Not for reading or writing
files, and not for recorded speech (the hearing room has its own frames).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

FULL_SCALE = 32768
VOICE_DBFS = -20.0  # level of the spoken parts; espeak-ng's own lies between -19 and -22, depending on voice and rate
PEAK_DBFS = -1.0  # room for the overshoot of resampling
SILENCE_DBFS = -50.0  # what lies below counts as the silence around a sentence
MARGIN_S = 0.010  # left before and after the sound when trimming, faded so that no edge clicks
FRAME_S = 0.020
SPOKEN_RANGE_DB = 30.0  # frames this far below the loudest one are pauses, not speech


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono sound: `samples` int16, shape (n,), read-only; `rate` in Hz. Compared by identity.

    Raises:
        ValueError: samples are not one-dimensional int16, or the rate is not positive.
    """

    samples: Samples
    rate: int

    def __post_init__(self) -> None:
        if self.samples.dtype != np.int16 or self.samples.ndim != 1 or self.rate <= 0:
            msg = f"a clip is mono int16 at a positive rate, not {self.samples.dtype} {self.samples.shape} {self.rate}"
            raise ValueError(msg)
        samples = self.samples.view()
        samples.setflags(write=False)
        object.__setattr__(self, "samples", samples)

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return len(self.samples) / self.rate

    def trimmed(self) -> Clip:
        """Without the silence around it, except 10 ms at either end, which are faded. Pure silence becomes empty."""
        loud = np.flatnonzero(np.abs(self.samples.astype(np.int32)) > _amplitude(SILENCE_DBFS))
        if not len(loud):
            return Clip(self.samples[:0], self.rate)
        margin = round(MARGIN_S * self.rate)
        kept = self.samples[max(0, loud[0] - margin) : loud[-1] + 1 + margin].astype(np.float32)
        edge = min(margin, len(kept) // 2)
        ramp = np.linspace(0.0, 1.0, edge, endpoint=False, dtype=np.float32)
        kept[:edge] *= ramp
        kept[len(kept) - edge :] *= ramp[::-1]
        return Clip(np.round(kept).astype(np.int16), self.rate)

    def levelled(self, dbfs: float = VOICE_DBFS) -> Clip:
        """With its spoken parts at `dbfs` (RMS), or as near to it as a peak of -1 dBFS allows."""
        spoken, peak = self.spoken_amplitude, int(np.abs(self.samples.astype(np.int32)).max(initial=0))
        if not peak:
            return self
        gain = min(_amplitude(dbfs) / spoken, _amplitude(PEAK_DBFS) / peak)
        return Clip(np.round(self.samples * np.float32(gain)).astype(np.int16), self.rate)

    def resampled(self, rate: int) -> Clip:
        """At another rate (Hz), by soxr in high quality; itself when the rate is the same."""
        if rate == self.rate:
            return self
        if not len(self.samples):
            return Clip(self.samples, rate)
        import soxr

        return Clip(soxr.resample(self.samples, self.rate, rate), rate)

    @property
    def spoken_amplitude(self) -> float:
        """RMS over the frames of 20 ms that lie within 30 dB of the loudest one; 0.0 for silence."""
        size = min(round(FRAME_S * self.rate), max(1, len(self.samples)))
        frames = self.samples[: len(self.samples) // size * size].reshape(-1, size).astype(np.float64)
        power = (frames**2).mean(axis=1)
        spoken = power[power > power.max(initial=0.0) * 10 ** (-SPOKEN_RANGE_DB / 10)]
        return float(np.sqrt(spoken.mean())) if len(spoken) else 0.0


def _amplitude(dbfs: float) -> float:
    return FULL_SCALE * 10 ** (dbfs / 20)
