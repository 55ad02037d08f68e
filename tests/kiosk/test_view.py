"""What the page shows in each situation, made by the real conversation; test_page.py looks at the page itself."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import COMPOSER, CRAMP, SKILL, Talk, forgotten_at, scenes

from voice_skill.conversation.state import WARNING_S, State
from voice_skill.events import Decided, DeviceBack, DeviceLost, Interrupted, Tick
from voice_skill.kiosk.view import LOG_LINES, Line, Phase, View, asked, heard, hearing, saying

SCENES = scenes()


def test_every_state_can_be_reached():
    assert {view.state for view in SCENES.values()} == set(get_args(Phase))


@pytest.mark.parametrize("name", get_args(Phase))
def test_each_scene_is_in_the_state_it_is_named_after(name):
    assert SCENES[name].state == name


def test_the_greeting_is_no_talk_yet():
    view = Talk().spoken().view
    assert view.state == "idle"
    assert not view.log


def test_whoever_presses_talk_sees_that_we_listen_until_they_have_spoken():
    talk = Talk().spoken().change(asked)
    assert COMPOSER.standing(talk.view, State(active=True)).state == "listening"
    assert not talk.says("what is the weather").view.asked
    deaf = State(active=True, faults=frozenset({"microphone-lost"}))
    assert COMPOSER.standing(asked(talk.view), deaf).state == "mic-off"


def test_words_heard_so_far_come_and_go():
    view = hearing(Talk().spoken().view, "my toes")
    assert (view.state, view.partial) == ("listening", "my toes")
    assert COMPOSER.standing(hearing(view, ""), State()).partial == ""
    assert COMPOSER.standing(view, State(speaking=True, active=True)).partial == ""
    assert heard(view, CRAMP).partial == ""


def test_the_caption_is_the_sentence_that_is_being_said():
    talk = Talk().spoken().says(CRAMP)
    assert (talk.view.state, talk.view.caption) == ("thinking", "")
    for count, sentence in enumerate(talk.sentences, 1):
        assert talk.spoken(count).view.caption == sentence
        assert talk.view.state == "speaking"
    assert talk.spoken().view.state == "waiting"


def test_without_a_voice_the_whole_turn_is_the_caption():
    """Where nothing can be played, a turn ends without any sentence having begun."""
    talk = Talk().spoken().says(CRAMP)
    whole = " ".join(talk.sentences)
    talk.sentences = []
    assert talk.spoken().view.caption == whole


def test_the_step_card_follows_the_conversation():
    talk = Talk().spoken().says(CRAMP)
    step = talk.view.step
    assert (step.entry, step.place, step.drawing) == ("relief-now", "Step 1 of 4.", "stretch")
    assert step.cautions == ("Safety note: not on a swollen, hot or injured leg.",)
    assert talk.spoken().presses("next").view.step.drawing == "massage"
    assert talk.spoken().presses("next").view.step.cautions  # heat: shown each time, though spoken once
    assert talk.spoken().presses("previous").view.step.place == "Step 2 of 4."


def test_the_log_holds_both_sides_and_no_more_than_the_last_turns():
    talk = Talk().spoken().says(CRAMP).spoken()
    assert talk.view.log[0] == Line("you", CRAMP)
    assert talk.view.log[1].text == " ".join(talk.sentences)
    for _ in range(LOG_LINES):
        talk.presses("repeat").spoken()
    assert len(talk.view.log) == LOG_LINES


@pytest.mark.parametrize("end", ["goodbye", "start-over"])
def test_nothing_of_a_talk_outlives_it(end):
    view = Talk().spoken().says(CRAMP).spoken().presses(end).view
    said = {line.text for line in view.log if line.who == "you"}
    assert not said
    assert view.heard == ""
    assert view.step is None


def test_a_visit_that_ends_by_itself_is_forgotten():
    talk = Talk().on(Tick(0.0)).spoken().says(CRAMP).spoken().on(Tick(1_000.0)).spoken()
    assert (talk.view.state, talk.view.log, talk.view.heard, talk.view.caption) == ("idle", (), "", "")


def test_a_public_visit_that_is_about_to_end_says_when_and_goes_on_if_wanted():
    talk = forgotten_at(1_000.0)
    assert talk.view.ends_at_s == 1_000.0 + WARNING_S
    talk.spoken().on(Tick(1_010.0))
    assert talk.view.ends_at_s == 1_000.0 + WARNING_S  # it doesn't move while nobody does anything
    step = talk.view.step
    talk.presses("more-time").spoken()
    assert (talk.view.ends_at_s, talk.view.step) == (None, step)
    assert Line("you", CRAMP) in talk.view.log
    assert talk.on(Tick(1_000.0 + WARNING_S)).view.log


def test_whoever_does_nothing_about_the_warning_is_forgotten():
    talk = forgotten_at(1_000.0).spoken().on(Tick(1_000.0 + WARNING_S)).spoken()
    assert (talk.view.state, talk.view.ends_at_s, talk.view.step, talk.view.log) == ("idle", None, None, ())


def test_at_home_no_visit_is_about_to_end():
    talk = Talk().on(Tick(0.0)).spoken().says(CRAMP).spoken()
    for now_s in range(0, 300, 10):
        assert talk.on(Tick(float(now_s))).spoken().view.ends_at_s is None


def test_what_was_overheard_is_not_shown():
    view = COMPOSER.decided(heard(View(), "the match is on"), (Decided("reject", None, 0.0, None, "the match is on"),))
    assert (view.heard, view.log) == ("", ())


def test_a_question_offers_its_answers():
    two = SCENES["question"]
    assert [option.press.partition(":")[0] for option in two.options] == ["topic", "topic"]
    assert all(option.title in {entry.title for entry in SKILL.replies.entries.values()} for option in two.options)
    assert [option.press for option in SCENES["yes-no"].options] == ["yes", "no"]
    assert SCENES["yes-no"].question.startswith("Did you say chest pain")


def test_one_topic_asked_about_can_be_refused():
    talk = Talk().spoken()
    state = replace(State(active=True), question=_question("heat"))
    view = COMPOSER.standing(talk.view, state)
    assert [option.press for option in view.options] == ["topic:heat", "no"]


def _question(*options):
    from voice_skill.conversation.state import Question

    return Question("entry", options)


@pytest.mark.parametrize("flag", [flag.id for flag in SKILL.content.safety.flags if flag.tier == "emergency"])
@pytest.mark.parametrize("region", ["US", "UK", "EU", "generic"])
def test_an_emergency_shows_one_call_and_its_number(flag, region):
    from voice_skill.conversation.replies import Replies
    from voice_skill.kiosk.view import Composer

    composer = Composer(Replies(SKILL.content, region), {})
    alarm = composer.standing(View(), State(active=True, emergency=flag)).alarm
    assert "all" in alarm.text
    assert alarm.number
    assert alarm.number in alarm.text


def test_an_emergency_stays_until_start_over():
    talk = Talk().spoken().says("i have chest pain").spoken()
    assert talk.view.state == "emergency"
    for press in ("next", "topic:heat", "help", "start-timer"):
        assert talk.presses(press).spoken().view.state == "emergency"
        assert talk.view.step is None
    assert talk.presses("start-over").spoken().view.alarm is None


def test_lost_devices_are_noticed_and_welcomed_back():
    talk = Talk().spoken().on(DeviceLost("microphone")).spoken()
    assert (talk.view.state, talk.view.notice) == (
        "mic-off",
        "I can't hear you any more. Please check the microphone.",
    )
    assert "loudspeaker" in talk.on(DeviceLost("speaker")).spoken().view.notice
    talk.on(DeviceBack("microphone")).spoken()
    assert talk.view.state == "error"
    assert talk.on(DeviceBack("speaker")).spoken().view.notice == ""


@pytest.mark.parametrize(
    ("lost", "state", "fault"),
    [
        (DeviceLost("microphone"), "mic-off", "microphone-lost"),
        (DeviceLost("microphone", "muted"), "mic-off", "microphone-muted"),
        (DeviceLost("speaker"), "error", "speaker-lost"),
        (DeviceLost("voice"), "error", "voice-lost"),
    ],
)
@pytest.mark.parametrize("during", ["idle", "steps"])
def test_each_fault_is_shown_in_the_words_that_are_said_and_goes_when_it_is_mended(during, lost, state, fault):
    talk = Talk().spoken()
    if during == "steps":
        talk.says(CRAMP).spoken()
    before = talk.view
    talk.on(lost)
    said = " ".join(talk.sentences)
    assert said == " ".join(prompt.text for prompt in SKILL.replies.own(fault))
    assert talk.spoken().view.state == state
    assert talk.view.notice == said
    assert talk.view.step == before.step
    mended = talk.on(DeviceBack(lost.device)).spoken().view
    assert (mended.notice, mended.state) == ("", before.state)


def test_a_microphone_is_either_lost_or_switched_off():
    view = Talk().spoken().on(DeviceLost("microphone", "muted")).on(DeviceLost("microphone")).spoken().view
    assert view.notice == "I can't hear you any more. Please check the microphone."


def test_a_greeting_that_was_cut_off_leaves_nothing_to_go_on_with():
    talk = Talk().on(DeviceLost("microphone")).spoken().on(DeviceBack("microphone")).spoken()
    assert talk.view.state == "idle"


def test_what_was_stopped_is_paused():
    talk = Talk().spoken().says(CRAMP).spoken(2).on(Interrupted(1))
    assert talk.view.state == "paused"


def test_rate_loudness_and_timer_are_the_conversations():
    talk = Talk().on(Tick(5.0)).spoken().says(CRAMP).spoken().presses("start-timer").spoken()
    talk.presses("faster").presses("quieter")
    assert (talk.view.rate, talk.view.volume, talk.view.timer_since_s) == (175, 0.65, 5.0)
    assert talk.presses("stop-timer").view.timer_since_s is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "next",
                "previous",
                "stop",
                "no",
                "yes",
                "topic:heat",
                "goodbye",
                "start-over",
                "relieved",
                "say",
                "spoken",
            ]
        ),
        max_size=12,
    )
)
def test_a_view_never_contradicts_itself(steps):
    talk = Talk().spoken()
    for step in steps:
        if step == "say":
            talk.says(CRAMP)
        elif step == "spoken":
            talk.spoken()
        else:
            talk.presses(step)
        view = talk.view
        assert (view.state == "emergency") == (view.alarm is not None)
        assert bool(view.options) == bool(view.question)
        assert view.state != "idle" or not view.log
        assert view.state != "speaking" or view.caption


def test_saying_something_leaves_an_alarm_in_place():
    assert saying(SCENES["emergency"], "I can't call for you.").state == "emergency"
