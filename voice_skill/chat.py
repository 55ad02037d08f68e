"""The typed chat: the same visit as by voice, on a keyboard. Works without any sound."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console

from voice_skill.events import Finished, Heard, Hypothesis, Tick
from voice_skill.settings import Settings
from voice_skill.skill import Exchange, Skill, Visit, build
from voice_skill.terminal import Screen


def run_chat(settings: Settings, *, speak: bool = False, as_json: bool = False) -> None:
    """Talk by typing until "goodbye" or the end of input.

    Raises VoiceError or DeviceError when told to speak and there is no voice or no speaker.
    """
    skill = build(settings)
    screen = Screen(Console(highlight=False), as_json=as_json, show_heard=False)
    if not speak:
        chat(skill, settings, screen)
        return
    from voice_skill.voice import open_mouth

    with open_mouth(settings) as mouth:
        chat(skill, settings, screen, mouth.carry_out)


def chat(
    skill: Skill, settings: Settings, screen: Screen, speak: Callable[[Exchange], None] = lambda _exchange: None
) -> None:
    """One visit on standard input and output; `speak` also says each reply, and returns when it is said."""
    visit = Visit(skill, settings)
    exchange = visit.greet(typed=True)
    screen.exchange(exchange)
    speak(exchange)
    for line in _lines():
        visit.on(Finished())  # whoever types has read the last reply
        due = visit.on(Tick(time.monotonic()))  # the timer's notes
        screen.exchange(due)
        speak(due)
        visit.on(Finished())
        exchange = visit.on(Heard((Hypothesis(line),)))
        screen.exchange(exchange)
        speak(exchange)
        if exchange.ended:
            return


def _lines() -> Iterator[str]:
    """Lines that are not blank, with line editing and a prompt where there is a terminal."""
    prompt = ""
    if sys.stdin.isatty():
        prompt = "> "
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - input() edits lines by its presence
    while True:
        try:
            line = input(prompt).strip()
        except EOFError:
            return
        if line:
            yield line
