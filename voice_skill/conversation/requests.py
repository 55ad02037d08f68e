"""What people ask about the talk itself: which step, all of them again, the timer, who is speaking, who can hear; and
that it is gone, or isn't.

Pure functions from (state, replies) to a turn, or to None where the request means nothing at the moment: then the
words are taken for what they mean at any time. Not for commands (`commands.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voice_skill.conversation.commands import run_command
from voice_skill.conversation.reading import read_article, read_entry
from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import BRIEF_RATE, State
from voice_skill.conversation.timer import minutes_so_far, timer_off
from voice_skill.conversation.turns import Turn, answer, go_to_step, say, say_aside
from voice_skill.events import SetRate

# What to try when something didn't help, the gentlest first.
REMEDIES = ("stretching", "massage", "heat")
DOCTOR = "see-a-doctor"
RELIEF = "relief-now"
MORE_TIME = "more-time"
THANKS = "thanks"
IN_EMERGENCY = (MORE_TIME, "safe")  # the only ones that mean something then
LED_BY_STEPS = (RELIEF, "remedies", *REMEDIES)


def run_request(request: str, state: State, replies: Replies) -> Turn | None:
    """Carry a request out; None when it has no meaning in this state. Raises KeyError for an id that is none."""
    return _REQUESTS[request](replace(state, misses=0, repeats=0), replies)


def _how_many(state: State, replies: Replies) -> Turn | None:
    if state.entry is None:
        return None
    entry = replies.entries[state.entry]
    return say_aside(state, "request:how-many", replies.place(entry.id, state.position))


def _step_number(number: int) -> Callable[[State, Replies], Turn | None]:
    """Of two things we offered, that one; else that step of the open entry, or how many there are."""

    def choose(state: State, replies: Replies) -> Turn | None:
        if state.question is not None and len(state.question.options) >= max(number, 2):
            return answer(state, replies, state.question.options[number - 1])
        if state.entry is None:
            return None
        if number > len(replies.entries[state.entry].steps):
            return _how_many(state, replies)
        return go_to_step(replace(state, reading=(), reads_on=False), replies, number - 1)

    return choose


def _repeat_all(state: State, replies: Replies) -> Turn | None:
    return None if state.entry is None else read_entry(state, replies)


def _start_timer(state: State, replies: Replies) -> Turn | None:
    """In a visit only: to a stranger's "set a timer" we are no kitchen clock."""
    if not state.active:
        return None
    if state.timer_since_s is not None:
        return _check_timer(state, replies)
    started = replace(timer_off(state), timer_since_s=state.now_s)
    return say_aside(started, "request:start-timer", replies.own("timer-started"))


def _check_timer(state: State, replies: Replies) -> Turn | None:
    if state.timer_since_s is None:
        if not state.active:
            return None
        return say_aside(state, "request:check-timer", replies.own("timer-is-off"))
    return say_aside(state, "request:check-timer", replies.minutes(minutes_so_far(state)))


def _stop_timer(state: State, replies: Replies) -> Turn | None:
    if state.timer_since_s is None:
        return _check_timer(state, replies)
    return say_aside(timer_off(state), "request:stop-timer", replies.own("timer-stopped"))


def _relieved(state: State, replies: Replies) -> Turn | None:
    """A kind word and the doctor line; what was open is closed."""
    if not state.active:
        return None
    eased = replace(timer_off(state).close_entry(), question=None, reminded=True)
    return say(eased, "request:relieved", (*replies.own("relieved"), replies.reminder(), *replies.own("what-else")))


def _still_hurts(state: State, replies: Replies) -> Turn | None:
    """The next step of a remedy, then the next remedy, and in the end the doctor, from the first word again."""
    if state.entry == DOCTOR:
        return answer(state, replies, DOCTOR)
    if state.entry is None:  # after "see a doctor today" that still stands
        told = state.last_key.startswith("safety:")
        return say(state, state.last_key, state.last_turn) if told else None
    if state.entry not in LED_BY_STEPS:
        return answer(state, replies, RELIEF)
    if state.position + 1 < len(replies.entries[state.entry].steps):
        return go_to_step(state, replies, state.position + 1)
    untried = (remedy for remedy in REMEDIES if remedy not in state.opened)
    return answer(state, replies, next(untried, DOCTOR))


def _safe(state: State, replies: Replies) -> Turn | None:
    """The way out of an emergency that its warning names."""
    return run_command("start-over", state, replies) if state.emergency is not None else None


def _came_back(state: State, replies: Replies) -> Turn | None:
    return answer(state, replies, RELIEF) if state.active else None


def more_time(state: State, replies: Replies) -> Turn:
    """The visit goes on; as often as one likes (reference A14)."""
    return say_aside(state, "request:more-time", replies.own("more-time"))


def _more_time(state: State, replies: Replies) -> Turn | None:
    return more_time(state, replies) if state.active else None


def _brief(state: State, replies: Replies) -> Turn | None:
    """Steps alone, and quickly, for those who listen to voices all day."""
    rate = max(BRIEF_RATE, state.rate)
    turn, effects = say_aside(replace(state, brief=True, rate=rate), "request:brief", replies.own("brief"))
    return turn, (SetRate(rate), *effects)


def _full(state: State, replies: Replies) -> Turn | None:
    if not state.brief:
        return None
    full = replace(state, brief=False, rate=state.usual_rate)
    turn, effects = say_aside(full, "request:full", replies.own("full"))
    return turn, (SetRate(state.usual_rate), *effects)


def _private(state: State, replies: Replies) -> Turn | None:
    return say_aside(state, "request:private", replies.own("private"))


def _hush(state: State, replies: Replies) -> Turn | None:
    """Said into the silence of a public place, it is about who can hear; else it means "stop"."""
    silent = state.active and not state.speaking and not state.cut
    return _private(state, replies) if state.public and silent else None


def _about(state: State, replies: Replies) -> Turn | None:
    return say_aside(state, "request:about", replies.about())


def _hello(state: State, replies: Replies) -> Turn | None:
    return say_aside(state, "request:hello", replies.own("ready")) if state.active else None


def _thanks(state: State, replies: Replies) -> Turn | None:
    """Between two steps it is no goodbye."""
    if state.entry is None or state.position + 1 >= len(replies.entries[state.entry].steps):
        return None
    return say_aside(state, "request:thanks", replies.own("welcome"))


_REQUESTS: dict[str, Callable[[State, Replies], Turn | None]] = {
    "how-many": _how_many,
    "repeat-all": _repeat_all,
    "read-article": read_article,
    "start-timer": _start_timer,
    "check-timer": _check_timer,
    "stop-timer": _stop_timer,
    "relieved": _relieved,
    "still-hurts": _still_hurts,
    "cannot": _still_hurts,
    "safe": _safe,
    "came-back": _came_back,
    "first": _step_number(1),
    "second": _step_number(2),
    "third": _step_number(3),
    "fourth": _step_number(4),
    MORE_TIME: _more_time,
    "brief": _brief,
    "full": _full,
    "private": _private,
    "hush": _hush,
    "about": _about,
    "hello": _hello,
    THANKS: _thanks,
}
