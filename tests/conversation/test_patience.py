"""How long it waits for more words."""

from __future__ import annotations

import pytest

from voice_skill.patience import AFTER_COMMAND_MS, AFTER_SENTENCE_MS, IN_MID_SENTENCE_MS, Patience
from voice_skill.settings import Settings
from voice_skill.skill import Visit, build_skill

SETTINGS = Settings(region="US")


@pytest.fixture(scope="module")
def patience():
    skill = build_skill("US")
    return Patience(SETTINGS, skill, Visit(skill, SETTINGS))


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("stop", AFTER_COMMAND_MS),
        ("say that again please", AFTER_COMMAND_MS),
        ("my toes are cramping", AFTER_SENTENCE_MS),
        ("what causes foot cramps", AFTER_SENTENCE_MS),
        ("is this private", AFTER_SENTENCE_MS),
        ("my", IN_MID_SENTENCE_MS),
        ("does heat um", IN_MID_SENTENCE_MS),
        ("my toes are cramping and", IN_MID_SENTENCE_MS),
        ("", IN_MID_SENTENCE_MS),
        ("the quick brown fox", SETTINGS.end_silence_ms),
        ("chest pain", SETTINGS.end_silence_ms),
    ],
)
def test_the_words_so_far_decide(patience, text, ms):
    assert patience.ms(text) == ms


def test_what_another_command_begins_with_is_waited_for(patience):
    assert patience.ms("go") > AFTER_COMMAND_MS
