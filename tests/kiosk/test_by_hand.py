"""A visit without a word: what is picked and pressed, as the conversation takes it."""

from __future__ import annotations

import pytest
from scenes import SKILL, scenes

from voice_skill.conversation.state import Question, State
from voice_skill.events import Chosen, Decided, DeviceBack, DeviceLost, Heard, Hypothesis, Pressed, Say


def step(state, *events):
    effects = ()
    for event in events:
        state, effects = SKILL.conversation.step(state, event)
    return state, effects


def decided(effects):
    return next(effect for effect in effects if isinstance(effect, Decided))


def key(effects):
    return next((effect.key for effect in effects if isinstance(effect, Say)), None)


@pytest.mark.parametrize("entry", SKILL.replies.entries)
def test_a_topic_picked_by_hand_is_answered_as_if_it_had_been_asked_for(entry):
    state, effects = step(State(misses=2), Chosen(entry))
    assert (state.entry, state.position, state.misses) == (entry, 0, 0)
    assert (decided(effects).action, decided(effects).entry, key(effects)) == ("answer", entry, f"entry:{entry}:1")


def test_a_picked_topic_answers_the_question():
    state, _ = step(State(active=True, question=Question("entry", ("heat", "massage"))), Chosen("massage"))
    assert state.question is None
    assert state.entry == "massage"


def test_yes_and_no_by_hand_answer_the_question_that_is_open():
    asked = State(active=True, question=Question("entry", ("heat",)))
    assert step(asked, Pressed("yes"))[0].entry == "heat"
    refused, effects = step(asked, Pressed("no"))
    assert (refused.question, key(effects)) == (None, "reply:say-again")
    flag = next(flag.id for flag in SKILL.content.safety.flags if flag.tier == "emergency")
    alarmed, _ = step(State(active=True, question=Question("alarm", (flag,))), Pressed("yes"))
    assert alarmed.emergency == flag


def test_a_hand_and_a_voice_do_the_same():
    for word in ("yes", "no"):
        asked = State(active=True, question=Question("entry", ("heat",)))
        by_voice, _ = step(asked, Heard((Hypothesis(word),)))
        by_hand, _ = step(asked, Pressed(word))
        assert (by_voice.entry, by_voice.last_key) == (by_hand.entry, by_hand.last_key)


def test_no_right_after_an_answer_means_that_it_was_the_wrong_one():
    state, effects = step(State(), Chosen("heat"), Pressed("no"))
    assert state.entry is None
    assert key(effects) == "reply:say-again"


@pytest.mark.parametrize(
    ("request_id", "said"),
    [("start-timer", "request:start-timer"), ("relieved", "request:relieved"), ("still-hurts", "entry:heat:2")],
)
def test_a_request_can_be_pressed(request_id, said):
    _, effects = step(State(), Chosen("heat"), Pressed(request_id))
    assert key(effects) == said
    assert decided(effects).entry == request_id


def test_an_emergency_holds_back_what_hands_ask_for():
    flag = next(flag.id for flag in SKILL.content.safety.flags if flag.tier == "emergency")
    state = State(active=True, emergency=flag)
    for event in (Chosen("heat"), Pressed("start-timer"), Pressed("next"), Pressed("yes")):
        held, effects = step(state, event)
        assert (held.emergency, held.entry, key(effects)) == (flag, None, f"safety:{flag}")


def test_what_is_broken_is_remembered_until_it_works_again_and_through_a_goodbye():
    state, _ = step(State(), DeviceLost("microphone"), DeviceLost("speaker"), Pressed("goodbye"))
    assert state.faults == {"microphone-lost", "speaker-lost"}
    state, _ = step(state, DeviceBack("speaker"))
    assert state.faults == {"microphone-lost"}


def test_scenes_are_made_without_a_clock():
    """The same talk gives the same views: only the timer's beginning and the visit's end are moments."""
    moments = ("timer", "warning")
    assert {name: view for name, view in scenes().items() if name not in moments} == {
        name: view for name, view in scenes().items() if name not in moments
    }
