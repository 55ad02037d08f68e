"""The speech stage: lets the engines speak side by side, one process each, shows how far they are, and sums up.

Kokoro needs most of the time, so it has a core from the start; the quick engines take turns on the others, and when
they are done Kokoro gets those too. No sound is made in this process.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.progress import Progress, TaskID

from training.recipe import Recipe
from training.speech import manifest
from training.speech.manifest import Clip, is_copy
from training.speech.plan import read_sentences
from training.speech.render import REJECTED, VERSIONS, Task, render
from training.speech.voices import ENGINES, LICENCES, SHARES
from voice_skill.errors import MissingPartError, UsageError

SLOW = "kokoro"
QUICK = ("hibari", "flite", "espeak", "festival", "piper")  # quickest first, so that there is much early
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
TURNS = 4
LOOK_S = 5.0  # between two looks at the manifest


def run(recipe: Recipe, work: Path, progress: Progress, cores: int = 2) -> None:
    """Speak the sentences of `work/text` until there are the recipe's hours, on `cores` processes.

    Written below `work/speech`: `clips/`, `manifest.tsv`, `rejected.tsv` (path, text, why) and `speech.json`. Started
    again, it goes on; sentences that were added meanwhile are taken in. Raises MissingPartError when an engine that the
    recipe names, or the file of sentences, isn't there (an engine that it doesn't name is done without, unless none is
    there), UsageError for an engine that doesn't exist.
    """
    out = work / "speech"
    out.mkdir(parents=True, exist_ok=True)
    sentences = work / "text" / "sentences.tsv"
    read_sentences(sentences)
    for name in (manifest.NAME, REJECTED):
        manifest.mend(out / name)
    tasks = tasks_of(recipe, sentences, out, cores)
    for name in THREADS:
        os.environ[name] = "1"
    try:
        troubles = _work_through(tasks, out, cores, progress)
    finally:
        _sum_up(out)
    if troubles and (recipe.speech.engines or len(troubles) == len(ENGINES)):
        cause, fix = next(iter(troubles.values()))
        raise MissingPartError(cause, fix=fix)


def tasks_of(recipe: Recipe, sentences: Path, out: Path, cores: int) -> list[Task]:
    """Return the processes in the order they start: a task's `seconds` are what its engine shall have in all by then.

    The quick engines take turns, so that a run cut short has something of each. Raises UsageError for an engine that
    there isn't.
    """
    names = recipe.speech.engines or ENGINES
    if unknown := sorted(set(names) - set(ENGINES)):
        raise UsageError(f"There is no engine {unknown[0]}.", fix=f"Engines: {', '.join(ENGINES)}.")
    whole = sum(SHARES[name] for name in names)

    def task(name: str, share: float = 1.0, shard: int = 0, shards: int = 1) -> Task:
        seconds = recipe.speech.hours * 3600 * SHARES[name] / whole * share / shards
        return Task(name, sentences, out, recipe.seed, seconds, recipe.speech.sentences, shard, shards)

    slow = [task(SLOW, 1.0, shard, cores) for shard in range(cores)] if SLOW in names else []
    quick = [task(name, turn / TURNS) for turn in range(1, TURNS + 1) for name in QUICK if name in names]
    return [*slow[:1], *quick, *slow[1:]]


def _work_through(tasks: Iterable[Task], out: Path, cores: int, progress: Progress) -> dict[str, tuple[str, str]]:
    """Run the tasks on `cores` processes, no shard twice at a time; return cause and fix of what is missing."""
    waiting, troubles = list(tasks), dict[str, tuple[str, str]]()
    running: dict[Future[tuple[str, str] | None], Task] = {}
    bars = _bars(waiting, progress)
    # Spawned, not forked: an engine's runtime has threads that wouldn't survive a fork.
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        while waiting or running:
            busy = {(task.engine, task.shard) for task in running.values()}
            free = [task for task in waiting if (task.engine, task.shard) not in busy]
            if free and len(running) < cores:
                waiting.remove(free[0])
                running[pool.submit(_guarded, free[0])] = free[0]
                continue
            for future in wait(running, timeout=LOOK_S, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                if trouble := future.result():
                    progress.console.print(f"{task.engine} is done without: {trouble[0]}")
                    troubles[task.engine] = trouble
                    waiting = [other for other in waiting if other.engine != task.engine]
                _sum_up(out)
            _show(bars, out, progress)
    return troubles


def _guarded(task: Task) -> tuple[str, str] | None:
    """Run a task; a missing part comes back as its cause and fix: the error itself can't be pickled."""
    try:
        render(task)
    except MissingPartError as error:
        return error.cause, error.fix
    return None


def _bars(tasks: Iterable[Task], progress: Progress) -> dict[str, TaskID]:
    seconds: dict[str, float] = {}
    for task in tasks:
        seconds[task.engine] = task.seconds * task.shards
    return {name: progress.add_task(f"{name} speaks (seconds)", total=round(some)) for name, some in seconds.items()}


def _show(bars: Mapping[str, TaskID], out: Path, progress: Progress) -> None:
    seconds = dict.fromkeys(bars, 0.0)
    for clip in manifest.read(out / manifest.NAME):
        if clip.engine in seconds and not is_copy(clip):
            seconds[clip.engine] += clip.seconds
    for name, bar in bars.items():
        progress.update(bar, completed=round(seconds[name]))


def _sum_up(out: Path) -> None:
    (out / "speech.json").write_text(json.dumps(summary(out), indent=2) + "\n", encoding="utf-8")


def summary(out: Path) -> dict[str, Any]:
    """Sum up a manifest: hours by engine and voice, shifted copies apart, versions, licences, what was refused."""
    clips = manifest.read(out / manifest.NAME)
    engines: dict[str, Any] = {}
    for name in ENGINES:
        own = [clip for clip in clips if clip.engine == name]
        if not own:
            continue
        versions = out / VERSIONS / f"{name}.json"
        engines[name] = {
            "licence": LICENCES[name],
            "packages": json.loads(versions.read_text(encoding="utf-8")) if versions.exists() else {},
            **_figures(clip for clip in own if not is_copy(clip)),
            "shifted": _figures(clip for clip in own if is_copy(clip)),
            "voices": _by_voice(own),
        }
    rows = (out / REJECTED).read_text(encoding="utf-8").splitlines() if (out / REJECTED).exists() else []
    why: dict[str, Counter[str]] = defaultdict(Counter)
    for path, _text, reason in (row.split("\t") for row in rows):
        why[path.split("/")[1]][reason.split(":")[0]] += 1
    return {
        **_figures(clips),
        "voices": len({(clip.engine, clip.voice) for clip in clips if not is_copy(clip)}),
        "sentences": len({clip.text for clip in clips}),
        "engines": engines,
        "rejected": {name: dict(reasons) for name, reasons in sorted(why.items())},
    }


def _figures(clips: Iterable[Clip]) -> dict[str, float]:
    clips = list(clips)
    return {"clips": len(clips), "hours": round(sum(clip.seconds for clip in clips) / 3600, 3)}


def _by_voice(clips: Iterable[Clip]) -> dict[str, float]:
    hours: dict[str, float] = defaultdict(float)
    for clip in clips:
        hours[clip.voice] += clip.seconds / 3600
    return {voice: round(hours[voice], 4) for voice in sorted(hours)}
