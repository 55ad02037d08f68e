"""What holds whatever happens: hundreds of random visits, each checked from wherever it got to.

The interpreter knows a few utterances of every kind, in the form of the real one's answers; the conversation, the
content and its replies are the real ones. Always the same visits: a failure stays a failure.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import CONTENT, CONVERSATION, REPLIES, heard

from voice_skill.article.lint import MAX_TURN_WORDS
from voice_skill.article.schema import COMMAND_IDS, REQUEST_IDS
from voice_skill.conversation.replies import MAX_MISSES
from voice_skill.conversation.requests import LED_BY_STEPS
from voice_skill.conversation.state import RATES, State
from voice_skill.events import (
    Decided,
    DeviceBack,
    DeviceLost,
    End,
    Finished,
    Heard,
    Hush,
    Interrupted,
    Pressed,
    Say,
    SetRate,
    SpeechBegan,
    Tick,
)

TIERS = {flag.id: flag.tier for flag in CONTENT.safety.flags}
ALARMS = [flag for flag, tier in TIERS.items() if tier == "emergency"]
MILDER = [flag for flag, tier in TIERS.items() if tier != "emergency"]
REMINDER = CONTENT.article.doctor_reminder.text

utterances = st.one_of(
    st.sampled_from(sorted(REPLIES.entries)),
    st.sampled_from(["relief-now", "stretching", "massage", "heat"]),
    st.sampled_from(["gibberish", "?heat", "?heat massage", "+heat massage", "+pregnancy relief-now"]),
    st.sampled_from(COMMAND_IDS).map("/{}".format),
    st.sampled_from(["/next", "/next", "/stop", "/yes", "/no"]),
    st.sampled_from(REQUEST_IDS).map("#{}".format),
    st.sampled_from(list(TIERS)).map("!{}".format),
    st.sampled_from(list(TIERS)).map("~{}".format),
    st.tuples(st.sampled_from(list(TIERS)), st.sampled_from(sorted(REPLIES.entries))).map("!{0[0]} {0[1]}".format),
    st.just(""),
)
events = st.one_of(
    utterances.map(heard),
    utterances.map(heard),
    utterances.map(lambda text: heard(text, addressed=False)),
    st.sampled_from([*COMMAND_IDS, *REQUEST_IDS]).map(Pressed),
    st.just(Finished()),
    st.just(Finished()),
    st.integers(0, 4).map(Interrupted),
    st.sampled_from([0.5, 4.0, 11.0, 21.0, 61.0, 181.0, 301.0, 605.0]),  # seconds that pass
    st.just(SpeechBegan()),
    st.sampled_from(["microphone", "speaker"]).map(DeviceLost),
    st.sampled_from(["microphone", "speaker"]).map(DeviceBack),
)
visits = st.tuples(
    st.sampled_from([State(), State(public=True), State(brief=True), State(typed=True)]), st.lists(events, max_size=25)
)
at_random = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def play(visit):
    """Each state, the event that met it, and the effects and state that came of it."""
    state, happenings = visit
    steps = []
    for happening in happenings:
        event = Tick(state.now_s + happening) if isinstance(happening, float) else happening
        before = state
        state, effects = CONVERSATION.step(state, event)
        steps.append((before, event, effects, state))
    return steps


def end_of(visit):
    steps = play(visit)
    return steps[-1][3] if steps else visit[0]


def said(effects):
    return next((effect for effect in effects if isinstance(effect, Say)), None)


def decision(effects):
    return next((effect for effect in effects if isinstance(effect, Decided)), None)


@at_random
@given(visits, st.sampled_from([heard("/stop"), heard("/stop", addressed=False), Pressed("stop")]))
def test_stop_always_silences(visit, stop):
    state = end_of(visit)
    after, effects = CONVERSATION.step(state, stop)
    if state.emergency is not None and state.speaking:  # that sentence alone is spoken to its end
        assert (Hush() in effects, said(effects)) == (False, None)
        return
    assert Hush() in effects or not state.speaking
    if state.speaking or state.cut:
        assert said(effects) is None
        assert not after.speaking
        after, effects = CONVERSATION.step(after, Tick(after.now_s + 2))
        assert said(effects) is None, "nor is the silence broken at once"


@at_random
@given(visits)
def test_repeat_says_again_what_was_said_last(visit):
    state, last_step = visit[0], None
    for before, _, effects, state in play(visit):
        turn = said(effects)
        if any(isinstance(effect, End) for effect in effects) or (before.last_step and not state.last_step):
            last_step = None
        elif turn is not None and not state.aside and turn.key != "command:repeat":
            last_step = turn.prompts
    state, _ = CONVERSATION.step(state, Finished())
    if state.reads_on or last_step is None or not state.last_step:
        return
    assert set(state.last_step) <= set(last_step), "it is part of what was said, not of something older"
    step, offers = state.last_step, 0
    for _ in range(3):
        state, effects = CONVERSATION.step(state, heard("/repeat"))
        again = said(effects).prompts
        assert again[: len(step)] == step
        assert again[len(step) :] in ((), REPLIES.own("offer-slower"))
        offers += len(again) > len(step)
        state, _ = CONVERSATION.step(state, Finished())
    assert offers <= 1


@at_random
@given(visits, st.sampled_from(ALARMS), st.booleans())
def test_an_emergency_always_wins(visit, flag, addressed):
    state, effects = CONVERSATION.step(end_of(visit), heard(f"!{flag}", addressed))
    assert decision(effects).action == "emergency"
    assert decision(effects).entry == flag
    turn = said(effects)
    assert turn.prompts == REPLIES.flag(flag)
    assert not turn.interruptible
    assert state.emergency == flag


@at_random
@given(visits)
def test_nothing_but_a_person_breaks_into_an_emergency(visit):
    for before, event, effects, _ in play(visit):
        if before.emergency is not None and before.speaking and not isinstance(event, Heard | Pressed):
            assert effects == (), event


@at_random
@given(visits, st.sampled_from(MILDER))
def test_every_other_flag_is_told_unless_a_graver_one_stands(visit, flag):
    state = end_of(visit)
    _, effects = CONVERSATION.step(state, heard(f"!{flag}"))
    expected = REPLIES.flag(state.emergency or flag)
    needs_topic = REPLIES.flag_tier(flag) == "doctor" and REPLIES.flag_needs_topic(flag)
    assert needs_topic or set(expected) <= set(said(effects).prompts)


@at_random
@given(visits)
def test_no_state_is_a_dead_end(visit):
    state, effects = CONVERSATION.step(end_of(visit), heard("/start-over"))
    assert said(effects) is not None
    state, effects = CONVERSATION.step(state, heard("relief-now"))
    assert decision(effects).entry == "relief-now"
    step = REPLIES.entries["relief-now"].steps[0].text
    assert step in said(effects).text
    assert REMINDER in said(effects).text, "a visit that starts over is reminded again"


@at_random
@given(visits, st.sampled_from(LED_BY_STEPS))
def test_whoever_reads_a_remedy_to_its_last_step_hears_of_the_doctor(visit, entry):
    state, _ = CONVERSATION.step(end_of(visit), heard("/start-over"))
    texts = []
    for event in (heard(entry), *[Pressed("next")] * (len(REPLIES.entries[entry].steps) - 1)):
        state, effects = CONVERSATION.step(state, event)
        texts.append(said(effects).text)
    assert REMINDER in texts[0]
    assert REMINDER in texts[-1]


@at_random
@given(visits)
def test_the_first_remedy_of_a_visit_and_every_last_step_come_with_the_doctor(visit):
    told = False
    for before, _, effects, after in play(visit):
        turn = said(effects)
        if any(isinstance(effect, End) for effect in effects) or (before.opened and not after.opened):
            told = False
        if turn is None:
            continue
        doctor = any(prompt.text == REMINDER or "doctor" in prompt.text.lower() for prompt in turn.prompts)
        told = told or doctor
        opened, _, number = turn.key.removeprefix("entry:").partition(":")
        if turn.key.startswith("entry:") and REPLIES.entries[opened].doctor_reminder:
            assert told, turn
            assert doctor or int(number) < len(REPLIES.entries[opened].steps), turn


@at_random
@given(visits)
def test_stop_after_ten_minutes_of_cramp_still_brings_the_doctor_once(visit):
    state = replace(end_of(visit), emergency=None, owed=(), typed=False)
    state = replace(state, timer_since_s=state.now_s, timer_notes=0, timer_told=False)
    state, _ = CONVERSATION.step(state, Tick(state.now_s + 605))
    texts = []
    for event in (heard("/stop"), 4.0, Finished(), heard("/stop"), 4.0):
        state, effects = CONVERSATION.step(state, Tick(state.now_s + event) if isinstance(event, float) else event)
        texts.append(said(effects).text if said(effects) else "")
    assert sum("Then get help from a doctor." in text for text in texts[:3]) >= 1
    assert sum("Then get help from a doctor." in text for text in texts[3:]) == 0


@at_random
@given(
    st.sampled_from([State(), State(public=True)]),
    st.lists(st.sampled_from(["gibberish", "", "?heat", "?heat massage", "/no"]), max_size=12),
)
def test_never_a_fourth_reprompt(state, texts):
    in_a_row = 0
    for text in texts:
        state, effects = CONVERSATION.step(state, heard(text))
        turn = said(effects)
        if turn is not None and turn.key.startswith(("reply:reject", "reply:nothing-heard", "ask:")):
            in_a_row += text != "/no"  # the doctor instead of "say it in other words" ends the third question
        elif text == "/no" and turn is not None and turn.key == "reply:reject-3":
            assert in_a_row == MAX_MISSES
        if text == "/no" and turn is not None and not turn.key.startswith("reply:"):
            in_a_row = 0  # a command, understood
        assert in_a_row <= MAX_MISSES


@at_random
@given(visits)
def test_turns_are_short_and_rates_are_those_of_the_table(visit):
    for before, event, effects, _ in play(visit):
        says = [effect for effect in effects if isinstance(effect, Say)]
        assert len(says) <= 1
        for turn in says:
            assert turn.prompts, (before, event)
            assert len(turn.text.split()) <= MAX_TURN_WORDS, turn.text
        assert all(effect.words_per_minute in RATES for effect in effects if isinstance(effect, SetRate))


@at_random
@given(st.lists(events, max_size=25))
def test_a_public_visit_left_alone_is_forgotten(happenings):
    state = end_of((State(public=True), happenings))
    timer = state.timer_since_s
    for _ in range(150):  # the whole article, and then some minutes of silence; each turn is heard to its end
        if state.speaking:
            state, _ = CONVERSATION.step(state, Finished())
        state, _ = CONVERSATION.step(state, Tick(state.now_s + 15))
    state, _ = CONVERSATION.step(state, Finished())
    assert state.timer_since_s in (timer, None)
    forgotten = ("entry", "question", "rate", "volume", "brief", "emergency", "opened", "warned", "reading", "active")
    assert [getattr(state, name) for name in forgotten] == [getattr(State(), name) for name in forgotten]


@pytest.mark.parametrize("request_id", REQUEST_IDS)
def test_every_request_can_be_pressed(request_id):
    _, effects = CONVERSATION.step(State(), Pressed(request_id))
    assert said(effects) is not None
    assert decision(effects).entry == request_id
