"""The conversation: (state, event) -> (state, effects). It alone decides what is said, and it is pure.

Order of precedence for every utterance: a red flag, then the answer to a question we asked, then commands and topics.
No clocks (time arrives as an event), no threads, no I/O; a visit can be replayed from its events.
Not for building sentences (`replies.py`, `turns.py`) nor for carrying effects out (`assistant.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from voice_skill.conversation.commands import run_command
from voice_skill.conversation.reading import read_on
from voice_skill.conversation.replies import Replies
from voice_skill.conversation.requests import run_request
from voice_skill.conversation.state import Question, State
from voice_skill.conversation.turns import Turn, answer, ask_flag, ask_which, raise_alarm, reject, say, say_aside
from voice_skill.conversation.waiting import FORGET_AFTER_S, wait
from voice_skill.events import (
    Action,
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
from voice_skill.understanding.safety import Alarm

# Below this probability an utterance that was not clearly meant for us (open microphone, no visit going on) is taken
# for the radio and passes without a word.
OVERHEARD_BELOW = 0.15
# A command is not confirmed before it is carried out; below this probability it is rather not understood.
COMMAND_AT_LEAST = 0.5
# In an emergency only these still do what they say.
_ALLOWED_IN_EMERGENCY = ("repeat", "stop", "goodbye", "start-over", "slower", "louder")


class Interpreter(Protocol):
    """What the conversation needs of the understanding room."""

    def interpret(self, alternatives: tuple[Hypothesis, ...], context: Context) -> Understood:
        """Red flag and best match of an utterance."""
        ...


class Conversation:
    """The rules of one visit. Holds no state of its own: `step` takes it and gives it back."""

    def __init__(self, interpreter: Interpreter, replies: Replies, forget_after_s: float = FORGET_AFTER_S) -> None:
        """forget_after_s: a visit is over when neither side has said anything for so long."""
        self._interpreter = interpreter
        self._replies = replies
        self._forget_after_s = forget_after_s

    def step(self, state: State, event: Event) -> Turn:
        """The next state, and what to do now."""
        before = state
        state, effects = self._on(state, event)
        if isinstance(event, Tick):
            return state, effects
        # Whatever happens breaks the silence; what somebody says or does ends the waiting as well.
        state = replace(state, cut=isinstance(event, Interrupted) or (before.cut and isinstance(event, SpeechBegan)))
        if isinstance(event, Heard | Pressed):
            state = replace(state, nudges=0)
        return replace(state, quiet_since_s=state.now_s), effects

    def _on(self, state: State, event: Event) -> Turn:
        match event:
            case Heard():
                return self._heard(state, event)
            case Pressed(command):
                return self._command(state, command, heard="", score=1.0, runner_up=None)
            case Finished():
                return self._finished(state)
            case Interrupted(prompts_done):
                cut_at = state.resume_at if state.aside else prompts_done
                return replace(state, speaking=False, aside=False, resume_at=cut_at), ()
            case Tick(now_s):
                return wait(state, now_s, self._replies, self._forget_after_s)
            case SpeechBegan():
                return state, ()
            case DeviceLost(device, how):
                return self._aside(state, f"{device}-{how}")
            case DeviceBack(device):
                return self._aside(state, f"{device}-back")

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
        return say_aside(state, f"reply:{name}", self._replies.own(name))

    def _heard(self, state: State, event: Heard) -> Turn:
        heard = event.alternatives[0].text if event.alternatives else ""
        if not any(hypothesis.text.strip() for hypothesis in event.alternatives):
            if not event.addressed:
                return state, ()
            turn = say(state, "reply:nothing-heard", self._replies.own("nothing-heard"))
            return _decided(turn, "reject", heard, score=0.0)
        understood = self._interpreter.interpret(event.alternatives, _context(state, event))
        alarm, found = understood.alarm, understood.match
        if alarm is not None:
            return self._alarm(state, alarm, found, heard)
        if state.emergency is not None:
            return self._held_back(state, found, heard)
        if state.question is not None:
            turn = self._answered(state, state.question, found, heard)
            if turn is not None:
                return turn
        if understood.request is not None:
            turn = run_request(understood.request, state, self._replies)
            if turn is not None:
                return _decided(turn, "command", heard, understood.request)
        if found.band == "reject" or _doubtful_command(found):
            if not event.addressed and not state.active and found.score < OVERHEARD_BELOW:
                return _decided((state, ()), "reject", heard, score=found.score)
            return _decided(reject(state, self._replies), "reject", heard, score=found.score)
        return self._matched(state, found, heard)

    def _alarm(self, state: State, alarm: Alarm, found: Match, heard: str) -> Turn:
        topic = found.entry if found.kind == "topic" and found.band != "reject" else None
        if alarm.denied:
            turn = ask_flag(state, self._replies, alarm.flag, otherwise=topic)
            return _decided(turn, "ask", heard, alarm.flag, runner_up=topic)
        if alarm.tier == "doctor":
            if state.emergency is not None:
                return self._held_back(state, found, heard)
            stray = topic is None and found.in_scope < OVERHEARD_BELOW
            if stray and self._replies.flag_needs_topic(alarm.flag):  # "wake me up at six"
                return _decided(reject(state, self._replies), "reject", heard, score=found.score)
            entry = topic or "see-a-doctor"
            turn = answer(state, self._replies, entry, self._replies.flag(alarm.flag), found.second if topic else None)
            return _decided(turn, "answer", heard, entry, score=found.score if topic else 1.0, runner_up=alarm.flag)
        return self._raised(state, alarm.flag, heard)

    def _raised(self, state: State, flag_id: str, heard: str) -> Turn:
        emergency = self._replies.flag_tier(flag_id) == "emergency"
        if state.emergency is not None and not emergency:  # the graver warning stands
            return self._held_back(state, None, heard)
        turn = raise_alarm(state, self._replies, flag_id)
        return _decided(turn, "emergency" if emergency else "urgent", heard, flag_id)

    def _held_back(self, state: State, found: Match | None, heard: str) -> Turn:
        """During an emergency: the warning again, and the way out of it."""
        assert state.emergency is not None
        if found is not None and found.band == "accept" and found.entry in _ALLOWED_IN_EMERGENCY:
            return self._command(state, found.entry, heard, found.score, found.runner_up)
        prompts = (*self._replies.flag(state.emergency), *self._replies.own("emergency-over"))
        turn = say(state, f"safety:{state.emergency}", prompts, interruptible=False)
        return _decided(turn, "emergency", heard, state.emergency)

    def _answered(self, state: State, question: Question, found: Match, heard: str) -> Turn | None:
        """The turn that answers our question, or None when something else was said."""
        if found.kind != "command" or found.band == "reject" or found.entry not in ("yes", "no"):
            return None
        closed = replace(state, question=None, misses=0)
        if found.entry == "yes":
            chosen = question.options[0]
            if question.about == "alarm":
                return self._confirmed(closed, chosen, heard)
            return _decided(answer(closed, self._replies, chosen), "answer", heard, chosen)
        if found.second is not None:  # "no, massage"
            return _decided(answer(closed, self._replies, found.second), "answer", heard, found.second)
        if question.otherwise is not None:
            return _decided(answer(closed, self._replies, question.otherwise), "answer", heard, question.otherwise)
        turn = say(closed, "reply:say-again", self._replies.own("say-again"))
        return _decided(turn, "command", heard, "no", score=found.score)

    def _confirmed(self, state: State, flag_id: str, heard: str) -> Turn:
        if self._replies.flag_tier(flag_id) == "doctor":
            turn = answer(state, self._replies, "see-a-doctor", extra=self._replies.flag(flag_id))
            return _decided(turn, "answer", heard, "see-a-doctor")
        return self._raised(state, flag_id, heard)

    def _matched(self, state: State, found: Match, heard: str) -> Turn:
        assert found.entry is not None
        if found.kind == "command":
            # A command does no harm and can be taken back by another: no confirmation (reference U21).
            command = found.entry
            either = {command, found.runner_up} == {"next", "resume"}
            if either and state.active:  # "go on" means both: what was cut off comes first
                command = "next" if state.resume_at is None else "resume"
            return self._command(state, command, heard, found.score, found.runner_up)
        if found.band == "accept":
            turn = answer(state, self._replies, found.entry, other=found.second)
            turn = replace(turn[0], runner_up=_likely_topic(found, self._replies)), turn[1]
            return _decided(turn, "answer", heard, found.entry, score=found.score, runner_up=found.runner_up)
        options = (found.entry,)
        if found.runner_up in self._replies.entries and found.runner_up_score >= CLOSE * found.score:
            options = (found.entry, found.runner_up)
        turn = ask_which(replace(state, misses=0), self._replies, options)
        return _decided(turn, "ask", heard, found.entry, score=found.score, runner_up=found.runner_up)

    def _command(self, state: State, command: str, heard: str, score: float, runner_up: str | None) -> Turn:
        if state.emergency is not None and command not in _ALLOWED_IN_EMERGENCY:
            return self._held_back(state, None, heard)
        if state.emergency is not None and state.speaking and command == "stop":
            turn: Turn = (state, ())  # the emergency sentence alone is spoken to its end
        else:
            turn = run_command(command, state, self._replies)
        return _decided(turn, "command", heard, command, score=score, runner_up=runner_up)


def _doubtful_command(found: Match) -> bool:
    """Whether a command is likelier not meant: carried out unasked, it needs more than a question does."""
    return found.kind == "command" and found.band == "ask" and found.score < COMMAND_AT_LEAST


def _likely_topic(found: Match, replies: Replies) -> str | None:
    """What may have been meant instead of the topic that was found."""
    likely = found.runner_up in replies.entries and found.runner_up_score >= OVERHEARD_BELOW
    return found.runner_up if likely else None


def _context(state: State, event: Heard) -> Context:
    if state.question is None:
        awaiting = "nothing"
    elif len(state.question.options) > 1:
        awaiting = "choice"
    else:
        awaiting = "yes-no"
    to_us = event.addressed or state.active
    return Context(in_steps=state.entry is not None, awaiting=awaiting, entry=state.entry, to_us=to_us)


def _decided(
    turn: Turn,
    action: Action,
    heard: str,
    entry: str | None = None,
    score: float = 1.0,
    runner_up: str | None = None,
) -> Turn:
    """The turn with what the utterance was taken for in front of its effects."""
    state, effects = turn
    decided: Effect = Decided(action, entry, round(score, 4), runner_up, heard)
    return state, (decided, *effects)
