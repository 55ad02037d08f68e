"""What the matcher learns from, and that the lexicon keeps its own rules."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic import ValidationError

from voice_skill.article.content import Content
from voice_skill.article.schema import COMMAND_IDS, ENTRY_IDS, Lexicon
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.training import NONE, TrainingSet, training_set


def test_every_entry_and_command_has_phrases_and_the_refused_come_last(training: TrainingSet) -> None:
    assert list(training.phrases) == [*ENTRY_IDS, *COMMAND_IDS, NONE]
    assert training.commands == set(COMMAND_IDS)
    assert min(len(training.phrases[entry]) for entry in ENTRY_IDS) >= 40
    assert min(len(training.phrases[command]) for command in COMMAND_IDS) >= 15
    assert len(training.phrases[NONE]) >= 600


def test_phrases_are_normalised_and_mean_one_thing_only(training: TrainingSet) -> None:
    texts = [text for phrases in training.phrases.values() for text in phrases]
    assert all(text == normalize(text) for text in texts)
    assert [text for text, times in Counter(texts).items() if times > 1] == []


def test_the_lexicon_adds_to_what_stands_with_an_entry(content: Content) -> None:
    lexicon = content.lexicon.model_copy(update={"phrases": {"heat": ("a phrase of the lexicon's own",)}})
    phrases = training_set(content.article, content.commands, lexicon).phrases["heat"]
    assert phrases[-1] == "a phrase of the lexicon own"
    assert normalize(content.article.entry("heat").phrases[0]) in phrases


def test_a_word_stands_in_one_concept_only(content: Content) -> None:
    words = [word for concept in content.lexicon.concepts.values() for word in concept]
    assert [word for word, times in Counter(words).items() if times > 1] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"core": {"heat": ("nonsense",)}}, "nonsense"),
        ({"core": {"nobody": ("heat",)}}, "nobody"),
        ({"phrases": {"nobody": ("what about it",)}}, "nobody"),
    ],
)
def test_a_lexicon_that_names_what_is_not_there_is_refused(change: dict, says: str) -> None:
    whole = {"concepts": {"heat": ("heat",)}, "core": {}, "out_of_scope": ("play a song",)}
    with pytest.raises(ValidationError, match=says):
        Lexicon.model_validate(whole | change)
