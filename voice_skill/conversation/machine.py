"""The conversation: (state, event) -> (state, effects). It alone decides what is said, and it is pure.

Order of precedence for every utterance: a red flag, then the answer to a question we asked, then commands and topics.
No clocks (time arrives as an event), no threads, no I/O; a visit can be replayed from its events.
Not for building sentences (`replies.py`, `turns.py`) nor for carrying effects out (`assistant.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from voice_skill.article.schema import COMMAND_IDS
from voice_skill.conversation.alarms import OVERHEARD_BELOW, confirmed, held_back, on_alarm, on_command
from voice_skill.conversation.commands import offers_slower
from voice_skill.conversation.reading import read_on
from voice_skill.conversation.replies import Replies
from voice_skill.conversation.requests import IN_EMERGENCY, MORE_TIME, RELIEF, THANKS, more_time, run_request
from voice_skill.conversation.state import Question, State
from voice_skill.conversation.turns import (
    Turn,
    answer,
    ask_which,
    decided,
    go_to_step,
    nothing_heard,
    reject,
    say,
    say_again,
    say_aside,
)
from voice_skill.conversation.waiting import wait
from voice_skill.events import (
    Chosen,
    Decided,
    DeviceBack,
    DeviceLost,
    Effect,
    Event,
    Finished,
    Heard,
    Hypothesis,
    Interrupted,
    Pressed,
    SpeechBegan,
    Tick,
)
from voice_skill.understanding.interpret import Context, Understood
from voice_skill.understanding.matcher import CLOSE, Match
from voice_skill.understanding.normalize import normalize

# A command is not confirmed before it is carried out; below this probability it is rather not understood.
COMMAND_AT_LEAST = 0.5
# What loses somebody their place in the steps needs more.
LOSING, LOSING_AT_LEAST = ("goodbye", "start-over"), 0.8
_YES = ("yes", "yeah", "yep")
_NO = ("no", "nope", "nah", "wrong")


class Interpreter(Protocol):
    """What the conversation needs of the understanding room."""

    def interpret(self, alternatives: tuple[Hypothesis, ...], context: Context) -> Understood:
        """Red flag and best match of an utterance."""
        ...


class Conversation:
    """The rules of one visit. Holds no state of its own: `step` takes it and gives it back."""

    def __init__(self, interpreter: Interpreter, replies: Replies) -> None:
        self._interpreter = interpreter
        self._replies = replies

    def step(self, state: State, event: Event) -> Turn:
        """The next state, and what to do now."""
        before = state
        state, effects = self._on(state, event)
        if isinstance(event, Tick):
            return state, effects
        if isinstance(event, SpeechBegan):
            return replace(state, speech_at_s=state.now_s), effects
        if isinstance(event, Heard) and _unheeded(effects):  # the room talks: the silence between us goes on
            return replace(state, cut=before.cut), effects
        # Whatever else happens breaks the silence; what somebody says or does ends the waiting as well.
        if isinstance(event, Heard | Pressed | Chosen):
            state = replace(state, nudges=0, warned=False, met=state.active)
        return replace(state, cut=isinstance(event, Interrupted), quiet_since_s=state.now_s), effects

    def _on(self, state: State, event: Event) -> Turn:
        match event:
            case Heard():
                return self._heard(state, event)
            case Pressed(name):
                return self._pressed(state, name)
            case Chosen(entry):
                return self._chosen(state, entry)
            case Finished():
                return self._finished(state)
            case Interrupted(prompts_done):
                cut_at = state.resume_at if state.aside else prompts_done
                return replace(state, speaking=False, aside=False, resume_at=cut_at), ()
            case Tick(now_s):
                return wait(state, now_s, self._replies)
            case SpeechBegan():
                return state, ()
            case DeviceLost(device, how):
                fault = f"{device}-{how}"
                return self._aside(replace(state, faults=_faults_but(device, state) | {fault}), fault)
            case DeviceBack(device):
                return self._aside(replace(state, faults=_faults_but(device, state)), f"{device}-back")

    def greet(self, state: State, *, typed: bool = False) -> Turn:
        """The first words of a visit."""
        name = "ready" if typed else "greeting"
        return say(replace(state, typed=typed), f"reply:{name}", self._replies.own(name))

    def _finished(self, state: State) -> Turn:
        if not state.speaking:  # an older turn, or one that was stopped
            return state, ()
        ended = replace(state, speaking=False, aside=False, resume_at=state.resume_at if state.aside else None)
        if ended.reads_on and ended.resume_at is None:
            return read_on(ended, self._replies)
        return ended, ()

    def _aside(self, state: State, name: str) -> Turn:
        prompts = self._replies.own(name)
        if state.speaking and state.emergency is not None:  # the emergency sentence is spoken to its end
            return replace(state, owed=prompts), ()
        said, effects = say_aside(state, f"reply:{name}", prompts)
        return replace(said, active=state.active), effects  # nobody need be there

    def _pressed(self, state: State, name: str) -> Turn:
        """A button does what the words on it would do. Raises KeyError for what is no command and no request."""
        if state.emergency is None and state.question is not None and name in ("yes", "no"):
            return self._replied(state, state.question, name, "")
        if name in COMMAND_IDS:
            return on_command(state, self._replies, name)
        if state.emergency is not None and name not in IN_EMERGENCY:
            return held_back(state, self._replies, None, "")
        turn = run_request(name, replace(state, active=True), self._replies)
        turn = turn or say_aside(state, f"request:{name}", self._replies.own("no-steps"))
        return decided(turn, "command", "", name)

    def _chosen(self, state: State, entry: str) -> Turn:
        """What a finger points at needs no understanding."""
        if state.emergency is not None:
            return held_back(state, self._replies, None, "")
        return decided(answer(state, self._replies, entry), "answer", "", entry)

    def _heard(self, state: State, event: Heard) -> Turn:
        heard = event.alternatives[0].text if event.alternatives else ""
        if not any(hypothesis.text.strip() for hypothesis in event.alternatives):
            if not event.addressed:
                return state, ()
            return decided(nothing_heard(state, self._replies), "reject", heard, score=0.0)
        context = _context(state, event)
        understood = self._interpreter.interpret(event.alternatives, context)
        alarm, found = understood.alarm, understood.match
        if alarm is not None:
            return on_alarm(state, self._replies, alarm, found, heard)
        if state.emergency is not None and understood.request not in IN_EMERGENCY:
            return held_back(state, self._replies, found, heard)
        found = self._corrected(found, context, heard)
        if state.question is not None:
            turn = self._answered(state, state.question, found, heard)
            if turn is not None:
                return turn
        declined = understood.request == THANKS and found.entry == "no"  # "no thank you"
        if understood.request is not None and not declined:
            turn = run_request(understood.request, state, self._replies)
            if turn is not None:
                return decided(turn, "command", heard, understood.request)
        if found.band == "reject" or _doubtful_command(found, in_steps=state.entry is not None):
            if not event.addressed and not state.active and found.score < OVERHEARD_BELOW:
                return decided((state, ()), "reject", heard, score=found.score)
            return decided(reject(state, self._replies), "reject", heard, score=found.score)
        return self._matched(state, found, heard)

    def _corrected(self, found: Match, context: Context, heard: str) -> Match:
        """Of "no, my toes" what follows the no, if that is a topic (reference U17); of "no, not my toes" nothing."""
        first, _, rest = normalize(heard).partition(" ")
        if found.entry not in ("no", context.entry) or first not in _NO or not rest or rest.startswith("not "):
            return found
        meant = self._interpreter.interpret((Hypothesis(rest),), Context(to_us=context.to_us)).match
        return meant if meant.kind == "topic" and meant.band != "reject" else found

    def _answered(self, state: State, question: Question, found: Match, heard: str) -> Turn | None:
        """The turn that answers our question, or None when something else was said."""
        if found.kind != "command" or found.band == "reject" or found.entry not in ("yes", "no"):
            return None
        return self._replied(state, question, found.entry, heard, instead=found.second, score=found.score)

    def _replied(
        self, state: State, question: Question, reply: str, heard: str, instead: str | None = None, score: float = 1.0
    ) -> Turn:
        """The turn after "yes" or "no"; `instead` is the entry that was named with it."""
        closed = replace(state, question=None)
        if reply == "yes":
            chosen = question.options[0]
            if question.about == "alarm":
                return confirmed(closed, self._replies, chosen, heard)
            return decided(answer(closed, self._replies, chosen), "answer", heard, chosen)
        if instead is not None:  # "no, massage"
            return decided(answer(closed, self._replies, instead), "answer", heard, instead)
        if question.otherwise is not None:
            return decided(answer(closed, self._replies, question.otherwise), "answer", heard, question.otherwise)
        return decided(say_again(closed, self._replies), "command", heard, "no", score=score)

    def _matched(self, state: State, found: Match, heard: str) -> Turn:
        assert found.entry is not None
        if found.kind == "command":
            # A command does no harm and can be taken back by another: no confirmation (reference U21).
            command = found.entry
            either = {command, found.runner_up} == {"next", "resume"}
            if either and state.active:  # "go on" means both: what was cut off comes first
                command = "next" if state.resume_at is None else "resume"
            if state.warned and command == "yes":
                return decided(more_time(state, self._replies), "command", heard, MORE_TIME)
            if state.warned and command == "no":
                command = "goodbye"
            elif offers_slower(state) and command in ("yes", "no"):
                taken = heard.startswith(_YES)  # "okay" rather means that it was understood now
                command = "stop" if command == "no" else "slower" if taken else "next"
            return on_command(state, self._replies, command, heard, found.score, found.runner_up)
        if found.entry == RELIEF == state.entry and state.position:  # "ouch": the place is kept
            turn = go_to_step(state, self._replies, state.position)
            return decided(turn, "answer", heard, found.entry, score=found.score, runner_up=found.runner_up)
        if found.band == "accept":
            turn = answer(state, self._replies, found.entry, other=found.second)
            turn = replace(turn[0], runner_up=_likely_topic(found, self._replies)), turn[1]
            return decided(turn, "answer", heard, found.entry, score=found.score, runner_up=found.runner_up)
        options = (found.entry,)
        if found.runner_up in self._replies.entries and found.runner_up_score >= CLOSE * found.score:
            options = (found.entry, found.runner_up)
        turn = ask_which(state, self._replies, options)
        return decided(turn, "ask", heard, found.entry, score=found.score, runner_up=found.runner_up)


def _faults_but(device: str, state: State) -> frozenset[str]:
    """What is wrong with other devices."""
    return frozenset(fault for fault in state.faults if not fault.startswith(f"{device}-"))


def _doubtful_command(found: Match, *, in_steps: bool) -> bool:
    """Whether a command is likelier not meant: carried out unasked, it needs more than a question does."""
    if found.kind == "command" and in_steps and found.entry in LOSING:
        return found.score < LOSING_AT_LEAST
    return found.kind == "command" and found.band == "ask" and found.score < COMMAND_AT_LEAST


def _unheeded(effects: tuple[Effect, ...]) -> bool:
    """Whether an utterance was neither answered nor understood."""
    return all(isinstance(effect, Decided) and effect.action == "reject" for effect in effects)


def _likely_topic(found: Match, replies: Replies) -> str | None:
    """What may have been meant instead of the topic that was found."""
    likely = found.runner_up in replies.entries and found.runner_up_score >= OVERHEARD_BELOW
    return found.runner_up if likely else None


def _context(state: State, event: Heard) -> Context:
    if state.question is None:
        awaiting = "yes-no" if state.warned or offers_slower(state) else "nothing"
    elif len(state.question.options) > 1:
        awaiting = "choice"
    else:
        awaiting = "yes-no"
    to_us = event.addressed or state.active
    return Context(in_steps=state.entry is not None, awaiting=awaiting, entry=state.entry, to_us=to_us)
