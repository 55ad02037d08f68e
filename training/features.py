"""Clips into MFCC frames, spoilt in ever other ways, stored in shards: work/features/*.npz.

The frames are the ones Vosk computes (`conf/mfcc.conf`). They are made once and read at every training; the mean is
normalised only then, so that it can be changed without making them again. A shard keeps the
text that was said; labels are made of it elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import kaldi_native_fbank
import numpy as np
import soundfile
from rich.progress import Progress

from training.augment import spoil
from training.recipe import FeaturesPart, Recipe
from training.speech import manifest
from voice_skill.errors import MissingPartError
from voice_skill.hearing.frames import SAMPLE_RATE

CEPSTRA = 40
CLIPS_A_SHARD = 500
BABBLERS = 200  # clips of other people each process keeps at hand

# Kaldi's OnlineCmvn as Vosk runs it when am/global_cmvn.stats is there: the mean of up to 600 frames so far, filled up
# with at most 200 frames of the global mean (Kaldi: cmn-window, global-frames).
WINDOW = 600
GLOBAL_FRAMES = 200


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the network sees of one recording. frames: time x 40, float16, 10 ms a frame; people: a real person's."""

    frames: np.ndarray
    text: str
    people: bool


def mfcc(samples: np.ndarray) -> np.ndarray:
    """Frames x 40 cepstra of samples at 16 kHz on the scale of 16-bit integers; 25 ms windows every 10 ms."""
    options = kaldi_native_fbank.MfccOptions()
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.dither = 0
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = 40
    options.mel_opts.low_freq = 20
    options.mel_opts.high_freq = 7600
    options.num_ceps = CEPSTRA
    options.use_energy = False
    stream = kaldi_native_fbank.OnlineMfcc(options)
    stream.accept_waveform(SAMPLE_RATE, samples.tolist())
    stream.input_finished()
    frames = [stream.get_frame(i) for i in range(stream.num_frames_ready)]
    return np.stack(frames) if frames else np.zeros((0, CEPSTRA), np.float32)


def mean_normalise(frames: np.ndarray, overall: np.ndarray) -> np.ndarray:
    """Subtract from each frame the mean of what was heard so far, as Vosk does while listening.

    frames: time x 40; overall: 40, the mean of all training speech.
    """
    sums = np.cumsum(frames.astype(np.float64), 0)
    counts = np.arange(1, len(frames) + 1, dtype=np.float64)
    sums[WINDOW:] -= sums[:-WINDOW].copy()
    counts = np.minimum(counts, WINDOW)
    filled = np.minimum(WINDOW - counts, GLOBAL_FRAMES)
    means = (sums + filled[:, None] * overall) / (counts + filled)[:, None]
    return (frames - means).astype(np.float32)


Recording = tuple[Path, str]  # a sound file and what is said in it


def run(recipe: Recipe, work: Path, progress: Progress) -> None:
    """Make the shards that are missing. What has been spoken since the last time is added."""
    out = work / "features"
    out.mkdir(parents=True, exist_ok=True)
    spoken = _recordings(work / "speech", recipe.features.voice_hours)
    people = _recordings(work / "people", 0)
    jobs = [
        *_jobs(spoken, "speech", recipe.features.copies, out, recipe),
        *_jobs(people, "people", recipe.features.people_copies, out, recipe),
    ]
    if not jobs:
        raise MissingPartError(f"There is no speech in {work}.", fix="python -m training speech")
    task = progress.add_task("features", total=len(jobs))
    for stale in set(out.glob("*.npz")) - {job.file for job in jobs}:
        stale.unlink()  # a shard that has grown since, or that another recipe made
    babble = [str(path) for path, _ in spoken]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        todo = [job for job in jobs if not job.file.exists()]
        progress.advance(task, len(jobs) - len(todo))
        for _ in pool.map(_make, todo, [babble] * len(todo)):
            progress.advance(task)
    frames = 0
    total = np.zeros(CEPSTRA)
    for job in jobs:
        values = np.load(job.file)["frames"]
        frames, total = frames + len(values), total + values.sum(0, dtype=np.float64)
    summary = {
        "frames": frames,
        "hours": frames / 360000,
        "sum": total.tolist(),
        "shards": len(jobs),
    }
    (out / "features.json").write_text(json.dumps(summary), encoding="utf-8")


def read_utterances(folder: Path) -> Iterator[Utterance]:
    """Everything in the shards, in a fixed order."""
    for file in sorted(folder.glob("*.npz")):
        with np.load(file) as shard:
            frames, ends = shard["frames"], shard["ends"]
            texts = json.loads(shard["texts"].item())
        start = 0
        for end, text in zip(ends, texts, strict=True):
            yield Utterance(frames[start:end], text, file.name.startswith("people"))
            start = int(end)


def _recordings(folder: Path, voice_hours: float) -> list[Recording]:
    chosen: list[Recording] = []
    hours: Counter[tuple[str, str]] = Counter()
    for clip in manifest.read(folder / manifest.NAME):
        voice = (clip.engine, clip.voice)
        if not voice_hours or hours[voice] < voice_hours:
            hours[voice] += clip.seconds / 3600  # type: ignore[assignment]  # a Counter adds floats as well
            chosen.append((folder / clip.path, clip.text))
    return chosen


def held_back(text: str, one_in: int) -> bool:
    """Whether a sentence is kept from learning, whoever says it: by its own hash, the same ones every time."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % one_in == 0


@dataclass(frozen=True, slots=True)
class _Job:
    file: Path
    clips: tuple[Recording, ...]
    copy: int
    part: FeaturesPart
    seed: int


def _jobs(clips: Sequence[Recording], kind: str, copies: int, out: Path, recipe: Recipe) -> list[_Job]:
    made = hashlib.sha256(f"{recipe.seed} {recipe.features.model_dump_json()}".encode()).hexdigest()[:6]
    jobs: list[_Job] = []
    for start in range(0, len(clips), CLIPS_A_SHARD):
        some = tuple(clips[start : start + CLIPS_A_SHARD])
        for copy in range(copies):
            file = out / f"{kind}-{start // CLIPS_A_SHARD:04d}-{len(some):03d}-{copy:02d}-{made}.npz"
            jobs.append(_Job(file, some, copy, recipe.features, recipe.seed))
    return jobs


_pool: list[np.ndarray] = []  # this process's babblers


def _make(job: _Job, babble: Sequence[str]) -> None:
    key = int.from_bytes(hashlib.sha256(job.file.name.encode()).digest()[:4], "big")
    rng = np.random.default_rng((job.seed, key))
    _pool[:] = [_load(Path(babble[int(i)])) for i in rng.integers(0, len(babble), BABBLERS)] if babble else []
    frames: list[np.ndarray] = []
    texts: list[str] = []
    for path, text in job.clips:
        spoilt = spoil(_load(path), job.part, rng, lambda: _pool[int(rng.integers(0, len(_pool)))])
        frames.append(mfcc(spoilt).astype(np.float16))
        texts.append(text)
    aside = job.file.with_suffix(".part")
    with aside.open("wb") as stream:
        ends = np.cumsum([len(f) for f in frames]).astype(np.int32)
        np.savez(stream, frames=np.concatenate(frames), ends=ends, texts=np.array(json.dumps(texts)))
    aside.rename(job.file)


def _load(file: Path) -> np.ndarray:
    sound, rate = soundfile.read(file, dtype="float64", always_2d=False)
    if rate != SAMPLE_RATE:
        raise ValueError(f"{file} is at {rate} Hz; the speech stage writes {SAMPLE_RATE} Hz")
    return sound
