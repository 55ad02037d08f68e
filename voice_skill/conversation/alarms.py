"""What red flags bring about: the warning, the question when one was denied, and what an emergency holds back.

Pure functions of (state, replies). Not for hearing red flags (`understanding/safety.py`) nor for wording (`turns.py`).
"""

from __future__ import annotations

from dataclasses import replace

from voice_skill.conversation.commands import run_command
from voice_skill.conversation.replies import MAX_MISSES, Replies
from voice_skill.conversation.state import State
from voice_skill.conversation.turns import Turn, answer, ask_flag, decided, raise_alarm, reject, say
from voice_skill.understanding.matcher import Match
from voice_skill.understanding.safety import Alarm

# Below this probability an utterance that was not clearly meant for us (open microphone, no visit going on) is taken
# for the radio and passes without a word.
OVERHEARD_BELOW = 0.15
# In an emergency only these still do what they say.
_ALLOWED_IN_EMERGENCY = ("repeat", "stop", "goodbye", "start-over", "slower", "louder")


def on_alarm(state: State, replies: Replies, alarm: Alarm, found: Match, heard: str) -> Turn:
    """A red flag was heard: raise it, ask about it when it was denied, or let an answer speak of it."""
    topic = found.entry if found.kind == "topic" and found.band != "reject" else None
    if state.emergency is not None and (alarm.denied or alarm.tier == "doctor"):  # the graver warning stands
        return held_back(state, replies, found, heard)
    if alarm.denied:
        turn = ask_flag(state, replies, alarm.flag, otherwise=topic)
        return decided(turn, "ask", heard, alarm.flag, runner_up=topic)
    if alarm.tier == "doctor":
        stray = topic is None and found.in_scope < OVERHEARD_BELOW
        if stray and replies.flag_needs_topic(alarm.flag):  # "wake me up at six"
            return decided(reject(state, replies), "reject", heard, score=found.score)
        entry = topic or "see-a-doctor"
        turn = answer(state, replies, entry, replies.flag(alarm.flag), found.second if topic else None)
        return decided(turn, "answer", heard, entry, score=found.score if topic else 1.0, runner_up=alarm.flag)
    return _raised(state, replies, alarm.flag, heard)


def confirmed(state: State, replies: Replies, flag_id: str, heard: str) -> Turn:
    """Yes, that red flag was meant."""
    if replies.flag_tier(flag_id) == "doctor":
        turn = answer(state, replies, "see-a-doctor", extra=replies.flag(flag_id))
        return decided(turn, "answer", heard, "see-a-doctor")
    return _raised(state, replies, flag_id, heard)


def held_back(state: State, replies: Replies, found: Match | None, heard: str) -> Turn:
    """During an emergency: the warning again, and the way out of it."""
    flag_id = state.emergency
    assert flag_id is not None
    if found is not None and found.band == "accept" and found.entry in _ALLOWED_IN_EMERGENCY:
        return on_command(state, replies, found.entry, heard, found.score, found.runner_up)
    state = replace(state, misses=state.misses + 1 if found is not None and found.band == "reject" else 0)
    if state.misses > MAX_MISSES:  # so that a radio doesn't keep the warning going for ever
        return decided((state, ()), "reject", heard)
    prompts = (*replies.flag(flag_id), *replies.own("emergency-over"))
    turn = say(state, f"safety:{flag_id}", prompts, interruptible=False)
    return decided(turn, "emergency", heard, flag_id)


def on_command(
    state: State, replies: Replies, command: str, heard: str = "", score: float = 1.0, runner_up: str | None = None
) -> Turn:
    """Carry a command out, as far as an emergency lets it. Raises KeyError for an id that is no command."""
    if state.emergency is not None and command not in _ALLOWED_IN_EMERGENCY:
        return held_back(state, replies, None, heard)
    if state.emergency is not None and state.speaking and command == "stop":
        turn: Turn = (state, ())  # the emergency sentence alone is spoken to its end
    else:
        turn = run_command(command, state, replies)
    return decided(turn, "command", heard, command, score=score, runner_up=runner_up)


def _raised(state: State, replies: Replies, flag_id: str, heard: str) -> Turn:
    emergency = replies.flag_tier(flag_id) == "emergency"
    if state.emergency is not None and not emergency:
        return held_back(state, replies, None, heard)
    turn = raise_alarm(state, replies, flag_id)
    return decided(turn, "emergency" if emergency else "urgent", heard, flag_id)
