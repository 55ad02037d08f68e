"""One answer per question, each as a fresh visit, from text or from sound files: what `ask` and the bench use.

Not for a running dialogue (`assistant.py`, `chat.py`) nor for printing (`cli.py`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voice_skill.errors import AudioFileError, VoiceSkillError
from voice_skill.events import Heard, Hypothesis
from voice_skill.settings import Settings
from voice_skill.skill import Exchange, Skill, Visit, build

if TYPE_CHECKING:
    from voice_skill.ears import Ears
    from voice_skill.voice import Mouth


@dataclass(frozen=True, slots=True)
class Recording:
    """The sound file a question came from: its path, its length in seconds, the utterances the gate found in it."""

    file: Path
    audio_s: float
    segments: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question; `as_json` is its stable public form.

    alternatives: all readings, best first.
    timings_ms: wall time of load (content and model, once per command), decode, understand and render.
    """

    exchange: Exchange
    alternatives: tuple[str, ...]
    timings_ms: dict[str, float]
    recording: Recording | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields of the command-line contract."""
        fields = self.exchange.as_json()
        fields["alternatives"] = list(self.alternatives)
        fields["timings_ms"] = {name: round(ms, 2) for name, ms in self.timings_ms.items()}
        if self.recording is not None:
            fields["file"] = str(self.recording.file)
            fields["audio_s"] = round(self.recording.audio_s, 3)
            fields["segments"] = self.recording.segments
        return fields


def ask_all(
    settings: Settings, questions: list[str], *, audio: bool, speak: bool
) -> Iterator[Answer | VoiceSkillError]:
    """The answers, or what kept one from being answered, question by question; "-" stands for lines of standard input.

    Raises MissingPartError (and its kin) when a part that all questions need isn't there, UsageError without questions.
    """
    begin = time.perf_counter()
    with ExitStack() as stack:
        skill = build(settings)
        ears = mouth = None
        if audio:
            from voice_skill.ears import open_ears

            ears = open_ears(settings)
        if speak:
            from voice_skill.voice import open_mouth

            mouth = stack.enter_context(open_mouth(settings))
        load_ms = (time.perf_counter() - begin) * 1000
        asker = Asker(skill, settings, load_ms=load_ms, ears=ears, mouth=mouth)
        for question in _spread(questions):
            try:
                yield asker.ask_file(Path(question)) if audio else asker.ask_text(question)
            except AudioFileError as error:  # the other files still get their answers
                yield error


def _spread(questions: list[str]) -> Iterator[str]:
    for question in questions:
        if question == "-":
            yield from (line.strip() for line in sys.stdin if line.strip())
        else:
            yield question


class Asker:
    """Answers questions one by one. `ears` is needed for files only, `mouth` only when answers are to be spoken."""

    def __init__(
        self, skill: Skill, settings: Settings, *, load_ms: float, ears: Ears | None = None, mouth: Mouth | None = None
    ) -> None:
        self._skill = skill
        self._settings = settings
        self._ears = ears
        self._mouth = mouth
        self._load_ms = load_ms

    def ask_text(self, text: str) -> Answer:
        """The answer to a typed question."""
        return self._ask((Hypothesis(text),), self._timings())

    def ask_file(self, path: Path) -> Answer:
        """The answer to a spoken question in a sound file. Raises AudioFileError when it can't be read."""
        assert self._ears is not None, "Asker was built without ears"
        timings = self._timings()
        with _timed(timings, "decode"):
            hearing = self._ears.read(path)
        recording = Recording(path, hearing.audio_s, hearing.segments)
        return self._ask(hearing.alternatives, timings, recording)

    def _ask(
        self, alternatives: tuple[Hypothesis, ...], timings: dict[str, float], recording: Recording | None = None
    ) -> Answer:
        visit = Visit(self._skill, self._settings)
        with _timed(timings, "understand"):
            exchange = visit.on(Heard(alternatives, addressed=True))
        if self._mouth is not None and exchange.said is not None:
            with _timed(timings, "render"):
                self._mouth.render(exchange.said.prompts)
            self._mouth.say_and_wait(exchange.said.prompts)
        return Answer(exchange, tuple(hypothesis.text for hypothesis in alternatives), timings, recording)

    def _timings(self) -> dict[str, float]:
        return {"load": self._load_ms, "decode": 0.0, "understand": 0.0, "render": 0.0}


@contextmanager
def _timed(timings: dict[str, float], name: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    timings[name] = (time.perf_counter() - begin) * 1000
