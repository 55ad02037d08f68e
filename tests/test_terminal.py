"""The one line on a terminal that tells what the assistant is doing."""

from __future__ import annotations

import io

from rich.console import Console

from voice_skill.terminal import Screen


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_first_rendering_shows_its_progress_while_it_listens() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    screen = Screen(console, as_json=False)
    screen.preparing(10, 30)
    assert written(console) == ""
    screen.listening()
    assert "Listening ... (making my voice ready: 10 of 30)" in written(console)
    screen.preparing(15, 30)
    assert "15 of 30" not in written(console)
    screen.preparing(20, 30)
    assert "Listening ... (making my voice ready: 20 of 30)" in written(console)
    console.file = io.StringIO()
    screen.preparing(30, 30)
    assert written(console).count("Listening ...") == 2  # the old line, wiped out, and the new one
    assert "ready" not in written(console).rpartition("Listening ...")[2]
    screen.hearing("my toes")
    console.file = io.StringIO()
    screen.preparing(30, 30)
    assert written(console) == ""


def test_without_a_terminal_nothing_is_overwritten() -> None:
    console = Console(file=io.StringIO(), width=100)
    screen = Screen(console, as_json=False)
    screen.listening()
    screen.preparing(10, 30)
    assert written(console) == ""
