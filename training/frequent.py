"""The most frequent English words that a stranger may say: `wordfreq`'s order, CMUdict's words, nothing rude.

Not for the words of the subject: they come with the sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, product
from pathlib import Path

from training.lexicon import WORD, Lexicon

UNWANTED = Path(__file__).parent / "text" / "unwanted.txt"

_LONGEST_ABBREVIATION = 5  # letters
_VOWELS = frozenset("aeiouy")


def frequent_words(count: int, lexicon: Lexicon, unwanted: Path = UNWANTED) -> list[str]:
    """The `count` most frequent words that `lexicon` can pronounce, the most frequent first.

    Abbreviations and single letters other than "a" and "i" are left out, and the words of the file `unwanted`.
    """
    rude = frozenset(unwanted.read_text(encoding="utf-8").split())
    return list(islice(_wanted(lexicon, rude), count))


def _wanted(lexicon: Lexicon, rude: frozenset[str]) -> Iterator[str]:
    import wordfreq  # ten times as slow to import as all the rest

    for word in wordfreq.iter_wordlist("en", wordlist="best"):
        if not WORD.fullmatch(word) or word in rude or (len(word) == 1 and word not in "ai"):
            continue
        if word in lexicon and (len(word) == 1 or not _is_abbreviation(word, lexicon)):
            yield word


def _is_abbreviation(word: str, lexicon: Lexicon) -> bool:
    """Whether it has no vowel letter, or is said letter by letter ("usa")."""
    if not _VOWELS & set(word):
        return True
    if len(word) > _LONGEST_ABBREVIATION:
        return False
    names = product(*(lexicon.pronunciations(letter) for letter in word if letter != "'"))
    return any(tuple(chain.from_iterable(name)) in lexicon.pronunciations(word) for name in names)
