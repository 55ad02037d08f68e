"""Every string of the page has its spoken twin, and is as plain as what is said."""

from __future__ import annotations

import re

import pytest
import textstat
from scenes import BOOKLET, SKILL, WORDS

from voice_skill.article.lint import FORBIDDEN
from voice_skill.article.schema import COMMAND_IDS, MAX_STEP_WORDS, REQUEST_IDS
from voice_skill.errors import ContentError
from voice_skill.events import Hypothesis
from voice_skill.kiosk.booklet import STATIC
from voice_skill.kiosk.words import SCREEN_FILE, load_words
from voice_skill.settings import CONTENT_DIR
from voice_skill.speaking.pronounce import pronounce
from voice_skill.understanding.interpret import Context
from voice_skill.understanding.normalize import normalize

SHOWN = {
    f"{group}.{name}": shown
    for group in ("states", "buttons", "texts")
    for name, shown in getattr(WORDS, group).items()
}
SIGHT_ONLY = {  # what only changes or explains what is seen needs no voice; nothing else may join without thought
    *("buttons.settings", "buttons.text-size", "buttons.contrast"),
    *("texts.name", "texts.idle-hand", "texts.log", "texts.you", "texts.me", "texts.volume", "texts.rate"),
    *("texts.actions", "texts.version"),
}


def words_of(text):
    return set(re.findall(r"[a-z0-9']+", text.lower()))


def reply(name):
    own = SKILL.content.commands.replies
    prompts = SKILL.replies.own(name, first="", second="") if name in own else SKILL.replies.safety(name)
    return " ".join(prompt.text for prompt in prompts)


@pytest.mark.parametrize("name", [name for name, shown in SHOWN.items() if shown.said])
def test_what_is_shown_is_said(name):
    assert words_of(BOOKLET.word(name)) <= words_of(reply(SHOWN[name].said))


@pytest.mark.parametrize("name", [name for name, shown in SHOWN.items() if shown.say])
def test_whoever_says_the_words_on_a_button_gets_what_it_does(name):
    shown = SHOWN[name]
    context = Context(in_steps=True, awaiting="yes-no" if shown.say in ("yes", "no") else "nothing", entry="heat")
    understood = SKILL.understanding.interpret((Hypothesis(normalize(shown.text)),), context)
    found = understood.match
    meant = {understood.request, found.entry}
    if {found.entry, found.runner_up} == {"next", "resume"}:  # "go on" is both: the conversation knows which
        meant |= {"next", "resume"}
    assert shown.say in meant


def test_a_button_is_named_after_what_it_does():
    for name, shown in WORDS.buttons.items():
        assert name not in (*COMMAND_IDS, *REQUEST_IDS) or shown.say == name


def test_only_what_is_for_the_eye_has_no_voice():
    assert {name for name, shown in SHOWN.items() if shown.sight} == SIGHT_ONLY


def test_a_drawing_shows_no_more_than_each_of_its_steps_says():
    for drawing in WORDS.drawings.values():
        for step in drawing.steps:
            entry, number = step.split()
            said = SKILL.replies.entries[entry].steps[int(number) - 1].text
            assert words_of(drawing.alt) <= words_of(said), step


def test_each_drawing_and_icon_exists():
    drawn = (STATIC / "drawings.svg").read_text() + (STATIC / "icons.svg").read_text()
    for name in WORDS.drawings:
        assert f'id="drawing-{name}"' in drawn
    for state in WORDS.states:
        assert f'id="icon-{state}"' in drawn
    for used in re.findall(r'href="#(icon-[\w-]+)"', (STATIC / "index.html").read_text()):
        assert f'id="{used}"' in drawn


def test_no_word_of_the_page_is_written_anywhere_else():
    """The template has slots only, so that no string escapes the tests above."""
    html = re.sub(r"\{\{[^}]+\}\}|<[^>]+>|\b0:00\b", " ", (STATIC / "index.html").read_text())
    assert not re.findall(r"[A-Za-z]{2,}", html)
    for script in STATIC.glob("*.js"):
        code = re.sub(r"//.*", "", script.read_text())
        assert not re.findall(r"textContent = [\"'`]\w", code), script.name


def test_every_string_is_used():
    used = (STATIC / "index.html").read_text() + (STATIC / "draw.js").read_text()
    for name in ("buttons", "texts"):
        for key in getattr(WORDS, name):
            assert f"{{{{{name}.{key}}}}}" in used or key in ("yes", "no", "me", "you", "down", "ask"), key


@pytest.mark.parametrize("name", SHOWN)
def test_strings_are_short_and_plain(name):
    text = BOOKLET.word(name)
    assert len(text.split()) <= MAX_STEP_WORDS
    assert not FORBIDDEN.search(text)


def test_the_page_reads_easily():
    sentences = [BOOKLET.word(name).rstrip(".:") + "." for name in SHOWN if name != "texts.version"]
    assert textstat.flesch_kincaid_grade(pronounce(" ".join(sentences)).replace("-", " ")) <= 6


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("states:\n  idle: {text: Here}", "one twin"),
        ("states: {idle: {text: Here, say: next, sound: tone}}", "one twin"),
        ("states: {idle: {text: Here, say: dance}}", "no command"),
        ("states: {idle: {text: Here, sound: tone}}\nbuttons: {}\ntexts: {}\ndrawings: {}", "without a word"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path, broken, named):
    (tmp_path / SCREEN_FILE).write_text(broken)
    with pytest.raises(ContentError, match=named):
        load_words(tmp_path)


def test_the_installed_file_is_sound():
    assert load_words(CONTENT_DIR) == WORDS
