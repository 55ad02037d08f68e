"""Every sentence that can be said, in every region, and every turn they can be put together to: short, plain, sourced,
speakable, and of a length in seconds that was measured on the real voice.
"""

from __future__ import annotations

import re

import pytest
import textstat
from scripted import CONTENT, CONVERSATION, REPLIES, heard

from voice_skill.article.lint import FORBIDDEN, MAX_ALARM_WORDS, MAX_TURN_WORDS
from voice_skill.article.schema import MAX_STEP_WORDS, REQUEST_IDS
from voice_skill.conversation.replies import Replies
from voice_skill.conversation.state import DEFAULT_RATE, State
from voice_skill.events import DeviceBack, DeviceLost, Interrupted, Pressed, Say, Tick
from voice_skill.speaking.player import PAUSE_S
from voice_skill.speaking.pronounce import DIGITS, pronounce
from voice_skill.speaking.synthesizer import Synthesizer

REGIONS = ("US", "UK", "EU", "generic")
MAX_GRADE = 6.0  # what a twelve-year-old can follow: reference U5
FEW_WORDS, LONG_TURN = 8, 25
MAX_SENTENCE_GRADE = 10.0
MAX_STEP_S, MAX_TURN_S = 8.0, 17.0  # at the default rate: reference U1
# Words that make a sentence one about health, so that it needs a source. What we ask and what we offer to be asked
# says nothing about health.
HEALTH = re.compile(
    r"\b(cramps?|muscles?|doctor|midwife|medical|emergency|call|heat|warm\w*|stretch\w*|massage|rub|pull|blood|pain)\b",
    re.I,
)
OFFERS = re.compile(
    r"^(Say|Or say|I only know|To |You can|I'm still here|If it still hurts|If not|Did you (mean|say))\b|\?$"
)
ABBREVIATIONS = re.compile(
    r"\b(e\.g|i\.e|etc|vs|approx|min|mins|sec|secs|hrs?|dr|mr|mrs|st|cm|mm|kg|mg|ml|wpm)\.|"
    r"\b\d+ ?(min|mins|sec|secs|hrs?|cm|mm|kg|mg|ml|wpm)\b|[&/%°<>@#*_+=~]",
    re.I,
)


def grade(text):
    """Flesch-Kincaid as it is spoken; the formula's dictionary knows no figures and no compounds with hyphens."""
    spoken = re.sub(r"\b20\d\d\b", "twenty twenty", pronounce(text).replace("-", " "))
    spoken = re.sub(r"\d", lambda digit: f" {DIGITS[int(digit[0])]} ", spoken)
    return textstat.flesch_kincaid_grade(re.sub(r"(?<= )\.(?= )", "point", spoken))


def words(text):
    return len(text.split())


PROMPTS = {region: tuple(dict.fromkeys(Replies(CONTENT, region).all_prompts())) for region in REGIONS}
EVERY_PROMPT = tuple(dict.fromkeys(prompt for prompts in PROMPTS.values() for prompt in prompts))


def composed():
    """Every turn an entry can begin with, each of its steps, and what stands around them: state and event of each."""
    doctor_flags = [flag.id for flag in CONTENT.safety.flags if flag.tier == "doctor"]
    for entry_id, entry in REPLIES.entries.items():
        others = [other for other in REPLIES.entries if other != entry_id]
        for first in (State(), State(reminded=True, hinted=True), State(brief=True)):
            yield first, heard(entry_id)
            yield from ((first, heard(f"!{flag} {entry_id}")) for flag in doctor_flags)
            yield from ((first, heard(f"+{entry_id} {other}")) for other in others)
        for position in range(len(entry.steps)):
            step = State(active=True, entry=entry_id, position=position, reminded=True)
            yield step, Pressed("next")
            yield step, Pressed("previous")
            for last in (step, open_at(entry_id, position)):
                yield from ((last, heard(f"/{command.id}")) for command in CONTENT.commands.commands)
                yield from ((last, Pressed(request)) for request in REQUEST_IDS)
    for flag in CONTENT.safety.flags:
        yield State(), heard(f"!{flag.id}")
        yield State(), heard(f"~{flag.id}")
        if flag.tier == "emergency":
            held = State(active=True, emergency=flag.id, last_step=REPLIES.flag(flag.id))
            yield from (
                (held, event) for event in (heard("heat"), heard("/louder"), heard("/repeat"), Pressed("about"))
            )
    for public in (False, True):
        for misses in range(3):
            yield State(misses=misses, public=public), heard("gibberish")
            yield State(misses=misses, public=public), heard("")
        for quiet_s in (11, 61, 181, 301, 601, 901):
            for timer in (None, 0.0):
                for entry_id in ("relief-now", None):
                    waiting = State(active=True, met=True, entry=entry_id, public=public, timer_since_s=timer)
                    yield waiting, Tick(quiet_s)
    for device in ("microphone", "speaker"):
        yield State(), DeviceLost(device)
        yield State(), DeviceBack(device)


def open_at(entry_id, position):
    """That step just said, and cut off before its first sentence was over."""
    state, _ = CONVERSATION.step(State(), heard(entry_id))
    for _ in range(position):
        state, _ = CONVERSATION.step(state, Pressed("next"))
    return CONVERSATION.step(state, Interrupted(0))[0]


def turns():
    found = {}
    for state, event in composed():
        _, effects = CONVERSATION.step(state, event)
        found |= {effect.prompts: effect for effect in effects if isinstance(effect, Say)}
    return tuple(found.values())


TURNS = turns()


@pytest.fixture(scope="module")
def seconds():
    """How long each sentence takes at the default rate: rendered, not reckoned."""
    voice = Synthesizer(words_per_minute=DEFAULT_RATE)
    every = {prompt.text for prompt in EVERY_PROMPT} | {prompt.text for turn in TURNS for prompt in turn.prompts}
    return {text: voice.render(text).seconds for text in sorted(every)}


def test_all_kinds_of_turns_are_looked_at():
    kinds = {turn.key.split(":")[0] for turn in TURNS}
    assert kinds >= {"entry", "command", "request", "reply", "safety", "ask", "timer"}
    assert len(TURNS) > 700
    assert {prompt.text for turn in TURNS for prompt in turn.prompts} >= {
        prompt.text
        for entry in REPLIES.entries
        for position in range(len(REPLIES.entries[entry].steps))
        for prompt in REPLIES.step(entry, position)
    }


def test_no_sentence_is_longer_than_a_breath():
    assert [prompt.text for prompt in EVERY_PROMPT if words(prompt.text) > MAX_STEP_WORDS] == []


def test_no_turn_is_longer_than_two_breaths(seconds):
    assert [turn.text for turn in TURNS if words(turn.text) > MAX_TURN_WORDS] == []
    lengths = {turn.text: sum(seconds[p.text] + PAUSE_S for p in turn.prompts) for turn in TURNS}
    assert {text: length for text, length in lengths.items() if length > MAX_TURN_S} == {}


def test_no_sentence_takes_longer_than_eight_seconds(seconds):
    assert {text: length for text, length in seconds.items() if length > MAX_STEP_S} == {}
    assert min(seconds.values()) > 0.3


@pytest.mark.parametrize("region", REGIONS)
def test_an_alarm_is_short_whatever_the_number(region):
    replies = Replies(CONTENT, region)
    for flag in CONTENT.safety.flags:
        assert sum(words(prompt.text) for prompt in replies.flag(flag.id)) <= MAX_ALARM_WORDS, flag.id


@pytest.mark.parametrize("region", REGIONS)
def test_everything_said_is_easy_to_follow(region):
    """The formula means nothing for a handful of words: it is asked about whole entries, about long turns, and about
    all of our own talk; no sentence may be much harder than the rest.
    """
    replies = Replies(CONTENT, region)
    for entry in CONTENT.article.entries:
        assert grade(" ".join([entry.gist.text, *(step.text for step in entry.steps)])) <= MAX_GRADE, entry.id
    for name in CONTENT.safety.replies:
        text = " ".join(prompt.text for prompt in replies.safety(name))
        assert grade(text) <= MAX_GRADE, (name, text)
    assert grade(" ".join(prompt.text for prompt in PROMPTS[region] if not prompt.source)) <= MAX_GRADE - 2
    sentences = [prompt.text for prompt in PROMPTS[region] if words(prompt.text) >= FEW_WORDS]
    assert {text: grade(text) for text in sentences if grade(text) > MAX_SENTENCE_GRADE} == {}


def test_every_long_turn_is_easy_to_follow():
    long = [turn.text for turn in TURNS if words(turn.text) >= LONG_TURN]
    assert len(long) > 300
    assert {text: grade(text) for text in long if grade(text) > MAX_GRADE} == {}


def test_every_health_sentence_has_a_source():
    bare = [
        prompt.text
        for prompt in EVERY_PROMPT
        if not prompt.source and HEALTH.search(prompt.text) and not OFFERS.search(prompt.text)
    ]
    assert bare == []


def test_nothing_says_what_somebody_has_or_needs():
    assert [prompt.text for prompt in EVERY_PROMPT if FORBIDDEN.search(prompt.text)] == []


def test_numbers_and_abbreviations_can_be_spoken():
    for prompt in EVERY_PROMPT:
        assert not ABBREVIATIONS.search(prompt.text), prompt.text
        assert not re.search(r"\b\d{3}\b|\d{5}", pronounce(prompt.text)), "emergency numbers are said digit by digit"
        assert prompt.text.isascii(), prompt.text
        assert prompt.text[-1] in ".?!", prompt.text


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("You have a clot.", FORBIDDEN),
        ("This treats it.", FORBIDDEN),
        ("That is safe for you.", FORBIDDEN),
        ("Hold it for 2 min or so.", ABBREVIATIONS),
        ("Rub it, e.g. with oil.", ABBREVIATIONS),
        ("Rub the tight spot.", HEALTH),
    ],
)
def test_the_rules_find_what_they_are_for(text, rule):
    assert rule.search(text)


def test_whatever_can_be_said_is_rendered_ahead():
    ahead = {prompt.text for prompt in PROMPTS["US"]}
    assert [prompt.text for turn in TURNS for prompt in turn.prompts if prompt.text not in ahead] == []
