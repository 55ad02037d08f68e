"""What the assistant remembers during one visit, and nothing longer. Not for deciding anything (`machine.py`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from voice_skill.events import Prompt

# Words per minute a person can step through: comfort is 150-200 for most listeners, screen-reader users go far higher
# (reference U23).
RATES = (110, 130, 150, 175, 200, 250, 300, 350, 400)
DEFAULT_RATE = 150
VOLUME_STEP = 0.15
DEFAULT_VOLUME = 0.8
QUIETEST = 0.2  # still audible: "quieter" must never turn the voice off


@dataclass(frozen=True, slots=True)
class Question:
    """Something the assistant asked and waits to hear about.

    about: "entry" did you mean this entry (or one of two), "alarm" did you say this red flag.
    options: the ids asked about, likeliest first.
    otherwise: the entry to answer when an alarm turns out not to be meant.
    """

    about: Literal["entry", "alarm"]
    options: tuple[str, ...]
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """One visit, so far.

    entry, position: the entry being read and the step last said (from 0); `None` when no entry is open.
    last_turn: key and prompts of the last turn; last_step: the part of it that "repeat" says again.
    speaking: whether that turn is still being said.
    resume_at: how many prompts of the last turn were said before it was stopped; None when it was said to its end.
    misses: utterances in a row that were not understood; repeats: "repeat" commands in a row.
    emergency: id of the emergency flag that holds back everything else until "start over".
    """

    entry: str | None = None
    position: int = 0
    last_key: str = ""
    last_turn: tuple[Prompt, ...] = ()
    last_step: tuple[Prompt, ...] = ()
    speaking: bool = False
    resume_at: int | None = None
    question: Question | None = None
    active: bool = False
    reminded: bool = False
    hinted: bool = False
    cautioned: frozenset[str] = frozenset()
    misses: int = 0
    repeats: int = 0
    emergency: str | None = None
    rate: int = DEFAULT_RATE
    volume: float = DEFAULT_VOLUME

    def forgotten(self) -> State:
        """A new visit with nothing remembered; voice rate and loudness stay."""
        return State(rate=self.rate, volume=self.volume)

    def close_entry(self) -> State:
        """The same visit with no entry open."""
        return replace(self, entry=None, position=0)
