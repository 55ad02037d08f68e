import os
import subprocess
import sys
import textwrap

import pytest

from voice_skill.errors import EXIT_MISSING_PART, DeviceError
from voice_skill.speaking import devices
from voice_skill.speaking.devices import OutputDevice, find_output, list_outputs
from voice_skill.speaking.player import Player

DEVICES = (
    OutputDevice(0, "HDA Intel PCH: ALC257 (hw:0,0)", 2, 44_100, False),
    OutputDevice(1, "HDMI 0 (hw:0,3)", 8, 48_000, False),
    OutputDevice(2, "HDMI 1 (hw:0,7)", 8, 48_000, False),
    OutputDevice(3, "HDMI", 2, 48_000, False),
    OutputDevice(4, "default", 32, 44_100, True),
)


@pytest.mark.parametrize(
    ("name", "index"),
    [(None, 4), ("default", 4), ("alc257", 0), ("hdmi", 3), ("HDMI 1", 2), ("HDMI 0 (hw:0,3)", 1)],
)
def test_a_device_is_found_by_its_name_or_a_part_that_only_it_has(monkeypatch, name: str | None, index: int):
    monkeypatch.setattr(devices, "list_outputs", lambda: DEVICES)
    assert find_output(name).index == index


@pytest.mark.parametrize(
    ("name", "problem", "choices"),
    [
        ("bluetooth", "no loudspeaker 'bluetooth'", ["ALC257", "'HDMI'", "'default'"]),
        ("hw:0", "Several loudspeakers match 'hw:0'", ["ALC257", "HDMI 0", "HDMI 1"]),
    ],
)
def test_an_unclear_name_is_refused_and_the_choices_are_named(monkeypatch, name: str, problem: str, choices: list[str]):
    monkeypatch.setattr(devices, "list_outputs", lambda: DEVICES)
    with pytest.raises(DeviceError, match=problem) as refusal:
        find_output(name)
    assert all(choice in refusal.value.fix for choice in choices)


def test_without_a_default_the_first_device_serves(monkeypatch):
    monkeypatch.setattr(devices, "list_outputs", lambda: DEVICES[:2])
    assert find_output(None).index == 0


def test_a_machine_without_a_sound_card_has_no_outputs():
    assert list_outputs() == ()
    with pytest.raises(DeviceError, match="no loudspeaker") as refusal:
        Player()
    assert refusal.value.exit_code == EXIT_MISSING_PART


def test_a_missing_portaudio_is_told_with_its_remedy():
    code = """
        import ctypes.util
        ctypes.util.find_library = lambda name: None
        from voice_skill.errors import MissingPartError
        from voice_skill.speaking.player import Player
        try:
            Player()
        except MissingPartError as error:
            print(error.exit_code, error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith(str(EXIT_MISSING_PART))
    assert "sudo apt-get install -y libportaudio2" in done.stdout
    assert done.stderr == ""


def test_the_room_can_be_entered_without_sound_libraries():
    code = """
        import sys
        import voice_skill.speaking.player, voice_skill.speaking.cache, voice_skill.speaking.earcons
        assert not {"sounddevice", "pyttsx3"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], timeout=60, check=True)
