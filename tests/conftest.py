"""What every test finds: a machine without sound card, settings or caches; a virtual sound card for those who ask."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig import VirtualAudio, silent_house

_house = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Empty the house before any test module is imported: PortAudio looks for sound cards when it is loaded."""
    house = config.stash[_house] = tempfile.TemporaryDirectory(prefix="voice-skill-tests-")
    for variable in [name for name in os.environ if name.startswith("VOICE_SKILL_")]:
        del os.environ[variable]
    for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
        os.environ[f"XDG_{kind}_HOME"] = str(Path(house.name, kind.lower()))
    os.environ.update(silent_house(Path(house.name)))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the empty house down."""
    config.stash[_house].cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m "not rig"` leaves out what needs the virtual sound card."""
    for item in items:
        if "virtual_audio" in getattr(item, "fixturenames", ()):
            item.add_marker("rig")


@pytest.fixture
def virtual_audio(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualAudio]:
    """A virtual sound card of this test's own, the default of this process and of every program it starts."""
    try:
        card = VirtualAudio()
    except RuntimeError as missing:
        pytest.fail(str(missing), pytrace=False)
    house = {name: os.environ[name] for name in card.env}

    def live_in(environment: dict[str, str]) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    with card:
        live_in(card.env)
        _portaudio("_terminate", "_initialize")
        yield card
        card.thaw()
        _portaudio("_terminate")  # closes what a test left open, while the server can still answer
    live_in(house)  # before monkeypatch is undone: PortAudio aborts where it finds no ALSA configuration at all
    _portaudio("_initialize")


def _portaudio(*steps: str) -> None:
    """Make PortAudio look for sound cards again, where this process has loaded it."""
    if sounddevice := sys.modules.get("sounddevice"):
        for step in steps:
            getattr(sounddevice, step)()
