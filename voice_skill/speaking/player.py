"""The mouth: one loudspeaker, always open, that speaks turns of clips and can be silenced within one block.

Owns the stream, the thread that reports, and the watchdog. What the audio thread does is in `tape.py`, which device it
is in `devices.py`. Not for rendering, and it never opens a device again by itself: the assistant decides when.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

from voice_skill.deadline import ends_within
from voice_skill.errors import DeviceError
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.devices import LIST, Open, OutputStream, list_outputs, open_output
from voice_skill.speaking.tape import Began, Heed, Outcome, Tape, splice

log = logging.getLogger(__name__)

PAUSE_S = 0.25  # between two sentences: time to breathe
LEAD_IN_S = 0.2  # HDMI and Bluetooth outputs swallow the beginning after a silence
IDLE_AFTER_S = 5.0  # of silence, after which the lead-in comes again
FIRST_BLOCK_S = 2.0  # an open device asks for samples within 50 ms; the rest is for a busy machine
CHANGE_S = 3.0  # as long as opening a device may take
CLOSE_S = 1.0  # a sound server that hangs would hold us for ever
TICK_S = 0.25
# 1.5 s; in ticks, not by the clock, so that a suspended machine doesn't count as a lost device. A tick that takes twice
# its time counts for nothing: whoever holds us up holds up the thread that fills the blocks, too.
LOST_AFTER_TICKS = 6

Done = Callable[[int, bool], None]  # whole clips spoken; whether that was all
Begun = Callable[[int], None]  # which clip, from 0
Lost = Callable[[DeviceError], None]


class Position(NamedTuple):
    """What is being spoken: clip number `clip` (from 0) of turn `token`; in a pause, the clip that comes next."""

    token: int
    clip: int


class Speaker(Protocol):
    """Whatever speaks turns of clips: the real player, a WAV file, or something that stands in for them."""

    def play(
        self,
        clips: Sequence[Clip],
        done: Done | None = None,
        *,
        opening: Clip | None = None,
        begun: Begun | None = None,
    ) -> int:
        """Speak these clips in order, cutting off the turn under way; returns at once, with the turn's token.

        opening: a tone that is played first, at once; it counts as no clip.
        begun: called as each clip begins, like `done`.

        `done` is called exactly once, when the turn has been spoken or cut off. Raises DeviceError.
        """
        ...

    def stop(self) -> None:
        """Be silent. Returns at once; the turn's `done` follows. Never raises."""
        ...

    def set_volume(self, volume: float) -> None:
        """Loudness of everything from now on, 0.0 (silent) to 1.0 (as rendered)."""
        ...

    @property
    def position(self) -> Position | None:
        """What is being spoken, or None."""
        ...

    def close(self) -> None:
        """Let go of the device or file; the turn under way is cut off."""
        ...


class Player:
    """A loudspeaker as a `Speaker`. `play`, `stop` and the rest may be called by any thread.

    Args:
        device: its name; None: the default one.
        on_lost: called once when the device stops working; nothing plays until `reopen`. Like every `done`, it is
            called on the player's own thread, one at a time: it may take a moment, but must not close the player.
        pause_s: between two clips.
        lead_in_s, idle_after_s: silence before a turn when nothing has sounded for so long.
        volume: 0.0 to 1.0.
        latency_s: how much sound the device holds in advance. None: its own choice, 35 ms on PulseAudio, silent 40 ms
            after a stop, 3 % of a core when idle; 0.1 costs 1 % and forgives a busy machine more.
        played: told all that is played, see `Tape`.
        patient: without the wanted device any other that plays will do, and without any the player begins closed, to
            be opened by `reopen`; `missing` has the reason.
        open_stream: opens the device; a test may hand in another.

    Raises:
        DeviceError: no such device, or it doesn't play; not if `patient`.
        MissingPartError: PortAudio isn't installed.
    """

    def __init__(
        self,
        device: str | None = None,
        on_lost: Lost | None = None,
        *,
        pause_s: float = PAUSE_S,
        lead_in_s: float = LEAD_IN_S,
        idle_after_s: float = IDLE_AFTER_S,
        volume: float = 1.0,
        latency_s: float | None = None,
        played: Heed | None = None,
        patient: bool = False,
        open_stream: Open = open_output,
    ) -> None:
        self._device, self._latency_s, self._open_stream = device, latency_s, open_stream
        self._on_lost, self._played, self._patient = on_lost, played, patient
        self.missing: DeviceError | None = None
        self.on_other = False
        """Whether another device than the wanted one plays."""
        self._pause_s, self._lead_in_s, self._idle_after_s = pause_s, lead_in_s, idle_after_s
        self._volume = checked_volume(volume)
        self._closed = False
        self._changing = threading.Lock()  # held while a device is opened or closed, which may take seconds
        self._lock = threading.Lock()  # guards the four below, for moments; the audio thread never takes it
        self._stream: OutputStream | None = None
        self._tape: Tape | None = None
        self._next_token = 1
        self._listeners: dict[int, tuple[Begun | None, Done | None]] = {}
        self._resampling = threading.Lock()  # guards the next
        self._resampled: WeakKeyDictionary[Clip, Clip] = WeakKeyDictionary()
        self._news: queue.SimpleQueue[Began | Outcome | Tape | DeviceError | None] = queue.SimpleQueue()
        try:
            self._open()
        except DeviceError as error:
            if not patient:
                raise
            self.missing = error
        self._thread = threading.Thread(target=self._watch, name="speaker", daemon=True)
        self._thread.start()

    # --- speaking ------------------------------------------------------------------------------------------------

    def play(
        self,
        clips: Sequence[Clip],
        done: Done | None = None,
        *,
        opening: Clip | None = None,
        begun: Begun | None = None,
    ) -> int:
        """Speak these clips in order, cutting off the turn under way; returns at once, with the turn's token.

        `done(clips, whole)` is called exactly once: how many clips were spoken to their end, and whether all were.

        Raises:
            DeviceError: the device is lost or closed; `done` isn't called then.
        """
        if not self.is_open and self._changing.acquire(timeout=CHANGE_S):  # it may be about to come back
            self._changing.release()
        with self._lock:
            tape = self._opened()
            token, self._next_token = self._next_token, self._next_token + 1
        with self._resampling:  # may take 50 ms on a small machine: a stop must not wait for it
            resampled = [self._at_rate(clip, tape.rate) for clip in clips]
            first = self._at_rate(opening, tape.rate) if opening else None
            turn = splice(token, resampled, self._pause_s, tape.rate, first)
        with self._lock:
            if self._opened() is not tape:
                raise DeviceError("The loudspeaker has changed.", fix="try again")
            self._listeners[token] = (begun, done)
            tape.play(turn)
        return token

    def stop(self) -> None:
        """Be silent from the next block on, within 50 ms as a rule. The turn's `done` follows."""
        with self._lock:
            if self._tape:
                self._tape.cut()

    @property
    def volume(self) -> float:
        """0.0 to 1.0."""
        return self._volume

    def set_volume(self, volume: float) -> None:
        """Loudness from the next block on, 0.0 (silent) to 1.0 (as rendered). Raises ValueError outside."""
        with self._lock:
            self._volume = checked_volume(volume)
            if self._tape:
                self._tape.volume = volume

    @property
    def position(self) -> Position | None:
        """What is being handed to the device, about 50 ms before it is heard; None when nothing is."""
        with self._lock:
            turn = self._tape.turn if self._tape else None
        if not turn or not turn.ends:
            return None
        return Position(turn.token, min(turn.clips_done, len(turn.ends) - 1))

    @property
    def underflows(self) -> int:
        """How often the open device ran out of samples (a too busy machine): audible gaps."""
        with self._lock:
            return self._stream.underflows if self._stream else 0

    # --- the device ----------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether there is a device to play on."""
        return self._tape is not None

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """Closes the device for as long as the block lasts, then opens it again if it was open.

        A turn under way is cut off; whoever plays meanwhile waits. `on_lost` is called if it doesn't come back.
        """
        with self._changing:
            was_open = self.is_open
            self._shut()
            try:
                yield
            finally:
                if was_open:
                    try:
                        self._open()
                    except DeviceError as error:
                        self._news.put(error)

    def reopen(self) -> None:
        """Opens the device (again); a turn under way is cut off. `on_lost` may call it.

        Raises:
            DeviceError: it still isn't there or doesn't play, or the player is closed; may be tried again.
        """
        with self._changing:
            self._shut()
            self._open()

    def close(self) -> None:
        """Silences and closes the device; every `done` has been called when it returns. Safe to repeat."""
        self._closed = True
        with self._changing:
            self._shut()
        self._news.put(None)
        self._thread.join()

    def _open(self) -> None:
        """The wanted device, else, with patience, the first other one that plays."""
        try:
            self._open_device(self._device)
            self.on_other = False
        except DeviceError:
            if not self._patient or not self._open_another():
                raise
            self.on_other = True

    def _open_another(self) -> bool:
        for output in sorted(list_outputs(), key=lambda output: not output.is_default):
            try:
                self._open_device(output.name)
            except DeviceError as error:
                log.info("%s", error.cause)
            else:
                log.warning("the loudspeaker %r stands in", output.name)
                return True
        return False

    def _open_device(self, name: str | None) -> None:
        stream = self._open_stream(name, self._latency_s, lambda: self._news.put(tape))
        tape = Tape(
            stream.rate,
            self._news.put,
            lead_in_s=self._lead_in_s,
            idle_after_s=self._idle_after_s,
            latency_s=stream.latency_s,
            played=self._played,
            begun=self._news.put,
        )
        tape.volume = self._volume
        stream.start(tape.fill)
        deadline = time.monotonic() + FIRST_BLOCK_S
        while not tape.blocks and time.monotonic() < deadline:
            time.sleep(0.005)
        if self._closed or not tape.blocks:
            _close_quietly(stream)
            raise DeviceError("The loudspeaker can be opened, but doesn't play.", fix=LIST)
        with self._lock:
            self._stream, self._tape = stream, tape
            tape.volume = self._volume

    def _shut(self) -> None:
        """Takes the device away, closes it, and lets every turn it still had end."""
        with self._lock:
            stream, tape = self._stream, self._tape
            self._stream = self._tape = None
        if stream and tape:
            _close_quietly(stream)
            tape.drain()

    # --- the player's own thread ---------------------------------------------------------------------------------

    def _watch(self) -> None:
        seen: tuple[Tape | None, int] = (None, 0)
        silent_ticks = 0
        while True:
            began = time.monotonic()
            try:
                news = self._news.get(timeout=TICK_S)
            except queue.Empty:
                held_up = time.monotonic() - began > 2 * TICK_S
                tape = self._tape
                now = (tape, tape.blocks if tape else 0)
                silent_ticks = silent_ticks + (not held_up) if now == seen else 0
                seen = now
                if tape and silent_ticks >= LOST_AFTER_TICKS:
                    self._lose(tape, "The loudspeaker doesn't take any sound.")
                continue
            if news is None:
                return
            if isinstance(news, Tape):
                self._lose(news, "The loudspeaker is gone.")
            else:
                self._tell(news)

    def _lose(self, tape: Tape, cause: str) -> None:
        with self._changing:
            if tape is not self._tape:
                return  # a stream that we closed ourselves
            self._shut()
        self._news.put(DeviceError(cause, fix=LIST))  # behind the outcomes that `_shut` has posted

    def _tell(self, news: Began | Outcome | DeviceError) -> None:
        try:
            if isinstance(news, DeviceError):
                log.info("%s", news.cause)
                if self._on_lost:
                    self._on_lost(news)
                return
            with self._lock:
                begun, done = self._listeners.get(news.token, (None, None))
                if isinstance(news, Outcome):
                    self._listeners.pop(news.token, None)
            if isinstance(news, Began):
                if begun:
                    begun(news.clip)
            elif done:
                done(news.clips_done, news.whole)
        except Exception:
            log.exception("what listens to the loudspeaker failed")

    def _opened(self) -> Tape:
        if not self._tape:
            raise DeviceError("The loudspeaker is not open.", fix=LIST)
        return self._tape

    def _at_rate(self, clip: Clip, rate: int) -> Clip:
        resampled = self._resampled.get(clip)
        if not resampled or resampled.rate != rate:
            resampled = self._resampled[clip] = clip.resampled(rate)
        return resampled


def _close_quietly(stream: OutputStream) -> None:
    """Closes a stream, but waits no longer than a second: a sound server that hangs holds the call for ever."""
    ends_within(CLOSE_S, stream.close)


def checked_volume(volume: float) -> float:
    """The same volume; raises ValueError outside 0.0-1.0."""
    if not 0.0 <= volume <= 1.0:
        msg = f"a volume is 0.0 to 1.0, not {volume}"
        raise ValueError(msg)
    return volume
