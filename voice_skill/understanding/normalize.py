"""Turns typed or recognised text into plain words: lower case, no punctuation, contractions written out.

Everything downstream (safety, matcher) reads words in this one form. Not for spelling repair or meaning.
"""

from __future__ import annotations

import re
import unicodedata

_CONTRACTIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\bwon't\b", "will not"),
        (r"\bshan't\b", "shall not"),
        (r"\b(?:can't|can not)\b", "cannot"),
        (r"\bain't\b", "is not"),
        (r"n't\b", " not"),
        (r"\bi'm\b", "i am"),
        (r"'re\b", " are"),
        (r"'ve\b", " have"),
        (r"'ll\b", " will"),
        (r"'d\b", " would"),
        (r"\blet's\b", "let us"),
        (r"\b(what|that|it|there|how|where|who|he|she|when|why|here)'s\b", r"\1 is"),
        (r"'s\b", ""),
        (r"\bgonna\b", "going to"),
        (r"\bwanna\b", "want to"),
        (r"\bgotta\b", "got to"),
        (r"\bdunno\b", "do not know"),
    )
)
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})
_NOT_A_WORD = re.compile(r"[^a-z0-9' ]+")


def normalize(text: str) -> str:
    """`text` as lower-case words separated by single spaces; "" when no word is left.

    Accents are folded ("café" -> "cafe"), contractions written out ("won't" -> "will not"), possessive 's dropped,
    digits kept. Idempotent.
    """
    folded = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).lower())
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    folded = _NOT_A_WORD.sub(" ", folded)
    for pattern, replacement in _CONTRACTIONS:
        folded = pattern.sub(replacement, folded)
    return " ".join(folded.replace("'", "").split())
