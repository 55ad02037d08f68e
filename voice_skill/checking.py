"""What `voice-skill content check` tells authors: rules that are broken, and what else they may want to change.

Joins the understanding room, which knows the phrases, with the hearing room, which knows the model's words. The rules
themselves are in `article/lint.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voice_skill.article.content import Content
from voice_skill.article.lint import lint
from voice_skill.article.loader import load_content
from voice_skill.ears import model_store
from voice_skill.errors import ModelError
from voice_skill.hearing.recognizer import SpeechModel
from voice_skill.hearing.vocabulary import listed_words
from voice_skill.kiosk.words import load_words
from voice_skill.settings import CONTENT_DIR, Settings
from voice_skill.understanding.interpret import Understanding
from voice_skill.understanding.phrases import few_phrases, shared_phrases, stolen_phrases
from voice_skill.understanding.unheard import sound_alikes, unheard_words

_PLACES_NAMED = 3


def content_warnings(content: Content, settings: Settings) -> Iterator[str]:
    """Every warning, one line each, as soon as it is found; the slow ones last. Some seconds for the real content."""
    yield from few_phrases(content)
    yield from shared_phrases(content)
    yield from unknown_words(content, settings)
    yield from stolen_phrases(content, Understanding.of(content))


def unknown_words(content: Content, settings: Settings) -> Iterator[str]:
    """Words that the model of the settings can't hear; where that can't be loaded, one warning that says so."""
    store = model_store(settings)
    try:
        model = SpeechModel(store.choose(settings.model))
    except ModelError as error:
        yield f"words that can't be heard were not looked for: {error.cause} -> {error.fix}"
        return
    # A model without a list of its own is offered the words of the others, as far as it knows them.
    listed = {word for status in store.list_models() if status.sound for word in listed_words(status.folder)}
    offered = sorted(word for word in listed if word.isalpha() and model.knows(word))
    for word, places in sorted(unheard_words(content, model.knows).items()):
        yield _unknown(word, places, model.name, sound_alikes(word, offered))


def _unknown(word: str, places: Sequence[str], model: str, alike: Sequence[str]) -> str:
    more = len(places) - _PLACES_NAMED
    where = ", ".join(places[:_PLACES_NAMED]) + (f" and {more} more" if more > 0 else "")
    instead = ", ".join(f'"{other}"' for other in alike)
    heard_as = (
        f"it may write {instead}: write the phrase with that as well" if alike else "nothing it knows sounds alike"
    )
    return f"{word!r} is unknown to the model {model} ({where}); {heard_as}, or add the word (docs/training.md)"


@dataclass(frozen=True, slots=True)
class Checked:
    """findings: rules that are broken; warnings: what an author may want to change; summary: what there is."""

    findings: tuple[str, ...]
    warnings: tuple[str, ...]
    summary: str


def check_content(folder: Path | None, settings: Settings) -> Checked:
    """All that can be said about the content of a folder, the installed one when None. Raises ContentError."""
    content = load_content(folder or CONTENT_DIR)
    load_words(folder or CONTENT_DIR)
    warnings = tuple(content_warnings(content, settings))
    phrases = sum(len(entry.phrases) for entry in content.article.entries)
    summary = (
        f"ok: {len(content.article.entries)} entries, {phrases} phrases, {len(content.safety.flags)} red flags, "
        f"{len(content.commands.commands)} commands, {len(content.requests.requests)} requests; "
        f"{len(warnings)} warning{'' if len(warnings) == 1 else 's'}"
    )
    return Checked(tuple(lint(content)), warnings, summary)
