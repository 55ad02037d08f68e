"""Turns typed or recognised text into plain words: lower case, no punctuation, contractions written out.

Everything downstream (safety, matcher) reads words in this one form. Not for spelling repair or meaning.
"""

from __future__ import annotations

import re
import unicodedata

_WHOLE = {
    "won't": "will not",
    "shan't": "shall not",
    "can't": "cannot",
    "can not": "cannot",
    "ain't": "is not",
    "i'm": "i am",
    "let's": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "got to",
    "dunno": "do not know",
}
_ENDINGS = {"n't": " not", "'re": " are", "'ve": " have", "'ll": " will", "'d": " would", "'s": ""}
_VERBAL_S = "what|that|it|there|how|where|who|he|she|when|why|here"  # after these, 's is a verb
# One pass over the text: the leftmost match wins, so that "won't" is never taken for "wo" + "n't".
_CONTRACTION = re.compile(rf"\b(?:{'|'.join(_WHOLE)})\b|\b(?P<subject>{_VERBAL_S})'s\b|(?:{'|'.join(_ENDINGS)})\b")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})
_NOT_A_WORD = re.compile(r"[^a-z0-9' ]+")


def normalize(text: str) -> str:
    """`text` as lower-case words separated by single spaces; "" when no word is left.

    Accents are folded ("café" -> "cafe"), contractions written out ("won't" -> "will not"), possessive 's dropped,
    digits kept. Idempotent.
    """
    folded = text.lower()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", folded.translate(_APOSTROPHES)).lower()
        folded = "".join(char for char in folded if not unicodedata.combining(char))
    folded = " ".join(_NOT_A_WORD.sub(" ", folded.replace("`", "'")).split())
    folded = _CONTRACTION.sub(_written_out, folded)
    return " ".join(folded.replace("'", "").split())


def _written_out(contraction: re.Match[str]) -> str:
    if contraction["subject"]:
        return f"{contraction['subject']} is"
    return _WHOLE.get(contraction[0]) or _ENDINGS[contraction[0]]
