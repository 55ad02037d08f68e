"""Rules between the content files. What can be said of them is looked at in tests/conversation/test_reply_lint.py."""

from __future__ import annotations

import pytest

from voice_skill.article.lint import lint
from voice_skill.article.loader import load_content
from voice_skill.article.schema import Sentence
from voice_skill.settings import CONTENT_DIR

CONTENT = load_content(CONTENT_DIR)


def test_the_real_content_has_no_findings():
    assert lint(CONTENT) == []


def with_step(text, source="article:heat"):
    entry = CONTENT.article.entry("heat")
    broken = entry.model_copy(update={"steps": (Sentence(text=text, source=source), *entry.steps[1:])})
    entries = tuple(broken if e.id == "heat" else e for e in CONTENT.article.entries)
    return CONTENT.article.model_copy(update={"entries": entries})


@pytest.mark.parametrize(
    ("article", "says"),
    [
        (with_step("Warmth cures it."), "cures"),
        (with_step("You have a blood clot."), "You have"),
        (with_step("Keep it warm.", "safety:nowhere"), "safety:nowhere"),
        (with_step("Put " + "very " * 18 + "warm."), "turn 1 is"),
    ],
)
def test_findings_name_the_place(article, says):
    from dataclasses import replace

    findings = lint(replace(CONTENT, article=article))
    assert any("heat" in finding and says in finding for finding in findings), findings


def test_a_missing_reply_or_caution_is_found():
    from dataclasses import replace

    commands = CONTENT.commands.model_copy(
        update={"replies": {k: v for k, v in CONTENT.commands.replies.items() if k != "help"}}
    )
    assert any("'help' is missing" in finding for finding in lint(replace(CONTENT, commands=commands)))
    safety = CONTENT.safety.model_copy(
        update={"replies": {k: v for k, v in CONTENT.safety.replies.items() if k != "caution-heat"}}
    )
    assert any("caution-heat" in finding for finding in lint(replace(CONTENT, safety=safety)))
