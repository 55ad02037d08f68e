"""Listens for a few short commands while the assistant speaks: what it hears is cleaned of the assistant's own voice.

A closed view of the speech model, behind a gate of its own. It decides from partial results, since a stop must be
silent soon, but only on one that holds for a moment: they flicker. Not for what the commands do, nor for anything else
that is said meanwhile.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection

import numpy as np

from voice_skill.hearing.echo import EchoCanceller, Played
from voice_skill.hearing.frames import FRAME_MS, level_dbfs
from voice_skill.hearing.gate import GateSettings, VoiceGate
from voice_skill.hearing.listener import Listener
from voice_skill.hearing.recognizer import Final, Recognizer, SpeechModel

HOLD_MS = 120  # a partial result that is a command for so long is one
END_SILENCE_MS = 400  # the phrases are short, and have no pauses within
LEARN_MS = 3_000  # of the assistant's voice, before its canceller has learnt enough to be relied on
LEARN_AGAIN_MS = 1_500  # the same after the delay has changed
# Of what the microphone gets while a command is said, at least so much must be left when the echo is taken out: what
# remains of the echo alone is 20 dB less and more.
LEFT_DB = -12.0
# And it must stand out by so much from what is usually left of the echo: from its loudest quarter in the last seconds.
RISE_DB = 4.0
USUAL_MS = 5_000
LEFT_OVER_MS = 600  # the stretch in which that is measured: about a command's length
_PLAYED_DBFS = -55.0  # louder is voice
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
        self._played = played
        self._canceller = EchoCanceller() if played is not None else None
        recognizer = Recognizer(model, grammar=tuple(phrases))
        recognizer.warm_up()
        self._listener = Listener(recognizer, VoiceGate(GateSettings(end_silence_ms=END_SILENCE_MS)))
        self._phrases = frozenset(phrases)
        self._being_said = being_said
        self._held = ""
        self._held_ms = 0
        self._learnt_ms = 0
        self._slips = 0
        self._usual: deque[float] = deque(maxlen=USUAL_MS // FRAME_MS)
        self._levels: deque[tuple[float, float]] = deque(maxlen=LEFT_OVER_MS // FRAME_MS)

    def keep_up(self, frame: bytes) -> None:
        """A frame while nothing is said: keeps both clocks together."""
        if self._played is not None:
            self._played.take()
        self.forget()

    def hear(self, frame: bytes) -> str | None:
        """A frame while the assistant speaks; the phrase that was said by now, else None. After one, it begins anew."""
        if self._canceller is not None and self._played is not None:
            played = self._played.take()
            heard, frame = frame, self._canceller.clean(frame, played)
            self._levels.append((_power(heard), _power(frame)))
            if level_dbfs(played) > _PLAYED_DBFS:
                self._usual.append(self._levels[-1][1])
                self._learnt_ms += FRAME_MS
            if self._played.slips != self._slips:
                self._slips = self._played.slips
                self._learnt_ms = min(self._learnt_ms, LEARN_MS - LEARN_AGAIN_MS)
            if self._learnt_ms < LEARN_MS:
                return None
        said = self._said(frame)
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
        if text not in self._phrases or not self._is_new():
            return ""
        own = " ".join(_WORD.findall(self._being_said().lower()))
        return "" if f" {text} " in f" {own} " else text

    def _is_new(self) -> bool:
        """Whether the microphone got more than echo."""
        if not self._levels:
            return True
        heard, left = (sum(powers) / len(self._levels) for powers in zip(*self._levels, strict=True))
        usual = sorted(self._usual)[3 * len(self._usual) // 4]
        return left >= heard * 10 ** (LEFT_DB / 10) and left >= usual * 10 ** (RISE_DB / 10)


def _power(frame: bytes) -> float:
    samples = np.frombuffer(frame, np.int16).astype(np.float32)
    return float(np.dot(samples, samples))
