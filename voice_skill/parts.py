"""What the running assistant needs of its parts: frames, text, a voice, a screen. The real ones are named beside each.

Only shapes, so that the wiring (`assistant.py`, `ear.py`) knows no device, and a test can stand in for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from voice_skill.conversation.state import State
from voice_skill.events import Prompt
from voice_skill.hearing.listener import UtteranceTimes
from voice_skill.hearing.recognizer import Final, Partial
from voice_skill.skill import Exchange
from voice_skill.speaking.clip import Clip

Part = Literal["microphone", "speaker", "voice"]
PartState = Literal["waiting", "ok", "lost", "muted", "other"]
"""waiting: not used yet; other: another loudspeaker than the wanted one plays."""


class Beats(Protocol):
    """Takes note of signs of life, from any thread, and at once: `kiosk.health.Health`."""

    def frame(self) -> None:
        """A frame came from the microphone."""
        ...

    def loop(self) -> None:
        """The assistant's loop ran."""
        ...

    def tried(self) -> None:
        """An attempt to open the microphone has ended."""
        ...

    def sounded(self) -> None:
        """Something was played."""
        ...

    def part(self, part: Part, state: PartState) -> None:
        """A part's state has changed; a loss has been announced."""
        ...


class Watchable(Protocol):
    """Gives signs of life: `assistant.Assistant`."""

    def watched_by(self, beats: Beats) -> None:
        """Tell these of every sign of life."""
        ...


class Unwatched:
    """Nobody takes note."""

    def frame(self) -> None:
        """Does nothing, like the others."""

    loop = tried = sounded = frame

    def part(self, part: Part, state: PartState) -> None:
        """Does nothing."""


class Listening(Protocol):
    """Frames in, text out: `hearing.listener.Listener`."""

    @property
    def last(self) -> UtteranceTimes | None:
        """When things happened to the utterance of the last `Final`."""
        ...

    def feed(self, frame: bytes) -> Iterator[Partial | Final]:
        """Take in 20 ms of sound."""
        ...

    def discard(self) -> None:
        """Forget the utterance under way."""
        ...


class Interjections(Protocol):
    """Frames in while the assistant speaks, a phrase out when one was said: `hearing.bargein.BargeIn`."""

    def hear(self, frame: bytes, behind_s: float = 0.0) -> str | None:
        """20 ms while the assistant speaks, recorded so long ago at least."""
        ...

    def keep_up(self, behind_s: float = 0.0) -> None:
        """20 ms while it doesn't."""
        ...


class Microphone(Protocol):
    """A source of frames that can be lost and opened again: `hearing.microphone.Microphone`."""

    @property
    def silent_ms(self) -> int:
        """For how long every sample has been exactly 0."""
        ...

    @property
    def behind_s(self) -> float:
        """How long ago, at least, the frame that is being read was recorded."""
        ...

    def frames(self) -> Iterator[bytes]:
        """Frames of 20 ms until the device is lost (DeviceError)."""
        ...


class Mouth(Protocol):
    """Says prompts, one turn at a time: `voice.Mouth`."""

    def say(
        self,
        prompts: tuple[Prompt, ...],
        done: Callable[[int, bool], None],
        *,
        opening: Clip | None,
        begun: Callable[[int], None],
    ) -> None:
        """Speak, replacing what is being said; `done(prompts spoken, to the end?)` is called once, from any thread.

        opening: a tone before the first word. begun: called as each prompt begins, with its number, from 0.
        """
        ...

    def at_hand(self, prompts: tuple[Prompt, ...]) -> bool:
        """Whether they can be said without the voice engine."""
        ...

    def prepare(self, prompts: tuple[Prompt, ...]) -> None:
        """Have these sentences at hand; never raises."""
        ...

    def tone(self, clip: Clip) -> None:
        """Play an earcon."""
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


class SoundDevices(Protocol):
    """Opens the microphone, and a lost loudspeaker again: `cards.SoundCards`."""

    def microphone(self) -> AbstractContextManager[Microphone]:
        """Open for as long as the context lasts. Raises DeviceError while there is none."""
        ...

    def mend_speaker(self) -> bool:
        """Open the loudspeaker again; False when only another one plays. Raises DeviceError while none does."""
        ...


class Screen(Protocol):
    """Shows what is going on: `terminal.Screen`."""

    def preparing(self, done: int, total: int) -> None:
        """So many of all sentences are ready to be spoken at once; any thread."""
        ...

    def listening(self, *, asked: bool = False) -> None:
        """Ready for the next utterance; asked: somebody has pressed Talk for it."""
        ...

    def hearing(self, text: str) -> None:
        """What has been understood so far; "" when it came to nothing."""
        ...

    def heard(self, text: str) -> None:
        """An utterance has ended; what it means isn't known yet."""
        ...

    def saying(self, sentence: str) -> None:
        """The voice has begun this sentence."""
        ...

    def now(self, state: State) -> None:
        """How the conversation stands, after whatever has happened."""
        ...

    def exchange(self, exchange: Exchange, timings_ms: Mapping[str, float] | None = None) -> None:
        """An utterance was taken for something, or something is said; timings_ms: what that took, by stage."""
        ...

    def notice(self, text: str) -> None:
        """Something about the machine, not about the talk."""
        ...
