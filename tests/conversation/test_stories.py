"""Whole visits from tests/stories, against the real understanding and the real conversation."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from voice_skill.events import DeviceBack, DeviceLost, Finished, Heard, Hypothesis, Interrupted, Pressed, Silence
from voice_skill.settings import Settings
from voice_skill.skill import Visit, build_skill

STORIES = [
    pytest.param(story["turns"], id=story["story"])
    for path in sorted((Path(__file__).parent.parent / "stories").glob("*.yaml"))
    for story in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def skill():
    return build_skill("US")


def event_of(turn):
    if "say" in turn:
        return Heard((Hypothesis(turn["say"]),))
    if "overhear" in turn:
        return Heard((Hypothesis(turn["overhear"]),), addressed=False)
    kinds = {
        "press": Pressed,
        "interrupted": Interrupted,
        "silence": Silence,
        "lost": DeviceLost,
        "back": DeviceBack,
    }
    name = next(name for name in kinds if name in turn)
    return kinds[name](turn[name])


@pytest.mark.parametrize("turns", STORIES)
def test_story(skill, turns):
    visit = Visit(skill, Settings())
    for turn in turns:
        if visit.state.speaking and not turn.get("while-speaking") and "interrupted" not in turn:
            visit.on(Finished())
        exchange = visit.on(event_of(turn))
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
