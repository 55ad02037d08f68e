"""Finds amounts in normalised words that the red flags ask about: how long a cramp has lasted, how old a child is.

"Forty minutes", "half an hour" and "20 min" are numbers, not phrases that a list could hold. Not for clock times, dates
or anything that a phrase list can say ("since this morning" is in `content/safety.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_ONES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_VAGUE = {"a": 1.0, "an": 1.0, "couple": 2.0, "few": 3.0, "several": 5.0, "many": 10.0, "half": 0.5, "quarter": 0.25}
_JOINING = frozenset({"of", "and"})
_MINUTES_IN = {
    **dict.fromkeys(("minute", "minutes", "min", "mins"), 1.0),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), 60.0),
    **dict.fromkeys(("day", "days"), 24 * 60.0),
}
_TIME_UNITS = frozenset(_MINUTES_IN) | set("second seconds week weeks month months year years".split())
_SHORT = {"m": "min", "h": "hour", "d": "days", "s": "seconds", "yo": "yo", "sec": "seconds", "secs": "seconds"}
_GLUED = re.compile(r"(\d+)(mins?|minutes?|hrs?|hours?|secs?|yo|[mhds])")

URGENT_MINUTES = 10.0  # NHS: get help for a cramp that lasts longer (reference S2, RF-U2)
_WEEK = 7 * 24 * 60.0  # from there on people speak of a habit, not of one cramp
_CHILD_YEARS = 12  # reference RF-D5


def measured(words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(group, start, end) of every amount in `words`, end exclusive; groups as in `redflags.MEASURED_GROUPS`.

    "ten-minutes-or-more": ten minutes to under a week; "under-twelve-years": an age said as one ("five year old");
    "number-under-twelve": a bare number 1-11 that counts no time, for "my son is eight".
    """
    for at, word in enumerate(words):
        if word in _MINUTES_IN:
            start, value = _amount_before(words, at)
            if _is_long(value, word):
                yield "ten-minutes-or-more", start, at + 1
        elif word in ("old", "olds", "yo"):
            start, value = _amount_before(words, at - (word != "yo"))
            if value is not None and 0 < value < _CHILD_YEARS and words[at - 1] in ("year", "years", *words[start:at]):
                yield "under-twelve-years", start, at + 1
            elif at and words[at - 1] in ("month", "months", "week", "weeks") and value is not None:
                yield "under-twelve-years", start, at + 1
        elif word in ("age", "aged") and at + 1 < len(words) and 0 < (_number(words, at + 1) or 0) < _CHILD_YEARS:
            yield "under-twelve-years", at, at + 2
        elif word != "one" and 0 < (_number(words, at) or 0) < _CHILD_YEARS and not _counts_time(words, at):
            yield "number-under-twelve", at, at + 1


def split_glued(word: str) -> list[str]:
    """ "20min" -> ["20", "min"]; other words as they are."""
    glued = _GLUED.fullmatch(word)
    return [glued[1], _SHORT.get(glued[2], glued[2])] if glued else [word]


def _is_long(value: float | None, unit: str) -> bool:
    if value is None:  # "hours of it", "the last hour"; but "these days", "this minute"
        return _MINUTES_IN[unit] == 60.0
    if unit in ("day", "days") and value < 2:  # "twice a day", "one day"
        return False
    return URGENT_MINUTES <= value * _MINUTES_IN[unit] < _WEEK


def _amount_before(words: Sequence[str], end: int) -> tuple[int, float | None]:
    """Where the amount that ends before `end` starts, and its value; (end, None) when there is none."""
    start = end
    while start > 0 and (_number(words, start - 1) is not None or words[start - 1] in _VAGUE | dict.fromkeys(_JOINING)):
        start -= 1
    while start < end and words[start] in _JOINING:
        start += 1
    if start == end:
        return end, None
    said = words[start:end]
    if "half" in said or "quarter" in said or "quarters" in said:
        return start, _fraction(said)
    numbers = [number for at in range(start, end) if (number := _number(words, at)) is not None]
    if not numbers:
        return start, max(_VAGUE[word] for word in said if word in _VAGUE)
    if len(numbers) > 1 and numbers[-2] in _TENS.values() and numbers[-1] < 10:
        return start, numbers[-2] + numbers[-1]
    return start, numbers[-1]


def _fraction(said: Sequence[str]) -> float:
    """ "half", "a quarter of an", "two and a half"."""
    part = 0.5 if "half" in said else 0.25
    whole = next((number for at in range(len(said)) if (number := _number(said, at)) is not None), 0.0)
    return whole + part if "and" in said or "half" in said else max(whole, 1.0) * part


def _number(words: Sequence[str], at: int) -> float | None:
    """The number that the one word at `at` stands for; None when it is no number."""
    word = words[at]
    if word in _ONES:
        return float(_ONES[word])
    if word in _TENS:
        return float(_TENS[word])
    if word == "hundred":
        return 100.0
    return float(word) if word.isascii() and word.isdigit() and len(word) < 6 else None


def _counts_time(words: Sequence[str], at: int) -> bool:
    """Whether the number at `at` is part of a longer one or of a time ("eight months along", "forty five")."""
    following = words[at + 1] if at + 1 < len(words) else ""
    return following in _TIME_UNITS or (at > 0 and words[at - 1] in _TENS) or following in ("of", "out", "ten")
