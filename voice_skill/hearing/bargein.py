"""Listens for a few short commands while the assistant speaks: what it hears is cleaned of the assistant's own voice.

A closed view of the speech model, behind a gate of its own. It decides from partial results, since a stop must be
silent soon, but only on one that holds for a moment: they flicker. Not for what the commands do, nor for anything else
that is said meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from voice_skill.hearing.echo import Played
from voice_skill.hearing.frames import FRAME_MS
from voice_skill.hearing.gate import GateSettings, VoiceGate
from voice_skill.hearing.listener import Listener
from voice_skill.hearing.recognizer import Final, Recognizer, SpeechModel
from voice_skill.hearing.remainder import Remainder

HOLD_MS = 100  # a partial result that is a command for so long is one: the next decoding still says so
END_SILENCE_MS = 300  # the phrases are short, and have no pauses within
_WORD = re.compile(r"[a-z']+")


class BargeIn:
    """Frames in, a phrase out when one was said.

    Args:
        phrases: what may be said, lower case.
        played: what is being played; None where none of it reaches the microphone (headphones): nothing is cancelled.
        being_said: the words that the assistant is saying at the moment; a phrase among them is taken for its own.

    Raises:
        MissingPartError: the echo canceller isn't installed.
        ValueError: the model knows none of the phrases.
    """

    def __init__(
        self,
        model: SpeechModel,
        phrases: Collection[str],
        played: Played | None,
        being_said: Callable[[], str] = lambda: "",
    ) -> None:
        self._remainder = Remainder(played) if played is not None else None
        recognizer = Recognizer(model, grammar=tuple(phrases))
        recognizer.warm_up()
        self._listener = Listener(recognizer, VoiceGate(GateSettings(end_silence_ms=END_SILENCE_MS)))
        self._phrases = frozenset(phrases)
        self._being_said = being_said
        self._held = ""
        self._held_ms = 0

    def keep_up(self, behind_s: float = 0.0) -> None:
        """A frame while nothing is said: keeps both clocks together. behind_s: see `hear`."""
        if self._remainder is not None:
            self._remainder.skip(behind_s)
        self.forget()

    def hear(self, frame: bytes, behind_s: float = 0.0) -> str | None:
        """A frame while the assistant speaks; the phrase that was said by now, else None. After one, it begins anew.

        behind_s: how long ago the frame was recorded, at least.
        """
        if self._remainder is None:
            frames = [frame]
        else:
            frames = self._remainder.of(frame, behind_s)
            if self._remainder.taken_back:
                self.forget()
        said = next(filter(None, map(self._said, frames)), None)
        if said is not None:
            self.forget()
        return said

    def forget(self) -> None:
        """Forgets the utterance under way."""
        self._held, self._held_ms = "", 0
        self._listener.discard()

    def _said(self, frame: bytes) -> str | None:
        self._held_ms += FRAME_MS
        for result in self._listener.feed(frame):
            text = self._accepted(result.text)
            if isinstance(result, Final):
                self._held = ""
                if text:
                    return text
            elif text != self._held:
                self._held, self._held_ms = text, 0
        return self._held if self._held and self._held_ms >= HOLD_MS else None

    def _accepted(self, text: str) -> str:
        """The text if it is one of the phrases and not the assistant's own, else ""."""
        if text not in self._phrases:
            return ""
        own = " ".join(_WORD.findall(self._being_said().lower()))
        return "" if f" {text} " in f" {own} " else text
