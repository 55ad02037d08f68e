"""What the page can show without the voice: its words and every step of the article, as HTML and as JSON.

Built once from the content; the browser keeps both, so that they can be read when nothing answers any more. Not for
what changes during a talk (`view.py`).
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from voice_skill.conversation.replies import Replies
from voice_skill.kiosk.view import joined
from voice_skill.kiosk.words import Words

STATIC = Path(__file__).parent / "static"
_SLOT = re.compile(r"\{\{([a-z0-9.-]+)\}\}")


class Booklet:
    """The words of one installation: content, and the emergency numbers of its region."""

    def __init__(self, replies: Replies, words: Words, version: str) -> None:
        self._replies = replies
        self._words = words
        self._values = {"emergency": replies.emergency_number, "version": version}

    def word(self, name: str) -> str:
        """A string of the page, e.g. "buttons.next". Raises KeyError for a name that `screen.yaml` lacks."""
        group, _, key = name.partition(".")
        if name == "doctor":
            return self._replies.reminder().text
        return getattr(self._words, group)[key].text.format(**self._values)

    def page(self) -> str:
        """The page: `index.html` with each `{{name}}` filled by that word, or by that SVG file of symbols."""
        template = (STATIC / "index.html").read_text(encoding="utf-8")
        return _SLOT.sub(lambda slot: self._fill(slot[1]), template)

    def _fill(self, name: str) -> str:
        if name.endswith(".svg"):
            return (STATIC / name).read_text(encoding="utf-8")
        return html.escape(self.word(name))

    def as_json(self) -> dict[str, Any]:
        """Every entry with its steps, cautions and drawings; and the words that the page's scripts put in."""
        words: dict[str, Any] = {
            group: {key: self.word(f"{group}.{key}") for key in getattr(self._words, group)}
            for group in ("states", "buttons", "texts")
        }
        words["leaving"] = joined(self._replies.own("leaving"))
        words["drawings"] = {name: drawing.alt for name, drawing in self._words.drawings.items()}
        return {"words": words, "entries": [self._entry(entry_id) for entry_id in self._replies.entries]}

    def _entry(self, entry_id: str) -> dict[str, Any]:
        entry, drawn = self._replies.entries[entry_id], self._words.drawn_steps()
        steps = [
            {
                "place": joined(self._replies.place(entry_id, at)),
                "text": step.text,
                "drawing": drawn.get(f"{entry_id} {at + 1}", ""),
                "cautions": [joined(self._replies.safety(name)) for name in self._replies.cautions(entry_id, at)],
            }
            for at, step in enumerate(entry.steps)
        ]
        return {"id": entry_id, "title": entry.title, "gist": self._replies.gist(entry_id).text, "steps": steps}
