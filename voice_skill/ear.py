"""The ear of the running assistant: a thread that turns the microphone's frames into what was heard.

It decides which of two listeners gets a frame: the open one, or, while the assistant speaks, the one that knows a few
commands only. What either understands is posted to the assistant, and so is a microphone that goes or comes back. Not
for what it means.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from voice_skill.errors import DeviceError
from voice_skill.events import DeviceBack, DeviceLost, Heard
from voice_skill.hearing.recognizer import Final, Partial
from voice_skill.parts import Beats, Interjections, Listening, Microphone, Unwatched

log = logging.getLogger(__name__)

RETRY_DEVICE_S = 2.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said to the open ear. timings_ms: the silence waited for (endpoint), and decoding after it (decode);
    known_s: when all that was known (`time.perf_counter`).
    """

    heard: Heard
    timings_ms: dict[str, float]
    known_s: float


@dataclass(frozen=True, slots=True)
class Interjection:
    """A command that was said while the assistant spoke."""

    text: str


Overheard = Partial | Utterance | Interjection | DeviceLost | DeviceBack


class Ear:
    """Listens until told to end.

    open_microphone: opens it for as long as the context lasts; raises DeviceError while there is none.
    push_to_talk: hear only one utterance after each `invite`.
    interjections: hears commands while the assistant speaks; None: it is deaf then.
    muted_after_ms: of nothing but zeros, which no working microphone sends, after which it counts as switched off;
        0: never.
    """

    def __init__(
        self,
        listening: Listening,
        open_microphone: Callable[[], AbstractContextManager[Microphone]],
        post: Callable[[Overheard], None],
        *,
        push_to_talk: bool,
        interjections: Interjections | None = None,
        muted_after_ms: int = 0,
    ) -> None:
        self._listening = listening
        self._open_microphone = open_microphone
        self._post = post
        self._push_to_talk = push_to_talk
        self._interjections = interjections
        self._muted_after_ms = muted_after_ms
        self.beats: Beats = Unwatched()
        """Told of every frame, and of every attempt to open the microphone."""
        self._missing: DeviceLost | None = None
        self._ended = threading.Event()
        self._invited = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ear", daemon=True)
        self.closed_until = 0.0
        """Until then (monotonic seconds) the assistant's own voice is in the air; infinity while it speaks."""

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def invite(self) -> None:
        """Push-to-talk: hear the next utterance."""
        self._invited.set()

    def end(self) -> None:
        """Stop listening; returns at once."""
        self._ended.set()

    def join(self) -> None:
        """Wait for the end, two seconds at most."""
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        """From the microphone to the inbox, through every loss of the device."""
        while not self._ended.is_set():
            try:
                with self._open_microphone() as microphone:
                    self.beats.tried()
                    try:
                        self._listen(microphone)
                    except DeviceError:
                        self._miss(DeviceLost("microphone"))  # before it is closed, which may take a second
                        raise
            except DeviceError as error:
                log.warning("%s", error.cause)
                self._miss(DeviceLost("microphone"))
                self.beats.tried()
                self._ended.wait(RETRY_DEVICE_S)
            except Exception:  # a dead ear thread would leave a deaf assistant that looks alive
                log.exception("the ear thread failed")
                self._ended.wait(RETRY_DEVICE_S)

    def _miss(self, how: DeviceLost) -> None:
        """Tell once that nothing is heard, and why."""
        if how != self._missing:
            self._missing = how
            self._listening.discard()
            self._post(how)

    def _judge(self, microphone: Microphone) -> None:
        """A frame has come, so the microphone is there: but is it switched on?"""
        self.beats.frame()
        if self._muted_after_ms and microphone.silent_ms >= self._muted_after_ms:
            self._miss(DeviceLost("microphone", "muted"))
        elif self._missing is not None and (self._missing.how == "lost" or not microphone.silent_ms):
            self._missing = None
            self._post(DeviceBack("microphone"))

    def _listen(self, microphone: Microphone) -> None:
        listening = True
        for frame in microphone.frames():
            if self._ended.is_set():
                return
            self._judge(microphone)
            behind_s = microphone.behind_s
            speaking = time.monotonic() - behind_s < self.closed_until
            if not speaking and self._interjections is not None:
                self._interjections.keep_up(behind_s)
            if speaking or (self._push_to_talk and not self._invited.is_set()):
                if listening:
                    self._listening.discard()
                listening = False
                if speaking:
                    self._hear_interjection(frame, behind_s)
                continue
            listening = True
            for result in self._listening.feed(frame):
                self._tell(result)

    def _hear_interjection(self, frame: bytes, behind_s: float) -> None:
        said = self._interjections.hear(frame, behind_s) if self._interjections is not None else None
        if said is not None:
            self._post(Interjection(said))

    def _tell(self, result: Partial | Final) -> None:
        if isinstance(result, Partial):
            self._post(result)
            return
        if self._push_to_talk:
            self._invited.clear()
        elif not result.text:
            self._post(Partial(""))  # a cough or a door
            return
        times = self._listening.last
        timings: dict[str, float] = {}
        if times is not None:
            timings = {"endpoint": float(times.decided_ms - times.voice_end_ms), "decode": times.finish_ms}
        heard = Heard(result.alternatives, addressed=self._push_to_talk)
        self._post(Utterance(heard, timings, time.perf_counter()))
