"""A push button of the running assistant silences the voice within 0.2 s, and then acts: a real process, mock pins."""

from __future__ import annotations

import os
import time

import pytest
from assistant_process import RunningAssistant

from voice_skill.settings import CONTENT_DIR

pytestmark = [pytest.mark.rig, pytest.mark.timeout(240)]

CAUSES = CONTENT_DIR / "demo" / "what causes foot cramps.flac"

# In the assistant's own process: mock pins, each driven by a line "NUMBER" in a named pipe.
HANDS = """
import os, threading, time
os.environ["GPIOZERO_PIN_FACTORY"] = "mock"
def drive():
    with open(os.environ["HANDS"]) as pipe:
        for line in pipe:
            from gpiozero import Device
            pin = Device.pin_factory.pin(int(line))
            pin.drive_low(); time.sleep(0.08); pin.drive_high()
if "HANDS" in os.environ:
    threading.Thread(target=drive, daemon=True).start()
"""


TALK, NEXT, REPEAT, STOP = "17\n", "27\n", "23\n", "24\n"


def test_a_button_silences_it_within_200_ms_and_then_acts(virtual_audio, tmp_path):
    """The best of three, as for keys: one slow moment of a busy machine says nothing about the design."""
    (tmp_path / "sitecustomize.py").write_text(HANDS)
    os.mkfifo(tmp_path / "hands")
    environment = {
        **virtual_audio.env,
        "PYTHONPATH": str(tmp_path),
        "HANDS": str(tmp_path / "hands"),
        "VOICE_SKILL_BUTTONS": "true",
    }
    with (
        virtual_audio.record() as recording,
        RunningAssistant(environment, "--kiosk", "--region", "UK") as assistant,
        open(tmp_path / "hands", "w", buffering=1) as hands,
    ):
        assistant.ready()
        recording.wait_for_silence(time.perf_counter(), lasting=1.2)
        virtual_audio.play(CAUSES)
        assistant.wait_for(lambda e: e["entry"] == "causes")
        waits = []
        for button in (STOP, TALK, STOP):
            recording.wait_for_sound(time.perf_counter() + 0.3, timeout=15)
            time.sleep(1.9)  # into its second sentence
            before, pushed = len(assistant.exchanges), time.perf_counter()
            hands.write(button)
            waits.append(recording.wait_for_silence(pushed, lasting=1.0) - pushed)
            assistant.wait_for(lambda e: e["entry"] == "stop", after=before, timeout=5)
            hands.write(REPEAT)
            assistant.wait_for(lambda e: e["entry"] == "repeat", after=before, timeout=5)
        print("button to silence, s:", waits)
        assert min(waits) <= 0.2, waits
        recording.wait_for_sound(time.perf_counter(), timeout=15)
        hands.write(NEXT)
        assert "Part 2 of 4." in assistant.wait_for(lambda e: e["entry"] == "next", timeout=5)["say"]
