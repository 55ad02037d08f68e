"""Which voice says which sentence, and how fast: drawn from seed and sentence, so that a new sentence moves no other.

Pure; nothing is spoken here. A plan is an order of work, not a promise: how far an engine gets is a matter of time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.speech.voices import VOICES, Voice
from voice_skill.errors import ContentError, MissingPartError

KINDS = ("about", "command", "flag", "everyday")
TOPIC_SHARE = 0.6  # of the clips: about, commands and red flags; the rest is everyday talk
OFTEN = ("command", "flag")  # short and they matter most: each is said twice in a round, by two voices
SPEEDS = (0.8, 1.25)  # of the voice's own tempo
SLOW, FAST = 0.92, 1.1
# A slow clip played faster sounds like a child, a fast one played slower like a deep voice, both at a usual tempo:
# vocal tracts of children are shorter by 10 to 25 %, of large men longer by about 10 % (Lee, Potamianos 1999).
CHILD, DEEP = (1.12, 1.25), (0.86, 0.93)
SHIFTED_SHARE = 0.35
SHIFTABLE = ("kokoro", "piper", "hibari")


@dataclass(frozen=True)
class Sentence:
    """A line of `sentences.tsv`: `key` ten hex digits of the text's SHA-1, `kind` one of `KINDS`."""

    key: str
    kind: str
    text: str


@dataclass(frozen=True)
class Job:
    """One clip to be made. `shift` other than 1.0: a copy played that many times faster is kept as `shifted`."""

    sentence: Sentence
    voice: Voice
    speed: float
    shift: float = 1.0
    seed: int = 0

    @property
    def path(self) -> str:
        """The clip's path below `work/speech`."""
        return f"clips/{self.voice.engine}/{self.voice.name}/{self.sentence.key}.flac"

    @property
    def shifted(self) -> str:
        """What the played-faster copy's voice is called, "" without one."""
        return "" if self.shift == 1.0 else f"{self.voice.name}+{'child' if self.shift > 1 else 'deep'}"


def read_sentences(file: Path) -> list[Sentence]:
    """Read `work/text/sentences.tsv`. Raises MissingPartError when it isn't there, ContentError for a wrong line."""
    if not file.exists():
        raise MissingPartError(f"{file} isn't there.", fix="python -m training text")
    sentences = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        key, kind, text = [*line.split("\t"), "", ""][:3]
        if kind not in KINDS or not text:
            raise ContentError(f"{file}:{number}: not id, kind and text", fix="python -m training text")
        sentences.append(Sentence(key, kind, text))
    return sentences


def plan(sentences: Iterable[Sentence], engine: str, seed: int, rounds: int = 4) -> Iterator[Job]:
    """Yield an engine's clips in the order of work: each (voice, sentence) once at most.

    Args:
        sentences: what can be said; the order of work doesn't depend on theirs.
        engine: one of `voices.ENGINES`; another raises KeyError.
        seed: the recipe's.
        rounds: how often all sentences are gone through, each time by other voices.
    """

    def rounds_of(some: Sequence[Sentence]) -> Iterator[Job]:
        said: set[tuple[str, str]] = set()
        for turn in range(rounds):
            ranked = [
                (_digest(seed, engine, sentence.key, turn, copy), sentence)
                for sentence in some
                for copy in range(2 if sentence.kind in OFTEN else 1)
            ]
            for rank, sentence in sorted(ranked, key=lambda entry: entry[0]):
                job = _job(sentence, VOICES[engine], rank)
                if (job.voice.name, sentence.key) not in said:
                    said.add((job.voice.name, sentence.key))
                    yield job

    sentences = list(sentences)
    topic = [sentence for sentence in sentences if sentence.kind != "everyday"]
    everyday = [sentence for sentence in sentences if sentence.kind == "everyday"]
    yield from _interleaved(rounds_of(topic), rounds_of(everyday))


def _job(sentence: Sentence, voices: Sequence[Voice], rank: int) -> Job:
    draw = np.random.default_rng(rank)
    weights = np.array([voice.weight for voice in voices])
    voice = voices[int(draw.choice(len(voices), p=weights / weights.sum()))]
    speed = round(float(np.clip(np.exp(draw.normal(0.0, 0.12)), *SPEEDS)), 3)
    shift = 1.0
    if voice.engine in SHIFTABLE and draw.random() < SHIFTED_SHARE:
        if speed <= SLOW:
            shift = round(float(draw.uniform(*CHILD)), 3)
        elif speed >= FAST:
            shift = round(float(draw.uniform(*DEEP)), 3)
    return Job(sentence, voice, speed, shift, rank % 2**31)


def _interleaved(topic: Iterator[Job], everyday: Iterator[Job]) -> Iterator[Job]:
    """Yield both in their order, `TOPIC_SHARE` of the first as long as both last; then what is left of either."""
    taken = count = 0
    while True:
        count += 1
        wanted = taken < TOPIC_SHARE * count
        job = next(topic if wanted else everyday, None)
        if job is None:
            yield from everyday if wanted else topic
            return
        taken += wanted
        yield job


def _digest(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("|".join(map(str, parts)).encode()).digest()[:8], "big")
