"""A list of clips through Vosk as the skill runs it, and how many words came out wrong.

For choosing between models and graphs while they are made. Not for figures that are published: those are
`scripts/bench speech`'s, on voices and wording of their own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from voice_skill.hearing.files import read_frames
from voice_skill.hearing.frames import FRAME_MS
from voice_skill.hearing.models import CheckedModel
from voice_skill.hearing.recognizer import Recognizer, SpeechModel


@dataclass(frozen=True, slots=True)
class Heard:
    """One clip. said, heard: words between single spaces, unknown ones left out of `heard`. audio_s, cpu_s: seconds."""

    said: str
    heard: str
    audio_s: float
    cpu_s: float

    @property
    def errors(self) -> int:
        """Words put in, left out or taken for others, as few as explain the difference."""
        return Levenshtein.distance(self.said.split(), self.heard.split())


@dataclass(frozen=True, slots=True)
class Score:
    """Sums over clips. errors, words: counts; exact: clips without an error; audio_s, cpu_s: seconds."""

    clips: int
    words: int
    errors: int
    exact: int
    audio_s: float
    cpu_s: float

    @property
    def word_error_rate(self) -> float:
        """Errors per word said; can exceed 1."""
        return self.errors / max(self.words, 1)

    @property
    def real_time_factor(self) -> float:
        """CPU seconds per second of sound."""
        return self.cpu_s / max(self.audio_s, 1e-9)


def decode(
    model_folder: Path, clips: Iterable[tuple[Path, str]], grammar: Sequence[str] | None = None
) -> Iterator[Heard]:
    """Hear each clip as one utterance of its own.

    Args:
        model_folder: a Vosk folder.
        clips: sound files and what is said in them.
        grammar: phrases of a closed view; None: everything the model knows.

    Raises:
        ModelError: Vosk refuses the folder.
        AudioFileError: a clip can't be read.
    """
    model = SpeechModel(CheckedModel(model_folder.name, model_folder, "make the model again"))
    recognizer = Recognizer(model, grammar=grammar)
    recognizer.warm_up()
    for path, said in clips:
        frames = list(read_frames(path))
        begin = time.process_time()
        for frame in frames:
            recognizer.accept(frame)
        heard = recognizer.finish().text
        yield Heard(said, heard, len(frames) * FRAME_MS / 1000, time.process_time() - begin)


def score(heard: Iterable[Heard]) -> Score:
    """The sums of these clips."""
    all_heard = list(heard)
    return Score(
        clips=len(all_heard),
        words=sum(len(h.said.split()) for h in all_heard),
        errors=sum(h.errors for h in all_heard),
        exact=sum(h.said == h.heard for h in all_heard),
        audio_s=sum(h.audio_s for h in all_heard),
        cpu_s=sum(h.cpu_s for h in all_heard),
    )
