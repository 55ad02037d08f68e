"""Recordings of people: who is trained on, which transcripts are trusted, what is written down."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.progress import Progress

from training import people
from training.lexicon import Lexicon
from training.people import RATE, Transcript, is_trained_on, plain_words, refusal, run, speaker
from training.speech import manifest
from voice_skill.errors import AudioFileError, MissingPartError

WORDS = {"the", "old", "man", "went", "home", "and", "slept", "seven", "people", "were", "there"}


class FewWords:
    def __init__(self, words: Mapping[str, int] | set[str]) -> None:
        self._words = set(words)

    def pronunciations(self, word: str) -> Sequence[Sequence[str]]:
        return (("AH",),) if word in self._words else ()


def transcript(text: str = "The old man went home, and slept.", file: str = "12-345-0001.flac") -> Transcript:
    return Transcript(file, text, text.lower(), text, -0.1, 1.3)


# --- who --------------------------------------------------------------------------------------------------------------


def test_speaker_is_the_first_part_of_the_name() -> None:
    assert speaker("1040-133433-0000.flac") == "1040"
    for name in ("1040.flac", "1040-133433-0000.wav", "a b-1-2.flac"):
        with pytest.raises(AudioFileError, match="SPEAKER-CHAPTER-UTTERANCE"):
            speaker(name)


def test_sides_are_by_speaker_and_about_as_large_as_meant() -> None:
    trained = [is_trained_on(str(who)) for who in range(2000)]
    assert sum(trained) / 2000 == pytest.approx(people.TRAIN_SHARE, abs=0.04)
    # Written down, for a side that changes would let measured speakers into training.
    assert [is_trained_on(who) for who in ("1040", "1098", "1116", "118", "1183", "1235", "1246")] == SIDES


SIDES = [True, True, True, False, True, True, True]


# --- what is trusted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The old man—went home; “slept”.", "the old man went home slept"),
        ("Chapter 17, in 1831: the 21st.", "chapter seventeen in eighteen thirty one the twenty first"),
        ("500 people & Mr. Smith’s dog", "five hundred people and mister smith's dog"),
        ("In 1905 the 1,200 paid 3.5 or 250", "in 1905 the 1 200 paid 3 5 or 250"),
        ("Dr. Who didn't rock 'n' roll.", "doctor who didn't rock n roll"),
        ("", ""),
    ],
)
def test_transcripts_become_plain_words(text: str, words: str) -> None:
    assert " ".join(plain_words(text)) == words


@pytest.mark.parametrize(
    ("change", "seconds", "reason"),
    [
        ({}, 4.0, None),
        ({"text": "", "greedy": "", "other": ""}, 4.0, "nothing heard"),
        ({}, 0.4, "too short or long"),
        ({}, 40.0, "too short or long"),
        ({"log_probability": -0.9}, 4.0, "unsure"),
        ({"compression": 3.0}, 4.0, "repeats itself"),
        ({"greedy": "the odd man went home and slept"}, 4.0, "passes disagree"),
        ({"other": "the odd ham went home and slept"}, 4.0, "models disagree"),
        (
            {"text": "The old man went", "greedy": "the old man went", "other": "the cold man went"},
            4.0,
            "models disagree",
        ),
    ],
)
def test_doubtful_transcripts_are_refused(change: dict[str, str | float], seconds: float, reason: str | None) -> None:
    assert refusal(replace(transcript(), **change), seconds, FewWords(WORDS)) == reason


def test_words_without_a_pronunciation_are_named() -> None:
    heard = transcript("The old Zarathustra went to 7 café people.")
    assert refusal(heard, 4.0, FewWords(WORDS)) == "unknown words: café to zarathustra"
    assert refusal(transcript("the old man went home and slept"), 4.0, Lexicon.load()) is None


# --- the stage --------------------------------------------------------------------------------------------------------


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    noise = np.random.default_rng(4).normal(0, 0.1, 3 * RATE).astype(np.float32)
    for who in range(20):
        for number in range(2):
            soundfile.write(folder / f"{who}-7-{number:04}.flac", noise, RATE, subtype="PCM_16")
    return folder


def heard_before(recordings: Path, work: Path) -> None:
    file = work / "people" / "transcripts.jsonl"
    file.parent.mkdir(parents=True)
    lines = [json.dumps(asdict(transcript(file=recording.name))) for recording in sorted(recordings.iterdir())]
    lines[0] = json.dumps(asdict(replace(transcript(file="0-7-0000.flac"), log_probability=-2.0)))
    file.write_text("\n".join(lines) + '\n{"file": "torn', encoding="utf-8")


def test_no_speaker_is_on_both_sides_and_everything_is_written_down(recordings: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    heard_before(recordings, work)
    with Progress(disable=True) as progress, pytest.MonkeyPatch.context() as patch:
        patch.setattr(people.metadata, "version", lambda name: "1.2.1")
        run(recordings, FewWords(WORDS), work, progress)
    out = work / "people"
    train, measure = manifest.read(out / "manifest.tsv"), manifest.read(out / "measure.tsv")
    assert len(train) + len(measure) == 39
    assert {clip.voice for clip in train}.isdisjoint({clip.voice for clip in measure})
    assert len({clip.voice for clip in train}) > 5
    for clip in (*train, *measure):
        assert clip.engine == "people"
        assert clip.text == "the old man went home and slept"
        about = soundfile.info(out / clip.path)
        assert (about.samplerate, about.subtype) == (RATE, "PCM_16")
        assert about.duration == pytest.approx(clip.seconds, abs=0.001)
    record = json.loads((out / "people.json").read_text(encoding="utf-8"))
    assert record["licence"] == "CC BY 4.0"
    assert record["refused"] == {"0-7-0000.flac": "unsure"}
    assert record["train"]["minutes"] == pytest.approx(len(train) * 3 / 60, abs=0.1)


def test_empty_folder_and_nameless_recordings_are_refused(tmp_path: Path) -> None:
    with Progress(disable=True) as progress:
        with pytest.raises(AudioFileError, match="no FLAC"):
            run(tmp_path, FewWords(WORDS), tmp_path / "work", progress)
        soundfile.write(tmp_path / "someone.flac", np.zeros(RATE), RATE)
        with pytest.raises(AudioFileError, match="someone"):
            run(tmp_path, FewWords(WORDS), tmp_path / "work", progress)


def test_recogniser_that_is_missing_is_named(recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("faster_whisper"):
        monkeypatch.setitem(__import__("sys").modules, "faster_whisper", None)
    with Progress(disable=True) as progress, pytest.raises(MissingPartError, match="faster-whisper") as told:
        run(recordings, FewWords(WORDS), tmp_path / "work", progress)
    assert "scripts/train" in str(told.value)
