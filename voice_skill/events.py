"""What happens to the assistant (events) and what it does (effects): the words between the shell and the conversation.

All are immutable values without behaviour, so that a whole visit can be written down, replayed and compared.
Not for audio: sound never passes through here, only what was heard and what is to be said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of an utterance.

    text: lower-case words separated by single spaces; "" means nothing was recognised.
    log_likelihood: natural log, relative to the best reading (0.0 for the best, negative for the others).
    """

    text: str
    log_likelihood: float = 0.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """One sentence to be said: the unit of rendering, caching, stopping and repeating.

    source: where a health sentence comes from ("article:heat", "safety:nhs-dvt"); "" for the skill's own talk.
    """

    text: str
    source: str = ""


# --- events -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance has ended. `alternatives` is the n-best list, best first.

    addressed: True when the person clearly spoke to us (typed, push-to-talk); False from an open microphone, where
    it may be the radio.
    """

    alternatives: tuple[Hypothesis, ...]
    addressed: bool = True


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key or button that means a command or a request, e.g. "next" (ids of `commands.yaml` and `requests.yaml`)."""

    command: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """An entry was picked by hand: from a list of topics, or as the answer to "Did you mean ...?"."""

    entry: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last `Say` was spoken to its end."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The last `Say` was cut off; `prompts_done` whole prompts of it had been spoken."""

    prompts_done: int


@dataclass(frozen=True, slots=True)
class Tick:
    """It is now `now_s`: seconds on a clock that only goes forward. Comes before other events, and every second."""

    now_s: float


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Somebody is saying something; what it is comes as `Heard`, or never, if it was no word."""


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """A part stopped working. muted: the device is there, but nothing comes from it."""

    device: Literal["microphone", "speaker", "voice"]
    how: Literal["lost", "muted"] = "lost"


@dataclass(frozen=True, slots=True)
class DeviceBack:
    """It works again."""

    device: Literal["microphone", "speaker", "voice"]


Event = Heard | Pressed | Chosen | Finished | Interrupted | Tick | SpeechBegan | DeviceLost | DeviceBack

# --- effects ------------------------------------------------------------------------------------------------------

Action = Literal["answer", "ask", "reject", "command", "emergency", "urgent"]


@dataclass(frozen=True, slots=True)
class Say:
    """Speak these prompts in order, after silencing whatever is being said.

    key: which fixed reply this is, e.g. "entry:heat:1" (its first turn), "command:slower", "reply:reject-1",
        "safety:emergency"; stable, so that outside evaluations can use it.
    interruptible: False only for the emergency sentence.
    """

    key: str
    prompts: tuple[Prompt, ...]
    interruptible: bool = True

    @property
    def text(self) -> str:
        """The whole turn as one line."""
        return " ".join(prompt.text for prompt in self.prompts)


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop speaking at once."""


@dataclass(frozen=True, slots=True)
class SetRate:
    """Speak at this many words per minute from the next prompt on."""

    words_per_minute: int


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Loudness of the voice, 0.0-1.0 of full scale."""

    volume: float


@dataclass(frozen=True, slots=True)
class Decided:
    """What the utterance was taken for: the public result of `ask --json` and of the screen.

    entry: id of an entry, command or red flag; None when rejected.
    score: probability 0-1 that `entry` is what was meant; runner_up: the next best id, if any.
    """

    action: Action
    entry: str | None
    score: float
    runner_up: str | None
    heard: str


@dataclass(frozen=True, slots=True)
class End:
    """The visit is over: say goodbye, forget, and (in `run`) go back to waiting or exit."""


Effect = Say | Hush | SetRate | SetVolume | Decided | End
