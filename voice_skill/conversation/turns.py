"""Puts turns together: an entry's first turn, its further steps, questions back, and rejections.

A turn is gist, safety note, one step, and, once per visit, the doctor reminder: at most 40 words (reference U1).
Pure functions from (state, replies) to (state, effects). Not for deciding which turn it is (`machine.py`).
"""

from __future__ import annotations

from dataclasses import replace

from voice_skill.article.lint import MAX_TURN_WORDS
from voice_skill.conversation.replies import MAX_MISSES, Replies
from voice_skill.conversation.state import Question, State
from voice_skill.events import Action, Decided, Effect, End, Prompt, Say, SetRate, SetVolume

Turn = tuple[State, tuple[Effect, ...]]


def fits(prompts: tuple[Prompt, ...]) -> bool:
    """Whether that is short enough for one turn."""
    return sum(len(prompt.text.split()) for prompt in prompts) <= MAX_TURN_WORDS


def say(state: State, key: str, prompts: tuple[Prompt, ...], *, interruptible: bool = True) -> Turn:
    """Say something that leaves the open entry and its step where they are."""
    spoken = replace(
        state,
        last_key=key,
        last_turn=prompts,
        last_step=prompts,
        speaking=True,
        aside=False,
        resume_at=None,
        active=True,
    )
    return spoken, (Say(key, prompts, interruptible),)


def say_aside(state: State, key: str, prompts: tuple[Prompt, ...]) -> Turn:
    """Say something short that "repeat" and "go on" skip over: they stay with what was said before it."""
    spoken, effects = say(state, key, prompts)
    if not state.last_turn:
        return spoken, effects
    resume_at = 0 if state.speaking and not state.aside else state.resume_at
    kept = replace(
        spoken,
        aside=True,
        last_key=state.last_key,
        last_turn=state.last_turn,
        last_step=state.last_step,
        resume_at=resume_at,
    )
    return kept, effects


def end_visit(state: State, key: str, prompts: tuple[Prompt, ...]) -> Turn:
    """Last words; then nothing is remembered, and a public device speaks as it was set up."""
    _, effects = say(state, key, (*state.owed, *prompts))
    after = replace(state.forgotten(), speaking=True)
    voice = (SetRate(after.rate), SetVolume(after.volume)) if state.public else ()
    return after, (*voice, *effects, End())


def open_step(state: State, replies: Replies) -> tuple[Prompt, ...]:
    """The step that is open, as this person wants it: with its number, or in brief. Some entry must be open."""
    assert state.entry is not None
    step = replies.step(state.entry, state.position)
    return step[-1:] if state.brief else step


def answer(
    state: State, replies: Replies, entry_id: str, extra: tuple[Prompt, ...] = (), other: str | None = None
) -> Turn:
    """The first turn of an entry. `extra` (what a red flag of the doctor tier adds) replaces the reminder; `other`, an
    entry that was named in the same breath, is offered.
    """
    entry = replies.entries[entry_id]
    opened = replace(
        state.close_entry(),
        entry=entry_id,
        question=None,
        misses=0,
        repeats=0,
        opened=state.opened | {entry_id},
    )
    opened, cautions = _cautions(opened, replies, entry_id, 0)
    step = open_step(opened, replies)
    closing = extra
    if not extra and entry.doctor_reminder and not state.reminded:
        closing = (replies.reminder(),)
    hint: tuple[Prompt, ...] = ()
    if other is not None:
        hint = replies.offer(other)
    elif not state.hinted and not state.brief and len(entry.steps) > 1:
        hint = replies.own("next-hint")
        opened = replace(opened, hinted=True)
    opened = replace(opened, reminded=state.reminded or bool(closing))
    gist = () if state.brief else (replies.gist(entry_id),)
    turn = (*gist, *cautions, *step, *closing)
    turn = (*turn, *hint) if fits((*turn, *hint)) else turn
    opened, effects = say(opened, f"entry:{entry_id}:1", turn)
    return replace(opened, last_step=step), effects


def go_to_step(state: State, replies: Replies, position: int) -> Turn:
    """Say the step at `position` (from 0) of the open entry; the last one brings the doctor reminder back."""
    assert state.entry is not None
    entry = replies.entries[state.entry]
    moved = replace(state, position=position, question=None, misses=0, repeats=0)
    moved, cautions = _cautions(moved, replies, entry.id, position)
    step = open_step(moved, replies)
    last = position == len(entry.steps) - 1
    closing = (replies.reminder(),) if last and entry.doctor_reminder else ()
    moved, effects = say(moved, f"entry:{entry.id}:{position + 1}", (*cautions, *step, *closing))
    return replace(moved, last_step=step), effects


def ask_which(state: State, replies: Replies, options: tuple[str, ...]) -> Turn:
    """Did you mean A (or B)? Asking is not understanding, either: it counts as a miss until it is answered."""
    asked = replace(state, question=Question("entry", options), repeats=0)
    return _reprompt(asked, "ask:" + ":".join(options), replies.ask_entries(options))


def ask_flag(state: State, replies: Replies, flag_id: str, otherwise: str | None) -> Turn:
    """Did you say chest pain?, when it was denied in the same breath."""
    asked = replace(state, question=Question("alarm", (flag_id,), otherwise), repeats=0)
    return say(asked, f"ask:{flag_id}", replies.ask_flag(flag_id))


def raise_alarm(state: State, replies: Replies, flag_id: str) -> Turn:
    """The fixed reply of a red flag. An emergency holds back everything else until "start over"."""
    emergency = replies.flag_tier(flag_id) == "emergency"
    held = replace(state.close_entry(), question=None, misses=0, repeats=0, emergency=flag_id if emergency else None)
    key = f"safety:{flag_id}"
    return say(replace(held, reminded=True), key, replies.flag(flag_id), interruptible=not emergency)


def reject(state: State, replies: Replies) -> Turn:
    """Not understood: three different re-prompts, then silence until something is understood."""
    number = min(state.misses + 1, MAX_MISSES)
    return _reprompt(replace(state, question=None, repeats=0), f"reply:reject-{number}", replies.reject(number))


def nothing_heard(state: State, replies: Replies) -> Turn:
    """Somebody meant us and said nothing: that, too, is told three times in a row at most."""
    return _reprompt(state, "reply:nothing-heard", replies.own("nothing-heard"))


def say_again(state: State, replies: Replies) -> Turn:
    """After a wrong guess: the same in other words, please; after the third, the doctor and help instead."""
    if state.misses < MAX_MISSES:
        return say(state, "reply:say-again", replies.own("say-again"))
    return say(state, f"reply:reject-{MAX_MISSES}", replies.reject(MAX_MISSES))


def _reprompt(state: State, key: str, prompts: tuple[Prompt, ...]) -> Turn:
    missed = replace(state, misses=state.misses + 1)
    if missed.misses > MAX_MISSES:
        return replace(missed, question=None), ()
    return say(missed, key, prompts)


def decided(
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


def _cautions(state: State, replies: Replies, entry_id: str, position: int) -> tuple[State, tuple[Prompt, ...]]:
    """The safety notes due before a step, each said once per visit."""
    due = [name for name in replies.cautions(entry_id, position) if name not in state.cautioned]
    prompts = tuple(prompt for name in due for prompt in replies.safety(name))
    return replace(state, cautioned=state.cautioned | set(due)), prompts
