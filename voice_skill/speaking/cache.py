"""Every sentence is fixed text, so each is rendered once: from memory, else from disk, else by the voice.

Also renders a list of sentences ahead of time in the background, always giving way to a sentence that is wanted now.
Not for the file format (`store.py`), and not for deciding what is said.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from voice_skill.errors import VoiceSkillError
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.store import LIMIT_BYTES, ClipStore
from voice_skill.speaking.synthesizer import Voice

log = logging.getLogger(__name__)

MEMORY_BYTES = 32 * 2**20  # 12 minutes of 22 050 Hz speech; the article and all replies take 5
Progress = Callable[[int, int], None]


class ClipCache:
    """Sentences to clips, each rendered once. May be used by any thread.

    Args:
        voice: renders what isn't there yet.
        directory: where clips are kept from one start to the next; None: in memory only.
        limit_bytes: of the files together.
        memory_bytes: of the samples held in memory.
    """

    def __init__(
        self,
        voice: Voice,
        directory: Path | None,
        *,
        limit_bytes: int = LIMIT_BYTES,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.voice = voice
        self.on_rendered: Callable[[], None] = lambda: None
        """Called, on whatever thread that was, when the voice has rendered a sentence."""
        self._store = ClipStore(directory, limit_bytes) if directory else None
        self._memory: OrderedDict[str, Clip] = OrderedDict()
        self._memory_bytes = memory_bytes
        self._used_bytes = 0
        self._wanted_now = 0
        self._state = threading.Condition()  # guards the four above; never held while rendering or reading
        self._rendering = threading.Lock()

    def get(self, text: str, words_per_minute: int | None = None) -> Clip:
        """The sentence as sound, at the voice's rate unless another is given.

        Raises:
            VoiceSkillError: what the voice raises; nothing is kept then.
        """
        rate = self.voice.words_per_minute if words_per_minute is None else words_per_minute
        key = self._key(text, rate)
        if clip := self._recall(key):
            return clip
        with self._state:
            self._wanted_now += 1
        try:
            return self._obtain(key, text, rate)
        finally:
            with self._state:
                self._wanted_now -= 1
                self._state.notify_all()

    def holds(self, text: str, words_per_minute: int | None = None) -> bool:
        """Whether the sentence, at the voice's rate or another, is in memory: neither voice nor disk is needed."""
        rate = self.voice.words_per_minute if words_per_minute is None else words_per_minute
        return self._recall(self._key(text, rate)) is not None

    def prerender(self, texts: Sequence[str], progress: Progress | None = None) -> Prerender:
        """Starts making these sentences ready in the background, each at the voice's rate of that moment.

        Args:
            texts: those wanted soonest first.
            progress: called with (done, total) after each sentence, on the background thread.
        """
        return Prerender(self._make_ready, texts, progress)

    def _make_ready(self, text: str) -> None:
        with self._state:
            self._state.wait_for(lambda: not self._wanted_now)
        rate = self.voice.words_per_minute
        key = self._key(text, rate)
        if not self._recall(key):
            self._obtain(key, text, rate)

    def _key(self, text: str, rate: int) -> str:
        return hashlib.sha256(json.dumps([self.voice.identity, rate, text]).encode()).hexdigest()

    def _recall(self, key: str) -> Clip | None:
        with self._state:
            clip = self._memory.get(key)
            if clip:
                self._memory.move_to_end(key)
            return clip

    def _obtain(self, key: str, text: str, rate: int) -> Clip:
        with self._rendering:
            if clip := self._recall(key):  # another thread may have been at the same sentence
                return clip
            clip = self._store.load(key) if self._store else None
            rendered = clip is None
            if clip is None:
                clip = self.voice.render(text, rate)
                self.on_rendered()
            self._remember(key, clip)
        if rendered and self._store:
            self._store.save(key, clip)
        return clip

    def _remember(self, key: str, clip: Clip) -> None:
        with self._state:
            self._memory[key] = clip
            self._used_bytes += clip.samples.nbytes
            while self._used_bytes > self._memory_bytes:
                _, oldest = self._memory.popitem(last=False)
                self._used_bytes -= oldest.samples.nbytes


class Prerender:
    """Sentences being made ready in the background.

    Attributes:
        total, done: how many sentences there are and how many are ready.
        error: why it ended early, if it did; the sentences left are then rendered when they are wanted.
    """

    def __init__(self, make_ready: Callable[[str], None], texts: Sequence[str], progress: Progress | None) -> None:
        self.total, self.done = len(texts), 0
        self.error: VoiceSkillError | None = None
        self._cancelled = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(make_ready, tuple(texts), progress), name="prerender", daemon=True
        )
        self._thread.start()

    def cancel(self) -> None:
        """Ends it after the sentence in hand; returns at once."""
        self._cancelled.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits for its end; False when it still runs after `timeout_s`."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self, make_ready: Callable[[str], None], texts: tuple[str, ...], progress: Progress | None) -> None:
        try:
            for text in texts:
                if self._cancelled.is_set():
                    return
                make_ready(text)
                self.done += 1
                if progress:
                    progress(self.done, self.total)
        except VoiceSkillError as error:
            self.error = error
            log.warning("sentences can't be made ready ahead of time: %s", error.cause)
        except Exception:
            log.exception("making sentences ready ahead of time ended by a bug")
