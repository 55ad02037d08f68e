"""What a schema can't see: rules between files, and whether a turn can be listened to (`voice-skill content check`).

Each finding is one line that names the place and says what to write instead. Not for shapes and types (`schema.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voice_skill.article.content import Content
from voice_skill.article.schema import Entry, Sentence

MAX_TURN_WORDS = 40  # two breaths: reference U1
MAX_ALARM_WORDS = 25  # reference S5
# The skill reads an article; it never says what somebody has (reference S6).
FORBIDDEN = re.compile(r"\b(you have|diagnos\w*|cures?|cured|treats?|treated|treatment|safe for you)\b", re.IGNORECASE)
REPLIES_NEEDED = (
    "greeting ready goodbye stopped paused nothing-paused nothing-to-repeat no-steps last-step first-step next-hint "
    "what-else slower faster slowest fastest louder quieter loudest quietest offer-slower started-over help reject-1 "
    "reject-2 reject-3 nothing-heard say-again ask-one ask-two ask-flag offer step-of emergency-over microphone-lost "
    "microphone-back speaker-lost speaker-back timer-started timer-stopped timer-is-off timer-no-minute "
    "timer-one-minute timer-minutes relieved read-over wait-steps-1 wait-steps-2 wait-end-1 wait-end-2 wait-yes-no-1 "
    "wait-yes-no-2 wait-choice-1 wait-choice-2 forgotten leaving more-time brief full private about welcome"
)


def lint(content: Content) -> list[str]:
    """Every broken rule, one line each; an empty list means the content is sound."""
    return [*_sources(content), *_cautions(content), *_wording(content), *_turns(content), *_replies(content)]


def _sentences(content: Content) -> Iterator[tuple[str, Sentence]]:
    """Every health sentence with the place it stands."""
    yield "disclaimer", content.article.disclaimer
    yield "doctor_reminder", content.article.doctor_reminder
    for entry in content.article.entries:
        yield f"{entry.id}: gist", entry.gist
        for number, step in enumerate(entry.steps, 1):
            yield f"{entry.id}: step {number}", step
    for name, sentences in content.safety.replies.items():
        for sentence in sentences:
            yield f"safety reply {name}", sentence


def _sources(content: Content) -> Iterator[str]:
    for place, sentence in _sentences(content):
        layer, _, name = sentence.source.partition(":")
        if layer == "safety" and name not in content.safety.sources:
            yield f"{place}: source {sentence.source!r} is unknown; add {name!r} under 'sources' in safety.yaml"
    for flag in content.safety.flags:
        for source in flag.source.split():
            layer, _, name = source.partition(":")
            if layer != "article" and name not in content.safety.sources:
                yield f"{flag.id}: source {source!r} is unknown; add {name!r} under 'sources' in safety.yaml"


def _cautions(content: Content) -> Iterator[str]:
    for entry in content.article.entries:
        for caution in entry.cautions:
            if caution.reply not in content.safety.replies:
                yield f"{entry.id}: caution {caution.reply!r} doesn't exist; add it under 'replies' in safety.yaml"


def _wording(content: Content) -> Iterator[str]:
    for place, sentence in _sentences(content):
        found = FORBIDDEN.search(sentence.text)
        if found:
            yield f"{place}: says {found[0]!r}; say what the article says, not what a person has or needs"


def _turns(content: Content) -> Iterator[str]:
    for entry in content.article.entries:
        for number in range(1, len(entry.steps) + 1):
            words = _turn_words(content, entry, number)
            if words > MAX_TURN_WORDS:
                yield f"{entry.id}: turn {number} is {words} words; cut it to {MAX_TURN_WORDS} or fewer"
    for flag in content.safety.flags:
        words = sum(_words(sentence.text) for sentence in content.safety.replies[flag.reply])
        if words > MAX_ALARM_WORDS:
            yield f"safety reply {flag.reply}: {words} words; cut it to {MAX_ALARM_WORDS}"


def _turn_words(content: Content, entry: Entry, number: int) -> int:
    """Words of the longest turn that can hold this step (from 1), everything that may stand around it included."""
    replies = content.commands.replies
    words = _words(replies["step-of"][0]) + _words(entry.steps[number - 1].text)
    words += sum(
        _words(sentence.text)
        for caution in entry.cautions
        if caution.before_step == number
        for sentence in content.safety.replies.get(caution.reply, ())
    )
    if number == 1:
        words += _words(entry.gist.text) + _words(replies["next-hint"][0])
    if entry.doctor_reminder and number in (1, len(entry.steps)):
        words += _words(content.article.doctor_reminder.text)
    return words


def _replies(content: Content) -> Iterator[str]:
    for name in REPLIES_NEEDED.split():
        if name not in content.commands.replies:
            yield f"commands.yaml: reply {name!r} is missing; add it under 'replies'"


def _words(text: str) -> int:
    return len(text.split())
