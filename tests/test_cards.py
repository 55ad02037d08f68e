"""The sound devices of one process, on the virtual sound card: what is plugged in later is found; nobody is cut off."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from voice_skill import cards as module
from voice_skill.cards import SoundCards
from voice_skill.errors import DeviceError
from voice_skill.hearing import devices
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.earcons import LISTENING
from voice_skill.speaking.player import Player

pytestmark = pytest.mark.rig


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Linux's list of sound cards, as a file that the test writes."""
    file = tmp_path / "cards"
    file.write_text(" 0 [Headphones]\n")
    monkeypatch.setattr(devices, "CARDS", file)
    return file


@pytest.fixture
def live_in(monkeypatch):
    def live_in(environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return live_in


def noise(seconds):
    return Clip((3000 * np.random.default_rng(7).standard_normal(round(seconds * 8000))).astype(np.int16), 8000)


def frame_of(cards):
    with cards.microphone() as microphone:
        return next(iter(microphone.frames()))


def test_a_microphone_that_is_plugged_in_after_the_start_is_found(virtual_audio, plugged, live_in):
    live_in(virtual_audio.env_without_microphone)
    devices.refresh_devices()
    player = Player()
    cards = SoundCards(None, player)
    try:
        with pytest.raises(DeviceError):
            frame_of(cards)
        live_in(virtual_audio.env)
        with pytest.raises(DeviceError):  # PortAudio has looked a moment ago, and nothing says that it should again
            frame_of(cards)
        plugged.write_text(" 0 [Headphones]\n 1 [USB microphone]\n")
        assert frame_of(cards)
        told = threading.Event()
        player.play([LISTENING], lambda _clips, whole: told.set() if whole else None)
        assert told.wait(10)
    finally:
        player.close()


def test_nobody_is_cut_off_for_it(virtual_audio, plugged):
    player = Player()
    cards = SoundCards(None, player)
    try:
        outcomes = []
        over = threading.Event()
        player.play([noise(3)], lambda clips, whole: (outcomes.append((clips, whole)), over.set()))
        time.sleep(0.5)
        plugged.write_text("another\n")
        assert frame_of(cards)
        assert over.wait(20)
        assert outcomes == [(1, True)]
    finally:
        player.close()


def test_whoever_speaks_meanwhile_waits_for_the_loudspeaker(virtual_audio, monkeypatch):
    player = Player()
    slow = devices.refresh_devices

    def refresh():
        time.sleep(0.5)
        slow()

    monkeypatch.setattr(module, "refresh_devices", refresh)
    monkeypatch.setattr(module, "plugged_in", iter(["before", "after"]).__next__)
    cards = SoundCards(None, player)
    try:
        opening = threading.Thread(target=frame_of, args=(cards,))
        opening.start()
        time.sleep(0.2)
        whole = threading.Event()
        player.play([LISTENING], lambda _clips, all_of_it: whole.set() if all_of_it else None)
        assert whole.wait(10)
        opening.join(10)
    finally:
        player.close()


def test_looking_for_a_loudspeaker_only_interrupts_the_frames(virtual_audio, plugged):
    player = Player()
    cards = SoundCards(None, player)
    frames, over = [0], threading.Event()
    first = threading.Event()

    def listen():
        while not over.is_set():
            with cards.microphone() as microphone:
                for _ in microphone.frames():
                    frames[0] += 1
                    first.set()
                    if over.is_set():
                        return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        assert first.wait(10)
        plugged.write_text("another\n")
        assert cards.mend_speaker()
        before = frames[0]
        deadline = time.monotonic() + 10
        while frames[0] < before + 25:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        over.set()
        thread.join(10)
        player.close()


def test_another_loudspeaker_stands_in_and_leaves_when_the_wanted_one_is_back(virtual_audio, live_in):
    virtual_audio.add_speaker("usb")
    live_in(virtual_audio.add_speaker("jack"))
    devices.refresh_devices()
    lost = threading.Event()
    player = Player("usb", lambda _error: lost.set(), patient=True)
    cards = SoundCards(None, player)
    try:
        virtual_audio.unplug_speaker("usb")
        assert lost.wait(10)
        assert cards.mend_speaker() is False
        assert player.on_other
        assert heard_from(player, virtual_audio, "vspk")
        virtual_audio.plug_in_speaker("usb")
        assert cards.mend_speaker() is True
        assert not player.on_other
        assert heard_from(player, virtual_audio, "usb")
    finally:
        player.close()


def heard_from(player, card, sink):
    with card.record(f"{sink}.monitor") as recording:
        began = time.perf_counter()
        player.play([noise(1)])
        return recording.wait_for_sound(began, timeout=10)


def test_without_patience_no_other_stands_in(virtual_audio, live_in):
    live_in(virtual_audio.add_speaker("usb"))
    virtual_audio.unplug_speaker("usb")
    devices.refresh_devices()
    with pytest.raises(DeviceError):
        Player("usb")
    player = Player("usb", patient=True)
    assert player.on_other
    player.close()


def test_without_any_loudspeaker_a_patient_player_waits_closed(virtual_audio, live_in):
    live_in(virtual_audio.env_without_speaker)
    devices.refresh_devices()
    player = Player(patient=True)
    cards = SoundCards(None, player)
    try:
        assert not player.is_open
        with pytest.raises(DeviceError):
            player.play([LISTENING])
        live_in(virtual_audio.env)
        assert cards.mend_speaker()  # PortAudio knows no loudspeaker at all: it looks again
        assert player.is_open
    finally:
        player.close()
