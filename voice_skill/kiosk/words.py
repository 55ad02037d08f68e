"""Every word of the page that isn't an answer, as `content/screen.yaml` gives it, each with its spoken twin.

Loaded once, checked like the other content. Not for what is said (`commands.yaml`) nor for laying it out (`static/`).
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from pydantic import Field, model_validator

from voice_skill.article.loader import load_file
from voice_skill.article.schema import COMMAND_IDS, ENTRY_IDS, REQUEST_IDS, Line, Model
from voice_skill.kiosk.view import Phase

SCREEN_FILE = "screen.yaml"
_ONLY_BY_HAND = ("talk", "topics", "settings", "text-size", "contrast", "wrong")


class Shown(Model):
    """A string of the page and its one twin: see the head of `content/screen.yaml`."""

    text: Line
    say: str | None = None
    said: str | None = None
    sound: str | None = None
    sight: str | None = None

    @model_validator(mode="after")
    def _one_twin(self) -> Shown:
        twins = [twin for twin in (self.say, self.said, self.sound, self.sight) if twin]
        if len(twins) != 1:
            raise ValueError("give it one twin: say, said, sound or sight")
        if self.say and self.say not in (*COMMAND_IDS, *REQUEST_IDS):
            raise ValueError(f"{self.say!r} is no command or request")
        return self


class Drawing(Model):
    """A line drawing: `alt` says what it shows; `steps` ("heat 1") are those it stands beside."""

    alt: Line
    steps: tuple[str, ...] = Field(min_length=1)


class Words(Model):
    """The whole file. `buttons` are named after what they do: a command, a request, or something of the page's own."""

    states: dict[Phase, Shown]
    buttons: dict[str, Shown]
    texts: dict[str, Shown]
    drawings: dict[str, Drawing]

    @model_validator(mode="after")
    def _complete(self) -> Words:
        missing = [phase for phase in get_args(Phase) if phase not in self.states]
        if missing:
            raise ValueError(f"states without a word: {', '.join(missing)}")
        strangers = sorted(set(self.buttons) - {*COMMAND_IDS, *REQUEST_IDS, *_ONLY_BY_HAND})
        if strangers:
            raise ValueError(f"buttons that do nothing: {', '.join(strangers)}")
        stray = [step for step in self.drawn_steps() if step.split()[0] not in ENTRY_IDS]
        if stray:
            raise ValueError(f"drawings for entries that don't exist: {', '.join(stray)}")
        return self

    def drawn_steps(self) -> dict[str, str]:
        """The drawing of each step that has one, by "entry number" (from 1)."""
        return {step: name for name, drawing in self.drawings.items() for step in drawing.steps}


def load_words(folder: Path) -> Words:
    """The page's words in this content folder. Raises ContentError when the file breaks a rule."""
    return load_file(folder / SCREEN_FILE, Words)
