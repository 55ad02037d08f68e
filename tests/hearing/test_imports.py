"""Typing to the assistant doesn't pay for its ears: heavy parts are loaded only where they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"vosk", "sounddevice", "requests", "pooch", "webrtcvad"}


@pytest.mark.parametrize("module", ["models", "recognizer", "listener", "gate", "files", "microphone", "devices"])
def test_importing_loads_no_heavy_part(module):
    program = f"import sys, voice_skill.hearing.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not HEAVY & set(loaded.split())
