"""Red flags by votes and network: wording that the rules lack, what stays quiet, and which of the two is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fit.corpus import read_red_flags
from fit.files import CORPUS, HARMLESS, rows
from fit.judging import RED_FLAGS_DEV
from voice_skill.article.content import Content
from voice_skill.events import Hypothesis
from voice_skill.understanding.interpret import Context, Understanding
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.safety import Alarm

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
    loud = max((text for _, text in DEV), key=lambda text: suspicion.features({text: 1.0})[1])
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
    alarms = [understanding.suspicion.alarm({normalize(text): 1.0}) for text in calm]
    raised = [text for text, a in zip(calm, alarms, strict=True) if a and a.tier != "doctor" and not a.denied]
    assert len(raised) <= 0.004 * len(calm), raised
    mentioned = [text for text, a in zip(calm, alarms, strict=True) if a and a.tier == "doctor"]
    assert len(mentioned) <= 0.05 * len(calm), mentioned


@pytest.mark.parametrize("text", ["my toes go white in the cold then they cramp", "give it a good thump or stroke it"])
def test_a_rule_that_misfired_is_overruled(understanding: Understanding, text: str) -> None:
    assert understanding.scanner.scan([text]) is not None
    assert alarm_of(understanding, text) is None


ALARM = Alarm("RF-E1", "emergency", "emergency", "chest pain", denied=False, evidence=("chest pain",))
SOON = replace(ALARM, flag="RF-D1", tier="doctor")


@pytest.mark.parametrize(
    ("ruled", "text", "believed"),
    [
        (None, "does a warm bath help", None),
        (ALARM, "i have a crushing pain in my chest", "RF-E1"),
        (ALARM, "does a warm bath help a cramp", None),  # misfired
        (ALARM, "a warm bath", "RF-E1"),  # too short to be sure of that
        (replace(ALARM, denied=True), "does a warm bath help", "RF-E1"),  # the rules understand "no chest pain"
        (SOON, "does a warm bath help", "RF-D1"),
        (SOON, "my face is drooping on one side and my speech is slurred", "RF-E2"),
    ],
)
def test_which_of_the_two_is_believed(
    understanding: Understanding, ruled: Alarm | None, text: str, believed: str | None
) -> None:
    alarm = understanding.suspicion.weigh(ruled, [text], {text: 1.0})
    assert (alarm.flag if alarm else None) == believed


def test_what_was_written_for_a_rule_is_never_overruled(understanding: Understanding) -> None:
    """Through both pairs of ears, not the rules alone."""
    for flag, text, _ in rows(CORPUS / "red-flags.tsv"):
        if flag.startswith(("RF-E", "RF-U")):
            alarm = alarm_of(understanding, text)
            assert alarm is not None, (flag, text)
            assert alarm.tier != "doctor", (flag, text)


@settings(deadline=None)  # the first text waits for the votes to be read
@given(st.lists(st.text(max_size=60), max_size=3))
def test_no_text_upsets_it(understanding: Understanding, texts: list[str]) -> None:
    understanding.suspicion.alarm({normalize(text): 1 / len(texts) for text in texts})
