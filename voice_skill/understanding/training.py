"""What the matcher learns from: every phrase with its label, and the lexicon; gathered from the loaded content.

Not for reading files (`article/loader.py`) nor for learning (`fit/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from voice_skill.article.schema import Article, Commands, Lexicon
from voice_skill.understanding.normalize import normalize

NONE = "none"  # the label of what must be refused
NO_FLAG = "no"  # beside the red flags: nothing alarming was said


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Normalised phrases and words; build it with `training_set`.

    phrases: label -> its phrases; the label is an entry id, a command id, or `NONE` (which comes last).
    commands: the labels that are commands.
    concepts: concept -> its words and phrases.
    core: label -> concepts that name it on their own.
    """

    phrases: Mapping[str, tuple[str, ...]]
    commands: frozenset[str]
    concepts: Mapping[str, tuple[str, ...]]
    core: Mapping[str, tuple[str, ...]]


def training_set(article: Article, commands: Commands, lexicon: Lexicon) -> TrainingSet:
    """The phrases of the entries, the commands and the out-of-scope sentences, with the lexicon."""
    phrases = {entry.id: entry.phrases for entry in article.entries}
    phrases |= {command.id: command.phrases for command in commands.commands}
    phrases = {label: (*texts, *lexicon.phrases.get(label, ())) for label, texts in phrases.items()}
    phrases[NONE] = lexicon.out_of_scope
    return TrainingSet(
        phrases={label: _normalized(texts) for label, texts in phrases.items()},
        commands=frozenset(command.id for command in commands.commands),
        concepts={concept: _normalized(words) for concept, words in lexicon.concepts.items()},
        core=lexicon.core,
    )


def _normalized(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(normalize, texts))))
