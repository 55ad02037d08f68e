"""`voice-skill content check` as an author meets it: errors end with 1, warnings alone don't."""

from __future__ import annotations

import shutil

import pytest
import yaml
from test_cli import run

from voice_skill.article.loader import ARTICLE_FILE, COMMANDS_FILE, LEXICON_FILE
from voice_skill.settings import CONTENT_DIR

# Recall comes before precision: a red flag may take some phrases, and few of the thousands are ambiguous.
MOST_ALARMING, MOST_AMBIGUOUS = 80, 10


def warnings_of(done):
    return [line for line in done.stderr.splitlines() if line.startswith("warning: ")]


@pytest.fixture
def folder(tmp_path):
    """The content with few phrases, so that it is checked quickly."""
    folder = tmp_path / "content"
    shutil.copytree(CONTENT_DIR, folder)
    change(folder, ARTICLE_FILE, lambda data: [e.update(phrases=e["phrases"][:8]) for e in data["entries"]])
    change(folder, COMMANDS_FILE, lambda data: [c.update(phrases=c["phrases"][:2]) for c in data["commands"]])
    change(folder, LEXICON_FILE, lambda data: data.update(phrases={}))
    return folder


def change(folder, name, edit):
    data = yaml.safe_load((folder / name).read_text())
    edit(data)
    (folder / name).write_text(yaml.safe_dump(data))


def add_phrases(folder, entry_id, *phrases):
    def edit(data):
        next(entry for entry in data["entries"] if entry["id"] == entry_id)["phrases"].extend(phrases)

    change(folder, ARTICLE_FILE, edit)


def test_each_warning_is_shown_and_none_is_an_error(folder):
    add_phrases(folder, "footwear", "zeppelinish shoes", "next step", "massage my toes", "i have chest pain")
    done = run("content", "check", folder)
    assert done.returncode == 0
    warned = [line for line in warnings_of(done) if "footwear" in line]
    few, shared, unknown, *stolen = warned
    assert "footwear: 12 different phrases" in few
    assert '"next step" also stands in footwear' in shared
    assert "'zeppelinish' is unknown to the model foot-care-en" in unknown
    assert 'footwear: "zeppelinish shoes"' in unknown
    assert 'it may write "' in unknown
    assert [line.split('"')[1] for line in stolen] == ["next step", "massage my toes", "i have chest pain"]
    assert "is taken for next" in stolen[0]
    assert "is taken for massage" in stolen[1]
    assert "RF-E1" in stolen[2]
    assert done.stdout.startswith("ok: 17 entries")
    assert done.stdout.endswith(f"; {len(warnings_of(done))} warnings\n")


def test_without_the_model_the_rest_is_checked(folder):
    add_phrases(folder, "footwear", "zeppelinish shoes", "how do i massage my foot")
    done = run("content", "check", folder, env={"VOICE_SKILL_MODEL": "vosk-model-small-en-us-0.15"})
    assert done.returncode == 0
    (missing,) = [line for line in warnings_of(done) if "can't be heard" in line]
    assert "isn't installed" in missing
    assert "voice-skill model install vosk-model-small-en-us-0.15" in missing
    assert any("is taken for massage" in line for line in warnings_of(done))
    assert "zeppelinish' is unknown" not in done.stderr


def test_broken_rules_stay_errors_beside_warnings(folder):
    change(folder, COMMANDS_FILE, lambda data: data["replies"].pop("help"))
    done = run("content", "check", folder)
    assert done.returncode == 1
    assert "reply 'help' is missing" in done.stderr.splitlines()[0]
    assert warnings_of(done)
    assert done.stdout == ""


def test_a_missing_file_is_named(tmp_path):
    done = run("content", "check", tmp_path)
    assert done.returncode == 1
    assert "exploring-foot-cramps.yaml:1" in done.stderr


def test_the_real_content_passes_with_few_warnings():
    done = run("content", "check")
    assert done.returncode == 0, done.stderr
    warned = warnings_of(done)
    alarming = [line for line in warned if "raises the red flag" in line]
    ambiguous = [line for line in warned if "is taken for" in line]
    assert sorted(warned) == sorted([*alarming, *ambiguous]), "no word is unknown, no phrase is in two places"
    assert len(alarming) <= MOST_ALARMING
    assert len(ambiguous) <= MOST_AMBIGUOUS
