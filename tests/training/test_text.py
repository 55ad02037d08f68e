"""The text that the model is trained on: enough of it, every word of the content in it, nothing held out."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import lexicon as lexicon_module
from training.frequent import UNWANTED, frequent_words
from training.heldout import HELD_OUT_VOICES, held_out_key, held_out_texts, is_held_out_voice
from training.lexicon import OWN_PRONUNCIATIONS, PHONE_ID, PHONES, WORD, Lexicon, read_pronunciations
from training.sentences import (
    CHECKOUT,
    KINDS,
    TEXT,
    Text,
    content_words,
    gather,
    in_words,
    plain,
    read_lines,
    read_sentences,
    summary,
    write,
)
from training.templates import Pattern, Templates
from voice_skill.errors import ContentError, UsageError

SEED = 4
RARE_WORDS = """breathless fainted unconscious mottled pulse paralysed bleeding bladder bowels groin pee wee poisoned
    overdose bleach convulsions allergic heatstroke suicidal abused veins thrombosis vomiting diarrhoea dizzy thirsty
    sprained bruised fractured tetanus statins diuretics salbutamol nifedipine raloxifene naproxen oestrogen dialysis
    cellulitis sepsis gangrene anaphylaxis unresponsive gasping choking wheezing stiff"""


@pytest.fixture(scope="module")
def text() -> Text:
    return gather(seed=SEED)


def test_there_is_enough_of_every_kind(text: Text) -> None:
    counts = summary(text)["by_kind"]
    assert isinstance(counts, dict)
    least = {"about": 5000, "command": 3500, "flag": 2200, "everyday": 3500}
    assert set(counts) == set(KINDS) == set(least)
    assert {kind: counts[kind] for kind in KINDS if counts[kind] < least[kind]} == {}
    assert len(text.sentences) >= 11_000
    assert sum(s.source == "hand" and s.kind == "everyday" for s in text.sentences) >= 1200
    assert len(text.vocabulary) >= 8000


def test_every_word_of_the_content_is_in_the_vocabulary(text: Text) -> None:
    missing = sorted(content_words() - set(text.vocabulary))
    assert not missing, f"write them in {OWN_PRONUNCIATIONS.name}: {' '.join(missing)}"


def test_every_word_has_a_pronunciation(text: Text) -> None:
    assert not text.without_pronunciation, f"write in {OWN_PRONUNCIATIONS.name}: {' '.join(text.without_pronunciation)}"
    assert text.lexicon.missing(text.vocabulary) == []


def test_every_sentence_is_plain_words_of_the_vocabulary(text: Text) -> None:
    known = set(text.vocabulary)
    for sentence in text.sentences:
        words = sentence.text.split(" ")
        assert all(WORD.fullmatch(word) for word in words), sentence
        assert set(words) <= known, sentence
    assert len({s.text for s in text.sentences}) == len({s.id for s in text.sentences}) == len(text.sentences)


def test_rare_words_of_danger_are_spoken_in_sentences(text: Text) -> None:
    said = {word for sentence in text.sentences if sentence.kind == "flag" for word in sentence.text.split()}
    assert sorted(set(RARE_WORDS.split()) - said) == []


def test_nothing_held_out_is_trained_on(text: Text) -> None:
    forbidden = held_out_texts(CHECKOUT)
    assert len(forbidden) > 1000
    assert held_out_key("oh god my toes have gone all crampy") in forbidden  # of tests/corpus/dev.tsv
    assert held_out_key("can you order a pizza for us") in forbidden  # of tests/audio/expected.tsv
    # But for the commands themselves, which nobody can say in other words.
    trained = [s for s in text.sentences if (s.kind, s.source) != ("command", "content")]
    assert [s.text for s in trained if held_out_key(s.text) in forbidden] == []
    assert text.held_out > 40


def test_more_can_be_held_out(text: Text, tmp_path: Path) -> None:
    first, second, third = [s.text for s in text.sentences if s.kind == "about"][:3]
    more = tmp_path / "more.tsv"
    more.write_text(f"label\t{first.upper()}?\n{second}\n", encoding="utf-8")
    left = {sentence.text for sentence in gather(seed=SEED, held_out=[more]).sentences}
    assert not {first, second} & left
    assert third in left
    with pytest.raises(UsageError, match="gone"):
        held_out_texts(CHECKOUT, [tmp_path / "gone.tsv"])


@pytest.mark.parametrize(
    ("engine", "voice", "held_out"),
    [
        ("kokoro", "af_bella", True),
        ("kokoro", "af_heart+bm_lewis", True),
        ("kokoro", "af_heart:0.5,am_michael:0.5", True),
        ("flite", "rms", True),
        ("flite", "cmu_us_rms", True),
        ("pico", "en-GB", True),
        ("svox-pico", "en-US", True),
        ("kokoro", "af_heart", False),
        ("flite", "slt", False),
        ("piper", "joe", False),
        ("people", "reader_12", False),
    ],
)
def test_held_out_voices(engine: str, voice: str, held_out: bool) -> None:
    assert is_held_out_voice(engine, voice) is held_out


def test_every_held_out_voice_is_known_by_its_name() -> None:
    assert all(is_held_out_voice("kokoro", voice) for voice in HELD_OUT_VOICES)


def test_templates_become_the_same_for_the_same_seed() -> None:
    templates = Templates.load(TEXT / "templates.toml")
    once = list(templates.expand(SEED))
    assert once == list(templates.expand(SEED))
    assert once != list(templates.expand(SEED + 1))
    assert len(once) > 1500
    assert not [made for made in once if "{" in made[1] or "  " in made[1]]


def test_a_pattern_does_not_depend_on_the_others() -> None:
    templates = Templates.load(TEXT / "templates.toml")
    last = Templates(templates.slots, templates.patterns[-1:])
    assert list(last.expand(SEED)) == list(templates.expand(SEED))[-len(list(last.expand(SEED))) :]


def test_a_becomes_an_before_a_vowel() -> None:
    templates = Templates({}, [Pattern("about", "a animal a onion a one legged a uniform a foot", 1)])
    assert list(templates.expand(SEED)) == [("about", "an animal an onion a one legged a uniform a foot")]


def test_a_slot_that_does_not_exist_is_named(tmp_path: Path) -> None:
    file = tmp_path / "templates.toml"
    file.write_text('[count]\nabout = 1\n[slots]\n[patterns]\nabout = ["my {knee} hurts"]\n', encoding="utf-8")
    with pytest.raises(ContentError, match="knee"):
        Templates.load(file)


def test_phones_are_those_of_cmudict() -> None:
    assert len(PHONES) == 39
    assert list(PHONES) == sorted(PHONES)
    assert PHONE_ID["AA"] == 1
    assert PHONE_ID["ZH"] == 39
    used = {
        phone
        for word in ("calf", "measure", "joy", "thing")
        for said in Lexicon.load().pronunciations(word)
        for phone in said
    }
    assert used <= set(PHONES)


def test_own_pronunciations_are_well_formed_and_needed() -> None:
    own = read_pronunciations(OWN_PRONUNCIATIONS)
    cmudict = lexicon_module._cmudict()
    assert len(own) > 250
    for word, said in own.items():
        phones = [one for one, _ in said]
        assert len(set(phones)) == len(phones), f"{word} has a pronunciation twice"
        assert not set(phones) & set(cmudict.get(word, ())), f"CMUdict has {word} already"


def test_own_pronunciations_add_or_replace(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("# ours\ntomato T AH M AA T OW\n=calf K AA F\ncrampy K R AE M P IY\n", encoding="utf-8")
    lexicon = Lexicon.load(own)
    assert ("T", "AH", "M", "AA", "T", "OW") in lexicon.pronunciations("tomato")
    assert ("T", "AH", "M", "EY", "T", "OW") in lexicon.pronunciations("tomato")
    assert lexicon.pronunciations("calf") == (("K", "AA", "F"),)
    assert lexicon.pronunciations("crampy's")[0][-1] == "Z"
    assert lexicon.pronunciations("xyzzyx") == ()


@pytest.mark.parametrize("line", ["Calf K AE F", "calf K AE1 F", "calf", "calf k ae f"])
def test_a_malformed_pronunciation_names_file_and_line(tmp_path: Path, line: str) -> None:
    own = tmp_path / "own.txt"
    own.write_text(f"# ours\n{line}\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"own\.txt:2"):
        read_pronunciations(own)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It’s  been 25 min!", "it's been twenty five min"),
        ("call 999, or 112", "call nine nine nine or one one two"),
        ("the dancers' feet", "the dancers feet"),
        ("café's flip-flops", "cafe's flip flops"),
    ],
)
def test_plain(written: str, said: str) -> None:
    assert plain(written) == said


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("0", "zero"),
        ("13", "thirteen"),
        ("40", "forty"),
        ("305", "three hundred five"),
        ("2026", "two thousand twenty six"),
    ],
)
def test_numbers(digits: str, said: str) -> None:
    assert in_words(digits) == said


def test_files_written_by_hand_are_tidy() -> None:
    texts: dict[str, str] = {}
    for path in sorted(TEXT.glob("*-*.txt")):
        assert path.stem.partition("-")[0] in KINDS, path.name
        for line in read_lines(path):
            assert line == line.lower(), f"{path.name}: {line}"
            assert texts.setdefault(line, path.name) == path.name, f"{path.name} and {texts[line]}: {line}"


def test_frequent_words_are_decent_words() -> None:
    words = frequent_words(3000, Lexicon.load())
    assert words[:3] == ["the", "to", "and"]
    assert not set(words) & set(UNWANTED.read_text(encoding="utf-8").split())
    assert not {"usa", "bbc", "tv", "b", "s"} & set(words)
    assert {"a", "i", "weather"} <= set(words)


def test_what_is_written_can_be_read_again(text: Text, tmp_path: Path) -> None:
    write(text, tmp_path / "text")
    rows = read_sentences(tmp_path / "text" / "sentences.tsv")
    assert rows == [(s.id, s.kind, s.text) for s in text.sentences]
    written = {path.name for path in (tmp_path / "text").iterdir()}
    assert written == {"sentences.tsv", "vocabulary.txt", "lexicon.txt", "text.json"}
    said = (tmp_path / "text" / "lexicon.txt").read_text(encoding="utf-8").splitlines()
    assert "calf K AE F" in said
    assert {line.split()[0] for line in said} == set(text.vocabulary)
    with pytest.raises(UsageError, match="python -m training"):
        read_sentences(tmp_path / "nothing.tsv")
