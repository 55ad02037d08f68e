"""Push buttons on gpiozero's mock pins: what they say, bounce, and what is said where there are no pins."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory
from rich.console import Console

from voice_skill.errors import MissingPartError, UsageError
from voice_skill.kiosk import buttons as module
from voice_skill.kiosk.buttons import DEFAULT_PINS, QUIET_S, buttons
from voice_skill.running import push_buttons
from voice_skill.settings import load_settings
from voice_skill.terminal import Screen


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    """A Raspberry Pi's pins."""
    factory = gpiozero.Device.pin_factory = MockFactory()
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = None


@pytest.fixture
def pressed() -> list[str]:
    return []


def push(pin, times=1):
    """Press a button and let it go, with contacts that bounce `times` times."""
    for _ in range(times):
        pin.drive_low()
        pin.drive_high()
    pin.drive_low()
    time.sleep(QUIET_S * 1.5)
    for _ in range(times):
        pin.drive_high()
        pin.drive_low()
    pin.drive_high()
    time.sleep(QUIET_S * 1.5)


def test_every_button_says_its_name(pins, pressed):
    with buttons(DEFAULT_PINS, pressed.append):
        for number in DEFAULT_PINS.values():
            push(pins.pin(number))
    assert pressed == list(DEFAULT_PINS)


def test_a_contact_that_bounces_counts_once(pins, pressed):
    with buttons({"next": 27}, pressed.append):
        for _ in range(3):
            push(pins.pin(27), times=4)
    assert pressed == ["next"] * 3


def test_the_first_touch_counts_at_once(pins, pressed):
    with buttons({"stop": 24}, pressed.append):
        pins.pin(24).drive_low()
        assert pressed == ["stop"]


def test_a_button_that_is_held_down_says_it_once(pins, pressed):
    with buttons({"repeat": 23}, pressed.append):
        pins.pin(23).drive_low()
        time.sleep(0.5)
        pins.pin(23).drive_high()
    assert pressed == ["repeat"]


def test_afterwards_the_pins_are_free_and_silent(pins, pressed):
    with buttons(DEFAULT_PINS, pressed.append):
        pass
    pins.pin(17).drive_low()
    assert pressed == []
    with buttons(DEFAULT_PINS, pressed.append):
        pass


def test_no_buttons_need_no_pins(pressed):
    before = threading.active_count()
    with buttons({}, pressed.append):
        assert threading.active_count() == before


def test_gpiozero_is_loaded_only_for_buttons():
    code = "import sys, voice_skill.running; sys.exit('gpiozero' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("pins_of", "cause"),
    [
        ({"talk": 17, "next": 17}, "next and talk share pin 17"),
        ({"talk": 99}, "'talk' has no pin 99"),
        ({"volume": 17}, "no button 'volume'"),
    ],
)
def test_pins_that_make_no_sense_are_named(pins, pressed, pins_of, cause):
    with pytest.raises(UsageError, match=cause), buttons(pins_of, pressed.append):
        pass
    with buttons(DEFAULT_PINS, pressed.append):  # nothing is left in use
        pass


def test_a_machine_without_pins_is_told_what_to_do(pressed, monkeypatch):
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "native")  # the one that needs no library, only the pins themselves
    with pytest.raises(MissingPartError) as caught, buttons({"talk": 17}, pressed.append):
        pass
    assert "pins can't be opened" in caught.value.cause
    assert "usermod -aG gpio" in caught.value.fix
    assert "settings.toml" in caught.value.fix


def test_a_pin_in_use_is_named(pins, pressed):
    other = gpiozero.LED(17)
    with pytest.raises(MissingPartError, match="Pin 17 of the button 'talk' is in use"), buttons({"talk": 17}, print):
        pass
    other.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", {}), ("buttons = true", DEFAULT_PINS), ("[buttons]\ntalk = 4\nstop = 25", {"talk": 4, "stop": 25})],
)
def test_the_settings_choose_the_pins(tmp_path, monkeypatch, text, expected):
    (tmp_path / "settings.toml").write_text(text)
    monkeypatch.setenv("VOICE_SKILL_CONFIG", str(tmp_path / "settings.toml"))
    seen = []
    monkeypatch.setattr("voice_skill.running.buttons", lambda pins, _press: seen.append(dict(pins)) or nullcontext())
    with push_buttons(load_settings(), Screen(Console(), as_json=False), lambda _name: None):
        pass
    assert seen == [dict(expected)]


def test_the_voice_goes_on_without_pins_and_says_why(monkeypatch, capsys):
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "native")
    monkeypatch.setenv("VOICE_SKILL_BUTTONS", "true")
    with push_buttons(load_settings(), Screen(Console(), as_json=False), lambda _name: None):
        assert "usermod -aG gpio" in capsys.readouterr().err


def test_the_usual_pins_leave_the_buses_alone():
    buses = {*range(2, 4), *range(7, 12), 14, 15, *range(18, 22)}
    assert len(set(module.DEFAULT_PINS.values())) == 7
    assert not buses & set(module.DEFAULT_PINS.values())
