"""Loudspeakers: which there are, and one of them opened by name. Not for what is played (`player.py`), nor for
microphones (the hearing room).

sounddevice is imported when first needed, so that everything else works on a machine without PortAudio.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from voice_skill.errors import DeviceError, MissingPartError
from voice_skill.speaking.clip import Samples

log = logging.getLogger(__name__)

INSTALL = "sudo apt-get install -y libportaudio2 libasound2-plugins"
LIST = "voice-skill devices lists what is there; plug a speaker in, or choose another one in the settings"
MAX_CHANNELS = 2  # the voice is mono; some cards can't open one channel only

Fill = Callable[[Samples], None]  # gets int16 (frames, channels) to write every sample of; called on the audio thread
Ended = Callable[[], None]  # called once, on a thread of PortAudio's, when the stream is over for whatever reason


@dataclass(frozen=True, slots=True)
class OutputDevice:
    """A loudspeaker as PortAudio knows it. `index` holds until PortAudio is initialised again; `rate` in Hz."""

    index: int
    name: str
    channels: int
    rate: int
    is_default: bool


class OutputStream(Protocol):
    """An open loudspeaker that asks for samples all the time."""

    rate: int
    latency_s: float
    underflows: int

    def start(self, fill: Fill) -> None:
        """Begins to ask `fill` for samples. Raises DeviceError."""
        ...

    def close(self) -> None:
        """Silences it at once and lets the device go. May hang when the sound server does."""
        ...


Open = Callable[[str | None, float | None, Ended], OutputStream]


def list_outputs() -> tuple[OutputDevice, ...]:
    """All loudspeakers, in PortAudio's order; empty when there is none.

    Raises:
        MissingPartError: PortAudio isn't installed.
    """
    sounddevice = _sounddevice()
    try:
        default = sounddevice.query_devices(kind="output")["index"]
    except (sounddevice.PortAudioError, ValueError):
        default = -1
    return tuple(
        OutputDevice(
            found["index"],
            found["name"],
            found["max_output_channels"],
            round(found["default_samplerate"]),
            found["index"] == default,
        )
        for found in sounddevice.query_devices()
        if found["max_output_channels"] > 0
    )


def find_output(name: str | None) -> OutputDevice:
    """The loudspeaker of that name (or of the only name that contains it, in any case); None: the default one.

    Raises:
        DeviceError: there is none, or several match; the fix names those that exist.
        MissingPartError: PortAudio isn't installed.
    """
    outputs = list_outputs()
    if not outputs:
        raise DeviceError("There is no loudspeaker.", fix=LIST)
    if name is None:
        return next((output for output in outputs if output.is_default), outputs[0])
    wanted = name.casefold()
    exact = [output for output in outputs if output.name.casefold() == wanted]
    partial = [output for output in outputs if wanted in output.name.casefold()]
    if exact or len(partial) == 1:
        return (exact or partial)[0]
    names = ", ".join(repr(output.name) for output in partial or outputs)
    problem = "Several loudspeakers match" if partial else "There is no loudspeaker"
    raise DeviceError(f"{problem} {name!r}.", fix=f"choose one of {names}")


def open_output(name: str | None, latency_s: float | None, ended: Ended) -> OutputStream:
    """Opens a loudspeaker (see `find_output`) at its own rate; it is silent until it is started.

    Args:
        name: of the device; None: the default one.
        latency_s: how much sound the device holds in advance; None: as it likes best (35 ms on PulseAudio).
        ended: called when the stream is over.

    Raises:
        DeviceError: there is no such device, or it can't be opened.
        MissingPartError: PortAudio isn't installed.
    """
    return _PortAudioStream(find_output(name), latency_s, ended)


class _PortAudioStream:
    def __init__(self, device: OutputDevice, latency_s: float | None, ended: Ended) -> None:
        self._name = device.name
        self._fill: Fill | None = None
        self.underflows = 0
        sounddevice = _sounddevice()
        try:
            # PortAudio's own block size: a fixed one adds 15 ms before a stop is heard. Latency "low" drops out.
            self._stream = sounddevice.OutputStream(
                device=device.index,
                samplerate=device.rate,
                channels=min(device.channels, MAX_CHANNELS),
                dtype=np.int16,
                latency=latency_s or "high",
                callback=self._callback,
                finished_callback=ended,
            )
        except sounddevice.PortAudioError as error:
            raise self._refusal(error) from error
        self.rate = round(self._stream.samplerate)
        self.latency_s = float(self._stream.latency)

    def start(self, fill: Fill) -> None:
        self._fill = fill
        try:
            self._stream.start()
        except _sounddevice().PortAudioError as error:
            self.close()
            raise self._refusal(error) from error
        log.info("loudspeaker %r open at %d Hz, latency %.0f ms", self._name, self.rate, 1000 * self.latency_s)

    def close(self) -> None:
        self._stream.close(ignore_errors=True)

    def _callback(self, out: Samples, _frames: int, _time: Any, status: Any) -> None:
        if status.output_underflow:
            self.underflows += 1
        if self._fill:
            self._fill(out)

    def _refusal(self, error: Exception) -> DeviceError:
        return DeviceError(f"The loudspeaker {self._name!r} can't be opened ({error}).", fix=LIST)


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise MissingPartError("The sound library PortAudio is not installed.", fix=INSTALL) from error
    _hush_alsa()
    return sounddevice


@functools.cache
def _hush_alsa() -> object:
    """Sends ALSA's messages to the log, which would otherwise appear among what the user reads.

    Returns the handler, so that it lives as long as the process.
    """
    signature = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)

    @signature
    def handler(*what: object) -> None:
        log.debug("ALSA: %s", what)

    try:
        set_handler = ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler
    except (OSError, AttributeError):
        return None  # another sound system: nothing to hush
    set_handler(handler)
    atexit.register(set_handler, None)  # no call into Python once it is winding up
    return handler
