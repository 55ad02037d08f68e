"""What the red-flag scanner catches, what it leaves alone, and what it asks about, on the real safety layer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_skill.article.loader import SAFETY_FILE, load_file
from voice_skill.article.redflags import SafetyLayer
from voice_skill.settings import CONTENT_DIR
from voice_skill.understanding.safety import Alarm, SafetyScanner

CORPUS = Path(__file__).parents[1] / "corpus"
LAYER = load_file(CONTENT_DIR / SAFETY_FILE, SafetyLayer)
SCANNER = SafetyScanner(LAYER)
GRAVER = ("emergency", "urgent", "doctor")
TIER = {flag.id: flag.tier for flag in LAYER.flags}


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (CORPUS / name).read_text(encoding="utf-8").splitlines()]


RED = [(flag, text, split) for flag, text, split in rows("red-flags.tsv")]
BENIGN = [(text, split) for text, split in rows("benign.tsv")]
ALARMING = [text for flag, text, _ in RED if TIER[flag] != "doctor"]


def raised(*alternatives: str) -> str | None:
    """ "RF-E1", "RF-E1?" when it would be asked about, or None; what wants only a doctor's advice doesn't count."""
    alarm = SCANNER.scan(alternatives)
    if alarm is None or alarm.tier == "doctor":
        return None
    return alarm.flag + "?" * alarm.denied


def caught(flag: str, alarm: Alarm | None) -> bool:
    """Whether the alarm is at least as grave as the flag."""
    return alarm is not None and not alarm.denied and GRAVER.index(alarm.tier) <= GRAVER.index(TIER[flag])


# --- the corpora ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["dev", "check"])
@pytest.mark.parametrize(("tier", "least"), [("emergency", 1.0), ("urgent", 0.95), ("doctor", 0.9)])
def test_red_flags_are_caught(tier: str, least: float, split: str) -> None:
    wanted = [(flag, text) for flag, text, part in RED if TIER[flag] == tier and part == split]
    missed = [(flag, text) for flag, text in wanted if not caught(flag, SCANNER.scan([text]))]
    assert len(missed) <= (1 - least) * len(wanted), missed


def test_each_flag_has_paraphrases_of_its_own() -> None:
    for flag in LAYER.flags:
        texts = [text for flag_id, text, _ in RED if flag_id == flag.id]
        assert len(set(texts)) >= (12 if flag.tier == "doctor" else 25), flag.id
        # Some sentences hold two flags, and the graver or the one listed first wins; most must be their own.
        own = sum(alarm.flag == flag.id for text in texts if (alarm := SCANNER.scan([text])))
        assert own >= 0.8 * len(texts), flag.id


@pytest.mark.parametrize("split", ["dev", "check"])
def test_benign_talk_raises_no_alarm(split: str) -> None:
    texts = [text for text, part in BENIGN if part == split]
    false = [(text, flag) for text in texts if (flag := raised(text)) and not flag.endswith("?")]
    assert len(texts) >= 125
    assert len(false) <= 0.02 * len(texts), false


def test_red_flags_and_benign_talk_share_no_sentence() -> None:
    assert not {text for _, text, _ in RED} & {text for text, _ in BENIGN}


# --- denials --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("no chest pain", "RF-E1?"),
        ("i don't have any chest pain", "RF-E1?"),
        ("i dont have chest pain", "RF-E1?"),
        ("there's no chest pain", "RF-E1?"),
        ("know chest pain", "RF-E1?"),
        ("i have never had chest pain", "RF-E1?"),
        ("no swelling redness or chest pain", "RF-E1?"),
        ("i have no trouble breathing", "RF-E1?"),
        ("i'm not struggling to breathe", "RF-E1?"),
        ("my speech isn't slurred", "RF-E2?"),
        ("my foot isn't blue", "RF-E3?"),
        ("my jaw isn't locked", "RF-E6?"),
        ("i don't want to die", "RF-E7?"),
        ("i'm not suicidal", "RF-E7?"),
        ("my calf isn't swollen", "RF-U1?"),
        ("it's not a blood clot", "RF-U1?"),
        ("it's not infected", "RF-U8?"),
        ("i'm not dizzy", "RF-U5?"),
        ("my foot isn't bruised", "RF-U6?"),
    ],
)
def test_a_denied_flag_is_asked_about(said: str, expected: str) -> None:
    assert raised(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("i can't breathe", "RF-E1"),
        ("i cant breathe", "RF-E1"),
        ("no i can't breathe", "RF-E1"),
        ("no can't breathe", "RF-E1"),
        ("i'm not able to move my leg", "RF-E3"),
        ("i can't move my leg", "RF-E3"),
        ("there is no pulse in my foot", "RF-E3"),
        ("no feeling in my foot", "RF-U4"),
        ("it won't stop", "RF-U2"),
        ("the cramp isn't stopping", "RF-U2"),
        ("my cut isn't healing and it's not closing", "RF-U8"),
        ("no my chest hurts", "RF-E1"),
        ("no it hurts in my chest", "RF-E1"),
        ("i don't know why my chest hurts", "RF-E1"),
        ("i'm not sure but i think it's chest pain", "RF-E1"),
        ("it's not getting better my chest hurts", "RF-E1"),
        ("not only chest pain but i can't breathe", "RF-E1"),
        ("no fever but chest pain", "RF-E1"),
        ("no swelling and my chest hurts", "RF-E1"),
        ("no. my chest hurts", "RF-E1"),
        ("no! chest pain", "RF-E1"),
        ("my calf is swollen but no chest pain", "RF-U1"),
    ],
)
def test_no_denial_is_heard_where_there_is_none(said: str, expected: str) -> None:
    assert raised(said) == expected


@pytest.mark.parametrize(
    "said", ["i'm not pregnant", "i don't have diabetes", "i don't take any medicine", "it doesn't happen every night"]
)
def test_denials_that_need_no_answer_get_none(said: str) -> None:
    assert SCANNER.scan([said]) is None


@pytest.mark.parametrize(("said", "flag"), [("it isn't numb", "RF-D2"), ("i don't have any swelling", "RF-D2")])
def test_denied_numbness_and_swelling_are_asked_about(said: str, flag: str) -> None:
    alarm = SCANNER.scan([said])
    assert alarm is not None
    assert (alarm.flag, alarm.denied) == (flag, True)


@pytest.mark.parametrize(
    "said",
    [
        "my toes are cramping and i can't move my foot",
        "i've got a cramp and i can't move my leg",
        "i can't move my toes",
        "am i going to die",
        "my jaw locks up when i chew",
    ],
)
def test_what_a_cramp_may_explain_is_asked_about(said: str) -> None:
    flag = raised(said)
    assert flag is not None
    assert flag.endswith("?")


# --- what only sounds dangerous ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "this cramp is killing me",
        "my feet are killing me",
        "i'm dying of cramp",
        "i'm dying here",
        "my toe is dead",
        "i could kill for a massage",
        "this cramp drives me mad",
        "let's get to the heart of the matter",
        "my heart isn't in it",
        "i have a chest of drawers",
        "let's play chess",
        "out of the blue my toe cramped",
        "i have a number of questions",
        "put a warm cloth on my foot",
        "none of this helps my foot",
        "he's stating the obvious",
        "i fell asleep",
        "i'm sick of these cramps",
        "take a deep breath",
        "i wear blue socks",
        "my red shoes are tight",
        "my feet are cold in bed",
        "can i put my foot in warm water",
        "should i put a hot water bottle on my foot",
        "could i hurt myself by stretching too hard",
        "my collapsed arches cramp",
        "should i stroke my foot",
    ],
)
def test_idioms_and_everyday_neighbours_stay_silent(said: str) -> None:
    assert raised(said) is None


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        ("my chest is killing me", "RF-E1"),
        ("out of the blue my foot went numb", "RF-E3"),
        ("food poisoning then cramps", "RF-U5"),
        ("blood poisoning", "RF-U8"),
        ("this pain is killing me and i want to kill myself", "RF-E7"),
    ],
)
def test_an_idiom_hides_no_longer_term(said: str, flag: str) -> None:
    assert raised(said) == flag


# --- near to each other: everyday talk and the flag it must not hide --------------------------------------------------


@pytest.mark.parametrize(
    ("everyday", "grave", "flag"),
    [
        ("my chest muscles are sore from bench press", "my chest is sore", "RF-E1"),
        ("it does not wake me again", "my wife does not wake", "RF-E1"),
        ("do you stroke or squeeze a cramped foot", "is this a stroke or a cramp", "RF-E2"),
        ("since my stroke i need it slower", "my husband has had a stroke", "RF-E2"),
        ("i can't follow talk slower please", "she can't talk", "RF-E2"),
        ("my arms are dead after carrying the shopping", "my arm is dead", "RF-E2"),
        ("my feet are like ice and then they cramp", "my feet are like ice", "RF-E3"),
        ("my feet are like ice and then they cramp", "my foot is like ice and it cramps", "RF-E3"),
        ("every winter my toes go blue and cramp", "my toes are blue", "RF-E3"),
        ("every winter my toes go blue and cramp", "my foot goes white in winter", "RF-E3"),
        ("i sat cross legged and no blood is getting to my toes", "no blood is getting to my toes", "RF-E3"),
        ("does crossing my legs cut off the blood", "the rope cuts off the blood", "RF-E4"),
        ("i broke my ankle years back and that foot cramps", "i broke my ankle just now", "RF-E4"),
        ("why do the toes go sideways when the foot cramps", "my toe is sideways", "RF-E4"),
        ("heels hanging off the stair is that a stretch", "my toe is hanging off", "RF-E4"),
        ("my bum has gone numb on this bench", "my bum has gone numb", "RF-E5"),
        ("my foot cramped on the gas pedal", "i breathed in gas and my foot cramps", "RF-E6"),
        ("have i overdone it", "have i overdosed", "RF-E6"),
        ("my throat goes tight when i sing", "my throat goes tight", "RF-E6"),
        ("my toes are having a fit", "my son is having a fit", "RF-E6"),
        ("ski boots kill me", "he wants to kill me", "RF-E7"),
        ("could i burn myself putting heat on a cramp", "i burn myself on purpose", "RF-E7"),
        ("how do i warm my foot", "my foot is warm", "RF-U1"),
        ("should i ring the surgery about my foot cramps", "my foot cramps since surgery", "RF-U1"),
        ("what are the red flags with foot cramps", "my foot is red", "RF-U1"),
        ("on my feet all day and they cramp", "cramping all day", "RF-U2"),
        ("does sitting all day cause foot cramps", "my foot has been cramping all day", "RF-U2"),
        ("i have had cramps since two weeks", "i have had a cramp since two", "RF-U2"),
        ("my skates cramp my feet within ten minutes", "my feet have cramped for ten minutes", "RF-U2"),
        ("hiccups will not stop", "this will not stop", "RF-U2"),
        ("no stop", "it will not stop", "RF-U2"),
        ("i have a baby in my belly and my foot cramps", "my belly cramps and my foot too", "RF-U4"),
        ("my feet are weak how do i build them up", "my feet are weak", "RF-U4"),
        ("why is my foot catching with cramp", "my foot keeps catching on the rug", "RF-U4"),
        ("i get foot cramps every week", "my foot is weak", "RF-U4"),
        ("your voice is very faint", "i am very faint", "RF-U5"),
        ("does tea count as water", "my water is brown", "RF-U5"),
        ("could i tear something if i stretch it", "i tore something when i stretched it", "RF-U6"),
        ("does dropping my heel off a step help", "i dropped a pan on my heel", "RF-U6"),
        ("my feet cramp since i fell pregnant", "my feet cramp since i fell", "RF-U6"),
        ("how do i cut down on foot cramps", "i cut my foot", "RF-U6"),
        ("my heels hurt my feet", "i hurt my foot", "RF-U6"),
        ("i have hay fever", "i have a fever", "RF-U8"),
        ("i have an ear infection", "i have an infection", "RF-U8"),
    ],
)
def test_what_explains_everyday_talk_hides_no_flag_near_to_it(everyday: str, grave: str, flag: str) -> None:
    assert raised(everyday) is None
    assert raised(grave) == flag


@pytest.mark.parametrize(
    "said",
    [
        "i was kneeling and my leg is cold and white and i can't move it",
        "i was kneeling and the glass cut off my toe",
        "i'm kneeling on the wound and can't stop the blood",
        "my toes went white in the cold and i can't feel them",
        "i dropped a beam on my leg and it has gone white",
        "my old injury hurts and now my leg is broken",
    ],
)
def test_a_harmless_word_explains_no_graver_sign(said: str) -> None:
    flag = raised(said)
    assert flag is not None
    assert flag.startswith("RF-E")


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        ("i dropped a tin on my toe and it has gone black", "RF-U6"),
        ("i kicked the bed and now my toe is purple", "RF-U6"),
        ("woke with the cramp and it is still there at breakfast", "RF-U2"),
        ("i had a bug and could not keep a drop down", "RF-U5"),
        ("my foot has gone numb for a week", "RF-U4"),
        ("weakness in leg since monday", "RF-U4"),
    ],
)
def test_the_row_that_fits_is_raised(said: str, flag: str) -> None:
    assert raised(said) == flag


# --- how long -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "i've had a cramp for an hour",
        "cramp since this morning",
        "my foot has been cramping for forty minutes",
        "cramping for more than ten minutes",
        "it's been cramping for 20 min",
        "my toe has been cramping for 25min",
        "a quarter of an hour and my foot is still in a knot",
        "it's been going on for half an hour",
        "my calf has been in spasm for two and a half hours",
        "it has lasted longer than fifteen minutes",
        "over fifteen minutes now",
        "the cramp won't stop",
        "cramping all day",
    ],
)
def test_a_cramp_of_ten_minutes_or_more_is_urgent(said: str) -> None:
    assert raised(said) == "RF-U2"


@pytest.mark.parametrize(
    "said",
    [
        "it lasted for ten seconds",
        "cramping for five minutes",
        "it stopped after two minutes",
        "how long do cramps last",
        "can a cramp last an hour",
        "is it normal for a cramp to last ten minutes",
        "what if it lasts longer than fifteen minutes",
        "i walked for an hour and then my toes cramped",
        "after two hours on my feet i get a cramp",
        "i put a heat pack on for fifteen minutes",
        "i massaged it for ten minutes",
        "i've had foot cramps for years at night",
        "they come twice a day",
        "set a timer for fifteen minutes",
    ],
)
def test_other_times_are_not_urgent(said: str) -> None:
    assert raised(said) is None


def test_years_of_cramps_want_a_doctor() -> None:
    alarm = SCANNER.scan(["i've had foot cramps for years at night"])
    assert alarm is not None
    assert alarm.flag == "RF-D1"


# --- topics ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "can pregnancy cause cramps",
        "why do pregnant women get cramps",
        "is diabetes a cause",
        "can an injury cause cramps",
        "do statins cause cramps",
        "does heat help",
        "is poor circulation the reason",
        "can dehydration cause cramps",
        "should i see a doctor",
        "how do i strengthen weak feet",
    ],
)
def test_asking_about_a_topic_is_not_urgent(said: str) -> None:
    assert raised(said) is None


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        ("i'm pregnant", "RF-D5"),
        ("my five year old has foot cramps", "RF-D5"),
        ("my son is eight and his toes cramp", "RF-D5"),
        ("i have diabetes and my feet cramp", "RF-D5"),
        ("i started a statin", "RF-D4"),
        ("cramp when i walk and it goes when i rest", "RF-D3"),
        ("my toes are tingling", "RF-D2"),
        ("i get cramps every night", "RF-D1"),
    ],
)
def test_a_doctor_soon(said: str, flag: str) -> None:
    alarm = SCANNER.scan([said])
    assert alarm is not None
    assert (alarm.flag, alarm.tier, alarm.denied) == (flag, "doctor", False)


@pytest.mark.parametrize("said", ["could it be a blood clot", "is this a stroke", "what about chest pain"])
def test_asking_whether_it_is_one_is_no_mere_topic(said: str) -> None:
    flag = raised(said)
    assert flag is not None
    assert not flag.endswith("?")


# --- misspelt and misheard ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "flag"),
    [
        ("chset pain", "RF-E1"),
        ("i cant brethe", "RF-E1"),
        ("my husband colapsed", "RF-E1"),
        ("slured speech", "RF-E2"),
        ("i feel suicidel", "RF-E7"),
        ("my calf is swolen and hot", "RF-U1"),
        ("my cough is swollen and hot", "RF-U1"),
        ("blood cloth in my leg", "RF-U1"),
        ("my foot is suddenly num", "RF-E3"),
        ("i can't breeze", "RF-E1"),
        ("my diabetis and a blister", "RF-U3"),
        ("i i can't can't um breathe", "RF-E1"),
    ],
)
def test_misspelt_and_misheard_words_are_caught(said: str, flag: str) -> None:
    assert raised(said) == flag


def test_a_sound_alike_needs_a_word_that_was_heard_right() -> None:
    assert raised("the cuff is woollen") is None
    assert raised("my cuff is swollen") == "RF-U1"


# --- alternatives and partials --------------------------------------------------------------------------------------


def test_every_alternative_counts_and_the_gravest_wins() -> None:
    assert raised("my coffee is hot", "my calf is hot") == "RF-U1"
    assert raised("i twisted my ankle", "my chest hurts") == "RF-E1"


def test_a_flag_counts_as_its_best_alternative_has_it() -> None:
    assert raised("no chest pain", "chest pain") == "RF-E1?"
    assert raised("chest pain", "no chest pain") == "RF-E1"


def test_an_urgent_flag_outranks_a_denied_emergency() -> None:
    assert raised("i have no chest pain", "my calf is swollen") == "RF-U1"


def test_partial_results_raise_the_alarm_as_soon_as_the_words_are_there() -> None:
    words = ["my", "foot", "cramps", "and", "i", "can't", "breathe", "at", "all", "please", "help"]
    first = next(n for n in range(len(words) + 1) if raised(" ".join(words[:n])))
    assert words[:first][-1] == "breathe"


def test_the_alarm_says_which_words_fired() -> None:
    alarm = SCANNER.scan(["well my left calf is really swollen you know"])
    assert alarm is not None
    assert (alarm.flag, alarm.tier, alarm.reply) == ("RF-U1", "urgent", "leg-today")
    assert alarm.evidence == ("calf", "swollen")


def test_nothing_heard_raises_nothing() -> None:
    assert SCANNER.scan([]) is None
    assert SCANNER.scan(["", "   ", "?!"]) is None


# --- properties -----------------------------------------------------------------------------------------------------


@given(red=st.sampled_from(ALARMING), benign=st.sampled_from([text for text, _ in BENIGN]), first=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_red_flag_is_caught_beside_any_other_sentence(red: str, benign: str, first: bool) -> None:
    assert raised(f"{red}. {benign}" if first else f"{benign}. {red}") is not None


def test_a_red_flag_is_caught_beside_other_words_without_a_full_stop() -> None:
    """A recognizer writes no full stops; next to a sentence that explains it ("... my shoes") a flag may be lost."""
    emergencies = [text for flag, text, _ in RED if TIER[flag] == "emergency"]
    benign = [text for text, _ in BENIGN]
    pairs = [(red, benign[(n * 37) % len(benign)]) for n, red in enumerate(emergencies)]
    joined = [text for red, other in pairs for text in (f"{red} {other}", f"{other} {red}")]
    lost = [text for text in joined if raised(text) is None]
    assert len(lost) <= 0.01 * len(joined), lost


@given(st.lists(st.text(), max_size=5))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_raise(alternatives: list[str]) -> None:
    SCANNER.scan(alternatives)


WORDS = sorted({word for phrases in LAYER.terms.values() for phrase in phrases for word in phrase.split()})


@given(st.lists(st.sampled_from([*WORDS, *LAYER.denial.words, "ten", "minutes", "years", "old"]), max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_jumble_of_its_own_words_makes_it_raise(words: list[str]) -> None:
    alarm = SCANNER.scan([" ".join(words)])
    assert alarm is None or alarm.flag in TIER


def test_a_pasted_page_is_scanned_in_bounded_time() -> None:
    page = "my chest pain is not a calf swollen hot foot cramp for an hour " * 2000
    started = time.perf_counter()
    assert raised(page) is not None
    assert time.perf_counter() - started < 10
