"""What single words look and sound like: endings taken off, rough English phones, and one key to compare words by.

Pure functions on normalised words. Not for meaning (`reading.py`).
"""

from __future__ import annotations

import re
from functools import lru_cache

# English spelling to rough phones, applied in this order. One character is one phone: capitals are sounds that need
# several letters (C = ch, S = sh, T = th, J = j, E = ay, I = ee, O = oh, U = oo, Y = eye, A = ah). Vowels are kept, so
# that "heat" and "head", "shoe" and "show" stay apart.
_PHONES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(spelling), phone)
    for spelling, phone in (
        (r"^(?:kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^wh", "w"),
        (r"^x", "z"),
        (r"ough$", "of"),
        (r"[ai]lk", "Ak"),
        (r"alf", "Af"),
        (r"alm", "Am"),
        (r"mb$", "m"),
        (r"sch", "sk"),
        (r"tch|ch", "C"),
        (r"sh|[st]ion|ci(?=[ao])|ssi", "S"),
        (r"th", "T"),
        (r"ph", "f"),
        (r"dge|j|g(?=[ey])", "J"),
        (r"gh", ""),
        (r"ck|q|c(?![eiy])", "k"),
        (r"c", "s"),
        (r"x", "ks"),
        (r"ee|ea|ie|ey|y$", "I"),
        (r"oo|ew|ue|ui|oe$", "U"),
        (r"oes$", "Oz"),
        (r"oa|ow|ou|aw|au", "O"),
        (r"ai|ay|ei|a(?=[^aeiouAIOU]e$)", "E"),
        (r"i(?=[^aeiouAIOU]e$)|igh|y", "Y"),
        (r"o(?=[^aeiouAIOU]es?$)", "O"),
        (r"(?<=[^aeiouAIOUEY])e$", ""),
        (r"s$", "z"),
        (r"([a-zA-Z])\1", r"\1"),
        (r"h(?![aeiouAIOUEY])", ""),
    )
)
# Consonants that recognizers mix up share a letter; vowels drop out.
_CLASSES = str.maketrans(dict(zip("bdgvzJCnTlr", "ptkfsSSmfww", strict=True)) | dict.fromkeys("aeiouAEIOUYyh", None))


@lru_cache(maxsize=20_000)
def sounds(word: str) -> str:
    """`word` as rough phones, one character each, e.g. "calf" -> "kAf"."""
    for spelling, phone in _PHONES:
        word = spelling.sub(phone, word)
    return word


@lru_cache(maxsize=20_000)
def key(word: str) -> str:
    """Spelling, phones and consonant classes of `word` in one string: a single edit distance weighs all three."""
    heard = sounds(word)
    return word + heard + heard.translate(_CLASSES)


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """`word` without its English ending: "cramping", "cramped" and "cramps" -> "cramp"."""
    if len(word) > 5 and word.endswith("ing"):
        word = _single(word[:-3])
    elif len(word) > 4 and word.endswith("ed"):
        word = _single(word[:-2])
    elif len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and word[-2] not in "isu":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _single(stump: str) -> str:
    """ "runn" -> "run"; "miss" and "roll" stay."""
    return stump[:-1] if len(stump) > 3 and stump[-1] == stump[-2] and stump[-1] not in "sl" else stump
