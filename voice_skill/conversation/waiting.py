"""What time alone brings about: a word into a long silence, the timer's notes, and the end of a forgotten visit.

Pure functions of (state, now): time arrives with `Tick`. Not for utterances (`machine.py`).
"""

from __future__ import annotations

from dataclasses import replace

from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import State
from voice_skill.conversation.turns import Turn, say, say_aside

# Two words into the silence, then quiet, with the place kept (reference U13).
NUDGE_EVERY_S = 10.0
MAX_NUDGES = 2
# A visit is over after five minutes without a word, among strangers after three (reference U13).
FORGET_AFTER_S = 300.0
FORGET_AFTER_KIOSK_S = 180.0
# What the health service calls too long for a cramp, and what the article does (reference U24).
TIMER_NOTES = ((600.0, "ten-minutes"), (900.0, "fifteen-minutes"))
TIMER_ENDS_S = 3600.0  # by then nobody waits for it


def wait(state: State, now_s: float, replies: Replies, forget_after_s: float) -> Turn:
    """The state at that moment, and what is to be said into the silence, if anything. Never while speaking."""
    state = replace(state, now_s=max(now_s, state.now_s))
    if state.speaking:
        return state, ()
    noted = _timer_note(state, replies)
    if noted is not None:
        return noted
    if state.typed or not state.active:
        return state, ()
    if state.quiet_s >= forget_after_s:
        return _forget(state, replies)
    if state.emergency is not None:
        return _repeat_alarm(state, replies)
    return _nudge(state, replies)


def minutes_so_far(state: State) -> int:
    """Whole minutes on the timer. Raises ValueError when it is off."""
    if state.timer_since_s is None:
        raise ValueError("the timer is off")
    return int((state.now_s - state.timer_since_s) // 60)


def _timer_note(state: State, replies: Replies) -> Turn | None:
    if state.timer_since_s is None:
        return None
    passed_s = state.now_s - state.timer_since_s
    due = sum(passed_s >= after_s for after_s, _ in TIMER_NOTES)
    if passed_s >= TIMER_ENDS_S:
        state = replace(state, timer_since_s=None, timer_notes=0)
        return state, ()
    if due <= state.timer_notes:
        return None
    # Of two that came due together, e.g. while the machine slept, the graver says all.
    name = TIMER_NOTES[due - 1][1]
    return say_aside(replace(state, timer_notes=due), f"timer:{name}", replies.safety(name))


def _forget(state: State, replies: Replies) -> Turn:
    """Tells that the visit is over: whoever comes back must not expect that we remember."""
    _, effects = say(state, "reply:forgotten", replies.own("forgotten"))
    return replace(state.forgotten(), speaking=True), effects


def _repeat_alarm(state: State, replies: Replies) -> Turn:
    """The emergency sentence once more, and no more than that (reference S5)."""
    assert state.emergency is not None
    if state.nudges or state.quiet_s < NUDGE_EVERY_S:
        return state, ()
    key = f"safety:{state.emergency}"
    return say(replace(state, nudges=1), key, replies.flag(state.emergency), interruptible=False)


def _nudge(state: State, replies: Replies) -> Turn:
    """A word for somebody whom we asked, or who is between two steps; none for who has silenced us."""
    asked = state.question is not None
    between_steps = state.entry is not None and not state.reads_on
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
