"""The speech benchmark: its sentences are its own, its noise is as loud as it says, its sums are right, and it runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from bench.figures import Share
from bench.page import marks, whole_page, with_section
from bench.speech import conditions, tables
from bench.speech.conditions import CONDITIONS, at_snr, babble, disturb, pink, room_response, speech_level
from bench.speech.corpus import CLIPS, IN_DOMAIN, KINDS, NATIVE, OTHER, RETIRED, clips, sentences, stop_clips
from bench.speech.echo import EchoFigures, Watch
from bench.speech.hearing import Bench, Heard, conditions_of, plan, read, run
from bench.speech.people import measure, recordings
from bench.speech.score import error_rate, rate_of
from voice_skill.article.schema import COMMAND_IDS
from voice_skill.errors import ModelError, UsageError
from voice_skill.understanding.normalize import normalize

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """The bundled model behind the product's own path."""
    return Bench(ROOT / "models" / "foot-care-en", tmp_path_factory.mktemp("bench"))


def random() -> np.random.Generator:
    return np.random.default_rng(5)


# --- sentences and clips --------------------------------------------------------------------------------------------


def test_every_kind_is_there_in_plain_words():
    counts = {kind: sum(s.kind == kind for s in sentences()) for kind in KINDS}
    assert counts.keys() == {s.kind for s in sentences()}
    assert counts["about"] >= 100
    assert counts["command"] >= 30
    assert counts["flag"] >= 40
    assert counts["none"] + len(RETIRED) >= 50
    for sentence in sentences():
        assert re.fullmatch(r"[a-z]+('[a-z]+)*( [a-z]+('[a-z]+)*)*", sentence.text)
    assert len({s.key for s in sentences()}) == len(sentences())


def test_what_is_expected_exists_and_nothing_is_forgotten():
    article = yaml.safe_load((ROOT / "content/exploring-foot-cramps.yaml").read_text(encoding="utf-8"))
    safety = yaml.safe_load((ROOT / "content/safety.yaml").read_text(encoding="utf-8"))
    ids = {
        "about": {entry["id"] for entry in article["entries"]},
        "command": set(COMMAND_IDS),
        "flag": {flag["id"] for flag in safety["flags"]},
        "none": {"none"},
    }
    ids["flag"] = {each for each in ids["flag"] if each[3] in "EU"}
    for kind, known in ids.items():
        used = {each for s in sentences() if s.kind == kind for each in s.expected}
        assert used == known


def test_no_sentence_stands_anywhere_else():
    elsewhere = set(_texts_elsewhere())
    assert len(elsewhere) > 9000, "the other texts were not found"
    assert not [s.text for s in sentences() if normalize(s.text) in elsewhere]


def _texts_elsewhere() -> Iterator[str]:
    for file in (ROOT / "content").glob("*.yaml"):
        yield from map(normalize, _strings(yaml.safe_load(file.read_text(encoding="utf-8"))))
    for folder in ("fit/data", "tests/corpus", "tests/audio", "training"):
        for file in [*(ROOT / folder).rglob("*.tsv"), *(ROOT / folder).rglob("*.txt")]:
            for line in file.read_text(encoding="utf-8").splitlines():
                yield from (normalize(re.sub(r"^-?\d+\.\d ", "", cell)) for cell in line.split("\t"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def test_each_clip_has_its_file_and_each_file_its_clip():
    wanted = {clip.file for clip in [*clips(), *stop_clips()]}
    assert set(CLIPS.iterdir()) == wanted
    assert sum(file.stat().st_size for file in wanted) < 6e6


def test_clips_are_as_long_as_their_sentence_and_as_loud_as_they_should_be():
    for clip in [*clips(), *stop_clips()]:
        samples = read(clip)
        seconds = len(samples) / conditions.RATE
        assert 0.8 < seconds < 0.8 + 0.22 * len(clip.sentence.text), clip
        assert 20 * np.log10(speech_level(samples)) == pytest.approx(-26, abs=1.5), clip


def test_voices_are_dealt_out_evenly():
    native = [sum(clip.voice == voice for clip in clips()) for voice in NATIVE]
    other = [sum(clip.voice == voice for clip in clips()) for voice in OTHER]
    assert max(native) - min(native) <= len(KINDS)
    assert max(other) - min(other) <= len(KINDS)


def test_stops_are_phrases_of_the_command():
    content = yaml.safe_load((ROOT / "content/commands.yaml").read_text(encoding="utf-8"))
    phrases = {command["id"]: command["phrases"] for command in content["commands"]}
    assert {clip.sentence.text for clip in stop_clips()} <= set(phrases["stop"])
    while_speaking = yaml.safe_load((ROOT / "content/requests.yaml").read_text(encoding="utf-8"))["while_speaking"]
    assert {clip.sentence.text for clip in stop_clips()} <= set(while_speaking)


# --- conditions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", ["pink", "babble"])
def test_noise_is_10_db_below_the_speech(condition):
    talk = [read(clip) for clip in clips() if clip.sentence.kind == "none"][:12]
    for clip in clips()[:5]:
        clean = read(clip)
        noise = disturb(clean, condition, random(), talk) - clean
        assert 20 * np.log10(speech_level(clean) / np.sqrt(np.mean(noise**2))) == pytest.approx(10, abs=0.5)


def test_pink_noise_has_as_much_power_in_each_octave():
    spectrum = np.abs(np.fft.rfft(pink(1 << 18, random()))) ** 2
    hz = np.fft.rfftfreq(1 << 18, 1 / conditions.RATE)
    octaves = [spectrum[(hz >= low) & (hz < 2 * low)].sum() for low in (125, 250, 500, 1000, 2000)]
    assert 10 * np.log10(max(octaves) / min(octaves)) < 1


def test_babble_never_pauses():
    talk = [read(clip) for clip in clips() if clip.sentence.kind == "none"][:12]
    noise = at_snr(talk[0], babble(5 * conditions.RATE, talk, random()))
    tenths = np.sqrt(np.mean(noise[: len(noise) // 1600 * 1600].reshape(-1, 1600) ** 2, axis=1))
    assert 20 * np.log10(tenths.min() / np.sqrt(np.mean(noise**2))) > -20


@pytest.mark.parametrize("number", range(conditions.ROOMS))
def test_a_room_dies_away_as_a_living_room_does(number):
    """Schroeder's backward integral, from -5 to -25 dB, times three."""
    echoes = room_response(number)
    left = np.cumsum(echoes[::-1] ** 2)[::-1]
    db = 10 * np.log10(left / left[0])
    rt60 = 3 * (np.argmax(db < -25) - np.argmax(db < -5)) / conditions.RATE
    assert rt60 == pytest.approx(conditions.RT60_S, abs=0.09)


def test_every_condition_keeps_the_length_and_is_the_same_again():
    clip = clips()[0]
    clean = read(clip)
    talk = [read(other) for other in clips()[-8:]]
    heard = {each: disturb(clean, each, random(), talk) for each in CONDITIONS}
    for condition, samples in heard.items():
        assert len(samples) == len(clean)
        assert np.array_equal(samples, disturb(clean, condition, random(), talk))
    assert np.std(heard["quiet"]) == pytest.approx(np.std(clean) * 10 ** (-24 / 20), rel=0.02)
    assert speech_level(heard["room"]) == pytest.approx(speech_level(clean), rel=0.05)
    band = np.abs(np.fft.rfft(heard["tel8k"])) ** 2
    hz = np.fft.rfftfreq(len(clean), 1 / conditions.RATE)
    assert band[(hz < 250) | (hz > 3600)].sum() < 1e-2 * band.sum()
    with pytest.raises(ValueError, match="no such condition"):
        disturb(clean, "underwater", random())


def test_each_kind_meets_each_condition_and_each_clip_the_clean_one():
    for kind in KINDS:
        of_kind = [clip for clip in clips() if clip.sentence.kind == kind]
        met = [each for clip in of_kind for each in conditions_of(clip)]
        assert met.count("clean") == len(of_kind)
        assert abs(met.count("pink") - met.count("babble")) <= 1
        assert all(met.count(each) >= len(of_kind) // 4 - 1 for each in ("room", "quiet", "tel8k"))
    assert len(plan(quick=True)) < len(plan(quick=False)) / 2


@pytest.mark.parametrize("quick", [True, False])
def test_every_voice_meets_every_noise(quick):
    met = {(clip.voice, each) for clip, each in plan(quick=quick)}
    assert met >= {(voice, each) for voice in (*NATIVE, *OTHER) for each in ("clean", "pink", "babble", "room")}


# --- sums -----------------------------------------------------------------------------------------------------------


def test_word_errors_are_added_up_over_clips_not_averaged():
    rate = error_rate([("a", "my foot is cramping", "my food is cramping"), ("b", "it's stop", "it is stop stop")])
    assert (rate.errors, rate.words, rate.clips) == (2, 7, 2)
    assert rate.percent == pytest.approx(200 / 7)
    assert error_rate([]).words == 0


def test_the_interval_is_over_sentences():
    alike = [("one", "a b c d", "a b c d"), ("one", "a b c d", "x y z w")] * 50
    low, high = error_rate(alike).interval
    assert low == high == 50, "one sentence said a hundred times tells nothing about others"
    apart = [(str(i), said, text) for i, (_, said, text) in enumerate(alike)]
    low, high = error_rate(apart).interval
    assert 35 < low < 45
    assert 55 < high < 65


def heard(kind: str, condition: str, text: str, outcome: str, said: str = "one two three four") -> Heard:
    return Heard(f"{kind}-{said}", kind, NATIVE[0], condition, said, text, outcome, audio_s=2.0, cpu_s=0.1)


SMALL = [
    heard("about", "clean", "one two three four", "right"),
    heard("about", "pink", "one two three", "wrong"),
    heard("about", "babble", "one two", "right"),
    heard("flag", "clean", "one two three four", "raised"),
    heard("flag", "pink", "", "missed"),
    heard("none", "clean", "nine nine nine nine", "accepted"),
    heard("none", "room", "one two three four", "refused"),
]


def test_the_goals_are_held_against_the_right_clips():
    heard = {0.0: Share(1, 20), -20.0: Share(19, 20)}
    echo = EchoFigures(heard, Share(1, 20), 100.0, 200.0, {0.0: 1.5, -20.0: 0.0}, {0.0: 9.0, -20.0: 9.0}, Share(0, 5))
    table = tables.goals(SMALL, echo)
    figures = {name: (figure["measured"], figure["met"]) for name, figure in table.figures.items()}
    assert figures == {
        "word errors in scope, clean": (0.0, True),
        "word errors in scope, babble, pink noise and room": (pytest.approx(100 * 7 / 12, abs=0.01), False),
        "right entry, clean": (100.0, True),
        "right entry, 10 dB": (50.0, False),
        "red flags raised, 10 dB": (0.0, False),
        "out of scope accepted, all conditions": (50.0, False),
        '"stop" heard over its own voice': (95.0, True),
        "false commands by its own voice": (1.5, False),
    }
    again = tables.goals(SMALL, None, before=table.figures)
    assert again.columns[-1] == "before"
    assert again.rows[3][-1] == "50.0 %"


def test_the_accuracy_table_has_a_line_for_each_kind_and_condition():
    rows = tables.accuracy(SMALL).rows
    assert ("about foot cramps", "clean", "1", "0.0 % (0-0)", f"{Share(1, 1)} right") in rows
    assert ("out of scope", "clean", "1", "100.0 % (100-100)", f"{Share(1, 1)} accepted") in rows
    assert ("all in scope", "clean", "2", "0.0 % (0-0)", f"{Share(2, 2)}") in rows


def test_the_page_keeps_what_the_other_benchmark_wrote():
    speech = [tables.accuracy(SMALL)]
    with_speech, (begin, end) = with_section("speech"), marks("speech")
    first = whole_page([], "here")
    both = with_speech(speech, "here", first)
    assert both.startswith(first.rstrip())
    assert begin in both
    assert "## Speech model: accuracy" in both
    assert with_speech(speech, "here", both) == both
    assert whole_page([], "here", both) == both
    assert with_speech([], "here", both).count(end) == 1


# --- the real thing -------------------------------------------------------------------------------------------------


def test_three_clips_through_the_products_own_path(bench):
    chosen = [next(clip for clip in clips() if clip.sentence.kind == kind) for kind in ("about", "flag", "none")]
    done: list[int] = []
    outcomes = list(run(bench, [(clip, each) for clip in chosen for each in ("clean", "babble")], done.append))
    assert done == [1, 2, 3, 4, 5, 6]
    assert [(each.kind, each.condition) for each in outcomes][:3] == [
        ("about", "clean"),
        ("about", "babble"),
        ("flag", "clean"),
    ]
    assert rate_of([each for each in outcomes if each.condition == "clean"]).percent < 60
    assert {each.outcome for each in outcomes if each.kind == "flag"} <= {"raised", "missed"}
    assert all(each.audio_s > 1 and each.cpu_s > 0 for each in outcomes)
    again = next(run(bench, [(chosen[0], "babble")], done.append))
    assert again.text == outcomes[1].text, "the noise is the same in every run"


def test_a_stop_is_told_from_talk(bench):
    watch = Watch(bench)
    stop = next(clip for clip in stop_clips() if clip.sentence.text == "stop talking" and clip.voice == NATIVE[3])
    talk = next(clip for clip in clips() if clip.sentence.text.startswith("the garden"))
    said = read(stop)
    found = watch.commands(said, np.zeros(len(said)), cancelled=False)
    assert [text for _, text in found] == ["stop talking"]
    assert 0 < found[0][0] <= len(said) / conditions.RATE + 0.5
    assert watch.commands(read(talk), np.zeros(len(read(talk))), cancelled=False) == []


def test_recordings_of_people(bench, tmp_path):
    clip = next(clip for clip in clips() if clip.sentence.kind in IN_DOMAIN)
    listed = tmp_path / "list.tsv"
    listed.write_text(f"{clip.file.name}\t{clip.sentence.text} brobdingnagian\tshelf\tsomebody\ntorn")
    found = recordings(CLIPS, listed)
    assert [(each.group, each.speaker) for each in found] == [("shelf", "somebody")]
    figures = measure(bench, found, lambda _: None)
    words = len(normalize(clip.sentence.text).split()) + 1
    assert figures.rates["shelf"].words == words
    assert figures.rates["shelf"].errors >= 1
    assert figures.unknown["shelf"].hits >= 1
    with pytest.raises(UsageError, match="no recording"):
        recordings(tmp_path, listed)


def test_a_folder_without_a_model_is_refused_before_vosk_sees_it(tmp_path):
    with pytest.raises(ModelError, match="not a folder with a Vosk model"):
        Bench(tmp_path, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "bench.speech", "--model", str(tmp_path), "--json", str(tmp_path / "out.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "-> name the folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_figures_are_json(tmp_path):
    none, never = {0.0: Share(0, 2), -20.0: Share(0, 2)}, {0.0: 0.0, -20.0: 0.0}
    echo = EchoFigures(none, Share(0, 2), float("nan"), float("nan"), never, never, Share(0, 5))
    for table in (tables.goals(SMALL, echo), tables.accuracy(SMALL), tables.stopping(echo)):
        json.dumps(table.figures, allow_nan=False)
