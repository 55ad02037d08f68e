"""What each command does: stop, repeat, slower, next and the others, in any state, without asking for confirmation.

Pure functions from (state, replies) to (state, effects), one per command id. "yes" and "no" answer questions and are
handled where questions are (`machine.py`); here they only mean something between questions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voice_skill.conversation.reading import next_section, previous_section
from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import QUIETEST, RATES, VOLUME_STEP, State
from voice_skill.conversation.timer import overdue
from voice_skill.conversation.turns import (
    Turn,
    ask_which,
    end_visit,
    fits,
    go_to_step,
    open_step,
    say,
    say_again,
    say_aside,
)
from voice_skill.events import Hush, Prompt, SetRate, SetVolume

OFFER_SLOWER_AFTER = 2  # repeats in a row (reference U22)


def run_command(command: str, state: State, replies: Replies) -> Turn:
    """Carry out a command id. Raises KeyError for an id that is no command."""
    if command != "repeat":
        state = replace(state, repeats=0)
    return _COMMANDS[command](replace(state, misses=0), replies)


def offers_slower(state: State) -> bool:
    """Whether that was just offered."""
    return state.repeats == OFFER_SLOWER_AFTER and state.rate > RATES[0]


def _repeat(state: State, replies: Replies) -> Turn:
    if not state.last_step:
        return say(state, "command:repeat", replies.own("nothing-to-repeat"))
    repeats = state.repeats + 1
    state = replace(state, repeats=repeats)
    offer = replies.own("offer-slower") if offers_slower(state) else ()
    again, effects = say(state, "command:repeat", (*state.last_step, *offer))
    return replace(again, last_step=state.last_step), effects


def _next(state: State, replies: Replies) -> Turn:
    if state.entry is None:
        return say_aside(state, "command:next", replies.own("no-steps"))
    if state.reads_on:
        return next_section(state, replies)
    if state.position + 1 >= len(replies.entries[state.entry].steps):
        return say_aside(state, "command:next", (*replies.own("last-step"), *replies.own("what-else")))
    return go_to_step(state, replies, state.position + 1)


def _previous(state: State, replies: Replies) -> Turn:
    if state.entry is None:
        return say_aside(state, "command:previous", replies.own("no-steps"))
    if state.reads_on:
        return previous_section(state, replies)
    if state.position == 0:
        step = open_step(state, replies)
        again, effects = say(state, "command:previous", (*replies.own("first-step"), *step))
        return replace(again, last_step=step), effects
    return go_to_step(state, replies, state.position - 1)


def _stop(state: State, replies: Replies) -> Turn:
    """While speaking, or right after being cut off, silence is the answer; else a word shows that it was heard.

    Whoever has had a cramp for more than ten minutes hears of the doctor all the same, after a moment of that silence.
    """
    note = overdue(state, replies)
    state = replace(state, timer_told=state.timer_told or bool(note))
    if not state.speaking and not state.cut:
        return say_aside(state, "command:stop", (*replies.own("stopped"), *note))
    state = replace(state, owed=note or state.owed)
    if not state.speaking:
        return state, ()
    resume_at = state.resume_at if state.aside else 0
    return replace(state, speaking=False, aside=False, resume_at=resume_at), (Hush(),)


def _pause(state: State, replies: Replies) -> Turn:
    paused = replace(state, resume_at=_cut_at(state) or 0)
    spoken, effects = say_aside(replace(paused, speaking=False), "command:pause", replies.own("paused"))
    return spoken, (Hush(), *effects)


def _resume(state: State, replies: Replies) -> Turn:
    rest = _rest(state)
    if not rest:
        if state.entry is not None:
            return _next(state, replies)
        return say_aside(state, "command:resume", replies.own("nothing-paused"))
    resumed, effects = say(state, "command:resume", rest)
    return replace(resumed, last_step=state.last_step), effects


def _cut_at(state: State) -> int | None:
    """How many prompts of the last turn were said before it was cut off; None when it was said to its end."""
    return 0 if state.speaking and not state.aside else state.resume_at


def _rest(state: State) -> tuple[Prompt, ...]:
    """What is left to be said of the last turn, from the sentence on that was cut off."""
    cut_at = _cut_at(state)
    return () if cut_at is None else state.last_turn[cut_at:] or state.last_turn[-1:]


def _slower(state: State, replies: Replies) -> Turn:
    return _change_rate(state, replies, max((r for r in RATES if r < state.rate), default=None), "slower", "slowest")


def _faster(state: State, replies: Replies) -> Turn:
    return _change_rate(state, replies, min((r for r in RATES if r > state.rate), default=None), "faster", "fastest")


def _change_rate(state: State, replies: Replies, rate: int | None, name: str, limit: str) -> Turn:
    if rate is None:
        return say_aside(state, f"command:{name}", replies.own(limit))
    changed, effects = _confirm(replace(state, rate=rate), replies, name)
    return changed, (SetRate(rate), *effects)


def _louder(state: State, replies: Replies) -> Turn:
    return _change_volume(state, replies, min(1.0, state.volume + VOLUME_STEP), "louder", "loudest")


def _quieter(state: State, replies: Replies) -> Turn:
    return _change_volume(state, replies, max(QUIETEST, state.volume - VOLUME_STEP), "quieter", "quietest")


def _change_volume(state: State, replies: Replies, volume: float, name: str, limit: str) -> Turn:
    volume = round(volume, 2)
    if volume == state.volume:
        return say_aside(state, f"command:{name}", replies.own(limit))
    changed, effects = _confirm(replace(state, volume=volume), replies, name)
    return changed, (SetVolume(volume), *effects)


def _confirm(state: State, replies: Replies, name: str) -> Turn:
    """Confirm in the new voice, then go on with what it broke off; or say the open step again, since that is what was
    hard to follow.
    """
    broken_off = _rest(state) if state.cut or state.speaking else ()
    if state.entry is None and state.emergency is None and not broken_off:
        return say_aside(state, f"command:{name}", replies.own(name))
    following = broken_off if broken_off and name in ("louder", "quieter") else state.last_step
    turn = (*replies.own(name), *following)
    again, effects = say(state, f"command:{name}", turn if fits(turn) else following)  # the voice itself says it
    return replace(again, last_step=state.last_step), effects


def _help(state: State, replies: Replies) -> Turn:
    return say_aside(state, "command:help", replies.own("help"))


def _goodbye(state: State, replies: Replies) -> Turn:
    return end_visit(state, "command:goodbye", replies.own("goodbye"))


def _start_over(state: State, replies: Replies) -> Turn:
    return say(state.restarted(), "command:start-over", replies.own("started-over"))


def _yes(state: State, replies: Replies) -> Turn:
    """With steps open, "yes" and "okay" mean "go on"."""
    if state.entry is not None:
        return _next(state, replies)
    return say_aside(state, "command:yes", replies.own("ready"))


def _no(state: State, replies: Replies) -> Turn:
    """Right after an answer, "no" means that it was the wrong one (reference U17)."""
    if state.entry is None or state.position > 0 or state.reads_on:
        return say_aside(state, "command:no", replies.own("what-else"))
    wrong = state.close_entry()
    if state.runner_up is not None:
        return ask_which(replace(wrong, runner_up=None), replies, (state.runner_up,))
    return say_again(wrong, replies)


_COMMANDS: dict[str, Callable[[State, Replies], Turn]] = {
    "repeat": _repeat,
    "next": _next,
    "previous": _previous,
    "stop": _stop,
    "slower": _slower,
    "faster": _faster,
    "louder": _louder,
    "quieter": _quieter,
    "help": _help,
    "goodbye": _goodbye,
    "pause": _pause,
    "resume": _resume,
    "yes": _yes,
    "no": _no,
    "start-over": _start_over,
}
