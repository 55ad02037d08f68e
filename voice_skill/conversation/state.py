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
BRIEF_RATE = 250  # what those who listen to voices all day find slow enough (reference, habits)
WARNING_S = 20.0  # between the warning and the end of a visit to a public device (reference A14)


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
    cut: whether the last thing that happened is that we were cut off.
    runner_up: the entry that was likeliest after the one that was answered last.
    aside: whether the turn being said is an aside, e.g. "Louder now.": the last turn is then the one before it.
    misses: utterances in a row that were not understood; repeats: "repeat" commands in a row.
    emergency: id of the emergency flag that holds back everything else until "start over".
    opened: the entries that were answered so far.
    reading: entries still to be read after the open one, when several are read in a row; `reads_on` while that goes on.
    typed: the visit is typed: nobody is to be reminded that we wait.
    now_s: what time it is; quiet_since_s: since when neither side has said anything; both on the clock of `Tick`.
    nudges: how often we have spoken into that silence.
    speech_at_s: when somebody was last heard speaking, whatever it was.
    timer_since_s: when the timer was started, None when it is off; timer_notes: how often it has spoken up; timer_told:
        whether it was also spoken of to somebody who said "stop" after all that time.
    met: whether anybody has said or done anything in this visit.
    warned: whether it was said that the visit is about to end.
    owed: what is to be said as soon as it has been silent for a moment.
    brief: steps alone, without what leads up to them.
    public: strangers come and go: a visit ends soon, and its voice ends with it.
    usual_rate, usual_volume: the voice as it was set up.
    faults: the replies that say what doesn't work at the moment, e.g. "microphone-lost".
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
    aside: bool = False
    cut: bool = False
    runner_up: str | None = None
    opened: frozenset[str] = frozenset()
    reading: tuple[str, ...] = ()
    reads_on: bool = False
    typed: bool = False
    now_s: float = 0.0
    quiet_since_s: float = 0.0
    speech_at_s: float = float("-inf")
    nudges: int = 0
    timer_since_s: float | None = None
    timer_notes: int = 0
    timer_told: bool = False
    met: bool = False
    warned: bool = False
    owed: tuple[Prompt, ...] = ()
    brief: bool = False
    public: bool = False
    usual_rate: int = DEFAULT_RATE
    usual_volume: float = DEFAULT_VOLUME
    faults: frozenset[str] = frozenset()

    @property
    def quiet_s(self) -> float:
        """How long neither side has said anything."""
        return 0.0 if self.speaking else self.now_s - self.quiet_since_s

    @property
    def ends_at_s(self) -> float | None:
        """When the visit ends unless somebody does something; None while that isn't near. On the clock of `Tick`."""
        return self.now_s - self.quiet_s + WARNING_S if self.warned else None

    def restarted(self) -> State:
        """Nothing remembered but how to speak, the clock, a running timer, and faults."""
        return State(
            rate=self.rate,
            volume=self.volume,
            brief=self.brief,
            usual_rate=self.usual_rate,
            usual_volume=self.usual_volume,
            typed=self.typed,
            public=self.public,
            now_s=self.now_s,
            quiet_since_s=self.now_s,
            timer_since_s=self.timer_since_s,
            timer_notes=self.timer_notes,
            timer_told=self.timer_told,
            faults=self.faults,
        )

    def forgotten(self) -> State:
        """A new visit; on a public device by somebody else, to whom it speaks as it was set up."""
        new = self.restarted()
        return replace(new, rate=self.usual_rate, volume=self.usual_volume, brief=False) if self.public else new

    def close_entry(self) -> State:
        """The same visit with no entry open."""
        return replace(self, entry=None, position=0, reading=(), reads_on=False)
