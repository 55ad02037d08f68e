"""Takes the assistant's own voice out of what the microphone hears, so that one can talk while it speaks.

SpeexDSP does it: an adaptive filter learns how the loudspeaker sounds at the microphone, and what it predicts is
subtracted. It must be told what was played (`Played`). Its residual-echo suppressor made no difference to what was
recognised, so it isn't used. Not for deciding what was said.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from voice_skill.errors import MissingPartError
from voice_skill.hearing.frames import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How long a sound may take from `Played.put` to the microphone, and its echoes in the room. Measured on the virtual
# sound card: 20-120 ms. Longer learns more slowly.
TAIL_MS = 200
# It learns faster in steps of half a frame: on the virtual sound card 12 dB in the first four seconds instead of 9.
STEP_SAMPLES = FRAME_SAMPLES // 2
# Blocks come in bursts from either side, so some of what was played is held back. It makes the echo seem earlier; both
# devices together hold more than this.
HELD_BACK_MS = 40
# What is left after a frame was taken, at its least within a second, has to lie between nothing and this. Where it
# doesn't for two seconds on end, a side has stood still, and the delay is set anew; a busy machine is late for less.
MOST_LEFT_MS, LEAST_LEFT_MS = 100, 20  # the latter is what it is set to
LOOK_S = 1.0
# At a single moment it lies in wider limits though all is well: the blocks come in bursts (on the virtual sound card a
# fiftieth of the frames left more than 100 ms or were a few samples short).
BURST_MS, SHORT_MS = 150, 20
TOO_LATE_MS = 300  # so much is made up for when it comes at last

_SET_SAMPLING_RATE = 24  # of speexdsp's speex_echo.h


def _library() -> Any:
    try:
        library = ctypes.CDLL("libspeexdsp.so.1")
    except OSError:
        raise MissingPartError(
            "The echo canceller isn't installed, so the assistant can't listen while it speaks.",
            fix="install it: sudo apt-get install libspeexdsp1 (or run scripts/setup)",
        ) from None
    pointer = ctypes.c_void_p
    library.speex_echo_state_init.restype = pointer
    library.speex_echo_state_init.argtypes = [ctypes.c_int, ctypes.c_int]
    library.speex_echo_cancellation.argtypes = [pointer, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p]
    library.speex_echo_ctl.argtypes = [pointer, ctypes.c_int, pointer]
    library.speex_echo_state_destroy.argtypes = [pointer]
    return library


class EchoCanceller:
    """Frames of the microphone in, the same without the echo of what was played out. For one thread at a time.

    Raises:
        MissingPartError: the SpeexDSP library isn't installed.
    """

    def __init__(self, tail_ms: int = TAIL_MS) -> None:
        self._speex = _library()
        self._echo = self._speex.speex_echo_state_init(STEP_SAMPLES, SAMPLE_RATE * tail_ms // 1000)
        rate = ctypes.byref(ctypes.c_int(SAMPLE_RATE))
        self._speex.speex_echo_ctl(self._echo, _SET_SAMPLING_RATE, rate)

    def clean(self, heard: bytes, played: bytes) -> bytes:
        """One frame without the echo.

        Args:
            heard: 20 ms of the microphone, 16 kHz mono int16.
            played: the 20 ms that `Played` gives for it. Raises ValueError where either isn't a frame.
        """
        if len(heard) != FRAME_BYTES or len(played) != FRAME_BYTES:
            raise ValueError(f"both frames have {FRAME_BYTES} bytes, not {len(heard)} and {len(played)}")
        step = 2 * STEP_SAMPLES
        return b"".join(
            self._clean(heard[at : at + step], played[at : at + step]) for at in range(0, FRAME_BYTES, step)
        )

    def _clean(self, heard: bytes, played: bytes) -> bytes:
        out = ctypes.create_string_buffer(len(heard))
        self._speex.speex_echo_cancellation(self._echo, heard, played, out)
        return out.raw

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # it was never made
            self._speex.speex_echo_state_destroy(self._echo)


class Played:
    """What was handed to the loudspeaker, frame by frame as the microphone needs it: 16 kHz mono int16.

    The loudspeaker's thread puts, the microphone's takes. Both clocks are those of sound cards; the canceller's filter
    follows their drift, and the limits above catch what it can't. A busy machine is late with one side or the other
    though no sound is lost: then the delay stays as it is.
    """

    def __init__(self) -> None:
        # As far back as a reader may be late (`microphone.QUEUE_S`), in blocks of 12 ms and more.
        self._blocks: deque[tuple[NDArray[np.int16], int]] = deque(maxlen=400)
        self._resampler: Any = None
        self._rate = 0
        self._ready = np.zeros(0, np.int16)
        self._started = False
        self._late = 0  # samples that silence has stood in for: they are left out when they come
        self._looked = 0  # frames
        self._least: int | None = None  # samples left, in these frames
        self._astray = False  # in the second before
        self.slips = 0
        """How often the delay was set: at first, and whenever a side had stood still."""
        self.steady = False
        """Whether the delay is what it should be, at the moment: else what was taken may not belong to the frame."""

    def put(self, block: NDArray[np.int16], rate: int) -> None:
        """A block, mono, at `rate` Hz, in the order of playing, silence included. Never blocks."""
        self._blocks.append((block, rate))

    def take(self, behind_s: float = 0.0) -> bytes:
        """The next 20 ms; silence while there is none.

        behind_s: how much of the microphone's sound has come, but is unread: as much waits here.
        """
        self._fetch()
        behind = round(behind_s * SAMPLE_RATE)
        if not self._started:
            if len(self._ready) < _samples(HELD_BACK_MS) + behind:
                return bytes(FRAME_BYTES)
            self._started = True
            self._set(_samples(HELD_BACK_MS) + behind)
        frame, self._ready = self._ready[:FRAME_SAMPLES], self._ready[FRAME_SAMPLES:]
        self._late = min(self._late + FRAME_SAMPLES - len(frame), _samples(TOO_LATE_MS))
        self._look(len(self._ready) - self._late - behind)
        return frame.tobytes().ljust(FRAME_BYTES, b"\0")

    def _look(self, left: int) -> None:
        """Sets the delay anew when it has been wrong for long enough."""
        self.steady = -_samples(SHORT_MS) <= left <= _samples(BURST_MS)
        self._least = left if self._least is None else min(self._least, left)
        self._looked += 1
        if self._looked < LOOK_S * SAMPLE_RATE / FRAME_SAMPLES:
            return
        astray = not 0 <= self._least <= _samples(MOST_LEFT_MS)
        if astray and self._astray:
            self._set(len(self._ready) - self._late + _samples(LEAST_LEFT_MS) - self._least)
            astray = False
        self._astray, self._least, self._looked = astray, None, 0

    def _set(self, left: int) -> None:
        """So many samples are to be left, by letting go of the oldest, or with silence before them."""
        self._ready, self._late = self._ready[max(0, len(self._ready) - left) :], 0
        self._ready = np.concatenate([np.zeros(max(0, left - len(self._ready)), np.int16), self._ready])
        self.slips += 1

    def _fetch(self) -> None:
        parts = [self._ready]
        while self._blocks:
            block, rate = self._blocks.popleft()
            parts.append(self._at_16_khz(block, rate))
        if len(parts) > 1:
            ready = np.concatenate(parts)
            self._ready, self._late = ready[self._late :], max(0, self._late - len(ready))

    def _at_16_khz(self, block: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
        if rate == SAMPLE_RATE:
            return block
        if rate != self._rate:
            import soxr

            self._rate, self._resampler = rate, soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="int16")
        return np.asarray(self._resampler.resample_chunk(block), np.int16)


def _samples(ms: int) -> int:
    return SAMPLE_RATE * ms // 1000
