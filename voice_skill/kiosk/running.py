"""What `voice-skill kiosk` does: the assistant of `run`, a page beside it, and whatever else a box in a wall has.

The page is up before the voice is, and stays when a microphone or a loudspeaker is missing: those are waited for. Not
for the running itself (`assistant.py`), nor for what the page answers (`app.py`).
"""

from __future__ import annotations

from contextlib import ExitStack

from rich.console import Console

from voice_skill import __version__
from voice_skill.ears import open_ears
from voice_skill.kiosk.app import Health, Press, make_app
from voice_skill.kiosk.board import Board
from voice_skill.kiosk.booklet import Booklet
from voice_skill.kiosk.notify import watchdog
from voice_skill.kiosk.screen import PageScreen
from voice_skill.kiosk.server import serve
from voice_skill.kiosk.view import Composer, View
from voice_skill.kiosk.words import load_words
from voice_skill.running import assemble, push_buttons
from voice_skill.settings import CONTENT_DIR, Settings
from voice_skill.skill import build
from voice_skill.terminal import Screen, keys
from voice_skill.voice import open_mouth


class _Behind:
    """What stands behind the page: nothing, until the voice has started."""

    def __init__(self) -> None:
        self.on_press: Press | None = None
        self.on_health: Health | None = None

    def press(self, name: str) -> None:
        if self.on_press is not None:
            self.on_press(name)

    def health(self) -> dict[str, object]:
        return {"ok": False, "status": "starting"} if self.on_health is None else self.on_health()


def run_kiosk(settings: Settings, *, as_json: bool) -> None:
    """Serve the page, listen and answer until told to quit.

    Raises MissingPartError when the region isn't set or the port is taken, ModelError or VoiceError when there is no
    way to hear or speak at all, ContentError for broken content.
    """
    skill = build(settings)
    words = load_words(CONTENT_DIR)
    board = Board(View(rate=settings.rate, volume=settings.volume))
    terminal = Screen(Console(highlight=False), as_json=as_json, push_to_talk=settings.listen == "push")
    screen = PageScreen(board, Composer(skill.replies, words.drawn_steps()), terminal)
    behind = _Behind()
    with ExitStack() as stack:
        booklet = Booklet(skill.replies, words, __version__)
        app = make_app(board, booklet, behind.press, behind.health)
        terminal.notice(f"The page: {stack.enter_context(serve(app, settings.port))}")
        stack.callback(board.close)
        mouth = stack.enter_context(open_mouth(settings, patient=True))
        ears = open_ears(settings)
        assistant = assemble(settings, skill, ears, mouth, screen)
        behind.on_health = stack.enter_context(watchdog(assistant, ears.model.name))
        behind.on_press = assistant.press
        stack.enter_context(push_buttons(settings, screen, assistant.press))
        stack.enter_context(keys(assistant.press))
        if mouth.missing is not None:
            assistant.speaker_lost(mouth.missing)
        assistant.run()
