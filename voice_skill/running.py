"""What `voice-skill run` does: finds out what the machine has, then runs the assistant, or goes on with what is there.

Not for the running itself (`assistant.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from voice_skill.assistant import Assistant
from voice_skill.chat import chat
from voice_skill.demo import play_demo
from voice_skill.ears import open_ears
from voice_skill.errors import MissingPartError, VoiceError
from voice_skill.settings import Settings
from voice_skill.skill import Skill, Visit, build
from voice_skill.terminal import KEYS_HELP, Screen, keys
from voice_skill.voice import Mouth, open_mouth

if TYPE_CHECKING:
    from voice_skill.ears import Ears
    from voice_skill.hearing.microphone import Microphone


def run_assistant(settings: Settings, *, as_json: bool) -> None:
    """Listen and answer until told to quit.

    Raises ModelError or VoiceError when there is no way to hear or speak at all, ContentError for broken content.
    Without a microphone or a loudspeaker: says so, plays the demo, and goes on as a typed chat.
    """
    skill = build(settings)
    push = settings.listen == "push"
    screen = Screen(Console(highlight=False), as_json=as_json, push_to_talk=push)
    ears = open_ears(settings)
    with ExitStack() as stack:
        assistant: list[Assistant] = []
        try:
            mouth = stack.enter_context(
                open_mouth(settings, on_lost=lambda error: assistant[0].speaker_lost(error) if assistant else None)
            )
        except VoiceError:
            raise
        except MissingPartError as error:
            screen.notice(str(error))
            mouth = None
        try:
            with _microphone(settings):
                heard = True
        except MissingPartError as error:
            screen.notice(str(error))
            heard = False
        if mouth is None or not heard:
            _go_on_without(settings, skill, ears, mouth, screen)
            return
        mouth.prerender(skill.replies.all_prompts())
        runner = Assistant(
            Visit(skill, settings), ears.listener, lambda: _microphone(settings), mouth, screen, push_to_talk=push
        )
        assistant.append(runner)
        if sys.stdin.isatty():
            screen.notice(KEYS_HELP)
        stack.enter_context(keys(runner.press))
        runner.run()


@contextmanager
def _microphone(settings: Settings) -> Iterator[Microphone]:
    from voice_skill.hearing.microphone import Microphone

    with Microphone(settings.microphone) as microphone:
        yield microphone


def _go_on_without(settings: Settings, skill: Skill, ears: Ears, mouth: Mouth | None, screen: Screen) -> None:
    """Something is missing: the demo, once, then the typed chat if there is someone to type."""
    screen.notice("Going on without it: first a demo, then you can type. To find out what is wrong: voice-skill doctor")
    play_demo(settings, skill, ears, mouth, Console(highlight=False))
    if sys.stdin.isatty():
        typed = Screen(Console(highlight=False), as_json=False, show_heard=False)
        chat(skill, settings, typed, mouth.carry_out if mouth else lambda _exchange: None)
