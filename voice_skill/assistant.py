"""The running assistant: ear, conversation and voice around one inbox; it decides in what order things happen.

One thread decides (whoever calls `run`); the ear hears, the key thread reads keys, the speaker reports when it has
finished. All of them only post to the inbox. Whatever somebody does silences the voice first, and then does what it
stands for; only an emergency is spoken to its end. Not for rules of dialogue (`conversation/`).
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass

from voice_skill.ear import RETRY_DEVICE_S, Ear, Interjection, Utterance
from voice_skill.errors import DeviceError
from voice_skill.events import (
    Chosen,
    DeviceBack,
    DeviceLost,
    Event,
    Finished,
    Heard,
    Hypothesis,
    Interrupted,
    Pressed,
    SetRate,
    SetVolume,
    SpeechBegan,
    Tick,
)
from voice_skill.hearing.recognizer import Partial
from voice_skill.parts import Beats, Interjections, Listening, Mouth, PartState, Screen, SoundDevices, Unwatched
from voice_skill.skill import Exchange, Visit
from voice_skill.speaking.earcons import HEARD, LISTENING

log = logging.getLogger(__name__)

# After its own last sample the room still rings, and the sound card holds some more (reference: 0.3-0.5 s guard).
DEAF_AFTER_SPEECH_S = 0.35
TICK_S = 1.0
TRY_WANTED_S = 10.0  # between two looks for the wanted loudspeaker while another one stands in
GOODBYE_TIMEOUT_S = 6.0  # its longest form takes 4 s at the slowest rate


@dataclass(frozen=True, slots=True)
class _Spoken:
    """The mouth has finished turn `number`."""

    number: int
    prompts_done: int
    whole: bool


@dataclass(frozen=True, slots=True)
class _Saying:
    """The mouth has begun a sentence of turn `number`."""

    number: int
    sentence: str


@dataclass(frozen=True, slots=True)
class _Key:
    """A key was pressed: see `Assistant.press`."""

    name: str


_Item = Event | Partial | Utterance | Interjection | _Spoken | _Saying | _Key


class Assistant:
    """Runs visits until told to quit.

    devices: the microphone and the loudspeaker, which may come and go.
    push_to_talk: hear only one utterance after each "talk" key.
    interjections: hears commands while the assistant speaks; None: it is deaf then.
    muted_after_ms: see `Ear`.
    """

    def __init__(
        self,
        visit: Visit,
        listening: Listening,
        devices: SoundDevices,
        mouth: Mouth,
        screen: Screen,
        *,
        push_to_talk: bool,
        interjections: Interjections | None = None,
        muted_after_ms: int = 0,
    ) -> None:
        self._visit = visit
        self._devices = devices
        self._beats: Beats = Unwatched()
        self._mouth = mouth
        self._screen = screen
        self._push_to_talk = push_to_talk
        self._inbox: queue.Queue[_Item] = queue.Queue()
        self._ear = Ear(
            listening,
            devices.microphone,
            self._inbox.put,
            push_to_talk=push_to_talk,
            interjections=interjections,
            muted_after_ms=muted_after_ms,
        )
        self._quit = threading.Event()
        self._speaker_gone = threading.Event()
        self._speaker_as: PartState = "ok"  # once it is back
        self._turn = 0
        self._interruptible = True
        self._waiting: list[Event] = []  # for the voice to be silent

    def watched_by(self, beats: Beats) -> None:
        """Tell these of every sign of life; before `run`."""
        self._beats = self._ear.beats = beats

    def press(self, name: str) -> None:
        """A key was pressed (any thread): the id of a command or request, "topic:" and an entry, "talk", or "quit"."""
        self._inbox.put(_Key(name))

    def speaker_lost(self, error: DeviceError) -> None:
        """The loudspeaker went away (any thread): say so on the screen, and try to get it back."""
        log.warning("%s", error.cause)
        self._inbox.put(DeviceLost("speaker"))
        self._speaker_gone.set()

    def voice_changed(self, works: bool) -> None:
        """The voice engine fails, or speaks again (any thread): say so once, and show it."""
        self._inbox.put(DeviceBack("voice") if works else DeviceLost("voice"))

    def run(self) -> None:
        """Greet, listen and answer until a quit key or KeyboardInterrupt; then say goodbye."""
        try:
            self._tick()
            self._perform(self._visit.greet())
            self._ear.start()
            threading.Thread(target=self._mend_speaker, name="mend-speaker", daemon=True).start()
            while not self._quit.is_set():
                self._take(self._next())
        except KeyboardInterrupt:
            pass
        finally:
            self._quit.set()
            self._ear.end()
        self._say_goodbye()
        self._ear.join()

    def _next(self) -> _Item | None:
        """What has come in; None when nothing has for a second."""
        try:
            return self._inbox.get(timeout=TICK_S)
        except queue.Empty:
            return None

    @property
    def _speaking(self) -> bool:
        return self._ear.closed_until == float("inf")

    def _tick(self) -> None:
        self._perform(self._visit.on(Tick(time.monotonic())))

    def _take(self, item: _Item | None) -> None:
        self._beats.loop()
        self._tick()
        match item:
            case None:
                pass
            case Partial(""):
                self._screen.hearing("")
            case Partial(text):
                self._visit.on(SpeechBegan())
                self._screen.hearing(text)
                self._prepare(text)
            case Utterance():
                self._answer(item)
            case Interjection(text):
                self._interrupt(Heard((Hypothesis(text),)))
            case _Spoken():
                self._spoken(item)
            case _Saying(number, sentence):
                if number == self._turn:
                    self._screen.saying(sentence)
            case _Key(name):
                self._pressed(name)
            case DeviceLost() | DeviceBack():
                back = self._speaker_as if item.device == "speaker" else "ok"
                self._beats.part(item.device, item.how if isinstance(item, DeviceLost) else back)
                self._device_changed(item)
            case _:
                self._perform(self._visit.on(item))
        self._screen.now(self._visit.state)

    def _device_changed(self, event: DeviceLost | DeviceBack) -> None:
        """Say so, but not over an emergency."""
        if self._speaking and not self._interruptible:
            self._waiting.append(event)
            return
        self._perform(self._visit.on(event))

    def _prepare(self, text: str) -> None:
        """Have the answer at hand that these words would get if nothing followed."""
        said = self._visit.rehearse(Heard((Hypothesis(text),), addressed=self._push_to_talk)).said
        if said is not None:
            self._mouth.prepare(said.prompts)

    def _answer(self, utterance: Utterance) -> None:
        begin = time.perf_counter()
        alternatives = utterance.heard.alternatives
        self._screen.heard(alternatives[0].text if alternatives else "")
        exchange = self._visit.on(utterance.heard)
        understood = time.perf_counter()
        took = {"queue": begin - utterance.known_s, "understand": understood - begin}
        self._perform(exchange, utterance.timings_ms | {stage: round(1000 * s, 1) for stage, s in took.items()})

    def _pressed(self, name: str) -> None:
        topic, _, entry = name.partition(":")
        if name == "quit":
            self._quit.set()
        elif name != "talk":
            self._interrupt(Chosen(entry) if topic == "topic" else Pressed(name))
        elif self._speaking:
            self._interrupt(Pressed("stop"))
        else:
            self._open_ears(asked=True)
            self._ear.invite()

    def _interrupt(self, event: Event) -> None:
        """Silence first; the event follows when it is known how far the turn got."""
        if not self._speaking:
            self._perform(self._visit.on(event))
        elif self._interruptible:
            self._waiting.append(event)
            self._mouth.hush()

    def _perform(self, exchange: Exchange, timings_ms: dict[str, float] | None = None) -> None:
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
        said, shown = exchange.said, False
        if said is not None:
            self._turn += 1
            number = self._turn
            self._interruptible = said.interruptible
            self._ear.closed_until = float("inf")
            heard = exchange.decided is not None and bool(exchange.decided.heard)
            begin = time.perf_counter()
            shown = self._speaker_gone.is_set() or not self._mouth.at_hand(said.prompts)
            if shown:  # the voice may take seconds to find that it can't speak
                self._screen.exchange(exchange, timings_ms)
            self._mouth.say(
                said.prompts,
                lambda done, whole: self._inbox.put(_Spoken(number, done, whole)),
                opening=HEARD if heard else None,
                begun=lambda at: self._inbox.put(_Saying(number, said.prompts[at].text)),
            )
            if timings_ms is not None:
                timings_ms["render"] = round(1000 * (time.perf_counter() - begin), 1)
        if exchange.effects and not shown:  # after the voice has begun: whoever is in pain waits for that
            self._screen.exchange(exchange, timings_ms)

    def _spoken(self, spoken: _Spoken) -> None:
        if spoken.prompts_done or not spoken.whole:
            self._beats.sounded()
        if spoken.number != self._turn:  # an older turn, cut off by the one that is being said now
            return
        self._ear.closed_until = time.monotonic() + DEAF_AFTER_SPEECH_S
        self._perform(self._visit.on(Finished() if spoken.whole else Interrupted(spoken.prompts_done)))
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            if isinstance(event, DeviceLost | DeviceBack):
                self._device_changed(event)
            else:
                self._interrupt(event)
        if not self._push_to_talk and not self._speaking:
            self._open_ears(tone=spoken.whole)  # whoever stopped the voice wants silence

    def _open_ears(self, *, tone: bool = True, asked: bool = False) -> None:
        """Your turn: by sound and by sight."""
        if tone:
            self._mouth.tone(LISTENING)
            self._ear.closed_until = time.monotonic() + LISTENING.seconds + DEAF_AFTER_SPEECH_S
        self._screen.listening(asked=asked)

    def _mend_speaker(self) -> None:
        """Gets a loudspeaker back; while another stands in, looks for the wanted one whenever nothing is said."""
        look_at = 0.0
        while not self._quit.wait(RETRY_DEVICE_S):
            gone = self._speaker_gone.is_set()
            look = self._speaker_as == "other" and not self._speaking and time.monotonic() >= look_at
            if not gone and not look:
                continue
            try:
                self._speaker_as = "ok" if self._devices.mend_speaker() else "other"
            except DeviceError as error:
                log.info("still no loudspeaker: %s", error.cause)
                if not gone:
                    self.speaker_lost(error)
                continue
            look_at = time.monotonic() + TRY_WANTED_S
            if gone:
                self._speaker_gone.clear()
                self._inbox.put(DeviceBack("speaker"))
            else:
                self._beats.part("speaker", self._speaker_as)

    def _say_goodbye(self) -> None:
        """Last words, waited for: the process is about to end."""
        ended = threading.Event()
        exchange = self._visit.on(Pressed("goodbye"))
        self._screen.exchange(exchange)
        self._screen.now(self._visit.state)
        said = exchange.said
        if said is not None:
            self._mouth.say(
                said.prompts,
                lambda _done, _whole: ended.set(),
                opening=None,
                begun=lambda at: self._screen.saying(said.prompts[at].text),
            )
            ended.wait(timeout=GOODBYE_TIMEOUT_S)
