"""Rules between the content files; and how easy the sentences are to follow."""

from __future__ import annotations

import pytest
import textstat

from voice_skill.article.lint import lint
from voice_skill.article.loader import load_content
from voice_skill.article.schema import Sentence
from voice_skill.conversation.replies import Replies
from voice_skill.settings import CONTENT_DIR
from voice_skill.speaking.pronounce import pronounce

CONTENT = load_content(CONTENT_DIR)
MAX_GRADE = 6.0  # what a twelve-year-old can follow: reference U5


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
        (with_step("You have a blood clot."), "You have a"),
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


def grade(text):
    """As it is spoken; the formula's dictionary knows no compounds with hyphens."""
    return textstat.flesch_kincaid_grade(pronounce(text).replace("-", " "))


@pytest.mark.parametrize("region", ["US", "UK", "EU", "generic"])
def test_every_reply_is_easy_to_follow_and_has_no_holes(region):
    """A grade per turn would hide a hard sentence; single sentences are too short for the formula: take each entry."""
    replies = Replies(CONTENT, region)
    for prompt in replies.all_prompts():
        assert "{" not in prompt.text
    for entry in CONTENT.article.entries:
        text = " ".join([entry.gist.text, *(step.text for step in entry.steps)])
        assert grade(text) <= MAX_GRADE, entry.id
    for name in CONTENT.safety.replies:
        text = " ".join(prompt.text for prompt in replies.safety(name))
        assert grade(text) <= MAX_GRADE, (name, text)
