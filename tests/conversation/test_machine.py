"""The conversation's rules, with a scripted interpreter behind the real protocol; stories use the real one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scripted import CONTENT, CONVERSATION, DOCTOR, EMERGENCY, REPLIES, URGENT, heard

from voice_skill.conversation.state import RATES, State
from voice_skill.conversation.waiting import FORGET_AFTER_S
from voice_skill.events import (
    Decided,
    DeviceBack,
    DeviceLost,
    End,
    Finished,
    Heard,
    Hush,
    Hypothesis,
    Interrupted,
    Pressed,
    Say,
    SetRate,
    SetVolume,
    SpeechBegan,
    Tick,
)


def play(*events, state=None):
    """State and effects after the events; plain strings are utterances whose turn is spoken to its end."""
    state = state or State()
    effects = ()
    for event in events:
        state, effects = CONVERSATION.step(state, heard(event) if isinstance(event, str) else event)
        if isinstance(event, str):
            state, _ = CONVERSATION.step(state, Finished())
    return state, effects


def said(effects):
    return next((effect for effect in effects if isinstance(effect, Say)), None)


def decided(effects):
    return next(effect for effect in effects if isinstance(effect, Decided))


def test_a_relief_answer_is_gist_safety_note_one_step_and_the_doctor():
    _, effects = play("relief-now")
    turn = said(effects)
    entry = REPLIES.entries["relief-now"]
    texts = [prompt.text for prompt in turn.prompts]
    caution = [prompt.text for prompt in REPLIES.safety("caution-rub")]
    reminder = CONTENT.article.doctor_reminder.text
    assert texts == [entry.gist.text, *caution, "Step 1 of 4.", entry.steps[0].text, reminder, "Then say next."]
    assert turn.key == "entry:relief-now:1"
    assert decided(effects).action == "answer"


def test_next_previous_and_the_end():
    _, effects = play("relief-now", "/next")
    assert "Step 2 of 4." in said(effects).text
    _, effects = play("relief-now", "/next", "/previous")
    assert "Step 1 of 4." in said(effects).text
    _, effects = play("relief-now", "/next", "/next", "/next")
    assert said(effects).text.endswith(CONTENT.article.doctor_reminder.text)
    _, effects = play("relief-now", "/next", "/next", "/next", "/next")
    assert said(effects).prompts[:1] == REPLIES.own("last-step")
    _, effects = play("relief-now", "/previous")
    assert said(effects).prompts[:1] == REPLIES.own("first-step")


def test_reminder_once_per_visit_until_the_last_step():
    reminder = CONTENT.article.doctor_reminder.text
    _, effects = play("relief-now", "heat")
    assert reminder not in said(effects).text


def test_a_caution_is_said_once_per_visit():
    caution = REPLIES.safety("caution-rub")[0].text
    _, effects = play("stretching", "massage")
    assert caution not in said(effects).text


def test_repeat_says_the_last_step_only_and_offers_slower_the_second_time():
    _, effects = play("heat", "/repeat")
    assert said(effects).prompts == REPLIES.step("heat", 0)
    _, effects = play("heat", "/repeat", "/repeat")
    assert said(effects).prompts == (*REPLIES.step("heat", 0), *REPLIES.own("offer-slower"))
    _, effects = play("heat", "/repeat", "/repeat", "/repeat")
    assert said(effects).prompts == REPLIES.step("heat", 0)


def test_repeat_after_slower_still_repeats_the_step():
    _, effects = play("heat", "/slower", "/repeat")
    assert said(effects).prompts == REPLIES.step("heat", 0)


def test_stop_while_speaking_is_silence():
    state, effects = play(heard("heat"), heard("/stop"))
    assert Hush() in effects
    assert said(effects) is None
    assert not state.speaking


def test_pause_and_resume_go_on_where_it_stopped():
    state, _ = play(heard("relief-now"))
    whole = state.last_turn
    state, _ = play(Interrupted(2), state=state)
    state, effects = play("/resume", state=state)
    assert said(effects).prompts == whole[2:]


def test_resume_after_stop_keeps_the_place():
    state, _ = play(heard("relief-now"), Interrupted(1), "/pause")
    _, effects = play("/resume", state=state)
    assert said(effects).prompts == state.last_turn[1:]


def test_rate_moves_along_the_table_and_stops_at_its_ends():
    state, effects = play("/slower")
    assert state.rate == RATES[RATES.index(150) - 1]
    assert SetRate(state.rate) in effects
    slowest, effects = play(*["/slower"] * 9)
    assert slowest.rate == RATES[0]
    assert said(effects).prompts == REPLIES.own("slowest")
    fastest, effects = play(*["/faster"] * 9)
    assert fastest.rate == RATES[-1]
    assert said(effects).prompts == REPLIES.own("fastest")


def test_volume_never_reaches_silence():
    state, effects = play(*["/quieter"] * 9)
    assert state.volume >= 0.2
    assert said(effects).prompts == REPLIES.own("quietest")
    _, effects = play("/louder")
    assert any(isinstance(effect, SetVolume) for effect in effects)


def test_three_different_rejections_then_silence():
    keys = []
    state = State()
    for _ in range(5):
        state, effects = play("gibberish", state=state)
        keys.append(said(effects).key if said(effects) else None)
    assert keys == ["reply:reject-1", "reply:reject-2", "reply:reject-3", None, None]
    state, effects = play("heat", state=state)
    assert state.misses == 0
    assert said(effects) is not None


def test_the_second_rejection_names_other_examples():
    state, first = play("gibberish")
    _, second = play("gibberish", state=state)
    examples = [set(said(effects).prompts[-1].text.removeprefix("Say: ").split(", ")) for effects in (first, second)]
    assert [len(some) for some in examples] == [3, 3]
    assert not examples[0] & examples[1]


def test_of_two_topics_one_is_answered_and_the_other_offered():
    _, effects = play("+heat massage")
    assert decided(effects).entry == "heat"
    assert said(effects).prompts[-1:] == REPLIES.offer("massage")
    _, effects = play("heat")
    assert "Or say" not in said(effects).text


def test_overheard_talk_gets_no_word_until_a_visit_has_begun():
    _state, effects = play(heard("gibberish", addressed=False))
    assert said(effects) is None
    assert decided(effects).action == "reject"
    _, effects = play("heat", heard("gibberish", addressed=False))
    assert said(effects) is not None


def test_a_doubtful_match_is_asked_about_and_yes_answers_it():
    state, effects = play("?heat")
    assert decided(effects).action == "ask"
    assert "Yes or no" in said(effects).text
    _, effects = play("/yes", state=state)
    assert decided(effects).entry == "heat"
    _, effects = play("/no", state=state)
    assert said(effects).prompts == REPLIES.own("say-again")
    _, effects = play("massage", state=state)
    assert decided(effects).entry == "massage"


def test_two_likely_entries_are_offered_together():
    state, effects = play("?heat massage")
    assert said(effects).key == "ask:heat:massage"
    _, effects = play("massage", state=state)
    assert decided(effects).entry == "massage"


@pytest.mark.parametrize("before", [(), ("heat",), ("?heat",), ("gibberish",), ("heat", "/pause")])
def test_an_emergency_wins_in_every_state_and_cannot_be_interrupted(before):
    state, effects = play(*before, f"!{EMERGENCY.id}")
    turn = said(effects)
    assert decided(effects).action == "emergency"
    assert decided(effects).entry == EMERGENCY.id
    assert "911" in turn.text
    assert not turn.interruptible
    assert state.emergency == EMERGENCY.id


def test_the_emergency_sentence_is_not_cut_off():
    _, effects = play(heard(f"!{EMERGENCY.id}"), heard("/stop"))
    assert Hush() not in effects
    _, effects = play(heard(f"!{EMERGENCY.id}"), Pressed("stop"))
    assert Hush() not in effects


def test_after_an_emergency_no_self_care_until_start_over():
    _, effects = play(f"!{EMERGENCY.id}", "heat")
    assert decided(effects).action == "emergency"
    _, effects = play(f"!{EMERGENCY.id}", f"!{URGENT.id}")
    assert decided(effects).entry == EMERGENCY.id
    _, effects = play(f"!{EMERGENCY.id}", "/start-over", "heat")
    assert decided(effects).entry == "heat"


def test_urgent_closes_the_steps():
    state, effects = play("heat", f"!{URGENT.id}")
    assert decided(effects).action == "urgent"
    assert state.entry is None


def test_a_doctor_flag_answers_and_adds_its_line():
    _, effects = play(f"!{DOCTOR.id}")
    assert decided(effects).action == "answer"
    assert REPLIES.flag(DOCTOR.id)[0] in said(effects).prompts


def test_a_denied_flag_asks():
    state, effects = play(f"~{EMERGENCY.id}")
    assert decided(effects).action == "ask"
    assert EMERGENCY.about in said(effects).text
    _, effects = play("/yes", state=state)
    assert decided(effects).action == "emergency"
    state, effects = play("/no", state=state)
    assert decided(effects).action == "command"
    assert state.emergency is None


def test_goodbye_forgets():
    state, effects = play("heat", heard("/goodbye"))
    assert any(isinstance(effect, End) for effect in effects)
    assert state.entry is None
    assert not state.reminded


def test_a_long_silence_forgets_the_visit_but_not_the_voice():
    state, effects = play("heat", "/slower", Tick(FORGET_AFTER_S))
    assert said(effects).key == "reply:forgotten"
    assert state == replace(
        State(rate=130).forgotten(), now_s=FORGET_AFTER_S, quiet_since_s=FORGET_AFTER_S, speaking=True
    )
    state, _ = play("heat", Tick(FORGET_AFTER_S - 1))
    assert state.entry == "heat"


def test_lost_and_found_devices_are_said():
    _, effects = play(DeviceLost("microphone"))
    assert said(effects).prompts == REPLIES.own("microphone-lost")
    _, effects = play(DeviceBack("speaker"))
    assert said(effects).prompts == REPLIES.own("speaker-back")


def test_nothing_heard_is_only_said_to_someone_who_meant_us():
    _, effects = play(Heard((Hypothesis(""),)))
    assert said(effects).key == "reply:nothing-heard"
    _, effects = play(Heard((Hypothesis(""),), addressed=False))
    assert effects == ()


PUBLIC = State(public=True)


def test_a_public_visit_counts_down_from_the_end_of_its_warning():
    state, effects = play("heat", Tick(181.0), state=PUBLIC)
    assert said(effects).key == "reply:leaving"
    assert state.ends_at_s == 201.0
    state, _ = play(Tick(184.0), state=state)
    assert state.ends_at_s == 204.0, "it stands still while it is being said"
    state, effects = play(Finished(), Tick(200.0), state=state)
    assert (state.ends_at_s, effects) == (204.0, ())
    state, effects = play(Tick(204.0), state=state)
    assert said(effects).key == "reply:forgotten"
    assert state.ends_at_s is None


def test_more_time_can_be_had_ten_times_and_more():
    state, now_s = PUBLIC, 0.0
    state, _ = play("heat", state=state)
    for _ in range(12):
        now_s += 200.0
        state, effects = play(Tick(now_s), Finished(), Pressed("more-time"), Finished(), state=state)
        assert state.entry == "heat"
        assert not state.warned
    state, effects = play(Tick(now_s + 200.0), state=state)
    assert said(effects).key == "reply:leaving"


def test_what_was_changed_for_one_visitor_is_taken_back_for_the_next():
    state = replace(PUBLIC, usual_rate=130, usual_volume=0.5, rate=400, volume=1.0, brief=True)
    for last in (heard("/goodbye"), Tick(80.0)):
        before = replace(state, active=True, met=True, warned=True)
        after, effects = play(last, state=before)
        assert SetRate(130) in effects
        assert SetVolume(0.5) in effects
        assert End() in effects
        assert (after.rate, after.volume, after.brief) == (130, 0.5, False)


def test_somebody_who_speaks_is_let_finish_but_a_radio_is_not():
    state, _ = play("heat", state=PUBLIC)
    spoken_at_s = []
    for second in range(1, 230):
        state, effects = play(SpeechBegan(), Tick(float(second)), state=state)
        spoken_at_s += [second] * bool(said(effects))
        state, _ = play(Finished(), state=state) if state.speaking else (state, ())
    assert spoken_at_s[0] >= 180 + 30
    state, effects = play("heat", Tick(9.0), SpeechBegan(), Tick(11.0), state=PUBLIC)
    assert effects == ()
    _, effects = play(Tick(15.0), state=state)
    assert said(effects) is not None


def test_what_was_owed_is_said_before_goodbye():
    note = REPLIES.safety("ten-minutes")
    _, effects = play(heard("/goodbye"), state=State(active=True, owed=note))
    assert said(effects).prompts == (*note, *REPLIES.own("goodbye"))
