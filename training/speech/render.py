"""One engine at work, in a process of its own: makes clips in the plan's order until its share of hours is there.

It keeps nothing but files, so it can be killed at any time and goes on where the manifest ends.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing import parent_process
from pathlib import Path

import soundfile

from training.speech import manifest
from training.speech.engines import Engine, can_say, open_engine
from training.speech.manifest import Clip, is_copy
from training.speech.plan import Job, Sentence, plan, read_sentences
from training.speech.quality import RATE, Samples, finished, flaw, shifted

REJECTED = "rejected.tsv"
VERSIONS = "versions"


@dataclass(frozen=True)
class Task:
    """What one process does: every `shards`-th sentence of `engine`'s plan from `shard` on, `seconds` of audio in all.

    `most` limits the sentences (0: all of them); `out` is `work/speech`.
    """

    engine: str
    sentences: Path
    out: Path
    seed: int
    seconds: float
    most: int = 0
    shard: int = 0
    shards: int = 1


def render(task: Task) -> float:
    """Make the task's clips; return the seconds made now. Raises MissingPartError when the engine isn't installed.

    Sentences that are added meanwhile are taken in: the plan is drawn again, what is done stays done.
    """
    engine = open_engine(task.engine)
    _note_versions(task, engine)
    missing = task.seconds - _seconds_there(task)
    made, again = 0.0, True
    while again and made < missing:
        again = False
        stamp = task.sentences.stat().st_mtime_ns
        for batch in _batches(_open_jobs(task), engine.batch):
            if made >= missing or _orphaned():
                return made
            made += _make(engine, batch, task.out)
            if task.sentences.stat().st_mtime_ns != stamp:
                again = True
                break
    return made


def _note_versions(task: Task, engine: Engine) -> None:
    """Write down the engine's packages, whole at every moment: the summing-up reads this beside us."""
    folder = task.out / VERSIONS
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{task.engine}.{task.shard}.draft"
    draft.write_text(json.dumps(engine.versions()), encoding="utf-8")
    draft.replace(folder / f"{task.engine}.json")


def chosen(sentences: Iterable[Sentence], most: int, engine: str) -> list[Sentence]:
    """Return `most` of the sentences, the same ones whatever their order (0: all), of them what the engine can say."""
    ordered = sorted(sentences, key=lambda sentence: sentence.key)
    return [sentence for sentence in ordered[: most or None] if can_say(engine, sentence.text)]


def _open_jobs(task: Task) -> Iterator[Job]:
    over = {clip.path for clip in manifest.read(task.out / manifest.NAME)} | _rejected(task.out / REJECTED)
    for job in plan(chosen(read_sentences(task.sentences), task.most, task.engine), task.engine, task.seed):
        if int(job.sentence.key, 16) % task.shards == task.shard and job.path not in over:
            yield job


def _seconds_there(task: Task) -> float:
    """What of the engine's clips counts for this process; a copy played faster costs nothing and isn't counted."""
    clips = manifest.read(task.out / manifest.NAME)
    return sum(clip.seconds for clip in clips if clip.engine == task.engine and not is_copy(clip)) / task.shards


def _rejected(file: Path) -> set[str]:
    return {line.split("\t")[0] for line in file.read_text(encoding="utf-8").splitlines()} if file.exists() else set()


def _make(engine: Engine, jobs: list[Job], out: Path) -> float:
    made = 0.0
    failure = "nothing came"
    try:
        said = engine.say(jobs)
    except Exception as error:  # an engine may stumble over a sentence in any way; the others are still to be said
        failure = f"{type(error).__name__}: {' '.join(str(error).split())}"
        said = [None] * len(jobs)
    for job, samples in zip(jobs, said, strict=True):
        wrong = failure if samples is None else flaw(samples, job.sentence.text)
        if samples is None or wrong:
            manifest.append_row(out / REJECTED, job.path, job.sentence.text, str(wrong))
            continue
        made += _keep(samples, job.path, job.voice.name, job, out)
        if job.shifted:
            path = job.path.replace(f"/{job.voice.name}/", f"/{job.shifted}/")
            _keep(shifted(samples, job.shift), path, job.shifted, job, out)
    return made


def _keep(samples: Samples, path: str, voice: str, job: Job, out: Path) -> float:
    clip = finished(samples)
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(out / path, clip, RATE, format="FLAC", subtype="PCM_16")
    seconds = len(clip) / RATE
    manifest.append(out / manifest.NAME, Clip(path, job.sentence.text, job.voice.engine, voice, seconds))
    return seconds


def _batches(jobs: Iterator[Job], size: int) -> Iterator[list[Job]]:
    while batch := list(islice(jobs, size)):
        yield batch


def _orphaned() -> bool:
    parent = parent_process()
    return parent is not None and (not parent.is_alive() or os.getppid() == 1)
