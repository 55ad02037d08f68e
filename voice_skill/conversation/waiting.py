"""What time alone brings about: a word into a long silence, what was owed, and the end of a forgotten visit.

Pure functions of (state, now): time arrives with `Tick`. Not for utterances (`machine.py`) nor the timer (`timer.py`).
"""

from __future__ import annotations

from dataclasses import replace

from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import WARNING_S, State
from voice_skill.conversation.timer import timer_note
from voice_skill.conversation.turns import Turn, end_visit, say, say_aside

# Two words into the silence, then quiet, with the place kept (reference U13).
NUDGE_EVERY_S = 10.0
MAX_NUDGES = 2
# Whoever said "stop" gets this much silence before what must be said all the same.
OWED_AFTER_S = 3.0
# A visit is over after five minutes without a word (reference U13). On a public device, where strangers come and go,
# it is one minute, or three with steps open (reference K11); but an emergency stays in sight (reference D7).
FORGET_AFTER_S = 300.0
PUBLIC_FORGET_AFTER_S = 60.0
PUBLIC_IN_STEPS_S = 180.0
# Nobody is interrupted in mid-sentence; a radio, which has no end, is.
SENTENCE_S = 5.0
LONGEST_SPEECH_S = 30.0


def wait(state: State, now_s: float, replies: Replies) -> Turn:
    """The state at that moment, and what is to be said into the silence, if anything. Never while speaking."""
    state = replace(state, now_s=max(now_s, state.now_s))
    if state.speaking:
        return state, ()
    if state.owed and state.quiet_s >= OWED_AFTER_S:
        return say_aside(replace(state, owed=()), "reply:owed", state.owed)
    noted = timer_note(state, replies) if state.emergency is None else None
    if noted is not None:
        return noted
    if state.typed or not state.active or _somebody_speaks(state):
        return state, ()
    if state.quiet_s >= _patience_s(state):
        return _leave(state, replies)
    if state.warned:
        return state, ()
    if state.emergency is not None:
        return _repeat_alarm(state, replies)
    return _nudge(state, replies)


def _patience_s(state: State) -> float:
    if state.warned:
        return WARNING_S
    if not state.public or state.emergency is not None:
        return FORGET_AFTER_S
    return PUBLIC_FORGET_AFTER_S if state.entry is None else PUBLIC_IN_STEPS_S


def _somebody_speaks(state: State) -> bool:
    within_a_sentence = state.now_s - state.speech_at_s < SENTENCE_S
    return within_a_sentence and state.quiet_s < _patience_s(state) + LONGEST_SPEECH_S


def _leave(state: State, replies: Replies) -> Turn:
    """Tells that the visit is over: whoever comes back must not expect that we remember. Strangers are asked first."""
    if not state.met:  # nobody was there
        return state.forgotten(), ()
    if state.public and state.emergency is None and not state.warned:
        return say_aside(replace(state, warned=True), "reply:leaving", replies.own("leaving"))
    return end_visit(state, "reply:forgotten", replies.own("forgotten"))


def _repeat_alarm(state: State, replies: Replies) -> Turn:
    """The emergency sentence once more, and no more than that (reference S5)."""
    assert state.emergency is not None
    if state.nudges or state.quiet_s < NUDGE_EVERY_S:
        return state, ()
    key = f"safety:{state.emergency}"
    return say(replace(state, nudges=1), key, replies.flag(state.emergency), interruptible=False)


def _nudge(state: State, replies: Replies) -> Turn:
    """A word for somebody whom we asked, or who is between two steps; none for who silenced us or wants it brief."""
    asked = state.question is not None
    between_steps = state.entry is not None and not state.reads_on and not state.brief
    if state.resume_at is not None or not (asked or between_steps):
        return state, ()
    if state.nudges >= MAX_NUDGES or state.quiet_s < NUDGE_EVERY_S:
        return state, ()
    if state.question is not None:
        kind = "yes-no" if len(state.question.options) == 1 else "choice"
    else:
        last = state.entry is not None and state.position + 1 == len(replies.entries[state.entry].steps)
        kind = "end" if last else "steps"
    nudges = state.nudges + 1
    name = f"wait-{kind}-{nudges}"
    return say_aside(replace(state, nudges=nudges), f"reply:{name}", replies.own(name))
