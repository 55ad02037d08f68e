"""Makes sentences from patterns with slots ("my {part} keeps {ache}"): the same ones for the same seed.

Not for sentences that people would notice: those are written by hand (`text/*.txt`).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tomllib

from voice_skill.errors import ContentError

_SLOT = re.compile(r"\{([a-z_]+)\}")
_A = re.compile(r"\ba (?!one\b|uni|use|eu)(?=[aeiou])")  # "an" before a vowel, but "a one", "a uniform"
_TRIES = 4  # draws for each sentence asked for, before a pattern counts as used up


@dataclass(frozen=True, slots=True)
class Pattern:
    """kind: of the sentences it makes; `text` with {slots}; at most `count` different sentences are made of it."""

    kind: str
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Templates:
    """Patterns, and what may stand in their slots. A slot may hold other slots, and an empty choice."""

    slots: Mapping[str, Sequence[str]]
    patterns: Sequence[Pattern]

    @classmethod
    def load(cls, path: Path) -> Templates:
        """Read a TOML file: [slots] name = "choice | choice", [count] and [patterns] kind = number and [text, ...].

        Raises ContentError when it isn't such a file or a pattern names a slot that doesn't exist.
        """
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            slots = {name: [choice.strip() for choice in text.split("|")] for name, text in data["slots"].items()}
            patterns = [
                Pattern(kind, text, data["count"][kind]) for kind, texts in data["patterns"].items() for text in texts
            ]
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise ContentError(f"{path}: no file of templates: {error!r}", fix="compare it with its heading") from None
        used = [text for choices in slots.values() for text in choices] + [pattern.text for pattern in patterns]
        unknown = sorted({name for text in used for name in _SLOT.findall(text)} - set(slots))
        if unknown:
            raise ContentError(f"{path}: no slot {', '.join(unknown)}", fix="add it under [slots], or correct the name")
        return cls(slots, patterns)

    def expand(self, seed: int) -> Iterator[tuple[str, str]]:
        """(kind, sentence) of every pattern. What a pattern becomes depends on `seed` and itself alone."""
        for pattern in self.patterns:
            draw = np.random.default_rng((seed, zlib.crc32(pattern.text.encode())))
            made: dict[str, None] = {}
            for _ in range(pattern.count * _TRIES):
                made[_A.sub("an ", " ".join(self._fill(pattern.text, draw).split()))] = None
                if len(made) == pattern.count:
                    break
            for text in made:
                yield pattern.kind, text

    def _fill(self, text: str, draw: np.random.Generator) -> str:
        while _SLOT.search(text):
            text = _SLOT.sub(lambda slot: self._one_of(slot[1], draw), text)
        return text

    def _one_of(self, slot: str, draw: np.random.Generator) -> str:
        choices = self.slots[slot]
        return choices[int(draw.integers(len(choices)))]
