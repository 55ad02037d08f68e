"""The folder of recorded utterances keeps its promises: names, format, and something of everything."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile

from voice_skill.article.schema import COMMAND_IDS, ENTRY_IDS

HERE = Path(__file__).parent
DEMO = HERE.parents[1] / "content" / "demo"
HELD_OUT = ("bella", "michael", "emma", "george", "pico")
COLUMNS = ["file", "text", "action", "entry", "voice", "condition"]


def rows() -> list[dict[str, str]]:
    with (HERE / "expected.tsv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def test_each_row_has_its_file_and_each_file_its_row() -> None:
    assert [*rows()[0]] == COLUMNS
    assert sorted(row["file"] for row in rows()) == sorted(path.name for path in HERE.glob("*.flac"))


def test_names_say_text_voice_and_condition() -> None:
    for row in rows():
        prefix = "oov_" if row["action"] == "reject" else ""
        assert row["file"] == f"{prefix}{row['text']}__{row['voice']}__{row['condition']}.flac"
        assert (row["action"] == "reject") == (row["entry"] == "none")


def test_recordings_are_16_khz_mono_flac_with_speech_in_them() -> None:
    for path in [*HERE.glob("*.flac"), *DEMO.glob("*.flac")]:
        info = soundfile.info(path)
        assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", 16_000, 1), path.name
        assert 0.9 < info.duration < 6, path.name
        samples, _ = soundfile.read(path, dtype="float32")
        assert 0.01 < np.abs(samples).max() < 0.995, path.name


def test_there_is_something_of_everything() -> None:
    assert {row["entry"] for row in rows() if row["action"] == "answer"} == set(ENTRY_IDS)
    assert {row["entry"] for row in rows() if row["action"] == "command"} == set(COMMAND_IDS)
    assert sum(row["action"] in ("emergency", "urgent") for row in rows()) >= 10
    assert sum(row["action"] == "reject" for row in rows()) >= 20
    assert len({row["voice"] for row in rows()}) >= 20
    assert len({row["text"] for row in rows()}) == len(rows())


def test_held_out_voices_are_not_used() -> None:
    assert [row["file"] for row in rows() if any(name in row["voice"] for name in HELD_OUT)] == []


def test_the_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in HERE.glob("*.flac")) < 6_000_000


def test_the_demo_asks_two_questions() -> None:
    assert sorted(path.stem for path in DEMO.glob("*.flac")) == ["my toes are cramping", "what causes foot cramps"]
