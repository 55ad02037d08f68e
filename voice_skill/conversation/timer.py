"""How long a cramp has lasted: the timer's notes when they come due, and to whom they are still owed.

Pure functions of the state, whose clock is `Tick`. Not for being asked about it (`requests.py`).
"""

from __future__ import annotations

from dataclasses import replace

from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import State
from voice_skill.conversation.turns import Turn, say_aside
from voice_skill.events import Prompt

# What the health service calls too long for a cramp, and what the article does (reference U24).
TIMER_NOTES = ((600.0, "ten-minutes"), (900.0, "fifteen-minutes"))
TIMER_ENDS_S = 3600.0  # by then nobody waits for it


def minutes_so_far(state: State) -> int:
    """Whole minutes on the timer. Raises ValueError when it is off."""
    if state.timer_since_s is None:
        raise ValueError("the timer is off")
    return int((state.now_s - state.timer_since_s) // 60)


def timer_off(state: State) -> State:
    """Without a timer."""
    return replace(state, timer_since_s=None, timer_notes=0, timer_told=False)


def timer_note(state: State, replies: Replies) -> Turn | None:
    """What the timer has to say now, if anything."""
    if state.timer_since_s is None:
        return None
    if state.now_s - state.timer_since_s >= TIMER_ENDS_S:
        return timer_off(state), ()
    due = _due(state)
    if due <= state.timer_notes:
        return None
    # Of two that came due together, e.g. while the machine slept, the graver says all.
    name = TIMER_NOTES[due - 1][1]
    noted, effects = say_aside(replace(state, timer_notes=due), f"timer:{name}", replies.safety(name))
    return replace(noted, active=state.active), effects  # nobody need be there


def overdue(state: State, replies: Replies) -> tuple[Prompt, ...]:
    """The note for somebody who wants silence after ten minutes of cramp, once (reference U6)."""
    due = _due(state)
    return () if state.timer_told or not due else replies.safety(TIMER_NOTES[due - 1][1])


def _due(state: State) -> int:
    """How many of the notes are due by now."""
    if state.timer_since_s is None:
        return 0
    passed_s = state.now_s - state.timer_since_s
    return sum(passed_s >= after_s for after_s, _ in TIMER_NOTES)
