"""What `voice-skill run` does: finds out what the machine has, then runs the assistant, or goes on with what is there.

Not for the running itself (`assistant.py`).
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from rich.console import Console

from voice_skill.assistant import Assistant
from voice_skill.cards import SoundCards
from voice_skill.chat import chat
from voice_skill.demo import play_demo
from voice_skill.ears import open_ears
from voice_skill.errors import DeviceError, MissingPartError, VoiceError
from voice_skill.hearing.bargein import BargeIn
from voice_skill.hearing.microphone import Microphone
from voice_skill.kiosk.buttons import DEFAULT_PINS, buttons
from voice_skill.kiosk.health import Health
from voice_skill.kiosk.notify import watched
from voice_skill.patience import Patience
from voice_skill.settings import Settings
from voice_skill.skill import Skill, Visit, build
from voice_skill.terminal import KEYS_HELP, Screen, keys
from voice_skill.voice import Mouth, open_mouth

if TYPE_CHECKING:
    from voice_skill.ears import Ears


def run_assistant(settings: Settings, *, as_json: bool) -> None:
    """Listen and answer until told to quit.

    Raises ModelError or VoiceError when there is no way to hear or speak at all, ContentError for broken content,
    MissingPartError for a kiosk whose region isn't set.
    Without a microphone or a loudspeaker: says so, plays the demo, and goes on as a typed chat; a kiosk waits for them.
    """
    skill = build(settings)
    push = settings.listen == "push"
    screen = Screen(Console(highlight=False), as_json=as_json, push_to_talk=push)
    ears = open_ears(settings)
    with ExitStack() as stack:
        mouth = _mouth(settings, screen, stack)
        if mouth is None or not (settings.kiosk or _can_listen(settings, screen)):
            _go_on_without(settings, skill, ears, mouth, screen)
            return
        mouth.prerender(skill.replies.all_prompts())
        visit = Visit(skill, settings)
        if not settings.take_your_time:
            ears.listener.patience = Patience(settings, skill, visit).ms
        health = Health(ears.model.name)
        assistant = Assistant(
            visit,
            ears.listener,
            SoundCards(settings.microphone, mouth.player),
            mouth,
            screen,
            push_to_talk=push,
            interjections=_interjections(settings, skill, ears, mouth, screen),
            muted_after_ms=1000 * settings.muted_after_s if settings.kiosk else 0,
            beats=health,
        )
        mouth.on_lost, mouth.on_voice = assistant.speaker_lost, assistant.voice_changed
        if mouth.player is not None and not mouth.player.is_open:
            assistant.speaker_lost(DeviceError("There is no loudspeaker.", fix="plug one in"))
        signal.signal(signal.SIGTERM, lambda _number, _frame: assistant.press("quit"))
        if sys.stdin.isatty():
            screen.notice(KEYS_HELP)
        stack.enter_context(keys(assistant.press))
        _try(lambda: push_buttons(settings, assistant.press), screen, stack)
        stack.enter_context(watched(health))
        assistant.run()


def _mouth(settings: Settings, screen: Screen, stack: ExitStack) -> Mouth | None:
    """The mouth, or None and a notice where there is no loudspeaker. Raises VoiceError without a voice engine."""
    try:
        return stack.enter_context(open_mouth(settings))
    except VoiceError:
        raise
    except MissingPartError as error:
        screen.notice(str(error))
        return None


def _interjections(settings: Settings, skill: Skill, ears: Ears, mouth: Mouth, screen: Screen) -> BargeIn | None:
    """What listens while the assistant speaks; None and a notice where the echo canceller is missing."""
    if settings.barge_in == "off":
        return None
    try:
        return BargeIn(
            ears.model,
            skill.content.requests.while_speaking,
            mouth.played if settings.barge_in == "speaker" else None,
            mouth.being_said,
        )
    except MissingPartError as error:
        screen.notice(str(error))
        return None


def push_buttons(settings: Settings, press: Callable[[str], None]) -> AbstractContextManager[None]:
    """The buttons of the settings, for as long as the context lasts; see `buttons` for what it raises."""
    pins = settings.buttons
    return buttons(DEFAULT_PINS if pins is True else pins or {}, press)


def _try(part: Callable[[], AbstractContextManager[None]], screen: Screen, stack: ExitStack) -> None:
    """Go on without a part that isn't there, with a notice: a voice without buttons is better than neither."""
    try:
        stack.enter_context(part())
    except MissingPartError as error:
        screen.notice(str(error))


def _can_listen(settings: Settings, screen: Screen) -> bool:
    """Whether the microphone opens; a notice where it doesn't."""
    try:
        with Microphone(settings.microphone):
            return True
    except MissingPartError as error:
        screen.notice(str(error))
        return False


def _go_on_without(settings: Settings, skill: Skill, ears: Ears, mouth: Mouth | None, screen: Screen) -> None:
    """Something is missing: the demo, once, then the typed chat if there is someone to type."""
    screen.notice("Going on without it: first a demo, then you can type. To find out what is wrong: voice-skill doctor")
    play_demo(settings, skill, ears, mouth, Console(highlight=False))
    if sys.stdin.isatty():
        typed = Screen(Console(highlight=False), as_json=False, show_heard=False)
        chat(skill, settings, typed, mouth.carry_out if mouth else lambda _exchange: None)
