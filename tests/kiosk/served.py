"""The real page behind a real socket, and a real browser before it; what stands behind the page is a script."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright
from scenes import BOOKLET

from voice_skill.kiosk.app import make_app
from voice_skill.kiosk.board import Board
from voice_skill.kiosk.view import View

CHROMIUM = "/usr/bin/chromium"
SMALL, TALL = (800, 480), (1080, 1920)  # the 7 inch screen of a Pi; a wall


class Box:
    """A page to be served, with what was pressed on it, and what it says of its health."""

    def __init__(self, view: View) -> None:
        self.board = Board(view)
        self.pressed: list[str] = []
        self.health: dict[str, object] = {"ok": True}
        self.app = make_app(self.board, BOOKLET, self.pressed.append, lambda: self.health)
        self.address = ""

    def show(self, view: View) -> None:
        """Put this view up."""
        self.board.change(lambda _before: view)


@contextmanager
def browser() -> Iterator[Browser]:
    """The distribution's Chromium, without a window."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()
