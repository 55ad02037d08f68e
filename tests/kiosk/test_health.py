"""When the box counts as alive and as ready."""

from __future__ import annotations

import json

import pytest

from voice_skill.kiosk.health import FRAMES_S, LOOP_S, TRY_S, Health


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def health(clock):
    return Health("a-model", clock)


def serving(health):
    health.loop()
    health.frame()
    health.sounded()


def test_it_starts_and_is_ready_after_a_frame_and_a_sound(health):
    assert (health.verdict, health.ready(), health.alive()) == ("starting", False, False)
    health.loop()
    health.frame()
    assert not health.ready()
    health.sounded()
    assert health.ready()
    assert health.verdict == "ok"


def test_frames_alone_or_the_loop_alone_are_no_life(health, clock):
    serving(health)
    clock.now += FRAMES_S - 0.1
    health.loop()
    assert health.alive()
    clock.now += 0.2
    health.loop()
    assert not health.alive()
    assert health.verdict == "stalled"
    health.frame()
    assert health.alive()
    clock.now += LOOP_S + 0.1
    health.frame()
    assert not health.alive()


def test_a_known_loss_is_lived_with_as_long_as_it_is_seen_to(health, clock):
    serving(health)
    clock.now += 60
    health.loop()
    health.tried()
    assert not health.alive()  # not announced yet
    health.part("microphone", "lost")
    assert health.alive()
    assert health.verdict == "degraded"
    clock.now += TRY_S + 0.1
    health.loop()
    assert not health.alive()  # an attempt hangs


def test_a_muted_microphone_is_no_excuse_for_missing_frames(health, clock):
    serving(health)
    health.part("microphone", "muted")
    clock.now += FRAMES_S + 0.1
    health.loop()
    health.tried()
    assert not health.alive()


@pytest.mark.parametrize("gone", [("microphone",), ("speaker",), ("microphone", "speaker")])
def test_a_box_without_a_device_is_ready_once_that_is_announced(health, gone):
    health.loop()
    if "microphone" not in gone:
        health.frame()
    if "speaker" not in gone:
        health.sounded()
    assert not health.ready()
    for part in gone:
        health.part(part, "lost")
    assert health.ready()
    assert health.verdict in ("degraded", "stalled")


def test_without_a_voice_it_is_ready_too(health):
    health.loop()
    health.frame()
    health.part("voice", "lost")
    assert health.ready()


def test_a_sound_after_the_loss_does_not_hide_it(health):
    serving(health)
    health.part("speaker", "lost")
    health.sounded()
    assert health.report()["speaker"] == "lost"


def test_the_report_is_plain_json_without_a_word_of_the_talk(health, clock):
    report = health.report()
    assert report["frame_age_s"] is None
    serving(health)
    clock.now += 1.5
    report = json.loads(json.dumps(health.report()))
    assert report["status"] == "ok"
    assert report["frame_age_s"] == report["loop_age_s"] == report["uptime_s"] == 1.5
    assert report["model"] == "a-model"
    assert set(report) == {
        *("ok", "status", "microphone", "speaker", "voice", "frame_age_s", "loop_age_s", "model", "version", "uptime_s")
    }
