"""Gate and recognizer together: frames in, what was understood out. Microphone and files both go through here.

Not for getting the frames (`microphone.py`, `files.py`), and without threads: whoever feeds it pays for the decoding.
Two things are done to an utterance on its way to the recognizer, both measured on 384 clips:
a quiet one is made louder, and a long pause is shortened.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voice_skill.hearing.frames import FRAME_MS, amplify, loudest_dbfs
from voice_skill.hearing.gate import GateEvent, SpeechEnd, SpeechFrame, SpeechStart, VoiceGate
from voice_skill.hearing.recognizer import Final, Partial, Recognizer

# The bundled model hears equally well from -12 to -38 dBFS, but at -46 its errors double and at -52 they are 70 % of
# the words. Raised to -32 dBFS, both are as good as the rest.
QUIET_DBFS = -40.0
RAISED_TO_DBFS = -32.0
MAX_GAIN_DB = 26.0

# Of a pause, this much is kept on either side: 0.4 s in all, less than the 0.5 s after which Vosk believes that the
# utterance is over and forgets the words before. Also saves a fifth of the decoding.
PAUSE_KEPT_MS = 200

# Where the text so far makes it wait longer, so much of a pause is decoded, lest there be a word that Vosk, which
# decodes half a second at a time, hasn't told yet. A little more, and it believes that the utterance is over.
LAST_WORD_MS = 460
# More voice than this after the last word that is known, and there is a word that isn't known yet.
NEXT_WORD_MS = 200


@dataclass(frozen=True, slots=True)
class UtteranceTimes:
    """When things happened to an utterance.

    start_ms, voice_end_ms, decided_ms: places in the stream, counted from its first frame: where the decoded sound
        begins, where the last voiced frame ends, where the gate said that it was over.
    decode_ms: time spent in the recognizer; finish_ms: the part of it after the decision, which somebody waits for.
    """

    start_ms: int
    voice_end_ms: int
    decided_ms: int
    decode_ms: float
    finish_ms: float


class Listener:
    """Feeds what people say, and nothing else, to a recognizer."""

    def __init__(self, recognizer: Recognizer, gate: VoiceGate | None = None) -> None:
        self._recognizer = recognizer
        self._gate = gate or VoiceGate()
        self._gain_db = 0.0
        self._pause: list[bytes] = []
        self._start_ms = 0
        self._voiced_since_ms = 0
        self._decode_ms = 0.0
        self.patience: Callable[[str], int] | None = None
        """The silence, in ms, that ends an utterance which so far is this text; None: always the gate's own."""
        self.last: UtteranceTimes | None = None
        """Of the last `Final`; None before the first."""

    @property
    def in_utterance(self) -> bool:
        """Whether somebody is speaking at the moment."""
        return self._gate.open

    def feed(self, frame: bytes) -> Iterator[Partial | Final]:
        """Takes in 20 ms of sound (see `frames.py`); tells what has been understood, if anything new.

        A `Final` comes with the frame that ends the utterance; its text is "" if someone spoke but no word was known.
        """
        return iter([heard for event in self._gate.push(frame) for heard in self._on(event)])

    def flush(self) -> Iterator[Partial | Final]:
        """The sound has ended, maybe in mid-utterance: what is still to be said of it. Ready for another one."""
        return iter([heard for event in self._gate.finish() for heard in self._on(event)])

    def discard(self) -> None:
        """Forgets the utterance under way, e.g. when the assistant begins to speak."""
        if self._gate.open:
            self._recognizer.reset()
        self._gate.discard()

    def use(self, recognizer: Recognizer) -> None:
        """Goes on with another view of the model. The utterance under way is forgotten."""
        self.discard()
        self._recognizer = recognizer

    def _on(self, event: GateEvent) -> list[Partial | Final]:
        match event:
            case SpeechStart(audio, at_ms):
                self._pause.clear()
                self._start_ms, self._decode_ms, self._voiced_since_ms = at_ms, 0.0, 0
                loudest = loudest_dbfs(audio)
                self._gain_db = min(RAISED_TO_DBFS - loudest, MAX_GAIN_DB) if loudest < QUIET_DBFS else 0.0
                return self._decode(audio)
            case SpeechFrame(audio, voiced):
                self._outlast(voiced)
                return self._decode(self._shorten_pause(audio, voiced))
            case SpeechEnd(reason="click"):
                self._recognizer.reset()
                return []
            case SpeechEnd():
                return [self._finish(event)]

    def _outlast(self, voiced: bool) -> None:
        """Whoever speaks on after the last word that is known says another one: what that word made likely is over."""
        self._voiced_since_ms += FRAME_MS if voiced else 0
        if self._voiced_since_ms > NEXT_WORD_MS:
            self._gate.wait(self._gate.settings.end_silence_ms)

    def _shorten_pause(self, audio: bytes, voiced: bool) -> bytes:
        """What is to be decoded now: the beginning of a pause at once, its end when the voice returns."""
        kept = PAUSE_KEPT_MS // FRAME_MS
        if not voiced:
            self._pause.append(audio)
            told = LAST_WORD_MS // FRAME_MS if self._gate.patient else kept
            return audio if len(self._pause) <= told else b""
        before = self._pause[kept:][-kept:]
        self._pause.clear()
        return b"".join([*before, audio])

    def _decode(self, audio: bytes) -> list[Partial | Final]:
        started = time.perf_counter()
        heard = list(self._recognizer.accept(amplify(audio, self._gain_db) if self._gain_db else audio))
        if heard and self.patience is not None:
            self._gate.wait(self.patience(heard[-1].text))
            self._voiced_since_ms = 0
        self._decode_ms += 1000 * (time.perf_counter() - started)
        return heard

    def _finish(self, end: SpeechEnd) -> Final:
        started = time.perf_counter()
        final = self._recognizer.finish()
        finish_ms = 1000 * (time.perf_counter() - started)
        self.last = UtteranceTimes(
            self._start_ms, end.voice_end_ms, end.at_ms, round(self._decode_ms + finish_ms, 1), round(finish_ms, 1)
        )
        return final
