"""The voice: a sentence in, a finished clip out, at the same loudness whatever the voice and the rate.

Chooses the voice, prepares the text (`pronounce.py`), and trims and levels what the engine makes of it (`engine.py`).
Not for keeping clips (`cache.py`) nor for playing them (`player.py`).
"""

from __future__ import annotations

import difflib
from importlib.metadata import version
from typing import Protocol

import numpy as np

from voice_skill.errors import UsageError, VoiceError
from voice_skill.speaking import pronounce
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.engine import INSTALL, RATE, VoiceDescription, shared_engine

DEFAULT_RATE = 150  # words per minute; people of all ages are comfortable with 150-200 (reference U23)
RATES = (110, 130, 150, 175, 200, 250, 300, 350, 400)  # the steps of "slower" and "faster" (reference U23)
SLOWEST, FASTEST = 80, 450  # what espeak-ng can do (speak_lib.h)
PREFERRED = ("gmw/en-us", "gmw/en")  # English first: the content is English
SHAPING = 1  # to be raised when trimming or levelling changes, so that cached clips are made anew

NOTHING = Clip(np.zeros(0, np.int16), RATE)


class Voice(Protocol):
    """Whatever turns sentences into clips: the real synthesizer, or another that stands in for it."""

    @property
    def identity(self) -> str:
        """All that shapes the sound besides text and rate: the same identity, text and rate sound the same."""
        ...

    @property
    def words_per_minute(self) -> int:
        """The rate that `render` uses when it isn't given one."""
        ...

    def set_rate(self, words_per_minute: int) -> None:
        """Speak at this rate from the next `render` on."""
        ...

    def render(self, text: str, words_per_minute: int | None = None) -> Clip:
        """The sentence as sound. Blank text gives an empty clip. Raises VoiceError; may be called by any thread."""
        ...


class Synthesizer:
    """pyttsx3 over espeak-ng as a `Voice`. Several may be open at once; they take turns on the one engine.

    Args:
        voice: an id or language such as "gmw/en-us" or "en-us", with a variant if wanted: "gmw/en-us+f3".
            None: American English where there is such a voice.
        words_per_minute: 80 to 450.

    Raises:
        VoiceError: no engine, or no such voice (the fix names the choices).
        UsageError: a rate outside 80-450.
    """

    def __init__(self, voice: str | None = None, words_per_minute: int = DEFAULT_RATE) -> None:
        self._words_per_minute = _checked(words_per_minute)
        self._engine = shared_engine()
        self.voice = _choose(voice, self._engine.voices)
        self._identity = (
            f"pyttsx3 {version('pyttsx3')} / espeak-ng {self._engine.version} / {self.voice}"
            f" / pronunciation {pronounce.VERSION} / shaping {SHAPING}"
        )
        self._engine.synthesise(".", self.voice, words_per_minute)  # a bad variant shows now, not at the first answer

    @property
    def identity(self) -> str:
        """Engine, versions, voice, and the versions of our own text preparation and finish."""
        return self._identity

    @property
    def words_per_minute(self) -> int:
        """The rate that `render` uses when it isn't given one."""
        return self._words_per_minute

    def set_rate(self, words_per_minute: int) -> None:
        """Speak at this rate (80-450 words per minute) from the next `render` on. Raises UsageError outside."""
        self._words_per_minute = _checked(words_per_minute)

    def voices(self) -> tuple[VoiceDescription, ...]:
        """Every voice that can be asked for."""
        return self._engine.voices

    def render(self, text: str, words_per_minute: int | None = None) -> Clip:
        """The sentence as sound: mono, 22 050 Hz, no silence around it, speech at -20 dBFS, no peak above -1 dBFS.

        Args:
            text: at most 2000 characters after `pronounce`; nothing but space gives an empty clip.
            words_per_minute: instead of this voice's own rate.

        Raises:
            VoiceError: the engine refuses or hangs (5 s per sentence); it stays usable where it can.
        """
        rate = self._words_per_minute if words_per_minute is None else _checked(words_per_minute)
        spoken = pronounce.pronounce(text)
        if not spoken:
            return NOTHING
        return self._engine.synthesise(spoken, self.voice, rate).trimmed().levelled()


def _checked(words_per_minute: int) -> int:
    if not SLOWEST <= words_per_minute <= FASTEST:
        raise UsageError(
            f"The voice can't speak {words_per_minute} words per minute.", fix=f"choose {SLOWEST} to {FASTEST}"
        )
    return words_per_minute


def _choose(wanted: str | None, voices: tuple[VoiceDescription, ...]) -> str:
    ids = [voice.id for voice in voices]
    if not ids:
        raise VoiceError("The voice engine has no voices.", fix=INSTALL)
    if wanted is None:
        return next((voice for voice in PREFERRED if voice in ids), ids[0])
    base, plus, variant = wanted.partition("+")
    found = next((voice.id for voice in voices if base == voice.id or base in voice.languages), None)
    if found is None:
        english = [voice.id for voice in voices if any(language.startswith("en") for language in voice.languages)]
        near = dict.fromkeys(difflib.get_close_matches(base, ids) + english)
        fix = f"choose one of {', '.join(near)} ({len(ids) - len(near)} more exist)"
        raise VoiceError(f"There is no voice {wanted!r}.", fix=fix)
    return found + plus + variant
