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
# Blocks come in bursts from either side: so much of what was played is held back at first, and more whenever it runs
# out nevertheless, until it doesn't. It makes the echo seem earlier; both devices together hold more than this.
HELD_BACK_MS, MORE_MS = 40, 10
TOO_MUCH_MS = 300  # more means that the microphone stood still meanwhile: the rest is old

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
    follows their drift, and `TOO_MUCH_MS` catches what it can't.
    """

    def __init__(self) -> None:
        self._blocks: deque[tuple[NDArray[np.int16], int]] = deque(maxlen=200)
        self._resampler: Any = None
        self._rate = 0
        self._ready = np.zeros(0, np.int16)
        self._started = False
        self.slips = 0
        """How often the delay has changed, because a side stood still: whoever has learnt it must learn it again."""

    def put(self, block: NDArray[np.int16], rate: int) -> None:
        """A block, mono, at `rate` Hz, in the order of playing, silence included. Never blocks."""
        self._blocks.append((block, rate))

    def take(self) -> bytes:
        """The next 20 ms; silence while there is none."""
        self._fetch()
        if len(self._ready) > _samples(TOO_MUCH_MS):
            self._started = False
        if not self._started:
            if len(self._ready) < _samples(HELD_BACK_MS):
                return bytes(FRAME_BYTES)
            self._started = True
            self.slips += 1
            self._ready = self._ready[-_samples(HELD_BACK_MS) :]
        frame, self._ready = self._ready[:FRAME_SAMPLES], self._ready[FRAME_SAMPLES:]
        if len(frame) < FRAME_SAMPLES:
            self.slips += 1
            self._ready = np.zeros(_samples(MORE_MS), np.int16)
        return frame.tobytes().ljust(FRAME_BYTES, b"\0")

    def _fetch(self) -> None:
        parts = [self._ready]
        while self._blocks:
            block, rate = self._blocks.popleft()
            parts.append(self._at_16_khz(block, rate))
        if len(parts) > 1:
            self._ready = np.concatenate(parts)

    def _at_16_khz(self, block: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
        if rate == SAMPLE_RATE:
            return block
        if rate != self._rate:
            import soxr

            self._rate, self._resampler = rate, soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="int16")
        return np.asarray(self._resampler.resample_chunk(block), np.int16)


def _samples(ms: int) -> int:
    return SAMPLE_RATE * ms // 1000
