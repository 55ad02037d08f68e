"""The safety layer as it is written: short, sourced, fillable for every region, and free of dead entries."""

from __future__ import annotations

import re

import pytest
import yaml
from pydantic import ValidationError

from voice_skill.article.loader import SAFETY_FILE, load_file
from voice_skill.article.redflags import MEASURED_GROUPS, Pattern, SafetyLayer
from voice_skill.article.schema import MAX_STEP_WORDS, Region
from voice_skill.settings import CONTENT_DIR

PATH = CONTENT_DIR / SAFETY_FILE
LAYER = load_file(PATH, SafetyLayer)
REGIONS: tuple[Region, ...] = ("US", "UK", "EU", "generic")
FORBIDDEN = re.compile(r"diagnos|\btreat|\bcure|\byou have\b|\byou've got\b|safe for you|\bclot\b", re.IGNORECASE)


def spoken(key: str, region: Region) -> list[str]:
    return [sentence.text.format(**LAYER.regions[region].model_dump()) for sentence in LAYER.replies[key]]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("key", LAYER.replies)
def test_replies_can_be_said_in_one_or_two_breaths(key: str, region: Region) -> None:
    sentences = spoken(key, region)
    assert all(len(sentence.split()) <= MAX_STEP_WORDS for sentence in sentences)
    assert len(" ".join(sentences).split()) <= 25
    assert "{" not in " ".join(sentences)


@pytest.mark.parametrize("key", [key for key in LAYER.replies if key.startswith("caution-")])
def test_cautions_leave_room_for_the_step(key: str) -> None:
    assert len(" ".join(spoken(key, "generic")).split()) <= 12


@pytest.mark.parametrize("key", sorted({flag.reply for flag in LAYER.flags if flag.tier == "doctor"}))
def test_advice_beside_an_answer_is_short(key: str) -> None:
    assert len(" ".join(spoken(key, "generic")).split()) <= 14


def test_no_reply_says_what_a_symptom_is() -> None:
    texts = [sentence.text for sentences in LAYER.replies.values() for sentence in sentences]
    assert [text for text in texts if FORBIDDEN.search(text)] == []


def test_an_emergency_says_whom_to_call_and_that_it_cannot() -> None:
    for region in REGIONS:
        said = " ".join(spoken("emergency", region))
        assert LAYER.regions[region].emergency in said
        assert "I can't call for you." in said
        assert LAYER.regions[region].crisis in " ".join(spoken("crisis", region))
    assert {flag.reply for flag in LAYER.flags if flag.tier == "emergency"} == {"emergency", "crisis"}


def test_every_region_has_its_numbers() -> None:
    assert set(LAYER.regions) == set(REGIONS)
    assert (LAYER.regions["US"].emergency, LAYER.regions["UK"].emergency, LAYER.regions["EU"].emergency) == (
        "911",
        "999",
        "112",
    )


def test_every_source_is_listed_and_every_listed_source_is_used() -> None:
    tags = [sentence.source for sentences in LAYER.replies.values() for sentence in sentences]
    tags += [tag for flag in LAYER.flags for tag in flag.source.split()]
    safety = {tag.removeprefix("safety:") for tag in tags if tag.startswith("safety:")}
    assert all(tag.startswith(("safety:", "article:")) for tag in tags)
    assert safety <= set(LAYER.sources)
    unused = set(LAYER.sources) - safety
    assert unused <= {"heat-cautions", "massage-and-clots", "aafp-cramps"}, unused


def test_the_table_of_flags_is_complete() -> None:
    wanted = [f"RF-E{n}" for n in range(1, 8)] + [f"RF-U{n}" for n in range(1, 9)] + [f"RF-D{n}" for n in range(1, 6)]
    assert sorted(flag.id for flag in LAYER.flags) == sorted(wanted)
    tiers = {"E": "emergency", "U": "urgent", "D": "doctor"}
    assert all(flag.tier == tiers[flag.id[3]] for flag in LAYER.flags)


def test_every_reply_group_and_word_is_used() -> None:
    used = {group for flag in LAYER.flags for pattern in flag.patterns for group in pattern.groups()}
    assert set(LAYER.terms) - used == set()
    assert used & MEASURED_GROUPS == MEASURED_GROUPS
    spelled = {word for phrases in LAYER.terms.values() for phrase in phrases for word in phrase.split()}
    spelled |= {word for flag in LAYER.flags for p in flag.patterns for word in re.findall(r"[a-z0-9]+", p.match)}
    assert set(LAYER.bendable) - spelled == set()
    assert set(LAYER.sound_alikes) - spelled == set()
    assert set(LAYER.never_bent) & set(LAYER.bendable) == set()


def test_no_phrase_stands_twice_in_a_group() -> None:
    assert [name for name, phrases in LAYER.terms.items() if len(set(phrases)) < len(phrases)] == []


def test_the_file_says_who_has_not_signed_it() -> None:
    assert "no clinician" in LAYER.signed_by
    assert LAYER.version


def test_the_slow_yaml_reader_reads_the_same() -> None:
    data = yaml.load(PATH.read_text(encoding="utf-8"), yaml.SafeLoader)
    assert SafetyLayer.model_validate(data) == LAYER


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flags": [{"reply": "nowhere"}]}, "reply 'nowhere' doesn't exist"),
        ({"flags": [{"patterns": ["<nowhere>"]}]}, "word group <nowhere> doesn't exist"),
        ({"flags": [{}, {}]}, "given twice"),
        ({"replies": {"emergency": [{"text": "Call {police} now.", "source": "safety:x"}]}}, "{police} is unknown"),
        ({"context": {}}, "tier emergency has no 'context'"),
    ],
)
def test_broken_layers_say_what_to_write(change: dict[str, object], message: str) -> None:
    flag = {"id": "RF-E1", "tier": "emergency", "about": "chest pain", "source": "safety:x", "reply": "emergency"}
    flag["patterns"] = ["chest pain"]  # type: ignore[assignment]
    flags = change.pop("flags", [{}])
    whole = LAYER.model_dump(mode="json") | {"flags": [flag | each for each in flags]} | change  # type: ignore[union-attr]
    with pytest.raises(ValidationError, match=re.escape(message)):
        SafetyLayer.model_validate(whole)


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ("calf .. hot & red", "mixes"),
        ("calf..hot", "one space"),
        ("calf &hot", "one space"),
        ("calf + hot", "no meaning here"),
    ],
)
def test_broken_patterns_say_what_to_write(match: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Pattern.model_validate(match)


def test_a_pattern_reads_as_it_is_written() -> None:
    pattern = Pattern.model_validate({"match": "<calf> | leg .. hot | very warm", "gap": 2})
    assert pattern.ordered
    assert pattern.terms == (("<calf>", "leg"), ("hot", "very warm"))
    assert pattern.groups() == {"calf"}
    assert not Pattern.model_validate("a | b & c").ordered


def test_a_pattern_knows_the_groups_of_its_exceptions() -> None:
    pattern = {"match": "<a>", "unless": ["<b>"], "harmless_with": ["<c>"], "doubt": ["<d>"]}
    assert Pattern.model_validate(pattern).groups() == {"a", "b", "c", "d"}
