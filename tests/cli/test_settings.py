"""Settings: which source wins, and what a wrong one says."""

from __future__ import annotations

import pytest

from voice_skill.errors import MissingPartError, UsageError
from voice_skill.region_command import describe_region, use_region
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


def test_saving_over_a_broken_file_names_it(file):
    file.write_text("rate = [")
    with pytest.raises(UsageError, match="not valid TOML"):
        save_setting("region", "UK")
    assert file.read_text() == "rate = ["


@pytest.mark.parametrize(
    ("locale", "region"),
    [
        ("en_US.UTF-8", "US"),
        ("es_PR.UTF-8", "US"),
        ("fr_CA.UTF-8", "US"),
        ("en_GB.UTF-8", "UK"),
        ("de_DE", "EU"),
        ("de_DE@euro", "EU"),
        ("en_IE.UTF-8", "EU"),
        ("de_CH.UTF-8", "EU"),  # 112 is answered there as well
        ("nb_NO.UTF-8", "EU"),
        ("en_AU.UTF-8", "generic"),  # 000, which the content doesn't have
        ("en_NZ.UTF-8", "generic"),
        ("en_IN.UTF-8", "generic"),
        ("C.UTF-8", "generic"),
    ],
)
def test_the_region_follows_the_locale_unless_set(file, monkeypatch, locale, region):
    monkeypatch.setenv("LC_ALL", locale)
    assert region_of(load_settings()) == region
    assert region_of(load_settings(region="UK")) == "UK"


def test_a_kiosk_does_not_guess(file, monkeypatch):
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    with pytest.raises(MissingPartError) as caught:
        region_of(load_settings(kiosk=True))
    assert caught.value.exit_code == 3
    assert "voice-skill region" in caught.value.fix


def test_a_kiosk_takes_a_region_from_option_environment_or_file(file, monkeypatch):
    monkeypatch.setenv("VOICE_SKILL_KIOSK", "1")
    assert region_of(load_settings(region="UK")) == "UK"
    file.write_text("region = 'generic'\n")
    assert region_of(load_settings()) == "generic"
    monkeypatch.setenv("VOICE_SKILL_REGION", "EU")
    assert region_of(load_settings()) == "EU"


def test_the_region_says_where_it_comes_from(file, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert "generic (not set" in describe_region(load_settings())
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert describe_region(load_settings()) == "UK (not set: from the locale en_GB.UTF-8)"
    assert use_region("US") == f"from now on: US (written to {file})"
    assert describe_region(load_settings()) == "US (set)"
    monkeypatch.setenv("VOICE_SKILL_REGION", "EU")
    assert describe_region(load_settings()) == "EU (VOICE_SKILL_REGION in the environment)"


def test_a_region_that_the_environment_outranks_is_said(file, monkeypatch):
    monkeypatch.setenv("VOICE_SKILL_REGION", "EU")
    assert "VOICE_SKILL_REGION=EU" in use_region("UK")
    assert "UK" in file.read_text()


def test_a_wrong_region_in_the_file_is_mended(file):
    file.write_text("region = 'Mars'\nrate = 130\n")
    use_region("UK")
    assert (load_settings().region, load_settings().rate) == ("UK", 130)


def test_a_region_that_does_not_exist_changes_nothing(file):
    with pytest.raises(UsageError, match="'Mars'") as caught:
        use_region("Mars")
    assert "US, UK, EU, generic" in caught.value.fix
    assert not file.exists()
