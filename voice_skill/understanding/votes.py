"""What each word and concept, and each pair of neighbours, says for or against each label: fitted numbers, their file.

The files `votes.tsv` (entries, commands) and `alarms.tsv` (red flags) beside this module are written by `scripts/fit`,
to be read by people: a line per word, concept or pair, a column per label. Not for fitting, nor for what comes of
the sums (`matcher.py`, `suspicion.py`).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from voice_skill.understanding.reading import Item

ANY = "(any)"  # the line that holds for every utterance
_SCALE = 100  # votes stand in the file as whole hundredths
_BETWEEN_MARKS = 1_000  # characters, some 15 lines: an index of all lines took 12 MB and a tenth of a second
_REMEMBERED = 4_000  # lines that were looked up: 2 MB

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Votes:
    """The votes for `labels`.

    rows: key -> (rarity, vote for each label). A key is a word ("warm"), a concept or stem ("<heat>") or two
    neighbours; rarity is the larger the fewer phrases have it, and says how much it counts beside the others.
    """

    labels: tuple[str, ...]
    rows: Mapping[str, tuple[float, Floats]]

    def cast(self, items: Sequence[Item]) -> list[tuple[str, Floats]]:
        """The votes of an utterance: (key, what it says for each label). They are the smaller the more there are: the
        squares of the known keys' parts sum to 1, so that long and short utterances can be compared.
        """
        return [(key, part * row) for key, part, row in self._parts(items)]

    def sums(self, items: Sequence[Item]) -> Floats:
        """What an utterance says for each label in all: about 1 for what is meant, about -1 for the others."""
        total, parts = self.rows[ANY][1], self._parts(items)
        if not parts:
            return total.copy()
        return total + np.array([part for _, part, _ in parts]) @ np.array([row for _, _, row in parts])

    def _parts(self, items: Sequence[Item]) -> list[tuple[str, float, Floats]]:
        """(Key, its part, its votes) of each known key."""
        found = [(key, count, *self.rows[key]) for key, count in ballots(items).items() if key in self.rows]
        norm = math.sqrt(sum((count * rarity) ** 2 for _, count, rarity, _ in found)) or 1.0
        return [(key, count * rarity / norm, row) for key, count, rarity, row in found]


def ballots(items: Sequence[Item]) -> dict[str, float]:
    """What an utterance votes with, each with its confidence 0-1: its words, what they stand for, and neighbours."""
    counts: dict[str, float] = {}
    for item in items:
        for sense in item.senses:
            unit = f"<{sense.unit}>"
            counts[unit] = max(sense.confidence, counts.get(unit, 0.0))
    words = ["^", *(word for item in items for word in item.surface.split()), "$"]
    units = ["^", *(f"<{item.senses[0].unit}>" for item in items), "$"]
    counts |= dict.fromkeys(words[1:-1], 1.0)
    return counts | {f"{before} {after}": 1.0 for row in (words, units) for before, after in pairwise(row)}


class _Rows(Mapping[str, tuple[float, Floats]]):
    """The lines of a votes file, each found and read only when it is asked for: an utterance needs some dozens of
    thousands. A book with thumb marks: by the first key of every few lines, then by leafing.

    Raises ValueError where the marks are out of order.
    """

    def __init__(self, text: str, columns: Sequence[int | None]) -> None:
        self._text = "\n" + text.rstrip("\n") + "\n"
        self._columns = columns
        self._marks: list[str] = []
        self._places: list[int] = []
        place = 0
        while 0 <= place < len(self._text) - 1:
            self._places.append(place)
            self._marks.append(self._text[place + 1 : self._text.find("\t", place)])
            place = self._text.find("\n", place + _BETWEEN_MARKS)
        if self._marks != sorted(self._marks):
            raise ValueError("the lines of a votes file stand in the order of their keys")
        self._places.append(len(self._text))
        self._read = lru_cache(maxsize=_REMEMBERED)(self._looked_up)

    def _looked_up(self, key: str) -> tuple[float, Floats] | None:
        mark = bisect_right(self._marks, key)
        if not mark:
            return None
        place = self._text.find(f"\n{key}\t", *self._places[mark - 1 : mark + 1])
        if place < 0:
            return None
        _, rarity, *cells = self._text[place + 1 : self._text.index("\n", place + 1)].split("\t")
        votes = [int(cells[n] or 0) / _SCALE if n is not None else 0.0 for n in self._columns]
        return float(rarity), np.array(votes)

    def __getitem__(self, key: str) -> tuple[float, Floats]:
        row = self._read(key)
        if row is None:
            raise KeyError(key)
        return row

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._read(key) is not None

    def __iter__(self) -> Iterator[str]:
        for line in self._text.split("\n"):
            if line:
                yield line.partition("\t")[0]

    def __len__(self) -> int:
        return sum(1 for _ in self)


def parse_votes(text: str, labels: Sequence[str] | None = None) -> Votes:
    """Votes from the text of a votes file, for these labels, or for all of its own; one that it lacks gets none.

    Raises ValueError for a damaged file, for a damaged line when it is first asked for.
    """
    while text.startswith("#"):
        text = text.partition("\n")[2]
    heading, _, lines = text.partition("\n")
    if not heading:
        raise ValueError("a votes file without a heading")
    there = heading.split("\t")[2:]
    labels = there if labels is None else labels
    columns = [there.index(label) if label in there else None for label in labels]
    return Votes(tuple(labels), _Rows(lines, columns))


def written_votes(votes: Votes) -> Iterator[str]:
    """The lines of a votes file; where there is no vote the cell is empty."""
    yield "# What each word, <concept> or <.stem>, or pair says for each label, in hundredths; by scripts/fit."
    yield "\t".join(["key", "rarity", *votes.labels])
    for key, (rarity, row) in sorted(votes.rows.items()):
        cells = [str(cell) if cell else "" for cell in (row * _SCALE).round().astype(int).tolist()]
        yield "\t".join([key, f"{rarity:g}", *cells])
