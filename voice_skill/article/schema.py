"""The shape of everything the skill knows and says: entries, red flags, commands and fixed replies.

Each health sentence carries the tag of its source. Not for reading files (`loader.py`) nor for matching.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

ENTRY_IDS = (
    "relief-now",
    "remedies",
    "mechanics",
    "causes",
    "diet-and-dehydration",
    "medical-conditions",
    "circulation",
    "muscle-fatigue",
    "pregnancy",
    "footwear",
    "heat",
    "massage",
    "stretching",
    "strengthening",
    "prevention",
    "duration",
    "see-a-doctor",
)
COMMAND_IDS = (
    "repeat",
    "next",
    "previous",
    "stop",
    "slower",
    "faster",
    "louder",
    "quieter",
    "help",
    "goodbye",
    "pause",
    "resume",
    "yes",
    "no",
    "start-over",
)
# What people ask about the talk itself; see `Request`.
REQUEST_IDS = (
    "how-many",
    "repeat-all",
    "read-article",
    "start-timer",
    "check-timer",
    "stop-timer",
    "relieved",
    "still-hurts",
    "cannot",
    "safe",
    "came-back",
    "first",
    "second",
    "third",
    "fourth",
    "more-time",
    "brief",
    "full",
    "private",
    "hush",
    "about",
    "hello",
    "thanks",
)

MAX_STEP_WORDS = 20  # one breath: reference U1
SOURCE = re.compile(r"(article|safety):[a-z0-9-]+")

Tier = Literal["emergency", "urgent", "doctor"]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^A-Z]+$")]
Region = Literal["US", "UK", "EU", "generic"]


class Model(BaseModel):
    """Immutable, and strict about unknown keys: a typo in a content file is an error, not a silent omission."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sentence(Model):
    """One spoken sentence of at most 20 words, with the place its fact comes from."""

    text: Line
    source: str

    @field_validator("text")
    @classmethod
    def _short(cls, text: str) -> str:
        words = len(text.split())
        if words > MAX_STEP_WORDS:
            raise ValueError(f"{words} words; write at most {MAX_STEP_WORDS} so that it can be said in one breath")
        if text[-1] not in ".?!":
            raise ValueError("end the sentence with a full stop, a question mark or an exclamation mark")
        return text

    @field_validator("source")
    @classmethod
    def _sourced(cls, source: str) -> str:
        if not SOURCE.fullmatch(source):
            raise ValueError(f"{source!r} is no source tag; write 'article:<section>' or 'safety:<source>'")
        return source


class Caution(Model):
    """A sentence of the safety layer to be said before a step (counted from 1), the first time in a visit.

    reply: key of `SafetyLayer.replies`.
    """

    before_step: int = Field(ge=1)
    reply: str


class Entry(Model):
    """A section of the article, as it is spoken: what it is, then one step at a time.

    counted_as: what a step is called aloud: "Step 1 of 4" of a remedy, "Part 1 of 2" of an explanation.
    doctor_reminder: whether the see-your-doctor sentence follows the first turn of this entry.
    phrases: how people ask for it, lower case; the matcher learns from them.
    """

    id: str
    title: Line
    gist: Sentence
    counted_as: Literal["Step", "Part"]
    steps: tuple[Sentence, ...] = Field(min_length=1)
    cautions: tuple[Caution, ...] = ()
    doctor_reminder: bool
    phrases: tuple[Phrase, ...] = Field(min_length=8)

    @field_validator("id")
    @classmethod
    def _known(cls, entry_id: str) -> str:
        if entry_id not in ENTRY_IDS:
            raise ValueError(f"{entry_id!r} is no entry; write one of: {', '.join(ENTRY_IDS)}")
        return entry_id

    @model_validator(mode="after")
    def _cautions_in_range(self) -> Entry:
        for caution in self.cautions:
            if caution.before_step > len(self.steps):
                raise ValueError(f"caution before step {caution.before_step}, but there are {len(self.steps)} steps")
        return self


class Article(Model):
    """Exploring Foot Cramps: every entry once."""

    title: Line
    disclaimer: Sentence
    doctor_reminder: Sentence
    entries: tuple[Entry, ...]

    @model_validator(mode="after")
    def _complete(self) -> Article:
        ids = [entry.id for entry in self.entries]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        missing = [i for i in ENTRY_IDS if i not in ids]
        if twice:
            raise ValueError(f"entries given twice: {', '.join(twice)}; keep one of each")
        if missing:
            raise ValueError(f"entries missing: {', '.join(missing)}; write one for each")
        return self

    def entry(self, entry_id: str) -> Entry:
        """The entry of that id. Raises StopIteration for an unknown id."""
        return next(entry for entry in self.entries if entry.id == entry_id)


class Command(Model):
    """Something a person tells the assistant to do, e.g. "slower". At least two ways to say it (reference U21)."""

    id: str
    phrases: tuple[Phrase, ...] = Field(min_length=2)

    @field_validator("id")
    @classmethod
    def _known(cls, command_id: str) -> str:
        if command_id not in COMMAND_IDS:
            raise ValueError(f"{command_id!r} is no command; write one of: {', '.join(COMMAND_IDS)}")
        return command_id


class Commands(Model):
    """Every command once, and the assistant's own fixed talk (no health facts, so no sources), sentence by sentence."""

    commands: tuple[Command, ...]
    replies: dict[str, tuple[Line, ...]]

    @model_validator(mode="after")
    def _complete(self) -> Commands:
        ids = [command.id for command in self.commands]
        missing = [i for i in COMMAND_IDS if i not in ids]
        if missing or len(set(ids)) != len(ids):
            raise ValueError(f"each command once, please; missing: {', '.join(missing) or 'none'}")
        return self


class Request(Model):
    """Something a person asks about the talk itself, e.g. to start the timer, always in one of these phrases."""

    id: str
    phrases: tuple[Phrase, ...] = Field(min_length=8)

    @field_validator("id")
    @classmethod
    def _known(cls, request_id: str) -> str:
        if request_id not in REQUEST_IDS:
            raise ValueError(f"{request_id!r} is no request; write one of: {', '.join(REQUEST_IDS)}")
        return request_id


class Requests(Model):
    """Every request once; and what can be said to the assistant while it speaks, which is little, so that it is sure.

    while_speaking: phrases that mean the same at any other time.
    """

    requests: tuple[Request, ...]
    while_speaking: tuple[Phrase, ...]

    @model_validator(mode="after")
    def _complete(self) -> Requests:
        if sorted(request.id for request in self.requests) != sorted(REQUEST_IDS):
            raise ValueError(f"each request once, please: {', '.join(REQUEST_IDS)}")
        return self


class Lexicon(Model):
    """The words of the subject, grouped by meaning, and the sentences around it.

    concepts: name -> words and short phrases that mean it; `elsewhere` holds words of other subjects, `other-body`
        body parts that are not the foot, `neutral` and `polite` words that carry no meaning here.
    core: entry or command id -> concepts that name it on their own.
    phrases: entry or command id -> further ways to ask for it, beyond those that stand with the entry or command.
    out_of_scope: sentences that must be refused; half of them near misses.
    """

    concepts: dict[str, tuple[Phrase, ...]]
    core: dict[str, tuple[str, ...]]
    phrases: dict[str, tuple[Phrase, ...]] = {}
    out_of_scope: tuple[Phrase, ...]

    @model_validator(mode="after")
    def _defined(self) -> Lexicon:
        unknown = sorted({c for cs in self.core.values() for c in cs} - set(self.concepts))
        if unknown:
            raise ValueError(f"core names concepts that don't exist: {', '.join(unknown)}; add them under 'concepts'")
        strangers = sorted({*self.core, *self.phrases} - {*ENTRY_IDS, *COMMAND_IDS})
        if strangers:
            raise ValueError(f"no entry or command: {', '.join(strangers)}; use the ids of the article and commands")
        return self
