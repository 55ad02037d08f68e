"""Written words into words that espeak-ng says well: emergency numbers digit by digit, units, and a few hard names.

A pure function over a small table. What is shown on a screen stays as written; only the voice gets this. Not for
markup: the engine reads markup aloud.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

# Respellings, by ear and by the phonemes espeak-ng 1.51 makes of them (en-us and en). Lower case matches any case;
# capitals match capitals only.
WORDS = {
    "acetaminophen": "a seeta minnophen",
    "diuretic": "dye a rettic",
    "diuretics": "dye a rettics",
    "edema": "eedeema",
    "fasciitis": "fashy itis",
    "gastrocnemius": "gastrock neemius",
    "nifedipine": "nye fedda peen",
    "paracetamol": "parra seeta moll",
    "physiotherapist": "fizzio therapist",
    "physiotherapists": "fizzio therapists",
    "podiatrist": "poe dyatrist",
    "podiatrists": "poe dyatrists",
    "podiatry": "poe dyatry",
    "rhabdomyolysis": "rabdo my ollissis",
    "EMT": "E M T",
    "ER": "E R",
}
ABBREVIATIONS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "vs.": "versus",
    "approx.": "about",
    "and/or": "and or",
    "°C": " degrees Celsius",
    "°F": " degrees Fahrenheit",
}
UNITS = {
    "mg": "milligrams",
    "g": "grams",
    "kg": "kilograms",
    "ml": "millilitres",
    "cm": "centimetres",
    "mm": "millimetres",
}
# Police, fire, ambulance and crisis lines: US 911 988, UK 999 111, Europe 112 and 116 xxx, Australia 000.
EMERGENCY = r"000|111|112|911|988|999|116[ -]?\d{3}"
TELEPHONE = r"(?:\+\d|0)(?:[ -]?\d){4,}|(?:1[ -])?\d{3}-\d{3}-\d{4}|\d{5,}"
AMOUNT = (
    r"[\d%]|[.,:/–-]\d| ?(?:degrees|grams|hours|kilo\w+|metres|milli\w+|minutes|people|percent|pounds|seconds|steps)\b"
)


def pronounce(text: str) -> str:
    """The text as the voice should be given it, in one line; words and order are kept, only spellings change."""
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


def _digits(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    return ", ".join(" ".join(DIGITS[int(digit)] for digit in group) for group in groups)


def _words(table: dict[str, str]) -> list[Rule]:
    rules: list[Rule] = []
    for word, spoken in table.items():
        before = r"(?<!\w)" if word[0].isalnum() else ""
        after = r"(?!\w)" if word[-1].isalnum() else ""
        flags = re.IGNORECASE if word.islower() else 0
        rules.append((re.compile(before + re.escape(word) + after, flags), spoken))
    return rules


RULES: tuple[Rule, ...] = (
    # What no engine can say: NUL would end the text, a lone surrogate can't be encoded.
    (re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\ufeff\ud800-\udfff]+"), " "),
    *[(re.compile(rf"(?<=\d) ?{unit}\b"), f" {spoken}") for unit, spoken in UNITS.items()],
    *_words(ABBREVIATIONS),
    (re.compile(rf"(?<![\w.,:/–-])(?:{EMERGENCY})(?!{AMOUNT})"), _digits),
    (re.compile(rf"(?<![\w.,])(?:{TELEPHONE})\b"), _digits),
    (re.compile(r"(?<=\d) ?[–-] ?(?=\d)"), " to "),
    (re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), " or "),
    *_words(WORDS),
)

# Part of a cached clip's key: a changed table must not leave old sound behind.
VERSION = hashlib.sha256(
    repr([(pattern.pattern, getattr(spoken, "__name__", spoken)) for pattern, spoken in RULES]).encode()
).hexdigest()[:8]
