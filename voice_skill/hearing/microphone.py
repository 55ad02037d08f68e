"""The microphone as an endless row of 20 ms frames, with a watch over whether any still come.

PortAudio calls us from its own thread; there, sound is only put into a bounded queue. Everything else is done by the
reader. A lost microphone is noticed by frames that don't come, because PortAudio goes on calling such a stream active.
Not for judging what is heard (`gate.py`), nor for deciding when to try again after a loss: that is the assistant's.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from voice_skill.deadline import ends_within
from voice_skill.errors import DeviceError
from voice_skill.hearing.devices import (
    NO_MICROPHONE_FIX,
    SoundDevice,
    find_input,
    list_devices,
    portaudio,
    refresh_devices,
)
from voice_skill.hearing.frames import FRAME_BYTES, FRAME_MS, SAMPLE_RATE, SILENCE_DBFS, Framer, level_dbfs

log = logging.getLogger(__name__)

__all__ = ["Microphone", "MicrophoneHealth", "list_devices", "refresh_devices"]

STALL_S = 1.5  # a blocked sound server makes up for less than this in one burst
TICK_S = 0.25  # it is waited for in ticks, not by the clock: a process that was held up itself has missed nothing
CLOSE_S = 1.0  # a sound server that hangs would hold us for ever
QUEUE_S = 5.0  # how far the reader may fall behind
BLOCK_MS = 40  # somebody waits for each; waking up for every frame would double what an idle microphone costs

_DIGITAL_SILENCE = bytes(FRAME_BYTES)


@dataclass(frozen=True, slots=True)
class MicrophoneHealth:
    """How the recording goes, since it was opened.

    level_dbfs: of the last frame read. silent_ms: for how long every sample has been exactly 0, which no working
    microphone gives: it is muted. dropped_ms: thrown away because nobody read. overflows: losses before PortAudio.
    """

    level_dbfs: float
    silent_ms: int
    dropped_ms: int
    overflows: int


class Inbox:
    """The bounded queue between PortAudio's thread and the reader. Full, it lets go of the oldest sound."""

    def __init__(self, blocks: int) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(blocks)
        self.dropped = 0
        """Blocks let go."""
        self.closed = False

    def put(self, block: bytes | None) -> None:
        """Adds a block; None means that no more will come."""
        while True:
            try:
                return self._queue.put_nowait(block)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self._queue.get_nowait()
                    self.dropped += 1

    def close(self) -> None:
        """The reader wants no more: tells one who is waiting."""
        self.closed = True
        self.put(None)

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that are there and unread."""
        return self._queue.qsize() * BLOCK_MS / 1000

    def get(self, timeout_s: float) -> bytes | None:
        """The oldest block. Raises `queue.Empty` if none came within that time."""
        return self._queue.get(timeout=timeout_s)


class Microphone:
    """One input device, opened when entered as a context (or by `open`).

    Args:
        device: its name or a part of it (`find_input`); None for the computer's default.
        stall_s: seconds without sound after which it counts as lost.
        queue_s: seconds of sound kept for a reader who is busy.
    """

    def __init__(self, device: str | None = None, *, stall_s: float = STALL_S, queue_s: float = QUEUE_S) -> None:
        self._wanted = device
        self._stall_s = stall_s
        self._blocks = max(1, round(1000 * queue_s / BLOCK_MS))
        self._stream: Any = None
        self._inbox = Inbox(self._blocks)
        self._overflows = 0
        self._silent_ms = 0
        self._level = SILENCE_DBFS
        self.device: SoundDevice | None = None
        """The device in use, once opened."""
        self.rate = SAMPLE_RATE
        """Hz at which the device is read."""
        self.channels = 1

    def __enter__(self) -> Microphone:
        self.open()
        return self

    def __str__(self) -> str:
        """What is recorded from, for people."""
        if self.device is None:
            return f'microphone "{self._wanted or "default"}", closed'
        return f'"{self.device.name}" at {self.rate} Hz, {"mono" if self.channels == 1 else "stereo"}'

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def silent_ms(self) -> int:
        """For how long every sample has been exactly 0; may be asked from any thread."""
        return self._silent_ms

    @property
    def behind_s(self) -> float:
        """How long ago, at least, the frame that is being read was recorded: a busy machine reads late."""
        return self._inbox.waiting_s

    @property
    def health(self) -> MicrophoneHealth:
        """How the recording goes; may be asked from any thread."""
        return MicrophoneHealth(self._level, self._silent_ms, self._inbox.dropped * BLOCK_MS, self._overflows)

    def open(self) -> None:
        """Begins to record; does nothing if already recording.

        Raises:
            DeviceError: no such device, in use by another program, or out of order.
            MissingPartError: the PortAudio library isn't installed.
        """
        if self._stream is not None:
            return
        sd = portaudio()
        device = find_input(self._wanted)
        self.rate, self.channels = _supported_format(sd, device)
        inbox = self._inbox = Inbox(self._blocks)
        self._overflows = self._silent_ms = 0

        def on_sound(samples: Any, _frames: int, _time: Any, status: Any) -> None:
            self._overflows += bool(status.input_overflow)
            inbox.put(bytes(samples))

        try:
            self._stream = sd.RawInputStream(
                device=device.index,
                samplerate=self.rate,
                channels=self.channels,
                dtype="int16",
                blocksize=self.rate * BLOCK_MS // 1000,
                callback=on_sound,
                finished_callback=lambda: inbox.put(None),
            )
            self._stream.start()
        except sd.PortAudioError as error:
            self.close()
            raise DeviceError(
                f'The microphone "{device.name}" can\'t be opened: {_reason(error)}',
                fix="Close other programs that record, or choose another one from: voice-skill devices",
            ) from error
        self.device = device

    def close(self) -> None:
        """Ends the recording; a reader's `frames` ends as well. Never fails: the device may be gone."""
        self._inbox.close()
        stream, self._stream = self._stream, None
        if stream is not None:
            if self._inbox.dropped or self._overflows:
                log.warning("sound was lost: %d ms unread, %d overflows", self.health.dropped_ms, self._overflows)
            ends_within(CLOSE_S, lambda: _close(stream))

    def frames(self) -> Iterator[bytes]:
        """What is heard, 20 ms of 16 kHz mono int16 at a time, until `close`.

        Raises:
            DeviceError: nothing has come for `stall_s` seconds, or the device went away.
        """
        framer = Framer(self.rate)
        inbox = self._inbox
        while (block := self._next_block(inbox)) is not None:
            for frame in framer.push_int16(block, self.channels):
                self._silent_ms = self._silent_ms + FRAME_MS if frame == _DIGITAL_SILENCE else 0
                self._level = level_dbfs(frame)
                yield frame

    def _next_block(self, inbox: Inbox) -> bytes | None:
        name = self.device.name if self.device else "default"
        for _ in range(max(1, round(self._stall_s / TICK_S))):
            with contextlib.suppress(queue.Empty):
                block = inbox.get(TICK_S)
                if block is None and not inbox.closed:
                    raise DeviceError(f'The microphone "{name}" went away.', fix=NO_MICROPHONE_FIX)
                return block
        raise DeviceError(f'The microphone "{name}" has sent nothing for {self._stall_s:g} s.', fix=NO_MICROPHONE_FIX)


def _close(stream: Any) -> None:
    with contextlib.suppress(portaudio().PortAudioError):
        stream.abort()
    with contextlib.suppress(portaudio().PortAudioError):
        stream.close()


def _supported_format(sd: Any, device: SoundDevice) -> tuple[int, int]:
    """Rate (Hz) and channels: as near to 16 kHz mono as the device gives, since resampling costs time."""
    refusal: Exception | None = None
    for rate in dict.fromkeys((SAMPLE_RATE, device.default_rate)):
        for channels in (1, 2):
            try:
                sd.check_input_settings(device=device.index, channels=channels, dtype="int16", samplerate=rate)
            except (sd.PortAudioError, ValueError) as error:
                refusal = error
            else:
                return rate, channels
    raise DeviceError(
        f'The microphone "{device.name}" gives neither 16 kHz nor its own {device.default_rate} Hz: {_reason(refusal)}',
        fix="Choose another one from: voice-skill devices",
    )


def _reason(error: Exception | None) -> str:
    """PortAudio's own words."""
    return str(error.args[0]) if error and error.args else "no reason given"
