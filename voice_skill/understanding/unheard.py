"""Words of the content that a speech model can't hear, and what it may write for them instead.

Pure: what the model knows comes in as a function and a list. For authors (`voice-skill content check`); not for reading
models (`hearing/`), nor for words that were misheard (`reading.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from voice_skill.article.content import Content
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.phrases import labelled_phrases
from voice_skill.understanding.words import key

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")  # no digits: these are only ever typed
_GROUP = re.compile(r"<[^>]*>")
_SOUND_ALIKES = 3
# Words whose keys are less similar than this (0-1) only share a letter or two.
_ALIKE = 0.55


def unheard_words(content: Content, knows: Callable[[str], bool]) -> dict[str, list[str]]:
    """Word -> the places it stands in, as 'heat: "warm my foot"', for each word that the model doesn't know.

    Looks through phrases, concepts and red flags. A contraction counts as known when what it is short for is.

    Args:
        knows: whether the model can hear a word (lower case).
    """
    places: dict[str, list[str]] = {}
    known: dict[str, bool] = {}
    for place, text in _listened_for(content):
        for word in dict.fromkeys(_WORD.findall(text.replace("’", "'"))):
            if word not in known:
                known[word] = knows(word) or all(map(knows, normalize(word).split()))
            if not known[word]:
                places.setdefault(word, []).append(f'{place}: "{text.strip()}"')
    return places


def sound_alikes(word: str, known: Iterable[str]) -> list[str]:
    """Up to three of the `known` words, the most alike first; none when nothing sounds like it."""
    keys = {other: key(other) for other in known}
    found = process.extract(
        key(word), keys, scorer=Levenshtein.normalized_similarity, limit=_SOUND_ALIKES, score_cutoff=_ALIKE
    )
    return [other for _, _, other in found]


def _listened_for(content: Content) -> Iterator[tuple[str, str]]:
    """(place, words) of everything that the understanding room listens for."""
    yield from labelled_phrases(content)
    for concept, phrases in content.lexicon.concepts.items():
        yield from ((f"concept {concept}", phrase) for phrase in phrases)
    for group, phrases in content.safety.terms.items():
        yield from ((f"word group {group}", phrase) for phrase in phrases)
    for flag in content.safety.flags:
        for pattern in flag.patterns:
            texts = (*(choice for term in pattern.terms for choice in term), *pattern.unless, *pattern.doubt)
            yield from ((f"red flag {flag.id}", _GROUP.sub(" ", text)) for text in texts)
