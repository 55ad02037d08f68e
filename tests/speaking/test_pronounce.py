import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_skill.speaking.pronounce import pronounce


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Call 911 now.", "Call nine one one now."),
        ("Call 999.", "Call nine nine nine."),
        ("Call 112, or 111!", "Call one one two, or one one one!"),
        ("Text 988?", "Text nine eight eight?"),
        ("Call 000", "Call zero zero zero"),
        ("Samaritans: 116 123.", "Samaritans: one one six, one two three."),
        ("116123", "one one six one two three"),
        ("(911)", "(nine one one)"),
        ("ring 0800 123 456", "ring zero eight zero zero, one two three, four five six"),
        ("1-800-273-8255", "one, eight zero zero, two seven three, eight two five five"),
        ("text 85258", "text eight five two five eight"),
        # amounts stay amounts
        ("112 minutes", "112 minutes"),
        ("999 mg", "999 milligrams"),
        ("911 steps and 111%", "911 steps and 111%"),
        ("111.5 or 1911 or 9110", "111.5 or 1911 or 9110"),
        ("2.112", "2.112"),
        ("15 minutes, 3 times", "15 minutes, 3 times"),
    ],
)
def test_emergency_and_telephone_numbers_are_spoken_digit_by_digit(written, spoken):
    assert pronounce(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("20 mg or 5ml", "20 milligrams or 5 millilitres"),
        ("37°C", "37 degrees Celsius"),
        ("15-20 seconds, 10–12 times", "15 to 20 seconds, 10 to 12 times"),
        ("ice/heat and/or rest", "ice or heat and or rest"),
        ("fruit, e.g. bananas, i.e. food", "fruit, for example bananas, that is food"),
        ("a 10-minute warm-up", "a 10-minute warm-up"),
    ],
)
def test_units_ranges_and_abbreviations_become_words(written, spoken):
    assert pronounce(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("See a podiatrist.", "See a poe dyatrist."),
        ("Podiatrists, PARACETAMOL", "poe dyatrists, parra seeta moll"),
        ("Go to the ER.", "Go to the E R."),
        ("her emt error", "her emt error"),
        ("Gently pull your toes up.", "Gently pull your toes up."),
        ("It’s tight – really.", "It’s tight – really."),
    ],
)
def test_hard_names_are_respelled_and_all_else_stays(written, spoken):
    assert pronounce(written) == spoken


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\0", "\ud800", "\ufeff\u200b"])
def test_nothing_to_say_is_empty(text):
    assert pronounce(text) == ""


@given(st.text())
def test_any_text_becomes_one_line_that_the_engine_can_take(text):
    spoken = pronounce(text + "\0\ud800" + text)
    spoken.encode("utf-8")
    assert "\0" not in spoken
    assert spoken == " ".join(spoken.split())
