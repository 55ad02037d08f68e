"""The plan, the check of clips, the manifest, and a real run of the stage with the small engines."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.progress import Progress

from training.recipe import Recipe, SpeechPart
from training.speech import manifest, quality
from training.speech.engines import open_engine, spoken
from training.speech.kokoro import PACKS, accented
from training.speech.manifest import Clip
from training.speech.plan import KINDS, OFTEN, SPEEDS, Job, Sentence, plan, read_sentences
from training.speech.render import Task, chosen, render
from training.speech.stage import is_copy, run, summary, tasks_of
from training.speech.voices import (
    ENGINES,
    FOREIGN,
    LICENCES,
    NATIVE,
    SHARES,
    VOICES,
    HeldOutVoiceError,
    Voice,
    voice_named,
)
from voice_skill.errors import ContentError, MissingPartError, UsageError

TEXTS = {
    "about": (
        "my foot cramps at night",
        "why do my toes curl",
        "how do i stretch the arch",
        "what shoes should i wear",
    ),
    "command": ("stop", "say that again", "next please"),
    "flag": ("i can't breathe", "my leg is swollen and hot"),
    "everyday": ("the kettle is on", "turn the lights off in the kitchen", "it rained all week", "pass me the salt"),
}


def sentences(extra: Iterable[tuple[str, str]] = ()) -> list[Sentence]:
    texts = [*((kind, text) for kind, some in TEXTS.items() for text in some), *extra]
    return [Sentence(format(number * 2**20 + number, "010x"), kind, text) for number, (kind, text) in enumerate(texts)]


def text_folder(work: Path, some: Iterable[Sentence]) -> Path:
    file = work / "text" / "sentences.tsv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{s.key}\t{s.kind}\t{s.text}\n" for s in some), encoding="utf-8")
    return file


def tone(seconds: float, level: float = 0.2) -> quality.Samples:
    time = np.arange(round(seconds * quality.RATE)) / quality.RATE
    return (level * np.sin(2 * math.pi * 220 * time)).astype(np.float32)


# --- voices -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", ["af_bella", "am_michael", "bf_emma", "bm_george", "af_nova", "am_puck", "bf_lily",
                                  "bm_lewis", "ef_dora", "zm_yunxi", "jf_alpha", "im_nicola"])  # fmt: skip
def test_held_out_voice_cant_be_named(pack: str) -> None:
    with pytest.raises(HeldOutVoiceError, match=pack):
        Voice("kokoro", pack, (pack,))
    with pytest.raises(HeldOutVoiceError, match="held out"):
        Voice("kokoro", "my_mixture", ("af_sky", pack))
    with pytest.raises(HeldOutVoiceError, match="held out"):
        Voice("kokoro", f"{pack}+child", ("af_sky",))
    with pytest.raises(HeldOutVoiceError):
        voice_named("kokoro", pack)


def test_held_out_engines_and_flite_voice_cant_be_named() -> None:
    with pytest.raises(HeldOutVoiceError):
        Voice("flite", "rms", ("rms",))
    with pytest.raises(HeldOutVoiceError):
        Voice("pico", "en-GB", ("en-GB",))


def test_there_are_many_voices_of_each_kind() -> None:
    assert len(NATIVE) == 20
    assert len(FOREIGN) == 22
    assert len({(voice.engine, voice.name) for voices in VOICES.values() for voice in voices}) >= 150
    assert set(ENGINES) == set(SHARES) == set(LICENCES)
    assert sum(SHARES.values()) == pytest.approx(1)
    for voices in VOICES.values():
        assert len({voice.name for voice in voices}) == len(voices)


def test_unknown_voice_is_named() -> None:
    assert voice_named("flite", "awb").packs == ("awb",)
    with pytest.raises(UsageError, match="flite:nobody"):
        voice_named("flite", "nobody")


# --- plan -------------------------------------------------------------------------------------------------------------


def test_plan_is_the_same_whatever_the_order_of_sentences() -> None:
    given = sentences()
    assert list(plan(given, "kokoro", 4)) == list(plan(reversed(given), "kokoro", 4))
    assert list(plan(given, "kokoro", 4)) != list(plan(given, "kokoro", 5))


def test_new_sentence_moves_no_other() -> None:
    few, more = sentences(), sentences([("about", "a new one"), ("everyday", "another new one")])
    before = {(job.path, job.speed, job.shift) for job in plan(few, "kokoro", 4)}
    after = {(job.path, job.speed, job.shift) for job in plan(more, "kokoro", 4)}
    assert before < after


def test_plan_says_nothing_twice_and_keeps_the_mixture() -> None:
    given = [Sentence(format(number, "010x"), KINDS[number % 4], f"sentence {number}") for number in range(800)]
    jobs = list(plan(given, "kokoro", 4))
    assert len({job.path for job in jobs}) == len(jobs)
    first = jobs[:500]
    assert sum(job.sentence.kind != "everyday" for job in first) == pytest.approx(300, abs=1)
    often = sum(job.sentence.kind in OFTEN for job in first) / 300
    assert 0.7 < often < 0.9  # two of three kinds, each counted twice: 4 of 5
    assert all(SPEEDS[0] <= job.speed <= SPEEDS[1] for job in jobs)
    assert len({job.voice.name for job in jobs}) > 100


def test_only_slow_or_fast_clips_get_a_copy_and_it_keeps_a_usual_tempo() -> None:
    given = [Sentence(format(number, "010x"), "about", f"sentence {number}") for number in range(600)]
    copied = [job for job in plan(given, "kokoro", 4) if job.shifted]
    assert {job.shifted.rpartition("+")[2] for job in copied} == {"child", "deep"}
    for job in copied:
        assert 0.85 < job.speed * job.shift < 1.2


def test_sentences_file_errors_name_the_line(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match=r"sentences\.tsv isn't there"):
        read_sentences(tmp_path / "sentences.tsv")
    file = text_folder(tmp_path, sentences())
    assert read_sentences(file) == sentences()
    file.write_text("0000000001\tabout\tfine\n0000000002\tnonsense\tno such kind\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"sentences\.tsv:2"):
        read_sentences(file)


def test_sentences_that_engines_spell_out_are_left_to_others() -> None:
    given = sentences([("everyday", "shh be quiet"), ("flag", "my sciatica is back")])
    ordered = sorted(sentences(), key=lambda sentence: sentence.key)
    assert chosen(given, 0, "flite") == ordered
    assert chosen(given, 0, "piper") == [*ordered, given[-1]]
    assert chosen(given, 3, "flite") == ordered[:3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("why do i cramp", "why do I cramp?"),
        ("i'm a runner", "I'm a runner."),
        ("no", "no"),
        ("is it diarrhoea", "is it diarrhea?"),
        ("my gp said so", "my G P said so"),
        ("whatever happens", "whatever happens."),
    ],
)
def test_text_as_an_engine_reads_it(text: str, said: str) -> None:
    assert spoken(text) == said


def test_accents_rewrite_phonemes() -> None:
    assert accented("ðɪs θˈɪŋ", "") == "ðɪs θˈɪŋ"
    assert accented("ðɪs θˈɪŋ", "f") == "zis sˈiŋ"
    assert accented("stˈɑp", "e") == "ɛstˈɑp"


# --- quality ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "flaw"),
    [
        (tone(0.0), "empty"),
        (np.full(16_000, np.nan, np.float32), "empty"),
        (tone(1.5, 0.0005), "silent"),
        (np.sign(tone(1.5)), "clipped"),
        (tone(0.3), "too short"),
        (np.pad(tone(0.3), 16_000), "too short"),
        (tone(9.0), "too long"),
    ],
)
def test_flaws_are_found(samples: quality.Samples, flaw: str) -> None:
    assert str(quality.flaw(samples, "my foot cramps at night")).startswith(flaw)


def test_a_usual_clip_has_no_flaw_and_is_trimmed_and_levelled() -> None:
    clip = np.concatenate([np.zeros(16_000, np.float32), tone(1.5, 0.01), np.zeros(16_000, np.float32)])
    assert quality.flaw(clip, "my foot cramps at night") is None
    kept = quality.finished(clip)
    assert len(kept) / quality.RATE == pytest.approx(1.5 + 2 * quality.MARGIN_S, abs=0.05)
    active = kept[len(kept) // 2 - 4000 : len(kept) // 2 + 4000]
    assert 20 * math.log10(float(np.sqrt(np.mean(active**2)))) == pytest.approx(quality.LEVEL_DBFS, abs=0.3)


def test_levelling_never_clips() -> None:
    spiky = tone(1.0, 0.001)
    spiky[8_000] = 0.5
    assert np.abs(quality.finished(spiky)).max() <= quality.PEAK + 1e-6


def test_shift_moves_pitch_and_tempo_together() -> None:
    faster = quality.shifted(tone(1.0), 1.25)
    assert len(faster) == pytest.approx(quality.RATE / 1.25, abs=2)
    spectrum = np.abs(np.fft.rfft(faster))
    assert spectrum.argmax() * quality.RATE / len(faster) == pytest.approx(275, abs=3)


# --- manifest ---------------------------------------------------------------------------------------------------------


def test_manifest_is_read_back_without_its_torn_last_line(tmp_path: Path) -> None:
    file = tmp_path / manifest.NAME
    assert manifest.read(file) == []
    clips = [
        Clip(f"clips/flite/awb/{number}.flac", "i can't walk", "flite", "awb", 1.25 + number) for number in range(3)
    ]
    for clip in clips:
        manifest.append(file, clip)
    assert manifest.read(file) == clips
    with file.open("a", encoding="utf-8") as handle:
        handle.write("clips/flite/awb/9.flac\ti can't")
    assert manifest.read(file) == clips
    manifest.mend(file)
    manifest.append(file, clips[0])
    assert manifest.read(file) == [*clips, clips[0]]
    manifest.rewrite(file, clips[:1])
    assert manifest.read(file) == clips[:1]


# --- the stage, with real engines -------------------------------------------------------------------------------------


def recipe(*engines: str, seconds: float, most: int = 0) -> Recipe:
    return Recipe(speech=SpeechPart(engines=engines, hours=seconds / 3600, sentences=most))


def test_stage_speaks_sums_up_and_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    text_folder(tmp_path, sentences())
    out = tmp_path / "speech"
    with Progress(disable=True) as progress:
        run(recipe("espeak", "flite", seconds=24), tmp_path, progress)
    first = manifest.read(out / manifest.NAME)
    assert {clip.engine for clip in first} == {"espeak", "flite"}
    for clip in first:
        about = soundfile.info(out / clip.path)
        assert (about.samplerate, about.channels, about.format, about.subtype) == (16_000, 1, "FLAC", "PCM_16")
        assert about.duration == pytest.approx(clip.seconds, abs=0.001)
    made = {clip.path: (out / clip.path).stat().st_mtime_ns for clip in first}

    record = json.loads((out / "speech.json").read_text(encoding="utf-8"))
    assert record["clips"] == len(first)
    assert record["engines"]["espeak"]["licence"] == "GPL-3.0-or-later"
    assert record["engines"]["flite"]["packages"]["flite"]
    assert set(record["engines"]["flite"]["voices"]) <= {"awb", "slt", "kal16"}

    with (out / manifest.NAME).open("a", encoding="utf-8") as handle:
        handle.write("clips/espeak/en-us/torn")
    with Progress(disable=True) as progress:
        run(recipe("espeak", "flite", seconds=40), tmp_path, progress)
    second = manifest.read(out / manifest.NAME)
    assert second[: len(first)] == first
    assert len(second) > len(first)
    assert len({clip.path for clip in second}) == len(second)
    assert all((out / path).stat().st_mtime_ns == stamp for path, stamp in made.items())


def test_sentences_added_meanwhile_are_said(tmp_path: Path) -> None:
    file = text_folder(tmp_path, sentences()[:2])
    task = Task("espeak", file, tmp_path / "speech", seed=4, seconds=1e6)
    task.out.mkdir()
    render(task)
    before = manifest.read(task.out / manifest.NAME)
    text_folder(tmp_path, sentences()[:4])
    render(task)
    after = manifest.read(task.out / manifest.NAME)
    assert after[: len(before)] == before
    assert {clip.text for clip in after} == {sentence.text for sentence in sentences()[:4]}


def test_shards_share_the_sentences(tmp_path: Path) -> None:
    file = text_folder(tmp_path, sentences())
    out = tmp_path / "speech"
    out.mkdir()
    said = []
    for shard in range(2):
        task = Task("espeak", file, out, seed=4, seconds=8.0, shard=shard, shards=2)
        before = len(manifest.read(out / manifest.NAME))
        render(task)
        said.append({clip.text for clip in manifest.read(out / manifest.NAME)[before:]})
    assert said[0]
    assert said[0].isdisjoint(said[1])


@pytest.mark.parametrize("engine", ["espeak", "flite", "festival"])
def test_engines_of_the_distribution_speak_at_the_speed_asked_for(engine: str) -> None:
    if not shutil.which("espeak-ng" if engine == "espeak" else engine):
        with pytest.raises(MissingPartError, match="apt-get install"):
            open_engine(engine)
        return
    sentence = Sentence("0000000001", "about", "my foot cramps when i lie in bed at night")
    voice = VOICES[engine][0]
    slow, usual = open_engine(engine).say([Job(sentence, voice, 0.8), Job(sentence, voice, 1.1)])
    assert slow is not None
    assert usual is not None
    assert quality.flaw(usual, sentence.text) is None
    assert len(slow) / len(usual) == pytest.approx(1.1 / 0.8, rel=0.15)


def test_engine_that_fails_on_a_sentence_is_noted_and_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = text_folder(tmp_path, sentences()[:3])
    task = Task("flite" if shutil.which("flite") else "espeak", file, tmp_path / "speech", seed=4, seconds=1e6)
    task.out.mkdir()
    monkeypatch.setattr("training.speech.classic._quietly", lambda command: None)
    assert render(task) == 0
    rejected = (task.out / "rejected.tsv").read_text(encoding="utf-8").splitlines()
    assert rejected
    assert all(row.endswith("\tnothing came") for row in rejected)
    assert summary(task.out)["rejected"] == {task.engine: {"nothing came": len(rejected)}}
    monkeypatch.undo()
    assert render(task) == 0


def test_missing_engine_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text_folder(tmp_path, sentences())
    monkeypatch.delenv(PACKS, raising=False)
    with Progress(disable=True) as progress, pytest.raises(MissingPartError, match=r"Kokoro|kokoro") as told:
        run(recipe("kokoro", seconds=10), tmp_path, progress)
    assert "scripts/train" in str(told.value)


def test_tasks_give_kokoro_a_core_from_the_start_and_every_core_at_the_end(tmp_path: Path) -> None:
    tasks = tasks_of(recipe(seconds=3600), tmp_path / "sentences.tsv", tmp_path, 2)
    assert (tasks[0].engine, tasks[0].shard) == ("kokoro", 0)
    assert (tasks[-1].engine, tasks[-1].shard) == ("kokoro", 1)
    last = {(task.engine, task.shard): task.seconds for task in tasks}
    assert sum(last.values()) == pytest.approx(3600)
    assert {task.engine for task in tasks} == set(ENGINES)
    assert len({task.engine for task in tasks[1:6]}) == 5
    with pytest.raises(UsageError, match="no engine radio"):
        tasks_of(recipe("radio", seconds=1), tmp_path, tmp_path, 2)


def test_a_copy_is_not_a_voice_of_its_own() -> None:
    assert is_copy(Clip("a", "b", "kokoro", "af_sky+child", 1.0))
    assert not is_copy(Clip("a", "b", "kokoro", "af_sky+af_heart", 1.0))


def test_first_jobs_are_found_quickly() -> None:
    given = [Sentence(format(number, "010x"), KINDS[number % 4], f"sentence {number}") for number in range(5000)]
    assert len(list(islice(plan(given, "kokoro", 4), 50))) == 50
