"""Which design is better: each of experiments.toml learns for a while from the same start and decodes the same clips.

The clips' sentences are in no training batch and not in the language model used here, but their voices are: good for
choosing, not for quoting. What is quoted comes from `scripts/bench speech`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
import tomllib
from rich.progress import Progress

from training import build, decode, export, features, train
from training.augment import FULL_SCALE, spoil
from training.recipe import HERE, FeaturesPart, GraphPart, Recipe, TrainPart
from training.speech import manifest
from voice_skill.hearing.frames import SAMPLE_RATE

EXPERIMENTS = HERE / "experiments.toml"
CLIPS = 80  # of synthetic voices, as they are and spoilt; and at most as many of people
BIASES = (0.0, -1.0, -2.0, -3.0)  # nats on blank, each tried; objectives differ in how much they overrate it
SPOILT = FeaturesPart(spoilt=1.0, snr_db=(8.0, 14.0), roomy=0.5)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one design; error rates 0-1 by set of clips, at the blank bias best for the sum of all sets."""

    name: str
    loss: float
    phone_errors: Mapping[str, float]
    word_errors: Mapping[str, float]
    blank_bias: float
    minutes: float


def designs(file: Path = EXPERIMENTS) -> dict[str, TrainPart]:
    """Name -> design: what [base] says, and what the design says differently."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    base = tables.pop("base")
    return {name: TrainPart.model_validate(base | changes) for name, changes in tables.items()}


def run(work: Path, start: Path, progress: Progress, *, only: Collection[str] = ()) -> str:
    """Train, decode and tabulate the designs (all, or those named); those done before are not done again."""
    out = work / "compare"
    out.mkdir(parents=True, exist_ok=True)
    file = out / "outcomes.json"
    outcomes = {o["name"]: Outcome(**o) for o in json.loads(file.read_text())} if file.exists() else {}
    clips = _clips(work, out)
    texts = _texts(work, out)
    for name, part in designs().items():
        if name in outcomes or (only and name not in only):
            continue
        recipe = Recipe(train=part)
        weights = train.run(recipe, work, start, progress, name=f"compare-{name}")
        log = [json.loads(line) for line in (weights.parent / "log.jsonl").read_text().splitlines()]
        bias, errors = _decoded(recipe, start, weights, texts, out / name, clips)
        phones = {kind: log[-1][kind] for kind in ("voices", "people") if kind in log[-1]}
        outcomes[name] = Outcome(name, log[-1]["loss"], phones, errors, bias, log[-1]["seconds"] / 60)
        file.write_text(json.dumps([asdict(o) for o in outcomes.values()], indent=1), encoding="utf-8")
    return table(list(outcomes.values()))


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as a Markdown table, the best first."""
    sets = list(outcomes[0].word_errors) if outcomes else []
    rows = [
        ["design", "loss", "phone errors", *(f"word errors, {s}" for s in sets), "blank bias", "minutes"],
        ["---"] * (5 + len(sets)),
    ]
    for o in sorted(outcomes, key=lambda o: sum(o.word_errors.values())):
        phones = " / ".join(f"{100 * e:.1f}" for e in o.phone_errors.values())
        words = [f"{100 * o.word_errors[s]:.1f} %" for s in sets]
        rows.append([o.name, f"{o.loss:.2f}", f"{phones} %", *words, f"{o.blank_bias:g}", f"{o.minutes:.1f}"])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


Clips = dict[str, list[tuple[Path, str]]]


def _clips(work: Path, out: Path) -> Clips:
    """The sets to decode: held-back sentences by synthetic voices, the same spoilt, and by people."""
    some = _held_back(work / "speech", train.HELD_BACK["voices"])
    spoilt: list[tuple[Path, str]] = []
    (out / "spoilt").mkdir(exist_ok=True)
    sounds = [soundfile.read(path)[0] for path, _ in some]
    for number, (path, text) in enumerate(some):
        rng = np.random.default_rng((9, number))
        file = out / "spoilt" / path.name
        sound = spoil(sounds[number], SPOILT, rng, lambda rng=rng: sounds[int(rng.integers(0, len(sounds)))])
        soundfile.write(file, sound / FULL_SCALE, SAMPLE_RATE, subtype="PCM_16")
        spoilt.append((file, text))
    return {"clean": some, "spoilt": spoilt, "people": _held_back(work / "people", train.HELD_BACK["people"])}


def _held_back(folder: Path, one_in: int) -> list[tuple[Path, str]]:
    kept = [c for c in manifest.read(folder / manifest.NAME) if features.held_back(c.text, one_in)]
    kept.sort(key=lambda c: hashlib.sha256(c.path.encode()).digest())
    return [(folder / c.path, c.text) for c in kept[:CLIPS]]


def _texts(work: Path, out: Path) -> Path:
    """The words, and the sentences without those that are decoded: the language model mustn't know them."""
    texts = out / "text"
    texts.mkdir(exist_ok=True)
    shutil.copy(work / "text" / "lexicon.txt", texts)
    lines = (work / "text" / "sentences.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [
        line for line in lines if not features.held_back(line.rstrip("\n").split("\t")[2], train.HELD_BACK["voices"])
    ]
    (texts / "sentences.tsv").write_text("".join(kept), encoding="utf-8")
    return texts


def _decoded(
    recipe: Recipe, start: Path, file: Path, texts: Path, folder: Path, clips: Clips
) -> tuple[float, dict[str, float]]:
    weights, mean = train.read_weights(file)
    graph = Recipe(train=recipe.train, graph=GraphPart())
    build.build_model(graph, start, weights, texts, folder, mean=mean if recipe.train.mean_normalised else None)
    found: dict[float, dict[str, float]] = {}
    for bias in BIASES:
        export.write_acoustic_model(start, weights, folder, bias)
        found[bias] = {
            name: decode.score(decode.decode(folder, some)).word_error_rate for name, some in clips.items() if some
        }
    best = min(BIASES, key=lambda bias: sum(found[bias].values()))
    shutil.rmtree(folder)
    return best, found[best]
