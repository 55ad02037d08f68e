"""What people ask about the talk itself: how many steps, all of them again, the timer; and that it is gone, or isn't.

Pure functions from (state, replies) to a turn, or to None where the request means nothing at the moment: then the
words are taken for what they mean at any time. Not for commands (`commands.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voice_skill.conversation.reading import read_article, read_entry
from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import State
from voice_skill.conversation.turns import Turn, answer, go_to_step, say, say_aside
from voice_skill.conversation.waiting import minutes_so_far

# What to try when something didn't help, the gentlest first.
REMEDIES = ("stretching", "massage", "heat")
DOCTOR = "see-a-doctor"
LED_BY_STEPS = ("relief-now", "remedies", *REMEDIES)


def run_request(request: str, state: State, replies: Replies) -> Turn | None:
    """Carry a request out; None when it has no meaning in this state. Raises KeyError for an id that is none."""
    return _REQUESTS[request](replace(state, misses=0, repeats=0), replies)


def _how_many(state: State, replies: Replies) -> Turn | None:
    if state.entry is None:
        return None
    entry = replies.entries[state.entry]
    return say_aside(state, "request:how-many", replies.place(entry.id, state.position))


def _repeat_all(state: State, replies: Replies) -> Turn | None:
    return None if state.entry is None else read_entry(state, replies)


def _start_timer(state: State, replies: Replies) -> Turn | None:
    """In a visit only: to a stranger's "set a timer" we are no kitchen clock."""
    if not state.active:
        return None
    if state.timer_since_s is not None:
        return _check_timer(state, replies)
    started = replace(state, timer_since_s=state.now_s, timer_notes=0)
    return say_aside(started, "request:start-timer", replies.own("timer-started"))


def _check_timer(state: State, replies: Replies) -> Turn | None:
    if state.timer_since_s is None:
        if not state.active:
            return None
        return say_aside(state, "request:check-timer", replies.own("timer-is-off"))
    return say_aside(state, "request:check-timer", replies.minutes(minutes_so_far(state)))


def _stop_timer(state: State, replies: Replies) -> Turn | None:
    if state.timer_since_s is None:
        return None
    stopped = replace(state, timer_since_s=None, timer_notes=0)
    return say_aside(stopped, "request:stop-timer", replies.own("timer-stopped"))


def _relieved(state: State, replies: Replies) -> Turn | None:
    """A kind word and the doctor line; what was open is closed."""
    if not state.active:
        return None
    eased = replace(state.close_entry(), question=None, reminded=True, timer_since_s=None, timer_notes=0)
    return say(eased, "request:relieved", (*replies.own("relieved"), replies.reminder(), *replies.own("what-else")))


def _still_hurts(state: State, replies: Replies) -> Turn | None:
    """The next step of a remedy, then the next remedy, and in the end the doctor, from the first word again."""
    if state.entry == DOCTOR:
        return answer(state, replies, DOCTOR)
    if state.entry not in LED_BY_STEPS:
        return None
    if state.position + 1 < len(replies.entries[state.entry].steps):
        return go_to_step(state, replies, state.position + 1)
    untried = (remedy for remedy in REMEDIES if remedy not in state.opened)
    return answer(state, replies, next(untried, DOCTOR))


_REQUESTS: dict[str, Callable[[State, Replies], Turn | None]] = {
    "how-many": _how_many,
    "repeat-all": _repeat_all,
    "read-article": read_article,
    "start-timer": _start_timer,
    "check-timer": _check_timer,
    "stop-timer": _stop_timer,
    "relieved": _relieved,
    "still-hurts": _still_hurts,
}
