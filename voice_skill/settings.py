"""What a user or an installer can set, from (strongest first) the command line, VOICE_SKILL_* variables, a TOML file.

The file is `settings.toml` in the user's configuration folder; `voice-skill model use NAME` writes to it.
Not for values that only developers change: those are constants in the module that uses them.
"""

from __future__ import annotations

import locale
import os
import re
import sys
from pathlib import Path
from typing import Any, Literal

import platformdirs
import tomli_w
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from voice_skill.article.schema import Region
from voice_skill.errors import MissingPartError, UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

APP = "voice-skill"
CHECKOUT = Path(__file__).resolve().parent.parent
CONTENT_DIR = CHECKOUT / "content"
BUNDLED_MODELS_DIR = CHECKOUT / "models"

_REGION_BY_COUNTRY: dict[str, Region] = {"US": "US", "PR": "US", "CA": "US", "GB": "UK"}
# The European Union, and those neighbours where 112 is answered as well.
_EU_COUNTRIES = "AT BE BG HR CY CZ DE DK EE ES FI FR GR HU IE IT LT LU LV MT NL PL PT RO SE SI SK CH IS LI NO"


def settings_file() -> Path:
    """Where settings are kept: VOICE_SKILL_CONFIG, or `settings.toml` in the user's configuration folder."""
    override = os.environ.get("VOICE_SKILL_CONFIG")
    return Path(override) if override else platformdirs.user_config_path(APP) / "settings.toml"


class Settings(BaseSettings):
    """Everything that can be set. Each field can come from `VOICE_SKILL_<FIELD>` or from the settings file."""

    model_config = SettingsConfigDict(env_prefix="VOICE_SKILL_", extra="forbid", frozen=True)

    model: str = Field("auto", description="speech model: a name of models/manifest.toml, or auto")
    microphone: str | None = Field(None, description="part of the microphone's name; the system's default when unset")
    speaker: str | None = Field(None, description="part of the speaker's name; the system's default when unset")
    listen: Literal["open", "push"] = Field("open", description="open microphone, or press space to talk")
    voice: str | None = Field(None, description="id of a pyttsx3 voice")
    rate: int = Field(150, ge=80, le=450, description="words per minute")
    volume: float = Field(0.8, ge=0.2, le=1.0, description="loudness of the voice, 0.2-1.0 of full scale")
    end_silence_ms: int = Field(800, ge=300, le=3000, description="silence that ends an utterance, ms")
    take_your_time: bool = Field(False, description="wait two seconds before an utterance counts as over")
    barge_in: Literal["speaker", "headphones", "off"] = Field(
        "speaker",
        description="commands while it speaks: over a loudspeaker (its echo is taken out), headphones, or not",
    )
    region: Region | None = Field(None, description="whose emergency numbers: US, UK, EU; from the locale when unset")
    kiosk: bool = Field(False, description="a public device: needs a region, and a visit ends after a minute")
    port: int = Field(8765, ge=0, le=65535, description="where the kiosk's page is served; 0 takes a free one")
    muted_after_s: int = Field(
        10, ge=0, description="a kiosk's microphone that sends nothing but zeros for so long is switched off; 0: never"
    )
    buttons: bool | dict[str, int] = Field(
        False, description="push buttons: true for the usual pins, or a BCM number for each (docs/kiosk.md)"
    )
    data_dir: Path = Field(default_factory=lambda: platformdirs.user_data_path(APP), description="installed models")
    cache_dir: Path = Field(default_factory=lambda: platformdirs.user_cache_path(APP), description="rendered sentences")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, then environment, then the settings file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_file())


def load_settings(**overrides: Any) -> Settings:
    """The settings in force; `overrides` that are None count as unset. Raises UsageError naming the bad field."""
    given = {name: value for name, value in overrides.items() if value is not None}
    path = settings_file()
    try:
        return Settings(**given)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, error) from None
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}", fix="check its permissions") from None
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        known = ", ".join(Settings.model_fields)
        raise UsageError(
            f"setting {field!r}: {problem['msg']} (given: {problem['input']!r})",
            fix=f"look in {path} and for VOICE_SKILL_{field.upper()} in the environment; settings are: {known}",
        ) from None


def save_setting(name: str, value: str | None) -> Path:
    """Write one setting to the settings file (None removes it), keeping the others; returns the file's path.

    Raises UsageError when the file is no valid TOML, or can't be written.
    """
    path = settings_file()
    try:
        kept: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, error) from None
    kept.pop(name, None)
    if value is not None:
        kept[name] = value
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.write_text(tomli_w.dumps(kept), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: can't be written: {error.strerror}", fix="check its permissions") from None
    return path


def _not_toml(path: Path, error: tomllib.TOMLDecodeError) -> UsageError:
    return UsageError(f"{path}: not valid TOML: {error}", fix=f"correct the file, or remove it: rm '{path}'")


def region_of(settings: Settings) -> Region:
    """The region whose emergency numbers are spoken: as set, else by the locale's country, else "generic".

    Raises MissingPartError for a kiosk without a region: strangers must not get numbers that were guessed.
    """
    if settings.region is not None:
        return settings.region
    if settings.kiosk:
        raise MissingPartError(
            "A kiosk doesn't guess whose emergency numbers to name, and its region isn't set.",
            fix="set it: voice-skill region US, UK or EU (generic where none of these is right)",
        )
    return region_of_locale(locale_name())


def locale_name() -> str:
    """The locale that the system runs in, e.g. "en_GB.UTF-8"; "" when there is none."""
    return os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""


def region_of_locale(name: str) -> Region:
    """The region of a locale's country, "generic" when it names none or one that has no numbers in `safety.yaml`."""
    country = re.split("[.@]", name)[0].partition("_")[2].upper()
    return "EU" if country and country in _EU_COUNTRIES.split() else _REGION_BY_COUNTRY.get(country, "generic")
