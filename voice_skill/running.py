"""What `voice-skill run` does: finds out what the machine has, then runs the assistant, or goes on with what is there.

`assemble` is shared with the kiosk. Not for the running itself (`assistant.py`).
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from voice_skill import parts
from voice_skill.assistant import Assistant
from voice_skill.cards import SoundCards
from voice_skill.chat import chat
from voice_skill.demo import play_demo
from voice_skill.ears import open_ears
from voice_skill.errors import MissingPartError, VoiceError
from voice_skill.hearing.bargein import BargeIn
from voice_skill.hearing.microphone import Microphone
from voice_skill.kiosk.buttons import DEFAULT_PINS, buttons
from voice_skill.kiosk.notify import watchdog
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
    screen = Screen(Console(highlight=False), as_json=as_json, push_to_talk=settings.listen == "push")
    ears = open_ears(settings)
    with ExitStack() as stack:
        mouth = _mouth(settings, screen, stack)
        listens = settings.kiosk or _can_listen(settings, screen)
        if mouth is None or not listens:
            _go_on_without(settings, skill, ears, mouth, screen)
            return
        assistant = assemble(settings, skill, ears, mouth, screen)
        if sys.stdin.isatty():
            screen.notice(KEYS_HELP)
        stack.enter_context(keys(assistant.press))
        stack.enter_context(push_buttons(settings, screen, assistant.press))
        stack.enter_context(watchdog(assistant, ears.model.name))
        if mouth.missing is not None:
            assistant.speaker_lost(mouth.missing)
        assistant.run()


def assemble(settings: Settings, skill: Skill, ears: Ears, mouth: Mouth, screen: parts.Screen) -> Assistant:
    """The assistant of these parts, ready to run; SIGTERM makes it say goodbye."""
    mouth.prerender(skill.replies.all_prompts(), screen.preparing)
    visit = Visit(skill, settings)
    if not settings.take_your_time:
        ears.listener.patience = Patience(settings, skill, visit).ms
    assistant = Assistant(
        visit,
        ears.listener,
        SoundCards(settings.microphone, mouth.player),
        mouth,
        screen,
        push_to_talk=settings.listen == "push",
        interjections=_interjections(settings, skill, ears, mouth, screen),
        muted_after_ms=1000 * settings.muted_after_s if settings.kiosk else 0,
    )
    mouth.on_lost, mouth.on_voice = assistant.speaker_lost, assistant.voice_changed
    signal.signal(signal.SIGTERM, lambda _number, _frame: assistant.press("quit"))
    return assistant


def _mouth(settings: Settings, screen: Screen, stack: ExitStack) -> Mouth | None:
    """The mouth, or None and a notice where there is no loudspeaker. Raises VoiceError without a voice engine."""
    try:
        return stack.enter_context(open_mouth(settings, patient=settings.kiosk))
    except VoiceError:
        raise
    except MissingPartError as error:
        screen.notice(str(error))
        return None


def _interjections(settings: Settings, skill: Skill, ears: Ears, mouth: Mouth, screen: parts.Screen) -> BargeIn | None:
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


def _can_listen(settings: Settings, screen: Screen) -> bool:
    """Whether the microphone opens; a notice where it doesn't."""
    try:
        with Microphone(settings.microphone):
            return True
    except MissingPartError as error:
        screen.notice(str(error))
        return False


@contextmanager
def push_buttons(settings: Settings, screen: parts.Screen, press: Callable[[str], None]) -> Iterator[None]:
    """The box's buttons, read for as long as the context lasts; a notice where their pins are missing."""
    pins = DEFAULT_PINS if settings.buttons is True else settings.buttons or {}
    with ExitStack() as stack:
        try:
            stack.enter_context(buttons(pins, press))
        except MissingPartError as error:  # a voice without buttons is better than neither
            screen.notice(str(error))
        yield


def _go_on_without(settings: Settings, skill: Skill, ears: Ears, mouth: Mouth | None, screen: Screen) -> None:
    """Something is missing: the demo, once, then the typed chat if there is someone to type."""
    screen.notice("Going on without it: first a demo, then you can type. To find out what is wrong: voice-skill doctor")
    play_demo(settings, skill, ears, mouth, Console(highlight=False))
    if sys.stdin.isatty():
        typed = Screen(Console(highlight=False), as_json=False, show_heard=False)
        chat(skill, settings, typed, mouth.carry_out if mouth else lambda _exchange: None)
