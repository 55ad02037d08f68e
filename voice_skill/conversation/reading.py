"""Reads several steps, or the whole article, in a row: each turn brings the next, until somebody stops it.

"Next" and "back" go from section to section meanwhile. Not for one step at a time (`turns.py`).
"""

from __future__ import annotations

from dataclasses import replace

from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import State
from voice_skill.conversation.turns import Turn, answer, go_to_step, say


def read_article(state: State, replies: Replies) -> Turn:
    """The first section of the article; the others follow."""
    return _open(state, replies, tuple(replies.entries))


def read_entry(state: State, replies: Replies) -> Turn:
    """All steps of the open entry, from the first."""
    assert state.entry is not None
    turn, effects = go_to_step(state, replies, 0)
    return replace(turn, reading=(), reads_on=True), effects


def read_on(state: State, replies: Replies) -> Turn:
    """What comes after the turn that was just spoken to its end."""
    assert state.entry is not None
    if state.position + 1 < len(replies.entries[state.entry].steps):
        moved, effects = go_to_step(state, replies, state.position + 1)
        return replace(moved, reading=state.reading, reads_on=True), effects
    if state.reading:
        return _open(state, replies, state.reading)
    return say(replace(state, reads_on=False), "reply:read-over", replies.own("read-over"))


def next_section(state: State, replies: Replies) -> Turn:
    """Skips the rest of this section; of a single entry only this step."""
    if not _is_article(state, replies):
        return read_on(state, replies)
    if state.reading:
        return _open(state, replies, state.reading)
    return say(replace(state, reads_on=False), "reply:read-over", replies.own("read-over"))


def previous_section(state: State, replies: Replies) -> Turn:
    """The section before this one; this one again when it is the first, or the only one."""
    order = tuple(replies.entries)
    assert state.entry is not None
    at = order.index(state.entry)
    if not _is_article(state, replies):
        return read_entry(state, replies)
    return _open(state, replies, order[max(0, at - 1) :])


def _is_article(state: State, replies: Replies) -> bool:
    """Whether the article is read, and not one entry alone."""
    assert state.entry is not None
    order = tuple(replies.entries)
    return order[order.index(state.entry) + 1 :] == state.reading


def _open(state: State, replies: Replies, entries: tuple[str, ...]) -> Turn:
    opened, effects = answer(replace(state, hinted=True), replies, entries[0])
    return replace(opened, hinted=state.hinted, reading=entries[1:], reads_on=True), effects
