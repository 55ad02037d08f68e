"""What `voice-skill region` says and does: whose emergency numbers are spoken, and where that is settled."""

from __future__ import annotations

import os
from typing import get_args

from voice_skill.article.schema import Region
from voice_skill.errors import UsageError
from voice_skill.settings import Settings, load_settings, locale_name, region_of, save_setting

_VARIABLE = "VOICE_SKILL_REGION"


def describe_region(settings: Settings) -> str:
    """The region in force and where it comes from. Raises MissingPartError for a kiosk without one."""
    region = region_of(settings)
    if settings.region is not None:
        return f"{region} ({_VARIABLE} in the environment)" if os.environ.get(_VARIABLE) else f"{region} (set)"
    if region != "generic":
        return f"{region} (not set: from the locale {locale_name()})"
    return "generic (not set, and the locale names no country whose numbers are known)"


def use_region(name: str) -> str:
    """Write the choice to the settings file. Raises UsageError for a region that doesn't exist."""
    regions = get_args(Region)
    if name not in regions:
        raise UsageError(f"There is no region {name!r}.", fix=f"choose one of: {', '.join(regions)}")
    path = save_setting("region", name)
    line = f"from now on: {name} (written to {path})"
    if load_settings().region != name:
        line += f"\nbut the environment outranks it: {_VARIABLE}={os.environ.get(_VARIABLE)}"
    return line
