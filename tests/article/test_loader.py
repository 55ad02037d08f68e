"""Content files: what is broken is named with file, line and what to write instead."""

from __future__ import annotations

import shutil

import pytest

from voice_skill.article import loader
from voice_skill.article.loader import ARTICLE_FILE, COMMANDS_FILE, SAFETY_FILE, load_content
from voice_skill.article.schema import COMMAND_IDS, ENTRY_IDS
from voice_skill.errors import ContentError
from voice_skill.settings import CONTENT_DIR


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "content"
    shutil.copytree(CONTENT_DIR, copy)
    return copy


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_real_content_loads_and_is_complete():
    content = load_content(CONTENT_DIR)
    assert tuple(entry.id for entry in content.article.entries) == ENTRY_IDS
    assert {command.id for command in content.commands.commands} == set(COMMAND_IDS)
    assert content.article.entry("heat").title


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("text: Lay a warm pack on the cramped spot.", "text: " + "word " * 21 + "end.", "at most 20"),
        ("text: Lay a warm pack on the cramped spot.", "text: Lay a warm pack on the cramped spot", "full stop"),
        ('source: "article:shoes"', 'source: "the internet"', "write 'article:<section>'"),
        ("  - id: heat\n", "  - id: heet\n", "write one of: relief-now"),
        ("    counted_as: Step\n", "    counted_as: Stepp\n", "'Step' or 'Part'"),
        ("    title: A warm pack\n", "    titel: A warm pack\n", "correct its spelling"),
        ("      - when to get help\n", "      - When to get help\n", "lower case"),
        ("{before_step: 1, reply: caution-heat}", "{before_step: 9, reply: caution-heat}", "there are 3 steps"),
    ],
)
def test_a_broken_rule_names_file_line_and_mend(folder, old, new, says):
    path = folder / ARTICLE_FILE
    line = edit(path, old, new)
    with pytest.raises(ContentError) as caught:
        load_content(folder)
    message = str(caught.value)
    assert says in message
    named = [int(part.split(":")[1]) for part in message.splitlines() if part.startswith(str(path))]
    entry_start = max(i for i, text in enumerate(path.read_text().splitlines()[:line], 1) if text.startswith("  - id"))
    assert any(entry_start <= number <= line for number in named), message


def test_a_yaml_error_names_its_line(folder):
    path = folder / COMMANDS_FILE
    path.write_text("commands:\n  - id: [stop\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"commands\.yaml:3: not valid YAML"):
        load_content(folder)


def test_yes_without_quotes_is_explained(folder):
    edit(folder / COMMANDS_FILE, '- id: "yes"', "- id: yes")
    with pytest.raises(ContentError, match="put quotes around it"):
        load_content(folder)


def test_a_missing_and_an_unreadable_file(folder):
    (folder / SAFETY_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContentError, match=r"safety\.yaml:1: can't be read"):
        load_content(folder)
    (folder / SAFETY_FILE).unlink()
    with pytest.raises(ContentError, match=r"safety\.yaml:1: can't be read"):
        load_content(folder)


def test_an_empty_file_says_so(folder):
    (folder / ARTICLE_FILE).write_text("", encoding="utf-8")
    with pytest.raises(ContentError, match=r"exploring-foot-cramps\.yaml:1:"):
        load_content(folder)


def test_missing_and_double_entries(folder):
    path = folder / ARTICLE_FILE
    edit(path, "  - id: heat\n", "  - id: massage\n")
    with pytest.raises(ContentError, match="given twice: massage"):
        load_content(folder)


def test_it_works_without_the_c_yaml_library(monkeypatch):
    import yaml

    monkeypatch.setattr(loader, "_FastLoader", yaml.SafeLoader)
    assert loader.load_file(CONTENT_DIR / COMMANDS_FILE, loader.Commands).commands


def test_the_cache_gives_the_same_content_and_notices_every_change(folder, tmp_path):
    cache = tmp_path / "cache"
    first = load_content(folder, cache)
    assert load_content(folder, cache) == first
    edit(folder / ARTICLE_FILE, "title: A warm pack", "title: A warm cloth")
    assert load_content(folder, cache).article.entry("heat").title == "A warm cloth"
    assert len(list(cache.glob("content-*"))) == 1
    edit(folder / ARTICLE_FILE, "  - id: heat\n", "  - id: heet\n")
    with pytest.raises(ContentError):
        load_content(folder, cache)


@pytest.mark.parametrize("damage", [b"", b"no pickle", b"\x80\x05N."])
def test_a_damaged_or_unwritable_cache_is_ignored(folder, tmp_path, damage):
    cache = tmp_path / "cache"
    first = load_content(folder, cache)
    (kept,) = cache.glob("content-*")
    kept.write_bytes(damage)
    assert load_content(folder, cache) == first
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert load_content(folder, blocked / "cache") == first
