"""The running assistant: ears, conversation and voice around one queue; owns the threads, and nothing but the wiring.

One thread decides (whoever calls `run`); the ear thread hears, the key thread reads keys, the speaker reports when it
has finished. All of them only post to the inbox. Half-duplex: while the voice speaks, and shortly after, the
microphone's frames are thrown away, so that it never answers itself. Not for rules of dialogue (`conversation/`).
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from voice_skill.errors import DeviceError
from voice_skill.events import (
    DeviceBack,
    DeviceLost,
    Event,
    Finished,
    Heard,
    Interrupted,
    Pressed,
    Prompt,
    SetRate,
    SetVolume,
    SpeechBegan,
    Tick,
)
from voice_skill.hearing.recognizer import Final, Partial
from voice_skill.skill import Exchange, Visit
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.earcons import HEARD, LISTENING

log = logging.getLogger(__name__)

# After its own last sample the room still rings, and the sound card holds some more (reference: 0.3-0.5 s guard).
DEAF_AFTER_SPEECH_S = 0.35
RETRY_DEVICE_S = 2.0
TICK_S = 1.0
GOODBYE_TIMEOUT_S = 6.0  # its longest form takes 4 s at the slowest rate


class Listening(Protocol):
    """Frames in, text out: `hearing.listener.Listener`."""

    def feed(self, frame: bytes) -> Iterator[Partial | Final]:
        """Take in 20 ms of sound."""
        ...

    def discard(self) -> None:
        """Forget the utterance under way."""
        ...


class Microphone(Protocol):
    """A source of frames that can be lost and opened again: `hearing.microphone.Microphone`."""

    def frames(self) -> Iterator[bytes]:
        """Frames of 20 ms until the device is lost (DeviceError)."""
        ...


class Mouth(Protocol):
    """Says prompts, one turn at a time: `voice.Mouth`."""

    def say(self, prompts: tuple[Prompt, ...], done: Callable[[int, bool], None], *, opening: Clip | None) -> None:
        """Speak, replacing what is being said; `done(prompts spoken, to the end?)` is called once, from any thread.

        opening: a tone before the first word.
        """
        ...

    def tone(self, clip: Clip) -> None:
        """Play an earcon."""
        ...

    def reopen(self) -> None:
        """Open a lost loudspeaker again. Raises DeviceError while it isn't back."""
        ...

    def hush(self) -> None:
        """Silence within one block."""
        ...

    def set_rate(self, words_per_minute: int) -> None:
        """From the next turn on."""
        ...

    def set_volume(self, volume: float) -> None:
        """At once."""
        ...


class Screen(Protocol):
    """Shows what is going on: `terminal.Screen`."""

    def listening(self) -> None:
        """Ready for the next utterance."""
        ...

    def hearing(self, text: str) -> None:
        """What has been understood so far."""
        ...

    def exchange(self, exchange: Exchange) -> None:
        """An utterance was taken for something, or something is said."""
        ...

    def notice(self, text: str) -> None:
        """Something about the machine, not about the talk."""
        ...


@dataclass(frozen=True, slots=True)
class _Spoken:
    """The mouth has finished turn `number`."""

    number: int
    prompts_done: int
    whole: bool


@dataclass(frozen=True, slots=True)
class _Key:
    """A key was pressed: a command's id, "talk", or "quit"."""

    name: str


class Assistant:
    """Runs visits until told to quit.

    open_microphone: opens the microphone, for as long as the context lasts; raises DeviceError while there is none.
    push_to_talk: hear only one utterance after each "talk" key.
    """

    def __init__(
        self,
        visit: Visit,
        listening: Listening,
        open_microphone: Callable[[], AbstractContextManager[Microphone]],
        mouth: Mouth,
        screen: Screen,
        *,
        push_to_talk: bool,
    ) -> None:
        self._visit = visit
        self._listening = listening
        self._open_microphone = open_microphone
        self._mouth = mouth
        self._screen = screen
        self._push_to_talk = push_to_talk
        self._inbox: queue.Queue[Event | Partial | _Spoken | _Key] = queue.Queue()
        self._quit = threading.Event()
        self._talk = threading.Event()  # push-to-talk: somebody pressed the key
        self._deaf_until = 0.0  # monotonic seconds; inf while speaking
        self._turn = 0

    def post(self, event: Event) -> None:
        """Hand an event in from any thread, e.g. a speaker that went away."""
        self._inbox.put(event)

    def press(self, name: str) -> None:
        """A key was pressed (any thread): a command's id, "talk", or "quit"."""
        self._inbox.put(_Key(name))

    def speaker_lost(self, error: DeviceError) -> None:
        """The loudspeaker went away (any thread): say so on the screen, and try to get it back."""
        log.warning("%s", error.cause)
        self._inbox.put(DeviceLost("speaker"))
        threading.Thread(target=self._mend_speaker, name="mend-speaker", daemon=True).start()

    def run(self) -> None:
        """Greet, listen and answer until a quit key or KeyboardInterrupt; then say goodbye."""
        ear = threading.Thread(target=self._listen, name="ear", daemon=True)
        try:
            self._perform(self._visit.greet())
            ear.start()
            while not self._quit.is_set():
                self._take(self._next())
        except KeyboardInterrupt:
            pass
        finally:
            self._quit.set()
        self._say_goodbye()
        ear.join(timeout=2.0)

    def _next(self) -> Event | Partial | _Spoken | _Key | None:
        """What has come in; None when nothing has for a second."""
        try:
            return self._inbox.get(timeout=TICK_S)
        except queue.Empty:
            return None

    @property
    def _speaking(self) -> bool:
        return self._deaf_until == float("inf")

    def _take(self, item: Event | Partial | _Spoken | _Key | None) -> None:
        self._perform(self._visit.on(Tick(time.monotonic())))
        match item:
            case None:
                pass
            case Partial(text):
                self._screen.hearing(text)
                self._visit.on(SpeechBegan())
            case _Spoken():
                self._spoken(item)
            case _Key(name):
                self._pressed(name)
            case _:
                self._perform(self._visit.on(item))

    def _pressed(self, name: str) -> None:
        """Any key silences the voice first; then it does what it stands for."""
        if name == "quit":
            self._quit.set()
        elif name == "talk":
            if self._speaking:
                self._perform(self._visit.on(Pressed("stop")))
            elif self._push_to_talk:
                self._open_ears()
                self._talk.set()
        else:
            self._perform(self._visit.on(Pressed(name)))

    def _perform(self, exchange: Exchange) -> None:
        for effect in exchange.effects:
            match effect:
                case SetRate(rate):
                    self._mouth.set_rate(rate)
                case SetVolume(volume):
                    self._mouth.set_volume(volume)
                case _:
                    pass
        if exchange.hushed:
            self._mouth.hush()
        if exchange.effects:
            self._screen.exchange(exchange)
        if exchange.said is not None:
            self._turn += 1
            number = self._turn
            self._deaf_until = float("inf")
            heard = exchange.decided is not None and bool(exchange.decided.heard)
            self._mouth.say(
                exchange.said.prompts,
                lambda done, whole: self._inbox.put(_Spoken(number, done, whole)),
                opening=HEARD if heard else None,
            )

    def _spoken(self, spoken: _Spoken) -> None:
        if spoken.number != self._turn:  # an older turn, cut off by the one that is being said now
            return
        self._perform(self._visit.on(Finished() if spoken.whole else Interrupted(spoken.prompts_done)))
        self._deaf_until = time.monotonic() + DEAF_AFTER_SPEECH_S
        if not self._push_to_talk:
            self._open_ears(tone=spoken.whole)  # whoever stopped the voice wants silence

    def _open_ears(self, *, tone: bool = True) -> None:
        """Your turn: by sound and by sight."""
        if tone:
            self._mouth.tone(LISTENING)
            self._deaf_until = time.monotonic() + LISTENING.seconds + DEAF_AFTER_SPEECH_S
        self._screen.listening()

    def _listen(self) -> None:
        """The ear thread: from the microphone to the inbox, through every loss of the device."""
        lost = False
        while not self._quit.is_set():
            try:
                with self._open_microphone() as microphone:
                    if lost:
                        lost = False
                        self._inbox.put(DeviceBack("microphone"))
                    self._hear(microphone)
            except DeviceError as error:
                log.warning("%s", error.cause)
                if not lost:
                    lost = True
                    self._listening.discard()
                    self._inbox.put(DeviceLost("microphone"))
                self._quit.wait(RETRY_DEVICE_S)
            except Exception:  # a dead ear thread would leave a deaf assistant that looks alive
                log.exception("the ear thread failed")
                self._quit.wait(RETRY_DEVICE_S)

    def _hear(self, microphone: Microphone) -> None:
        listening = True
        for frame in microphone.frames():
            if self._quit.is_set():
                return
            if time.monotonic() < self._deaf_until or (self._push_to_talk and not self._talk.is_set()):
                if listening:
                    self._listening.discard()
                listening = False
                continue
            listening = True
            for result in self._listening.feed(frame):
                if isinstance(result, Partial):
                    self._inbox.put(result)
                    continue
                if self._push_to_talk:
                    self._talk.clear()
                elif not result.text:
                    continue  # a cough or a door
                self._inbox.put(Heard(result.alternatives, addressed=self._push_to_talk))

    def _mend_speaker(self) -> None:
        while not self._quit.wait(RETRY_DEVICE_S):
            try:
                self._mouth.reopen()
            except DeviceError as error:
                log.info("still no loudspeaker: %s", error.cause)
            else:
                self._inbox.put(DeviceBack("speaker"))
                return

    def _say_goodbye(self) -> None:
        """Last words, waited for: the process is about to end."""
        ended = threading.Event()
        exchange = self._visit.on(Pressed("goodbye"))
        self._screen.exchange(exchange)
        if exchange.said is not None:
            self._mouth.say(exchange.said.prompts, lambda _done, _whole: ended.set(), opening=None)
            ended.wait(timeout=GOODBYE_TIMEOUT_S)
