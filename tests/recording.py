"""What a virtual sound card has recorded, and when; a sound on its way into it. Not for the card itself (`rig.py`)."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

SPEAKER_HZ = 48_000
PRECISION_S = 0.05  # of the times of a recording: the sound server renders that much in advance or in arrears
AUDIBLE = 10 ** (-50 / 20)  # the virtual speaker's silence is exact zeros, so -50 dBFS is already surely sound


@dataclass(frozen=True)
class Playback:
    """A sound on its way into the microphone."""

    process: subprocess.Popen[bytes]

    def wait(self, timeout: float = 60) -> None:
        """Return when its last sample has been played."""
        if code := self.process.wait(timeout):
            raise RuntimeError(f"the virtual microphone refused the sound (pacat ended with {code})")

    def stop(self) -> None:
        """Break it off."""
        end(self.process)


class Recording:
    """What was recorded so far, and when: float32 mono at 48 kHz; times as of `time.perf_counter`, to `PRECISION_S`."""

    rate = SPEAKER_HZ

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._lock = threading.Lock()
        self._bytes = bytearray()
        self._began = float("inf")
        self._reader = threading.Thread(target=self._read, name="recorder", daemon=True)
        self._reader.start()

    @property
    def samples(self) -> FloatArray:
        """Everything recorded so far."""
        with self._lock:
            whole = len(self._bytes) // 4 * 4
            return np.frombuffer(bytes(self._bytes[:whole]), "<f4")

    @property
    def began(self) -> float:
        """When the first sample was played."""
        return self._began

    def since(self, moment: float) -> FloatArray:
        """The samples played after this moment."""
        return self.samples[self._index(moment) :]

    def onset_after(self, moment: float) -> float | None:
        """When the first audible sample after this moment was played; None if there is none yet."""
        loud = np.flatnonzero(np.abs(self.since(moment)) > AUDIBLE)
        return None if loud.size == 0 else self.time_of(self._index(moment) + int(loud[0]))

    def wait_for_sound(self, after: float, timeout: float = 30) -> float:
        """Wait for the first audible sample after `after`, give its time. Raises TimeoutError."""
        self.wait_until(lambda: self.onset_after(after) is not None, timeout, "something is heard")
        onset = self.onset_after(after)
        assert onset is not None
        return onset

    def wait_for_silence(self, after: float, lasting: float = 1.0, timeout: float = 60) -> float:
        """Wait until nothing has been audible for `lasting` seconds, give the time of the last audible sample.

        Without any sound after `after`, that is `after` itself. Raises TimeoutError.
        """

        def last_sound() -> float:
            loud = np.flatnonzero(np.abs(self.since(after)) > AUDIBLE)
            return self.time_of(self._index(after) + int(loud[-1])) if loud.size else after

        self.wait_until(lambda: self.time_of(self.samples.size) - last_sound() >= lasting, timeout, "it is silent")
        return last_sound()

    def wait_until(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        """Poll a condition. Raises TimeoutError that says what did not happen."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {timeout:g} s in vain until {what}")
            time.sleep(0.02)

    def join(self) -> None:
        """Wait for the reader after the recorder has ended."""
        self._reader.join(timeout=10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while chunk := os.read(descriptor, 1 << 16):
            now = time.perf_counter()
            with self._lock:
                self._bytes += chunk
                # the sound server's clock is the machine's: the least delayed chunk tells best when all of it began
                self._began = min(self._began, now - len(self._bytes) / 4 / self.rate)

    def _index(self, moment: float) -> int:
        return max(0, round((moment - self._began) * self.rate))

    def time_of(self, index: int) -> float:
        """When this sample was played."""
        return self._began + index / self.rate


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program, gently or not; returns when it has."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
