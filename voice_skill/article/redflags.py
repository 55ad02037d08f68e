"""The shape of the safety layer: which words mean "get medical help", and the fixed sentences that answer them.

The layer is kept apart from the article: its facts have sources of their own. Not for the scanning itself
(`understanding/safety.py`).
"""

from __future__ import annotations

from pydantic import Field, model_validator

from voice_skill.article.schema import Line, Model, Phrase, Region, Sentence, Tier


class Numbers(Model):
    """Whom to call in a region, written as digits ("911") or words ("your local emergency number")."""

    emergency: Line
    urgent: Line
    crisis: Line


class RedFlag(Model):
    """Words that mean "get medical help".

    id: row of the safety table, e.g. "RF-E1".
    reply: key of `SafetyLayer.replies`.
    patterns: each a list of terms; a pattern fires when every term is found within `window` words of the others.
        A term is the name of a group in `SafetyLayer.terms`, written `<name>`, or a literal word or phrase.
    """

    id: str = Field(pattern=r"^RF-[EUD]\d$")
    tier: Tier
    about: Line
    source: str
    reply: str
    patterns: tuple[tuple[Phrase, ...], ...] = Field(min_length=1)


class SafetyLayer(Model):
    """Every red flag with its reply, the shared word groups, and the idioms that only sound dangerous."""

    version: Line
    signed_by: Line
    sources: dict[str, Line]
    regions: dict[Region, Numbers]
    replies: dict[str, tuple[Sentence, ...]]
    terms: dict[str, tuple[Phrase, ...]]
    idioms: tuple[Phrase, ...]
    window: int = Field(ge=2, le=30)
    flags: tuple[RedFlag, ...]

    @model_validator(mode="after")
    def _consistent(self) -> SafetyLayer:
        for flag in self.flags:
            if flag.reply not in self.replies:
                raise ValueError(f"{flag.id}: reply {flag.reply!r} doesn't exist; add it under 'replies'")
            for pattern in flag.patterns:
                for term in pattern:
                    if term.startswith("<") and term[1:-1] not in self.terms:
                        raise ValueError(f"{flag.id}: word group {term} doesn't exist; add it under 'terms'")
        ids = [flag.id for flag in self.flags]
        if len(set(ids)) != len(ids):
            raise ValueError("a red flag is given twice; keep one of each id")
        return self
