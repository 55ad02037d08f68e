"""What authors are warned of: few phrases, phrases in two places, and phrases that are taken for something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voice_skill.article.content import Content
from voice_skill.understanding.interpret import Understanding
from voice_skill.understanding.phrases import (
    COMMAND_PHRASES_WANTED,
    ENTRY_PHRASES_WANTED,
    few_phrases,
    labelled_phrases,
    shared_phrases,
    stolen_phrases,
)


def with_only(content: Content, **phrases: tuple[str, ...]) -> Content:
    """The content with these phrases alone, by label ("_" for "-"); "further": of the lexicon, for the entry heat."""
    phrases = {label.replace("_", "-"): texts for label, texts in phrases.items()}
    further = {"heat": phrases.pop("further", ())}
    refused = phrases.pop("out-of-scope", ())

    def cut(part):
        return part.model_copy(update={"phrases": phrases.get(part.id, ())})

    return replace(
        content,
        article=content.article.model_copy(update={"entries": tuple(map(cut, content.article.entries))}),
        commands=content.commands.model_copy(update={"commands": tuple(map(cut, content.commands.commands))}),
        lexicon=content.lexicon.model_copy(update={"phrases": further, "out_of_scope": refused}),
    )


def numbered(count: int) -> tuple[str, ...]:
    return tuple(f"warm my foot {number}" for number in range(count))


@pytest.mark.parametrize("label", ["heat", "stop"])
def test_few_phrases_are_counted_as_they_are_heard(content: Content, label: str) -> None:
    enough = ENTRY_PHRASES_WANTED if label == "heat" else COMMAND_PHRASES_WANTED

    def warned(*phrases: str) -> list[str]:
        return [line for line in few_phrases(with_only(content, **{label: phrases})) if line.startswith(label + ":")]

    assert warned(*numbered(enough)) == []
    (warning,) = warned(*numbered(enough - 1), "warm my foot, 1!")
    assert f"{enough - 1} different phrases" in warning
    assert f"write {enough} or more" in warning


def test_a_phrase_in_two_places_is_named_with_both(content: Content) -> None:
    (warning,) = shared_phrases(with_only(content, heat=("does it help?", "warm it"), massage=("does it help",)))
    assert '"does it help"' in warning or '"does it help?"' in warning
    assert "heat" in warning
    assert "massage" in warning


def test_commands_further_phrases_and_refused_sentences_count_as_places(content: Content) -> None:
    doubled = with_only(content, further=("warm it", "go on then"), next=("go on then",), out_of_scope=("warm it",))
    warnings = list(shared_phrases(doubled))
    assert len(warnings) == 2
    assert any("next" in warning and "heat" in warning for warning in warnings)
    assert any("out_of_scope" in warning and "heat" in warning for warning in warnings)


def test_a_phrase_twice_in_one_place_is_no_theft(content: Content) -> None:
    assert list(shared_phrases(with_only(content, heat=("warm it",), further=("warm it!",)))) == []


@pytest.mark.parametrize(
    ("label", "phrase", "thief"),
    [
        ("heat", "how do i massage my foot", "massage"),
        ("massage", "stop", "stop"),
        ("louder", "does heat help", "heat"),
        ("footwear", "my foot hurts and i have chest pain", "RF-E1"),
        ("yes", "no thanks", "taken for no"),  # as an answer: nobody asked, it would be taken for nothing
    ],
)
def test_what_is_taken_for_another_names_the_thief(
    content: Content, understanding: Understanding, label: str, phrase: str, thief: str
) -> None:
    (warning,) = stolen_phrases(with_only(content, **{label: (phrase,)}), understanding)
    assert warning.startswith(f'{label}: "{phrase}"')
    assert thief in warning
    assert warning.endswith("then scripts/fit")


def test_further_phrases_are_asked_too(content: Content, understanding: Understanding) -> None:
    (warning,) = stolen_phrases(with_only(content, further=("how do i massage my foot",)), understanding)
    assert warning.startswith("heat:")


@pytest.mark.parametrize(
    ("label", "phrase"),
    [
        ("heat", "does heat help"),
        ("yes", "yes please"),  # means something only when asked
        ("no", "no thanks"),
        ("next", "please continue"),  # "go on": the conversation decides between next and resume
        ("footwear", "my shoes are tight, no chest pain"),  # asks back
    ],
)
def test_what_is_understood_rightly_is_not_warned_of(
    content: Content, understanding: Understanding, label: str, phrase: str
) -> None:
    assert list(stolen_phrases(with_only(content, **{label: (phrase,)}), understanding)) == []


def test_every_phrase_of_the_real_content_is_looked_at(content: Content) -> None:
    looked_at = list(labelled_phrases(content))
    entries, commands = content.article.entries, content.commands.commands
    own = sum(len(part.phrases) for parts in (entries, commands) for part in parts)
    assert len(looked_at) == own + sum(map(len, content.lexicon.phrases.values()))


def test_the_real_content_has_enough_phrases_and_each_in_one_place(content: Content) -> None:
    assert list(few_phrases(content)) == []
    assert list(shared_phrases(content)) == []
