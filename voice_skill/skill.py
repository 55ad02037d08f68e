"""Puts the pure rooms together: content, understanding and conversation, ready to answer text. No audio.

The one place where the installed content meets the code; typed and spoken front ends share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice_skill.article.content import Content
from voice_skill.article.loader import load_content
from voice_skill.article.schema import Region
from voice_skill.conversation.machine import Conversation
from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import State
from voice_skill.events import Decided, Effect, End, Event, Hush, Say
from voice_skill.settings import CONTENT_DIR, Settings, region_of
from voice_skill.understanding.interpret import Understanding


@dataclass(frozen=True, slots=True)
class Skill:
    """Everything that turns words into an answer."""

    content: Content
    understanding: Understanding
    replies: Replies
    conversation: Conversation


def build_skill(
    region: Region,
    folder: Path = CONTENT_DIR,
    cache: Path | None = None,
) -> Skill:
    """Load the content (see `load_content` for `cache`) and build the rooms.

    Raises ContentError when a content file breaks a rule.
    """
    content = load_content(folder, cache)
    understanding = Understanding.of(content)
    replies = Replies(content, region)
    return Skill(content, understanding, replies, Conversation(understanding, replies))


def first_state(settings: Settings) -> State:
    """A visit that has not begun, at the rate and volume that were set."""
    return State(
        rate=settings.rate,
        volume=settings.volume,
        usual_rate=settings.rate,
        usual_volume=settings.volume,
        public=settings.kiosk,
    )


@dataclass(frozen=True, slots=True)
class Exchange:
    """One utterance and what came of it.

    effects: everything to be done about it, in order; the properties pick out what most callers want.
    """

    effects: tuple[Effect, ...]

    @property
    def decided(self) -> Decided | None:
        """What the utterance was taken for; None for events that are no utterance."""
        return next((effect for effect in self.effects if isinstance(effect, Decided)), None)

    @property
    def said(self) -> Say | None:
        """The turn that answers it, None when silence is the answer."""
        return next((effect for effect in self.effects if isinstance(effect, Say)), None)

    @property
    def hushed(self) -> bool:
        """Whether the voice must stop."""
        return any(isinstance(effect, Hush) for effect in self.effects)

    @property
    def ended(self) -> bool:
        """Whether the visit is over."""
        return any(isinstance(effect, End) for effect in self.effects)

    def as_json(self) -> dict[str, Any]:
        """The fields of the command-line contract that every front end has."""
        decided, said = self.decided, self.said
        return {
            "heard": decided.heard if decided else None,
            "action": decided.action if decided else None,
            "entry": decided.entry if decided else None,
            "score": decided.score if decided else None,
            "runner_up": decided.runner_up if decided else None,
            "say": said.text if said else "",
            "key": said.key if said else None,
        }


class Visit:
    """One person's talk with the skill: keeps the state between events."""

    def __init__(self, skill: Skill, settings: Settings) -> None:
        self._skill = skill
        self.state = first_state(settings)

    def greet(self, *, typed: bool = False) -> Exchange:
        """The first words of a visit."""
        self.state, effects = self._skill.conversation.greet(self.state, typed=typed)
        return Exchange(effects)

    def rehearse(self, event: Event) -> Exchange:
        """What would come of an event. Changes nothing; may be asked from any thread."""
        return Exchange(self._skill.conversation.step(self.state, event)[1])

    def on(self, event: Event) -> Exchange:
        """Take an event in; the exchange says what to do about it."""
        self.state, effects = self._skill.conversation.step(self.state, event)
        return Exchange(effects)


def build(settings: Settings) -> Skill:
    """The skill as these settings want it. Raises ContentError, and MissingPartError for a kiosk without a region."""
    return build_skill(region_of(settings), cache=settings.cache_dir)
