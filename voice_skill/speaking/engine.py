"""The voice engine, made safe: pyttsx3 2.99 over espeak-ng, one per process, used for nothing but text to samples.

pyttsx3 can't stop, doesn't wait for its first utterance, keeps only the last text of a run, loses a text now and then
and hangs when it can't write. Everything that guards against that is here and nowhere else. Not for choosing voices
or shaping sound (`synthesizer.py`), and never for playing.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import io
import logging
import queue
import threading
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from voice_skill.errors import VoiceError
from voice_skill.speaking.clip import Clip

log = logging.getLogger(__name__)
T = TypeVar("T")
_Job = tuple[concurrent.futures.Future[Any], Callable[[], Any]]

INSTALL = "sudo apt-get install -y espeak-ng libespeak-ng1"
REINSTALL = "sudo apt-get install -y --reinstall espeak-ng-data libespeak-ng1"
RESTART = "start the program again; if it stays silent: " + REINSTALL

DEADLINE_S = 5.0  # one sentence takes 0.01 s on a PC; this is for a Pi that is busy swapping
MAX_CHARACTERS = 2000  # the driver's time grows with the square of the length: 0.8 s for 3600 characters
ENGINE_VOLUME = 0.8  # at 1.0 some voices clip inside espeak-ng
RATE = 22_050  # Hz, fixed by the driver
DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: without it damaged voice data ends the whole process
MBROLA = "mb/"  # voices with their own sample rate, which the driver ignores: they would come out too fast


@dataclass(frozen=True, slots=True)
class VoiceDescription:
    """A voice that can be asked for. `id` is what the setting takes, e.g. "gmw/en-us"; languages like "en-us"."""

    id: str
    name: str
    languages: tuple[str, ...]
    gender: str | None


class Engine:
    """pyttsx3 on a thread of its own, so that no caller can be held longer than the deadline.

    Attributes:
        version: of pyttsx3's espeak-ng library, e.g. "1.51".
        voices: every voice it can speak with.

    Raises:
        VoiceError: the library or its data is missing or damaged, or it doesn't answer.
    """

    version: str
    voices: tuple[VoiceDescription, ...]

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stuck = threading.Event()
        self._ended = threading.Event()
        self._refusal: Exception | None = None
        self._voice: str | None = None
        self._sink: Callable[[], io.BytesIO] = io.BytesIO
        threading.Thread(target=self._work, name="voice-engine", daemon=True).start()
        try:
            self._ask(self._start)
        except VoiceError:
            self._jobs.put(None)
            raise

    def synthesise(self, text: str, voice: str, words_per_minute: int) -> Clip:
        """What espeak-ng makes of the text: with its silences, at its own level.

        Args:
            text: at most 2000 characters, without NUL and lone surrogates.
            voice: an id out of `voices`, optionally with a variant: "gmw/en-us+f3".
            words_per_minute: 80 to 450, the range of espeak-ng.

        Raises:
            VoiceError: refused, no sound, or no answer within the deadline. The engine stays usable.
        """
        if len(text) > MAX_CHARACTERS:
            cause = f"A text of {len(text)} characters is too long to be said in one go."
            raise VoiceError(cause, fix=f"split it into sentences of at most {MAX_CHARACTERS} characters")
        return self._ask(lambda: self._speak(text, voice, words_per_minute))

    # --- the callers' side ---------------------------------------------------------------------------------------

    def _ask(self, job: Callable[[], T]) -> T:
        if self._stuck.is_set():
            raise VoiceError("The voice engine hangs.", fix=RESTART)
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._jobs.put((future, job))
        try:
            # Twice, because another caller's text may be ahead and take its own deadline.
            return future.result(2 * self._deadline_s + 1)
        except concurrent.futures.TimeoutError:
            if not future.cancel():
                self._stuck.set()
            raise VoiceError("The voice engine doesn't answer.", fix=RESTART) from None

    # --- the engine's thread -------------------------------------------------------------------------------------

    def _work(self) -> None:
        while entry := self._jobs.get():
            future, job = entry
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(job())
                except Exception as error:
                    future.set_exception(error)
            self._stuck.clear()

    def _start(self) -> None:
        try:
            import pyttsx3
            import pyttsx3.drivers.espeak as driver
        except RuntimeError as error:  # pyttsx3's way to say that it found no library
            raise VoiceError("The voice engine espeak-ng is not installed.", fix=INSTALL) from error
        _tame(driver)
        try:
            self._engine: Any = pyttsx3.init("espeak")
        except RuntimeError as error:
            raise VoiceError("The voice engine's data is damaged or missing.", fix=REINSTALL) from error
        self._library: Any = driver._espeak
        self._driver: Any = self._engine.proxy._driver
        self._engine.connect("finished-utterance", lambda **_: self._ended.set())
        self._engine.connect("error", self._refused)
        self._engine.setProperty("volume", ENGINE_VOLUME)
        self._utter(".")  # the first run of an engine doesn't wait for its end; this one may get lost
        self.version = self._library.Info(None).decode()
        self.voices = tuple(
            VoiceDescription(found.id, found.name, tuple(found.languages or ()), found.gender)
            for found in self._engine.getProperty("voices")
            if not found.id.startswith(MBROLA)
        )

    def _refused(self, exception: Exception, **_: object) -> None:
        self._refusal = exception

    def _speak(self, text: str, voice: str, words_per_minute: int) -> Clip:
        self._refusal = None
        if voice != self._voice:
            self._engine.setProperty("voice", voice)
            self._voice = voice
            # An unknown variant is dropped without a word: what was taken tells.
            if self._refusal or self._engine.getProperty("voice") != voice.lower():
                self._voice = None
                plain = voice.partition("+")[0]
                raise VoiceError(f"The voice engine refuses the voice {voice!r}.", fix=f"try {plain!r}")
        self._engine.setProperty("rate", words_per_minute)
        for _ in range(2):
            clip = self._utter(text)
            if clip.samples.any() or not any(map(str.isalnum, text)):
                return clip
            log.info("the voice engine gave no sound; once more")
        raise VoiceError("The voice engine gives no sound.", fix=RESTART)

    def _utter(self, text: str) -> Clip:
        """One text through pyttsx3: one `save_to_file`, one run, then the event that says it is complete.

        The "file" is memory: pyttsx3 hands its name to `wave.open`, which takes a stream as well. So no disk can be
        full, and nothing spoken is ever left behind.
        """
        started = time.monotonic()
        # While espeak-ng is still winding up the last text, the next run would cancel itself and lose its text.
        while self._library.IsPlaying():
            if time.monotonic() - started > self._deadline_s:
                raise VoiceError("The voice engine doesn't come to an end.", fix=RESTART)
            time.sleep(0.001)
        self._ended.clear()
        sink = self._sink()
        try:
            with self._watchdog():
                self._engine.save_to_file(text, sink)
                self._engine.runAndWait()
        except Exception as error:
            raise VoiceError("The voice engine refuses a text.", fix=RESTART) from error
        if not self._ended.wait(max(0.0, started + self._deadline_s - time.monotonic())):
            raise VoiceError(f"The voice engine took more than {self._deadline_s:g} s for one sentence.", fix=RESTART)
        if not sink.getbuffer():  # pyttsx3 has called it off
            return Clip(np.zeros(0, np.int16), RATE)
        with wave.open(io.BytesIO(sink.getvalue())) as sound:
            return Clip(np.frombuffer(sound.readframes(sound.getnframes()), np.int16), sound.getframerate())

    @contextlib.contextmanager
    def _watchdog(self) -> Iterator[None]:
        """Frees a run that is not over by the deadline; again and again, as it may not have got to its loop yet."""
        over = threading.Event()

        def guard() -> None:
            patience = self._deadline_s
            while not over.wait(patience):
                self._driver.endLoop()
                patience = 0.05

        threading.Thread(target=guard, name="voice-watchdog", daemon=True).start()
        try:
            yield
        finally:
            over.set()


def _tame(driver: Any) -> None:
    """Stops the driver from printing, from setting up the root logger, and from ending the process."""
    initialise = driver._espeak.Initialize

    def initialise_or_fail(output: int, buffer_ms: int) -> int:
        return initialise(output, buffer_ms, None, DONT_EXIT) or -1  # 0 Hz: the data is damaged

    if not hasattr(driver, "print"):
        driver._espeak.Initialize = initialise_or_fail
    vars(driver).update(print=lambda *_, **__: None, logging=logging.getLogger("pyttsx3"))


_shared: Engine | None = None
_opening = threading.Lock()


def shared_engine() -> Engine:
    """The process's only engine, started on first use: espeak-ng can be initialised once and takes one text at a time.

    Raises:
        VoiceError: see `Engine`; the next call tries again.
    """
    global _shared  # noqa: PLW0603
    with _opening:
        if _shared is None:
            _shared = Engine()
        return _shared
