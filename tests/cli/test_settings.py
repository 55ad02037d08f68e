"""Settings: which source wins, and what a wrong one says."""

from __future__ import annotations

import pytest

from voice_skill.errors import UsageError
from voice_skill.settings import load_settings, region_of, save_setting, settings_file


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "settings.toml"
    monkeypatch.setenv("VOICE_SKILL_CONFIG", str(path))
    return path


def test_command_line_then_environment_then_file_then_default(file, monkeypatch):
    assert load_settings().rate == 150
    file.write_text("rate = 130\nvolume = 0.5\n")
    assert load_settings().rate == 130
    monkeypatch.setenv("VOICE_SKILL_RATE", "175")
    assert load_settings().rate == 175
    assert load_settings(rate=200, volume=None).rate == 200
    assert load_settings().volume == 0.5


def test_saving_keeps_the_other_settings(file):
    file.write_text("rate = 130\n")
    save_setting("model", "foot-care-en")
    assert (load_settings().rate, load_settings().model) == (130, "foot-care-en")
    save_setting("model", None)
    assert load_settings().model == "auto"
    assert settings_file() == file


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rate = 5", "'rate'"),
        ("rates = 150", "'rates'"),
        ("region = 'Mars'", "'region'"),
        ("rate = [", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_the_way_out(file, text, says):
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert says in caught.value.cause
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("locale", "region"),
    [("en_US.UTF-8", "US"), ("en_GB.UTF-8", "UK"), ("de_DE", "EU"), ("fr_CA.UTF-8", "US"), ("C.UTF-8", "generic")],
)
def test_the_region_follows_the_locale_unless_set(file, monkeypatch, locale, region):
    monkeypatch.setenv("LC_ALL", locale)
    assert region_of(load_settings()) == region
    assert region_of(load_settings(region="UK")) == "UK"
