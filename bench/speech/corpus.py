"""The sentences of the speech benchmark, which clip says which of them in whose voice, and where the clips lie.

Only names and texts: sound is made in `make.py` and read in `hearing.py`. Standard library alone, since `make.py` runs
in the voices' own Python environment.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fit.files import rows

HERE = Path(__file__).resolve().parent
SENTENCES = HERE / "sentences.tsv"
CLIPS = HERE / "clips"

KINDS = ("about", "command", "flag", "none")
IN_DOMAIN = ("about", "command", "flag")

# None of these voices, nor a blend with one, is ever trained on. The first four speak English as their own language;
# the next four are voices of other languages made to speak it, which is the nearest to an accent there is here; the
# last is made of a man's recorded sounds (unit selection), the others by neural networks.
NATIVE = ("kokoro-af_nova", "kokoro-am_puck", "kokoro-bf_lily", "kokoro-bm_lewis")
OTHER = ("kokoro-ef_dora", "kokoro-zm_yunxi", "kokoro-jf_alpha", "kokoro-im_nicola", "flite-rms")

# A writer whom the matcher learns from thought of these as well: they keep their place, which chooses the voices of the
# others, but nothing is measured with them.
RETIRED = frozenset({"how long does it take to boil an egg", "tell me a joke about penguins"})

# What people say to make a voice stop; each is a phrase of `stop` in content/commands.yaml.
STOPS = (
    "stop",
    "stop it",
    "stop talking",
    "please stop",
    "okay stop",
    "be quiet",
    "cancel",
    "that's enough",
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """kind: one of `KINDS`, or "stop"; expected: ids that are right, ("none",) when it must be refused."""

    text: str
    kind: str
    expected: tuple[str, ...]

    @property
    def key(self) -> str:
        """Ten hex digits that name this text in file names."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Clip:
    """A sentence in a voice; `number` counts the clips of one kind, so that conditions can be dealt out evenly."""

    sentence: Sentence
    voice: str
    number: int

    @property
    def file(self) -> Path:
        """Ogg with Opus, 16 kHz mono."""
        return CLIPS / f"{self.sentence.key}_{self.voice}.ogg"


def sentences() -> list[Sentence]:
    """Those that nothing was learnt from, in the order of the file."""
    return [sentence for sentence in _written() if sentence.text not in RETIRED]


def clips() -> list[Clip]:
    """Each sentence in one of the native voices, every second one also in another."""
    return [clip for kind in KINDS for clip in _clips([s for s in _written() if s.kind == kind])]


def _written() -> list[Sentence]:
    return [Sentence(text, kind, tuple(expected.split("|"))) for kind, expected, text in rows(SENTENCES)]


def _clips(of_one_kind: list[Sentence]) -> list[Clip]:
    spoken: list[tuple[Sentence, str]] = []
    for place, sentence in enumerate(of_one_kind):
        spoken.append((sentence, NATIVE[place % len(NATIVE)]))
        if place % 2 == 0:
            spoken.append((sentence, OTHER[place // 2 % len(OTHER)]))
    spoken = [(sentence, voice) for sentence, voice in spoken if sentence.text not in RETIRED]
    # Numbered in an order that has nothing to do with the voice: counted as they stand here, two of the voices would
    # meet pink noise only and the others babble only.
    spoken.sort(key=lambda said: hashlib.sha1(f"{said[0].text} {said[1]}".encode(), usedforsecurity=False).digest())
    return [Clip(sentence, voice, number) for number, (sentence, voice) in enumerate(spoken)]


def stop_clips() -> list[Clip]:
    """Every phrase of `STOPS` in every voice."""
    said = [(Sentence(text, "stop", ("stop",)), voice) for text in STOPS for voice in (*NATIVE, *OTHER)]
    return [Clip(sentence, voice, number) for number, (sentence, voice) in enumerate(said)]
