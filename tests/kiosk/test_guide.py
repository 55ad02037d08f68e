"""docs/kiosk.md says what the program does: its pins, its files, and the article's own words on the card."""

from __future__ import annotations

import re
from pathlib import Path

from voice_skill.article.loader import load_content
from voice_skill.conversation.replies import Replies
from voice_skill.kiosk.buttons import DEFAULT_PINS
from voice_skill.settings import CONTENT_DIR, tomllib

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/kiosk.md").read_text(encoding="utf-8")


def test_the_card_has_the_steps_and_safety_notes_word_for_word():
    card = GUIDE.split("## Card")[1].split("## ")[0]
    replies = Replies(load_content(CONTENT_DIR), "UK")
    entry = replies.entries["relief-now"]
    for number, step in enumerate(entry.steps, 1):
        assert f"> {number}. {step.text}" in card
    for caution in entry.cautions:
        assert all(prompt.text in card for prompt in replies.safety(caution.reply))
    assert replies.reminder().text in card


def test_its_pins_are_the_usual_ones():
    example = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)[0]
    assert tomllib.loads(example)["buttons"] == DEFAULT_PINS


def test_what_it_names_exists():
    for service in re.findall(r"voice-skill-(?:kiosk|screen)", GUIDE):
        assert (ROOT / "kiosk" / f"{service}.service").exists()
    assert (ROOT / "scripts/install-kiosk").exists()
