"""Whole visits from tests/stories, against the real understanding and the real conversation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from undecided import spoken

from voice_skill.events import (
    DeviceBack,
    DeviceLost,
    Finished,
    Heard,
    Hypothesis,
    Interrupted,
    Pressed,
    SpeechBegan,
    Tick,
)
from voice_skill.settings import Settings
from voice_skill.skill import Visit, build_skill, first_state

STORIES = [
    pytest.param(story["turns"], story.get("kiosk", False), id=story["story"])
    for path in sorted((Path(__file__).parent.parent / "stories").glob("*.yaml"))
    for story in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def skill():
    return build_skill("US")


def event_of(turn, now_s):
    if "say" in turn:
        return Heard((Hypothesis(spoken(turn["say"])),))
    if "overhear" in turn:
        return Heard((Hypothesis(turn["overhear"]),), addressed=False)
    if "after" in turn:
        return Tick(now_s)
    if "begins" in turn:
        return SpeechBegan()
    kinds = {"press": Pressed, "interrupted": Interrupted, "lost": DeviceLost, "back": DeviceBack}
    name = next((name for name in kinds if name in turn), None)
    return kinds[name](turn[name]) if name else Finished()


def assert_state(expected, state, context):
    for name, value in expected.items():
        found = getattr(state, name)
        assert (list(found) if isinstance(found, tuple | frozenset) else found) == value, f"{name}: {context} {state}"


@pytest.mark.parametrize(("turns", "kiosk"), STORIES)
def test_story(skill, turns, kiosk):
    visit, now_s = Visit(skill, Settings(kiosk=kiosk)), 0.0
    visit.on(Tick(now_s))
    for turn in turns:
        implied = not ({"while-speaking", "interrupted", "finished"} & set(turn))
        if visit.state.speaking and implied and not visit.state.reads_on:
            visit.on(Finished())
        now_s += turn.get("after", 0)
        if "after" in turn and len(set(turn) & {"say", "press", "overhear"}):
            visit.on(Tick(now_s))
        exchange = visit.on(event_of(turn, now_s))
        reply = exchange.said.text if exchange.said else ""
        context = f"{turn} -> {exchange.decided} {reply!r}"
        if "action" in turn:
            assert exchange.decided.action == turn["action"], context
        if "entry" in turn:
            assert exchange.decided.entry == turn["entry"], context
        position = 0
        for fragment in turn.get("says", ()):
            position = reply.find(fragment, position)
            assert position >= 0, f"{fragment!r} missing: {context}"
        for fragment in turn.get("not", ()):
            assert fragment not in reply, context
        if turn.get("silent"):
            assert exchange.said is None, context
        if turn.get("hushed"):
            assert exchange.hushed, context
        if "ended" in turn:
            assert exchange.ended == turn["ended"], context
        assert_state(turn.get("state", {}), visit.state, context)


def test_there_are_ninety_stories_each_of_its_own():
    assert len(STORIES) >= 90
    assert len({story.id for story in STORIES}) == len(STORIES)


def test_settings_say_how_a_device_speaks_and_to_whom():
    state = first_state(Settings(rate=200, volume=0.5, kiosk=True))
    assert (state.rate, state.volume, state.public) == (200, 0.5, True)
    later = replace(state, rate=400, volume=1.0).forgotten()
    assert (later.rate, later.volume, later.public) == (200, 0.5, True)
    assert replace(first_state(Settings(rate=200)), rate=400).forgotten().rate == 400
