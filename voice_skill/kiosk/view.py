"""What the kiosk's page shows at one moment, and how each thing that happens changes it. Pure: no clock, no threads.

All of it comes from the conversation's own state and effects; nothing is read out of sentences. Not for how it looks
(`static/`), nor for getting it there (`board.py`, `server.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import DEFAULT_RATE, DEFAULT_VOLUME, State
from voice_skill.events import Decided, Effect, Prompt, Say

Phase = Literal[
    "booting",
    "idle",
    "listening",
    "heard",
    "thinking",
    "speaking",
    "paused",
    "waiting",
    "emergency",
    "mic-off",
    "error",
]
LOG_LINES = 8
_NUMBER = re.compile(r"\d(?:[\d ]*\d)?")


@dataclass(frozen=True, slots=True)
class Line:
    """One turn of the talk, as text."""

    who: Literal["you", "me"]
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """The step that is open: `place` is "Step 2 of 4."; `drawing` names a line drawing, "" for none.

    cautions: the safety notes that belong before it. timed: it is a remedy, so that a timer makes sense.
    """

    entry: str
    title: str
    place: str
    text: str
    drawing: str
    cautions: tuple[str, ...]
    timed: bool


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that may have been meant: `press` is the button's name, `title` what stands on it."""

    press: str
    title: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """An emergency: one sentence, and the number in it, "" where it has none."""

    text: str
    number: str


@dataclass(frozen=True, slots=True)
class View:
    """All that the page shows.

    asked: somebody has pressed Talk, and hasn't spoken yet.
    partial: what has been understood of an utterance that goes on; heard: of the last one.
    caption: the sentence that is being said, or was said last; question: what we wait to be answered, with `options`.
    log: the last turns of this visit, oldest first; empty until somebody has said or pressed something.
    timer_since_s: when the timer was started, seconds on the clock of `Tick`; None when it is off.
    ends_at_s: when the visit ends unless somebody does something; None while that isn't near. On the same clock.
    notice: something about the machine that needs somebody's hands; "" when all is well.
    rate: words per minute; volume: 0.0-1.0.
    """

    state: Phase = "booting"
    asked: bool = False
    partial: str = ""
    heard: str = ""
    caption: str = ""
    log: tuple[Line, ...] = ()
    step: Step | None = None
    question: str = ""
    options: tuple[Option, ...] = ()
    alarm: Alarm | None = None
    timer_since_s: float | None = None
    ends_at_s: float | None = None
    notice: str = ""
    rate: int = DEFAULT_RATE
    volume: float = DEFAULT_VOLUME


def asked(view: View) -> View:
    """Somebody has pressed Talk."""
    return replace(view, asked=True)


def hearing(view: View, text: str) -> View:
    """Somebody is saying something; "" when it came to nothing."""
    return replace(view, partial=text, state="listening" if text else view.state)


def heard(view: View, text: str) -> View:
    """An utterance has ended; what it means isn't known yet."""
    return replace(view, asked=False, partial="", heard=text, state="heard")


def saying(view: View, sentence: str) -> View:
    """The voice has begun this sentence."""
    return replace(view, caption=sentence, state=view.state if view.alarm else "speaking")


class Composer:
    """Makes views out of what the conversation decides. drawn: the drawing of "entry number" (from 1)."""

    def __init__(self, replies: Replies, drawn: Mapping[str, str]) -> None:
        self._replies = replies
        self._drawn = drawn

    def decided(self, view: View, effects: tuple[Effect, ...]) -> View:
        """An event was answered: what was heard, and what is to be said, go into the log."""
        decided = next((effect for effect in effects if isinstance(effect, Decided)), None)
        said = next((effect for effect in effects if isinstance(effect, Say)), None)
        log = view.log
        if decided is not None:
            overheard = decided.action == "reject" and said is None
            view = replace(view, partial="", heard="" if overheard else decided.heard)
            if decided.entry == "start-over":
                log = ()
            elif decided.heard and not overheard:
                log = (*log, Line("you", decided.heard))
        if said is not None:
            view = replace(view, asked=False, caption="")
            if decided is not None or log:
                log = (*log, Line("me", said.text))
        return replace(view, log=log[-LOG_LINES:])

    def standing(self, view: View, state: State) -> View:
        """The conversation stands like this now."""
        if not state.active:  # the visit is over: whoever comes next sees nothing of it
            view = replace(view, asked=False, log=(), heard="", caption=view.caption if state.speaking else "")
        if not (state.speaking or view.caption) and view.log and view.log[-1].who == "me":
            view = replace(view, caption=view.log[-1].text)  # there was no voice to say it
        view = replace(
            view,
            partial="" if state.speaking or _deaf(state) else view.partial,  # the ear is shut then
            step=self._step(state),
            question=self._question(state),
            options=self._options(state),
            alarm=self._alarm(state),
            timer_since_s=state.timer_since_s,
            ends_at_s=state.ends_at_s,
            notice=" ".join(joined(self._replies.own(fault)) for fault in sorted(state.faults)),
            rate=state.rate,
            volume=state.volume,
        )
        return replace(view, state=_phase(view, state))

    def _step(self, state: State) -> Step | None:
        if state.entry is None:
            return None
        entry = self._replies.entries[state.entry]
        return Step(
            entry=entry.id,
            title=entry.title,
            place=joined(self._replies.place(entry.id, state.position)),
            text=entry.steps[state.position].text,
            drawing=self._drawn.get(f"{entry.id} {state.position + 1}", ""),
            cautions=tuple(
                joined(self._replies.safety(name)) for name in self._replies.cautions(entry.id, state.position)
            ),
            timed=entry.counted_as == "Step",
        )

    def _question(self, state: State) -> str:
        if state.question is None or state.emergency is not None:
            return ""
        if state.question.about == "alarm":
            return joined(self._replies.ask_flag(state.question.options[0]))
        return joined(self._replies.ask_entries(state.question.options))

    def _options(self, state: State) -> tuple[Option, ...]:
        if state.question is None or state.emergency is not None:
            return ()
        if state.question.about == "alarm":
            return (Option("yes", ""), Option("no", ""))
        titles = self._replies.entries
        chosen = tuple(Option(f"topic:{entry}", titles[entry].title) for entry in state.question.options)
        return chosen if len(chosen) > 1 else (*chosen, Option("no", ""))

    def _alarm(self, state: State) -> Alarm | None:
        """From the sentence that says to call to the one that has the number: the same one, mostly."""
        if state.emergency is None:
            return None
        sentences = [prompt.text for prompt in self._replies.flag(state.emergency)]
        first = next((at for at, text in enumerate(sentences) if "call" in text.lower()), 0)
        last = next((at for at, text in enumerate(sentences) if at >= first and _NUMBER.search(text)), first)
        text = " ".join(sentences[first : last + 1])
        number = _NUMBER.search(text)
        return Alarm(text, number[0] if number else "")


def _phase(view: View, state: State) -> Phase:
    """The state shown; of several that hold at once, the one that matters most to the person."""
    if state.emergency is not None:
        return "emergency"
    if state.speaking:
        return "speaking" if view.caption else "thinking"
    if _deaf(state):
        return "mic-off"
    if view.partial or view.asked:
        return "listening"
    if state.faults:
        return "error"
    if state.resume_at is not None and view.log:  # of a greeting nobody waits for the rest
        return "paused"
    if state.question is not None or state.entry is not None:
        return "waiting"
    return "listening" if view.log else "idle"


def _deaf(state: State) -> bool:
    return any(fault.startswith("microphone-") for fault in state.faults)


def joined(prompts: tuple[Prompt, ...]) -> str:
    """Sentences as one line."""
    return " ".join(prompt.text for prompt in prompts)
