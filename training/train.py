"""The acoustic model learns: work/features in, work/train/NAME/weights.npz out, with checkpoints to go on from.

Not for how the network computes (`network.py`), what it is punished for (`losses.py`) or how good it is in the end
(`scripts/bench speech`): the phone errors printed here only show that it learns.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from rapidfuzz.distance import Levenshtein
from rich.progress import Progress

from training import batches, features, kaldi, learning, losses, network
from training.batches import Batch, Labelled
from training.learning import Learner
from training.lexicon import Lexicon
from training.network import Network, Weights
from training.recipe import Recipe, TrainPart
from training.units import Units
from voice_skill.errors import MissingPartError, UsageError

# One text in so many is kept from learning, to see phone errors on; of the few that people read, more.
HELD_BACK = {"voices": 40, "people": 8}
CHECKPOINT_STEPS = 150

Likeliest = Callable[[Weights, np.ndarray], jax.Array]  # weights, batch x time x 40 -> batch x time/3, output ids


@dataclass(frozen=True, slots=True)
class Corpus:
    """Labelled utterances to learn from, and others to look at: synthetic voices and people apart."""

    learnt: list[Labelled]
    looked_at: dict[str, list[Labelled]]
    mean: np.ndarray


def read_corpus(recipe: Recipe, work: Path, units: Units) -> Corpus:
    """All shards, mean-normalised if the recipe says so, phones drawn among each word's pronunciations."""
    record = work / "features" / "features.json"
    if not record.exists():
        raise MissingPartError(f"There are no features in {record.parent}.", fix="python -m training features")
    summary = json.loads(record.read_text(encoding="utf-8"))
    mean = np.array(summary["sum"]) / summary["frames"]
    rng = np.random.default_rng((recipe.seed, 1))
    lexicon = Lexicon.load()
    learnt: list[Labelled] = []
    looked_at: dict[str, list[Labelled]] = {"voices": [], "people": []}
    for utterance in features.read_utterances(work / "features"):
        phones = units.label(utterance.text, lexicon, rng)
        if not batches.fits(len(utterance.frames), len(phones)):
            continue
        frames = features.mean_normalise(utterance.frames, mean) if recipe.train.mean_normalised else utterance.frames
        labelled = Labelled(frames.astype(np.float16), phones)
        kind = "people" if utterance.people else "voices"
        if features.held_back(utterance.text, HELD_BACK[kind]):
            looked_at[kind].append(labelled)
        else:
            learnt.append(labelled)
    looked_at = {name: some[:: max(1, len(some) // 300)] for name, some in looked_at.items()}
    return Corpus(learnt, looked_at, mean)


def read_weights(file: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What `run` wrote: `component/<Param>` -> array, and the mean frame. Raises MissingPartError without the file."""
    if not file.exists():
        raise MissingPartError(f"There are no weights in {file}.", fix="python -m training train")
    with np.load(file) as saved:
        weights = {name: saved[name] for name in saved.files}
    return weights, weights.pop("mean")


def run(recipe: Recipe, work: Path, start: Path, progress: Progress, *, name: str = "main") -> Path:
    """Train from the weights of the Kaldi file `start`; go on where an earlier run of this name stopped.

    Returns: the file of the learnt weights, for `read_weights`. Raises MissingPartError when there are no features,
    UsageError when there are too few.
    """
    part, units = recipe.train, Units(recipe.train.units)
    out = work / "train" / name
    out.mkdir(parents=True, exist_ok=True)
    jax.config.update("jax_compilation_cache_dir", str(work / "train" / "compiled"))
    corpus = read_corpus(recipe, work, units)
    net, weights = starting_point(part, units, start, corpus.mean, recipe.seed)
    moving = {name: value for name, value in weights.items() if network.layer_of(name) >= part.first_layer}
    still = {name: value for name, value in weights.items() if name not in moving}
    a_pass = len(_pass(corpus.learnt, part, recipe.seed, 0))
    if not a_pass:
        raise UsageError(
            f"{len(corpus.learnt)} utterances don't fill a batch of {part.seconds:g} s.",
            fix="Run the stages speech and features for longer, or lower train.seconds in the recipe.",
        )
    steps = part.steps or max(1, round(a_pass * part.epochs))
    optimizer = learning.optimizer_for(part, steps)
    bigram = losses.phone_bigram([u.phones.tolist() for u in corpus.learnt], len(units.names) + 1)
    learn = learning.compiled(net, part, optimizer, bigram, weights)
    now = _resume(out, learning.beginning(moving, optimizer))
    done = int(now.step)
    task = progress.add_task(f"train {name}", total=steps, completed=done)
    likeliest = jax.jit(lambda weights, frames: network.scores(net, weights, frames).argmax(-1))
    began, lost, counted = time.monotonic(), 0.0, 0
    seen = {kind: some for kind, some in corpus.looked_at.items() if some}
    key = jax.random.key(recipe.seed)
    for batch in _stream(corpus.learnt, part, recipe.seed, done, steps):
        now, loss = learn(now, still, batch, jax.random.fold_in(key, done))
        done, lost, counted = done + 1, lost + float(loss), counted + 1
        progress.advance(task)
        if done % CHECKPOINT_STEPS == 0 or done == steps:
            best = {**still, **learning.averaged(now, part.average)}
            row = {"step": done, "of": steps, "loss": lost / counted, "seconds": time.monotonic() - began}
            _log(out, progress, row | {kind: phone_errors(likeliest, best, some) for kind, some in seen.items()})
            lost, counted = 0.0, 0
            _save(out, now)
    file = out / "weights.npz"
    best = {**still, **learning.averaged(now, part.average)}
    np.savez(file, mean=corpus.mean, **{name: np.asarray(value) for name, value in best.items()})
    return file


def starting_point(part: TrainPart, units: Units, start: Path, mean: np.ndarray, seed: int) -> tuple[Network, Weights]:
    """The network of a Kaldi file, its head grown or renewed, its input shifted when frames come mean-normalised."""
    file = kaldi.read(start)
    net, weights = network.from_file(file)
    head = weights[f"{network.HEAD}/<BiasParams>"]
    outputs = len(units.names) + 1
    if head.shape[0] == len(Units("phones").names) + 1:
        weights = units.grow_head(weights)
    elif head.shape[0] != outputs:  # another language's: nothing of it can be kept
        weights = network.new_head(weights, outputs, seed)
    already = (start.parent / "global_cmvn.stats").exists()
    if part.mean_normalised and not already:
        weights = network.absorb_mean(weights, mean)
    return net, weights


def phone_errors(likeliest: Likeliest, weights: Weights, utterances: Sequence[Labelled]) -> float:
    """Share of phones wrong when each frame's likeliest output is taken, without lexicon or language model."""
    wrong = total = 0
    order = sorted(utterances, key=lambda u: len(u.frames))
    for start in range(0, len(order), 16):
        some = order[start : start + 16]
        some = some + [some[-1]] * (16 - len(some))
        batch = batches.collate(some)
        best = np.asarray(likeliest(weights, batch.frames))
        for row, utterance in enumerate(order[start : start + 16]):
            path = best[row, : batch.lengths[row]]
            heard = [int(p) for i, p in enumerate(path) if p != losses.BLANK and (i == 0 or path[i - 1] != p)]
            wrong += Levenshtein.distance(heard, utterance.phones.tolist())
            total += len(utterance.phones)
    return wrong / max(1, total)


def _pass(utterances: Sequence[Labelled], part: TrainPart, seed: int, number: int) -> list[list[int]]:
    return batches.plan([len(u.frames) for u in utterances], part.seconds, np.random.default_rng((seed, 2, number)))


def _stream(utterances: Sequence[Labelled], part: TrainPart, seed: int, done: int, steps: int) -> Iterator[Batch]:
    """Batches from number `done` to `steps`, pass after pass, each in an order of its own; the same at every run."""
    number = at = 0
    while at < steps:
        for planned in _pass(utterances, part, seed, number):
            at += 1
            if done < at <= steps:
                batch = batches.collate([utterances[i] for i in planned])
                yield batches.mask(batch, part.masks, np.random.default_rng((seed, 3, at)))
        number += 1


def _log(out: Path, progress: Progress, row: dict[str, float]) -> None:
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(row) + "\n")
    progress.console.print("  ".join(f"{name} {value:.4g}" for name, value in row.items()))


def _save(out: Path, now: Learner) -> None:
    leaves = jax.tree.leaves(now)
    aside = out / "checkpoint.part"
    with aside.open("wb") as stream:
        np.savez(stream, *(np.asarray(leaf) for leaf in leaves))
    aside.rename(out / "checkpoint.npz")


def _resume(out: Path, fresh: Learner) -> Learner:
    """Go on from a checkpoint when there is one of the same shape; else from the beginning."""
    file = out / "checkpoint.npz"
    if not file.exists():
        return fresh
    leaves, shape = jax.tree.flatten(fresh)
    with np.load(file) as saved:
        kept = [jnp.asarray(saved[f"arr_{i}"]) for i in range(len(saved.files))]
    if [leaf.shape for leaf in kept] != [leaf.shape for leaf in leaves]:
        return fresh
    return jax.tree.unflatten(shape, kept)
