"""The shape of the safety layer: which words mean "get medical help", and the fixed sentences that answer them.

The layer is kept apart from the article: its facts have sources of their own. Not for the scanning itself
(`understanding/safety.py`).
"""

from __future__ import annotations

import re
from string import Formatter

from pydantic import Field, field_validator, model_validator

from voice_skill.article.schema import Line, Model, Phrase, Region, Sentence, Tier

IN_ORDER, ANY_ORDER, EITHER = " .. ", " & ", "|"
# Groups that `understanding/measures.py` finds, because no list of phrases can.
MEASURED_GROUPS = frozenset({"ten-minutes-or-more", "under-twelve-years", "number-under-twelve"})

_GROUP = re.compile(r"<([a-z0-9-]+)>")


class Numbers(Model):
    """Whom to call in a region, so that "Call {emergency} now" reads well: "911", "your local crisis line"."""

    emergency: Line
    urgent: Line
    crisis: Line


class Pattern(Model):
    """Words that together mean something; in YAML a plain string, or a mapping where it needs more than `match`.

    match: terms joined by " .. " (in this order) or " & " (in any order). A term is a phrase, a word group `<name>`,
        or several of these joined by "|".
    gap: at most this many other words between one term and the next; None = `SafetyLayer.window`.
    unless: phrases or groups that make it mean something else ("blue" .. "socks"), between the terms or near them
        (see `Context`).
    harmless_with: phrases or groups that, anywhere in the utterance, make it everyday talk: "cut off the blood" said by
        one who "knelt". Only for what no one in danger would say; where in doubt, `unless` or `doubt`.
    doubt: phrases or groups that, anywhere in the utterance, turn the alarm into a question.
    ask: whether these words are only ever enough for a question.
    """

    match: Phrase
    gap: int | None = Field(default=None, ge=0, le=20)
    unless: tuple[Phrase, ...] = ()
    harmless_with: tuple[Phrase, ...] = ()
    doubt: tuple[Phrase, ...] = ()
    ask: bool = False

    @model_validator(mode="before")
    @classmethod
    def _plain_string(cls, value: object) -> object:
        return {"match": value} if isinstance(value, str) else value

    @field_validator("match")
    @classmethod
    def _one_order(cls, match: str) -> str:
        if IN_ORDER in match and ANY_ORDER in match:
            raise ValueError(f"{match!r} mixes '..' and '&'; write two patterns")
        if re.search(r"[.&]", match.replace(IN_ORDER, "").replace(ANY_ORDER, "")):
            raise ValueError(f"{match!r}: put one space on either side of '..' and '&'")
        stray = re.search(r"[^a-z0-9 <>|.&'-]", match)
        if stray:
            raise ValueError(f"{match!r}: {stray[0]!r} has no meaning here; write words, <groups>, '|', '..' and '&'")
        return match

    @property
    def ordered(self) -> bool:
        """Whether the terms must come in the order given."""
        return ANY_ORDER not in self.match

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """Each term as its alternatives: phrases and `<groups>`."""
        terms = self.match.split(IN_ORDER if self.ordered else ANY_ORDER)
        return tuple(tuple(choice.strip() for choice in term.split(EITHER)) for term in terms)

    def groups(self) -> set[str]:
        """Names of the word groups it uses."""
        texts = (self.match, *self.unless, *self.harmless_with, *self.doubt)
        return {name for text in texts for name in _GROUP.findall(text)}


class RedFlag(Model):
    """Words that mean "get medical help".

    id: row of the safety table, e.g. "RF-E1". Within a tier the flag listed first wins.
    about: what was said, so that "Did you say {about}?" reads well.
    source: tags of where the row comes from, separated by spaces.
    reply: key of `SafetyLayer.replies`.
    needs_topic: whether its words ("every night", "when I walk") mean something only in talk about feet and cramps.
    ask_if_denied: whether "no ..." leads to that question; False where a denial needs no answer ("I'm not pregnant").
    """

    id: str = Field(pattern=r"^RF-[EUD]\d$")
    tier: Tier
    about: Line
    source: str
    reply: str
    needs_topic: bool = False
    ask_if_denied: bool = True
    patterns: tuple[Pattern, ...] = Field(min_length=1)


class Denial(Model):
    """How a red flag is denied: a word of `words`, then only words of `between`, then the flag's own words.

    words: negating word -> the words that may stand between it and what it denies.
    lists: words that carry a denial on through a list ("no swelling or redness").
    """

    words: dict[Phrase, tuple[Phrase, ...]]
    lists: tuple[Phrase, ...]


class Context(Model):
    """How many words before and after a pattern its `unless` is looked for."""

    before: int = Field(ge=0, le=10)
    after: int = Field(ge=0, le=10)


class SafetyLayer(Model):
    """Every red flag with its reply, the shared word groups, and what only sounds dangerous.

    terms: word group -> words and phrases that mean it.
    idioms: phrases that are struck out before anything else is looked for, except by a longer term that holds them.
    sound_alikes: word -> what a recognizer may write for it; counts only beside a word that was heard right.
    bendable: words of the terms that are also caught when misspelt; never_bent: everyday words that resemble them.
    window: words; see `Pattern`. context: one for each tier.
    barriers: words that no pattern reaches across.
    """

    version: Line
    signed_by: Line
    sources: dict[str, Line]
    regions: dict[Region, Numbers]
    replies: dict[str, tuple[Sentence, ...]]
    window: int = Field(ge=2, le=30)
    context: dict[Tier, Context]
    barriers: tuple[Phrase, ...]
    denial: Denial
    idioms: tuple[Phrase, ...]
    bendable: tuple[Phrase, ...]
    never_bent: tuple[Phrase, ...]
    sound_alikes: dict[Phrase, tuple[Phrase, ...]]
    terms: dict[str, tuple[Phrase, ...]]
    flags: tuple[RedFlag, ...]

    @model_validator(mode="after")
    def _flags_consistent(self) -> SafetyLayer:
        known = set(self.terms) | MEASURED_GROUPS
        for flag in self.flags:
            if flag.reply not in self.replies:
                raise ValueError(f"{flag.id}: reply {flag.reply!r} doesn't exist; add it under 'replies'")
            for pattern in flag.patterns:
                for group in sorted(pattern.groups() - known):
                    raise ValueError(f"{flag.id}: word group <{group}> doesn't exist; add it under 'terms'")
            if flag.tier not in self.context:
                raise ValueError(f"{flag.id}: tier {flag.tier} has no 'context'; add it there")
        ids = [flag.id for flag in self.flags]
        if len(set(ids)) != len(ids):
            raise ValueError("a red flag is given twice; keep one of each id")
        return self

    @model_validator(mode="after")
    def _replies_fillable(self) -> SafetyLayer:
        for key, sentences in self.replies.items():
            for sentence in sentences:
                fields = {name for _, name, _, _ in Formatter().parse(sentence.text) if name is not None}
                for name in sorted(fields - set(Numbers.model_fields)):
                    raise ValueError(f"reply {key}: {{{name}}} is unknown; write {', '.join(Numbers.model_fields)}")
        return self
