"""Whether a rendered clip can be what its sentence says, and the clip brought to one form: trimmed, levelled, 16 kHz.

It finds engines that stumble (nothing, noise, a loop), not words said wrong.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE = 16_000  # Hz, what Vosk hears
# Seconds a letter: fluent English has 12 to 20 letters a second; the limits leave a factor of two for slow and fast
# voices, and the constant for single words.
LEAST_S, LEAST_A_LETTER_S = 0.12, 0.022
MOST_S, MOST_A_LETTER_S = 1.2, 0.16
SILENT_DBFS = -50.0
CLIPPED_SHARE = 0.002  # of the samples at full scale
FRAME = RATE // 50  # 20 ms
ACTIVE_DB = 40.0  # frames this far below the loudest are pauses
MARGIN_S = 0.12  # kept around the speech
LEVEL_DBFS = -24.0  # of the active frames
PEAK = 0.97


def to_rate(samples: NDArray[np.floating], rate: float) -> Samples:
    """Resample mono samples from `rate` Hz to 16 kHz."""
    samples = np.ascontiguousarray(samples, dtype=np.float32).ravel()
    return samples if rate == RATE else np.asarray(soxr.resample(samples, rate, RATE), dtype=np.float32)


def shifted(samples: Samples, shift: float) -> Samples:
    """Play 16 kHz samples `shift` times faster: pitch and formants go up by it, the length goes down."""
    return np.asarray(soxr.resample(samples, RATE * shift, RATE), dtype=np.float32)


def flaw(samples: Samples, text: str) -> str | None:
    """Return what is wrong with 16 kHz samples that should say `text`, as rendered; None when nothing is."""
    if not len(samples) or not np.all(np.isfinite(samples)):
        return "empty"
    if _dbfs(samples) < SILENT_DBFS:
        return "silent"
    if float(np.mean(np.abs(samples) > 0.999)) > CLIPPED_SHARE:
        return "clipped"
    seconds, letters = len(_speech(samples)) / RATE, len(text.replace(" ", ""))
    if seconds < LEAST_S + LEAST_A_LETTER_S * letters:
        return f"too short: {seconds:.2f} s"
    if seconds > MOST_S + MOST_A_LETTER_S * letters:
        return f"too long: {seconds:.2f} s"
    return None


def finished(samples: Samples) -> Samples:
    """Return the clip as it is kept: speech with a short margin, its active level at -24 dBFS, no peak above 0.97."""
    first, last = _bounds(samples)
    margin = int(MARGIN_S * RATE)
    clip = samples[max(0, first - margin) : last + margin].astype(np.float64)
    gain = 10 ** (LEVEL_DBFS / 20) / max(_active_rms(clip), 1e-6)
    peak = float(np.abs(clip).max())
    return np.asarray(clip * min(gain, PEAK / max(peak, 1e-6)), dtype=np.float32)


def _speech(samples: Samples) -> Samples:
    first, last = _bounds(samples)
    return samples[first:last]


def _bounds(samples: Samples) -> tuple[int, int]:
    power = _frame_power(samples)
    active = np.flatnonzero(power > power.max() * 10 ** (-ACTIVE_DB / 10))
    return int(active[0]) * FRAME, min(len(samples), (int(active[-1]) + 1) * FRAME)


def _active_rms(samples: NDArray[np.float64]) -> float:
    power = _frame_power(samples)
    return float(np.sqrt(power[power > power.max() * 10 ** (-ACTIVE_DB / 10)].mean()))


def _frame_power(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    whole = np.pad(samples.astype(np.float64), (0, -len(samples) % FRAME))
    return np.mean(whole.reshape(-1, FRAME) ** 2, axis=1) + 1e-20


def _dbfs(samples: Samples) -> float:
    return 10 * float(np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-20))
