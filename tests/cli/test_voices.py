"""`voice-skill voices`: what there is, a sample, and a choice that lasts."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from voice_skill.settings import load_settings
from voice_skill.voice_commands import play_sample


@pytest.fixture
def voices(tmp_path):
    """Runs the command with a settings file of its own."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "voice_skill", "voices", *arguments],
            env=os.environ | {"VOICE_SKILL_CONFIG": str(tmp_path / "settings.toml")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_english_voices_are_listed_and_the_one_in_use_is_marked(voices):
    listed = [json.loads(line) for line in voices("--json").stdout.splitlines()]
    assert [voice["id"] for voice in listed if voice["used"]] == ["gmw/en-us"]
    assert all(any(language.startswith("en") for language in voice["languages"]) for voice in listed)
    every = voices("--all").stdout.splitlines()
    assert len(every) > len(listed) + 50
    assert any(line.startswith("* gmw/en-us") for line in every)


def test_a_choice_lasts_and_can_have_a_variant_and_a_rate(voices):
    done = voices("gmw/en-us+f3", "--rate", "130")
    assert "from now on: gmw/en-us+f3 at 130 words per minute" in done.stdout
    assert "* gmw/en-us+f3" in voices().stdout


@pytest.mark.parametrize(("arguments", "cause"), [(["klingon"], "no voice 'klingon'"), (["en-us", "--rate", "9"], "9")])
def test_what_cannot_be_spoken_is_refused_and_nothing_changes(voices, arguments, cause):
    done = voices(*arguments)
    assert done.returncode != 0
    assert cause in done.stderr
    assert "->" in done.stderr
    assert "* gmw/en-us" in voices().stdout


def test_a_sample_without_a_loudspeaker_says_so(voices):
    done = voices("--sample")
    assert done.returncode == 0
    assert "No sample" in done.stdout


def test_a_sample_is_heard(virtual_audio):
    with virtual_audio.record() as recording:
        import time

        begin = time.perf_counter()
        assert play_sample(load_settings(), "en-gb-scotland", 150).startswith("Let's")
        assert recording.onset_after(begin) is not None
