"""The microphone on a virtual sound card: what is heard, and every way it can be lost."""

from __future__ import annotations

import ctypes.util
import queue
import sys
import threading
import time

import numpy as np
import pytest

from voice_skill.errors import EXIT_MISSING_PART, DeviceError, MissingPartError
from voice_skill.hearing import devices
from voice_skill.hearing.devices import SoundDevice, find_input, list_devices, refresh_devices
from voice_skill.hearing.frames import FRAME_BYTES, level_dbfs
from voice_skill.hearing.listener import Listener
from voice_skill.hearing.microphone import Inbox, Microphone
from voice_skill.hearing.recognizer import Final

QUESTION = "my toes are cramping what should i do"
rig = pytest.mark.rig


def until(microphone, condition, limit_s=20.0):
    """The frames up to the first that fulfils a condition."""
    deadline = time.monotonic() + limit_s
    frames = []
    for frame in microphone.frames():
        frames.append(frame)
        if condition(frame):
            return frames
        assert time.monotonic() < deadline, "waited in vain"
    raise AssertionError("the microphone was closed")


def loss(microphone):
    """The error that ends the frames, and how long it took to come."""
    began = time.monotonic()
    with pytest.raises(DeviceError) as caught:
        until(microphone, lambda _: False)
    assert caught.value.exit_code == EXIT_MISSING_PART
    return caught.value, time.monotonic() - began


# --- what is heard ------------------------------------------------------------------------------------------------


@rig
def test_a_question_through_the_microphone_is_heard(virtual_audio, open_view, sounds):
    open_view.reset()
    listener = Listener(open_view)
    finals = []
    with Microphone() as microphone:
        assert microphone.rate == 16_000
        assert microphone.channels == 1
        assert "16000 Hz, mono" in str(microphone)
        until(microphone, lambda _: True)
        playing = virtual_audio.play(sounds.path(QUESTION), wait=False)

        def heard(frame):
            finals.extend(result for result in listener.feed(frame) if isinstance(result, Final))
            return bool(finals)

        frames = until(microphone, heard)
        playing.wait()
    assert {len(frame) for frame in frames} == {FRAME_BYTES}
    assert finals[0].text.startswith("my toes are cramping")
    assert microphone.health.dropped_ms == 0
    assert microphone.health.overflows == 0


@rig
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_device_of_another_rate_is_resampled(virtual_audio, monkeypatch, rate, channels):
    monkeypatch.setattr("voice_skill.hearing.microphone._supported_format", lambda _sd, _device: (rate, channels))
    hz, second = 500, np.arange(16_000) / 16_000
    with Microphone() as microphone:
        until(microphone, lambda _: True)
        playing = virtual_audio.play((0.2 * np.sin(2 * np.pi * hz * second)).astype(np.float32), wait=False)
        until(microphone, lambda frame: level_dbfs(frame) > -30)
        sound = b"".join(frame for frame, _ in zip(microphone.frames(), range(25), strict=False))
        playing.wait()
    samples = np.frombuffer(sound, np.int16) / 32768
    assert np.argmax(np.abs(np.fft.rfft(samples))) == hz * len(samples) // 16_000
    assert np.std(samples) == pytest.approx(0.2 / np.sqrt(2), rel=0.1)


@rig
def test_a_muted_microphone_is_seen_by_its_zeros(virtual_audio):
    hiss = np.random.default_rng(0).normal(0, 0.1, 16_000 * 6).astype(np.float32)
    with Microphone() as microphone:
        playing = virtual_audio.play(hiss, wait=False)
        until(microphone, lambda frame: level_dbfs(frame) > -30)
        assert microphone.health.silent_ms == 0
        assert microphone.health.level_dbfs > -30
        virtual_audio.pactl("set-source-mute", "vmic", "1")
        until(microphone, lambda _: microphone.health.silent_ms >= 500)
        virtual_audio.pactl("set-source-mute", "vmic", "0")
        until(microphone, lambda _: microphone.health.silent_ms == 0)
        playing.stop()


@rig
def test_a_slow_reader_loses_the_oldest_sound_and_it_is_counted(virtual_audio):
    with Microphone(queue_s=0.5) as microphone:
        until(microphone, lambda _: True)
        time.sleep(1.5)
        assert microphone.health.dropped_ms >= 500
        assert microphone.behind_s == pytest.approx(0.5, abs=0.1)  # that old is what is read now
        backlog = sum(1 for _ in zip(microphone.frames(), range(10), strict=False))
        assert backlog == 10


@rig
def test_closing_ends_the_frames_of_a_waiting_reader(virtual_audio):
    microphone = Microphone(stall_s=30)
    microphone.open()
    virtual_audio.suspend_microphone()
    ended = threading.Event()

    def read():
        for _ in microphone.frames():
            pass
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    time.sleep(0.3)
    microphone.close()
    assert ended.wait(10)
    microphone.close()


# --- losses -------------------------------------------------------------------------------------------------------


@rig
def test_an_unplugged_microphone_is_noticed_and_comes_back(virtual_audio):
    with Microphone() as microphone:
        until(microphone, lambda _: True)
        virtual_audio.unplug_microphone()
        error, seconds = loss(microphone)
        assert "microphone" in error.cause
        assert seconds < 10
        microphone.close()
        virtual_audio.plug_in_microphone()
        microphone.open()
        until(microphone, lambda _: True)


@rig
def test_a_microphone_that_falls_silent_without_an_error_is_noticed(virtual_audio):
    with Microphone(stall_s=0.7) as microphone:
        until(microphone, lambda _: True)
        virtual_audio.suspend_microphone()
        error, _ = loss(microphone)
        assert "has sent nothing for 0.7 s" in error.cause
        virtual_audio.suspend_microphone(False)
        until(microphone, lambda _: True)


@rig
def test_a_dead_sound_server_is_noticed_and_its_return_too(virtual_audio):
    with Microphone() as microphone:
        until(microphone, lambda _: True)
        virtual_audio.kill()
        loss(microphone)
        microphone.close()
        with pytest.raises(DeviceError):
            microphone.open()
        virtual_audio.start()
        microphone.open()
        until(microphone, lambda _: True)
        assert microphone.health.silent_ms <= 1_000


@rig
def test_a_hiccup_is_no_loss(virtual_audio):
    with Microphone() as microphone:
        until(microphone, lambda _: True)
        virtual_audio.freeze()
        threading.Timer(0.7, virtual_audio.thaw).start()
        began = time.monotonic()
        until(microphone, lambda _: time.monotonic() > began + 1.2)


# --- devices ------------------------------------------------------------------------------------------------------


@rig
def test_devices_are_listed_with_names_for_the_settings(virtual_audio):
    found = list_devices()
    assert {device.name for device in found if device.inputs} >= {"default"}
    assert sum(device.default_input for device in found) == 1
    assert sum(device.default_output for device in found) == 1
    line = next(str(device) for device in found if device.default_input)
    assert line.startswith("default")
    assert "microphone (default)" in line
    assert found[0].as_json()["default_rate"] > 0


@rig
def test_a_microphone_of_that_name_is_opened_or_the_others_are_named(virtual_audio):
    with Microphone("DEFA") as microphone:
        assert microphone.device.name == "default"
    with pytest.raises(DeviceError, match=r'no microphone "usb"; there are: .*"default"'):
        Microphone("usb").open()


@rig
def test_only_a_speaker_is_no_microphone(virtual_audio, monkeypatch):
    for name, value in virtual_audio.env_without_microphone.items():
        monkeypatch.setenv(name, value)
    refresh_devices()
    with pytest.raises(DeviceError) as caught:
        Microphone().open()
    assert "voice-skill devices" in caught.value.fix


def test_no_sound_card_at_all():
    assert not any(device.inputs for device in list_devices())
    with pytest.raises(DeviceError, match="No microphone was found") as caught:
        Microphone().open()
    assert "voice-skill devices" in caught.value.fix


def test_a_missing_portaudio_names_its_package(monkeypatch):
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(ctypes.util, "find_library", lambda _name: None)
    with pytest.raises(MissingPartError) as caught:
        list_devices()
    assert caught.value.fix == "sudo apt-get install -y libportaudio2"
    assert caught.value.exit_code == EXIT_MISSING_PART


def device(index, name, inputs=1, default=False):
    return SoundDevice(index, name, "ALSA", inputs, 0, 48_000, default, False)


USB = device(1, "USB Audio: - (hw:1,0)")
WEBCAM = device(2, "Webcam: USB Audio (hw:2,0)", default=True)
JACK = device(3, "usb")
SPEAKER = device(4, "HDMI", inputs=0)


@pytest.mark.parametrize(
    ("present", "name", "found"),
    [
        ([USB, WEBCAM], None, WEBCAM),
        ([USB, SPEAKER], None, USB),
        ([USB, WEBCAM, SPEAKER], "webcam", WEBCAM),
        ([USB, WEBCAM, JACK], "USB", JACK),
        ([USB, device(5, USB.name)], "usb audio", USB),
        ([USB, WEBCAM], "usb audio", "Several microphones"),
        ([USB, WEBCAM, SPEAKER], "HDMI", 'no microphone "HDMI"'),
        ([SPEAKER], None, "No microphone was found"),
    ],
)
def test_which_one_is_meant(monkeypatch, present, name, found):
    monkeypatch.setattr(devices, "list_devices", lambda: tuple(present))
    if isinstance(found, str):
        with pytest.raises(DeviceError, match=found):
            find_input(name)
    else:
        assert find_input(name) is found


# --- what no virtual card can do: overflows, odd devices -----------------------------------------------------------


class Flags:
    input_overflow = True


class FakeStream:
    """A stream whose callback the test calls itself."""

    last: FakeStream

    def __init__(self, **options):
        self.options = options
        FakeStream.last = self

    def start(self):
        pass

    abort = close = start


def fake_card(monkeypatch, accepted):
    """A sound card that accepts only those (rate, channels)."""
    sounddevice = devices.portaudio()

    def check(device, channels, dtype, samplerate):
        if (samplerate, channels) not in accepted:
            raise sounddevice.PortAudioError("Invalid sample rate", -9997)

    monkeypatch.setattr(sounddevice, "check_input_settings", check)
    monkeypatch.setattr(sounddevice, "RawInputStream", FakeStream)
    monkeypatch.setattr("voice_skill.hearing.microphone.find_input", lambda _name: USB)


def test_overflows_are_counted(monkeypatch):
    fake_card(monkeypatch, {(16_000, 1)})
    with Microphone() as microphone:
        for _ in range(3):
            FakeStream.last.options["callback"](bytes(640), 320, None, Flags)
        assert microphone.health.overflows == 3
        until(microphone, lambda _: True)


@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ({(16_000, 1), (16_000, 2), (48_000, 1)}, (16_000, 1)),
        ({(16_000, 2), (48_000, 1)}, (16_000, 2)),
        ({(48_000, 1), (48_000, 2)}, (48_000, 1)),
        ({(48_000, 2)}, (48_000, 2)),
    ],
)
def test_the_form_nearest_to_16_khz_mono_is_used(monkeypatch, accepted, used):
    fake_card(monkeypatch, accepted)
    with Microphone() as microphone:
        assert (microphone.rate, microphone.channels) == used
        options = FakeStream.last.options
        assert (options["samplerate"], options["channels"], options["blocksize"]) == (*used, used[0] // 25)


def test_a_device_that_accepts_nothing_says_so(monkeypatch):
    fake_card(monkeypatch, set())
    with pytest.raises(DeviceError, match=r"neither 16 kHz nor its own 48000 Hz: Invalid sample rate"):
        Microphone().open()


def test_inbox_keeps_the_newest():
    inbox = Inbox(3)
    for number in range(5):
        inbox.put(bytes([number]))
    assert inbox.dropped == 2
    assert [inbox.get(1) for _ in range(3)] == [b"\2", b"\3", b"\4"]
    with pytest.raises(queue.Empty):
        inbox.get(0.01)
    inbox.close()
    assert inbox.get(1) is None
