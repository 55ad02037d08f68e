"""Finds amounts in normalised words that the red flags ask about: how long a cramp has lasted, how old a child is.

"Forty minutes", "half an hour" and "20 min" are numbers, not phrases that a list could hold. Not for clock times, dates
or anything that a phrase list can say ("since this morning" is in `content/safety.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety hundred"
_NUMBERS = {
    **{word: float(value) for value, word in enumerate(_BELOW_TWENTY.split())},
    **{word: 10.0 * value for value, word in enumerate(_TENS.split(), 2)},
}
_VAGUE = {"a": 1.0, "an": 1.0, "couple": 2.0, "few": 3.0, "several": 5.0, "many": 10.0}
_FRACTIONS = {"half": 0.5, "quarter": 0.25, "quarters": 0.25}
_JOINING = {"of", "and"}
_MINUTES_IN = {
    **dict.fromkeys(("minute", "minutes", "min", "mins"), 1.0),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), 60.0),
    **dict.fromkeys(("day", "days"), 24 * 60.0),
}
_YEARS_IN = {"year": 1.0, "years": 1.0, "month": 1 / 12, "months": 1 / 12, "week": 1 / 52, "weeks": 1 / 52}
_NO_COUNT = {*_MINUTES_IN, *_YEARS_IN, "second", "seconds", "of", "out"}  # after a number: a time, or "one of those"
_GLUED = re.compile(r"(\d+)([a-z]+)")
_UNGLUED = {"m": "min", "h": "hour", "d": "days"}

_URGENT_MINUTES = 10.0  # NHS: get help for a cramp that lasts longer (reference RF-U2)
_WEEK = 7 * 24 * 60.0  # from there on people speak of a habit, not of one cramp
_CHILD_YEARS = 12  # reference RF-D5


def measured(words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(group, start, end) of every amount in `words`, end exclusive; groups as in `redflags.MEASURED_GROUPS`.

    "ten-minutes-or-more": ten minutes to under a week; "under-twelve-years": an age said as one ("five year old");
    "number-under-twelve": a bare number from two to eleven that counts no time, for "my son is eight".
    """
    for at, word in enumerate(words):
        if word in _MINUTES_IN:
            start, amount = _amount_before(words, at)
            if _is_long(amount, word):
                yield "ten-minutes-or-more", start, at + 1
        elif word in ("old", "olds", "yo"):
            unit_at = at - 1 if word != "yo" else at
            start, amount = _amount_before(words, max(unit_at, 0))
            if amount is not None and amount * _YEARS_IN.get(words[unit_at], float(word == "yo")) < _CHILD_YEARS:
                yield "under-twelve-years", start, at + 1
        elif word in ("age", "aged") and _is_child(words, at + 1):
            yield "under-twelve-years", at, at + 2
        elif _is_child(words, at) and _stands_alone(words, at):
            yield "number-under-twelve", at, at + 1


def split_glued(word: str) -> tuple[str, ...]:
    """A number typed in one with its unit in two words: "20min" -> ("20", "min"); other words as they are."""
    glued = _GLUED.fullmatch(word)
    return (glued[1], _UNGLUED.get(glued[2], glued[2])) if glued else (word,)


def _is_long(amount: float | None, unit: str) -> bool:
    if amount is None:  # "hours of it", "the last hour"; but "these days", "any minute"
        return _MINUTES_IN[unit] == 60.0
    if unit in ("day", "days") and amount < 2:  # "twice a day", "one day"
        return False
    return _URGENT_MINUTES <= amount * _MINUTES_IN[unit] < _WEEK


def _amount_before(words: Sequence[str], end: int) -> tuple[int, float | None]:
    """Where the amount that ends before word `end` starts, and its value; (end, None) when there is none."""
    start = end
    while start > 0 and (_number(words[start - 1]) is not None or words[start - 1] in _WORDS_OF_AMOUNTS):
        start -= 1
    while start < end and words[start] in _JOINING:
        start += 1
    said = words[start:end]
    numbers = [number for word in said if (number := _number(word)) is not None]
    parts = [_FRACTIONS[word] for word in said if word in _FRACTIONS]
    if parts:
        whole = numbers[0] if numbers else 0.0
        added = parts[0] == 0.5 or "and" in said  # "two and a half"; but "three quarters of an hour"
        return start, whole + parts[0] if added else max(whole, 1.0) * parts[0]
    if len(numbers) > 1 and numbers[-2] >= 20 and numbers[-1] < 10:  # "forty five"; but of "ten to fifteen" the last
        return start, numbers[-2] + numbers[-1]
    if numbers:
        return start, numbers[-1]
    return start, max((_VAGUE[word] for word in said if word in _VAGUE), default=None)


_WORDS_OF_AMOUNTS = _VAGUE.keys() | _FRACTIONS.keys() | _JOINING


def _number(word: str) -> float | None:
    """The number that a word stands for, e.g. "forty" or "40"; None when it is no number."""
    if word.isascii() and word.isdigit() and len(word) < 6:
        return float(word)
    return _NUMBERS.get(word)


def _is_child(words: Sequence[str], at: int) -> bool:
    """Whether word `at` is a number that can be a child's age in years; "one" is a pronoun more often."""
    return at < len(words) and 1 < (_number(words[at]) or 0.0) < _CHILD_YEARS


def _stands_alone(words: Sequence[str], at: int) -> bool:
    before = _number(words[at - 1]) if at else None
    after = words[at + 1] if at + 1 < len(words) else ""
    return before is None and after not in _NO_COUNT and _number(after) is None
