"""Red flags by votes: wording that the rules lack, what stays quiet, and which of the two is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fit.corpus import RED_FLAGS_DEV, read_red_flags
from fit.files import HARMLESS
from voice_skill.article.content import Content
from voice_skill.events import Hypothesis
from voice_skill.understanding.interpret import Context, Understanding
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.safety import Alarm
from voice_skill.understanding.suspicion import graver

DEV = read_red_flags(RED_FLAGS_DEV)
# Measured, less two points, percent: emergencies and urgent flags raised, raised or asked about; harmless talk raised.
RAISED, RAISED_OR_ASKED, FALSELY_RAISED = 95.4, 96.7, 15.4


def alarm_of(understanding: Understanding, text: str) -> Alarm | None:
    return understanding.interpret((Hypothesis(text),), Context()).alarm


def test_the_unthought_of_is_heard(understanding: Understanding, capsys: pytest.CaptureFixture[str]) -> None:
    grave = [text for flag, text in DEV if flag.startswith(("RF-E", "RF-U"))]
    found = [alarm for text in grave if (alarm := alarm_of(understanding, text)) and alarm.tier != "doctor"]
    harmless = [text for flag, text in DEV if flag == HARMLESS]
    false = [text for text in harmless if (a := alarm_of(understanding, text)) and a.tier != "doctor" and not a.denied]
    raised = 100 * sum(not alarm.denied for alarm in found) / len(grave)
    asked = 100 * len(found) / len(grave)
    falsely = 100 * len(false) / len(harmless)
    with capsys.disabled():
        print(f"\ndev, red flags: raised {raised:.1f} %, or asked about {asked:.1f} %; falsely raised {falsely:.1f} %")
    assert raised >= RAISED
    assert asked >= RAISED_OR_ASKED
    assert falsely <= FALSELY_RAISED


def test_it_hears_more_than_the_rules(understanding: Understanding) -> None:
    grave = [text for flag, text in DEV if flag.startswith(("RF-E", "RF-U"))]
    missed = [text for text in grave if understanding.scanner.scan([text]) is None]
    heard = [text for text in missed if understanding.suspicion.alarm({text: 1.0})]
    assert len(heard) > len(missed) / 2


def test_alternatives_count_by_how_much_they_are_believed(understanding: Understanding) -> None:
    suspicion = understanding.suspicion
    loud = max((text for _, text in DEV), key=lambda text: suspicion.strongest({text: 1.0})[0])
    calm = "does a warm bath help"
    alarm = suspicion.alarm({loud: 1.0})
    assert alarm is not None
    assert not alarm.denied
    assert suspicion.alarm({loud: 0.9, calm: 0.1}) == alarm
    assert suspicion.alarm({loud: 0.1, calm: 0.9}) is None
    assert suspicion.alarm({}) is None


def test_plain_questions_and_commands_stay_quiet(understanding: Understanding, content: Content) -> None:
    plain = [phrase for entry in content.article.entries for phrase in entry.phrases]
    plain += [phrase for command in content.commands.commands for phrase in command.phrases]
    calm = [text for text in plain if (alarm := understanding.scanner.scan([text])) is None or alarm.tier == "doctor"]
    raised = [text for text in calm if (a := understanding.suspicion.alarm({normalize(text): 1.0})) and not a.denied]
    assert len(raised) <= 0.004 * len(calm), raised


ALARM = Alarm("RF-E1", "emergency", "emergency", "chest pain", denied=False, evidence=("chest pain",))
SOON = replace(ALARM, flag="RF-D1", tier="doctor")
GUESS = replace(ALARM, flag="RF-E2", evidence=())


@pytest.mark.parametrize(
    ("ruled", "suspected", "believed"),
    [
        (None, None, None),
        (None, GUESS, GUESS),
        (ALARM, GUESS, ALARM),
        (ALARM, None, ALARM),
        (replace(ALARM, denied=True), GUESS, replace(ALARM, denied=True)),  # the rules understand "no chest pain"
        (SOON, GUESS, GUESS),
        (SOON, replace(GUESS, denied=True), SOON),
    ],
)
def test_the_rules_are_believed_first(ruled: Alarm | None, suspected: Alarm | None, believed: Alarm | None) -> None:
    assert graver(ruled, suspected) == believed


@given(st.lists(st.text(max_size=60), max_size=3))
def test_no_text_upsets_it(understanding: Understanding, texts: list[str]) -> None:
    understanding.suspicion.alarm({normalize(text): 1 / len(texts) for text in texts})
