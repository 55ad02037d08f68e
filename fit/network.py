"""Teaches the network of `voice_skill.understanding.network`: on from a public sentence encoder, with our sentences.

Takes the encoder's lowest layers and gives them two tasks at once, which label is meant and which red flag is raised.
Not for choosing the lessons (`corpus.py`), nor for using the network.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import load_file

from fit.corpus import Lesson
from voice_skill.understanding.network import LONGEST, NetworkWeights, SentenceNetwork, rounded

LAYERS = 2  # of the encoder's six: each takes more than a millisecond for every utterance
RATE, HEAD_RATE = 2e-4, 2e-3  # Adam's; what is new learns faster
EPOCHS = 3.0
BATCH = 32
HIDDEN, LOST = 0.05, 0.05  # share of pieces that are hidden, or left out, each time a sentence is read
DROPOUT = 0.1
FLAGS_COUNT = 0.5  # of the loss, beside the labels
DOUBT = 0.02  # label smoothing: keeps it from being too sure
_HEADS = 12
_NOWHERE = -1e9

Params = Any
Progress = Callable[[int, int], None]


def read_encoder(folder: Path, layers: int = LAYERS) -> NetworkWeights:
    """The lowest layers of a BERT in `folder` (model.safetensors, vocab.txt), with nothing it could answer yet.

    Of its pieces, those with other signs than letters and digits are left out: normalised text has none.
    """
    numbers = load_file(folder / "model.safetensors")
    numbers = {name.removeprefix("bert."): value.astype(np.float32) for name, value in numbers.items()}
    pieces = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    kept = [n for n, piece in enumerate(pieces) if re.fullmatch(r"(##)?[a-z0-9]+|\[(CLS|SEP|UNK)\]", piece)]
    words, scales = rounded(numbers["embeddings.word_embeddings.weight"][kept])
    places = numbers["embeddings.position_embeddings.weight"][:LONGEST]
    return NetworkWeights(
        pieces=tuple(pieces[n] for n in kept),
        labels=(),
        flags=(),
        words=words,
        word_scales=scales,
        places=places + numbers["embeddings.token_type_embeddings.weight"][0],
        layers=tuple(_layer(numbers, f"encoder.layer.{number}") for number in range(layers)),
        ends={
            "first.gain": numbers["embeddings.LayerNorm.weight"],
            "first.bias": numbers["embeddings.LayerNorm.bias"],
        },
        trained_on="",
    )


def _layer(numbers: Mapping[str, Any], name: str) -> dict[str, Any]:
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    layer = {f"look.{kind}": np.concatenate([numbers[f"{part}.{kind}"] for part in parts]).T for kind in _KINDS}
    dense = {"take": "attention.output.dense", "widen": "intermediate.dense", "narrow": "output.dense"}
    layer |= {
        f"{ours}.{kind}": numbers[f"{name}.{theirs}.{kind}"].T for ours, theirs in dense.items() for kind in _KINDS
    }
    levels = {"taken": "attention.output.LayerNorm", "thought": "output.LayerNorm"}
    for ours, theirs in levels.items():
        layer |= {f"{ours}.gain": numbers[f"{name}.{theirs}.weight"], f"{ours}.bias": numbers[f"{name}.{theirs}.bias"]}
    return layer


_KINDS = ("weight", "bias")


def teach(
    start: NetworkWeights,
    lessons: Sequence[Lesson],
    labels: Sequence[str],
    flags: Sequence[str],
    *,
    trained_on: str,
    epochs: float = EPOCHS,
    seed: int = 1,
    progress: Progress = lambda done, steps: None,
) -> NetworkWeights:
    """The network after so many readings of all lessons; the pieces' own numbers stay, so that unseen ones fit in.

    Two runs with the same seed differ by no more than rounding. progress: called with batches done, and all of them.
    """
    reader = SentenceNetwork(start, ())
    rows = [reader.numbers(lesson.text) for lesson in lessons]
    right = _Right(lessons, labels, flags)
    steps = max(1, int(epochs * len(lessons) / BATCH))
    params: Params = {
        "ends": {
            **start.ends,
            "out.weight": np.zeros((start.words.shape[1], len(labels) + len(flags)), np.float32),
            "out.bias": np.zeros(len(labels) + len(flags), np.float32),
        },
        "layers": list(start.layers),
    }
    params = jax.tree.map(jnp.asarray, params)
    optimizer = _optimizer(params, steps)
    state = optimizer.init(params)
    fixed = jnp.asarray(start.words), jnp.asarray(start.word_scales), jnp.asarray(start.places)

    def loss(params: Params, numbers: Any, given: Any, wanted: Any, key: Any) -> Any:
        sums = outputs(params, fixed, numbers, given, key)
        meant, flagged, known, counts = wanted
        each = jnp.where(known, _unlikelihood(sums[:, : len(labels)], meant), 0.0)
        return (counts * (each + FLAGS_COUNT * _unlikelihood(sums[:, len(labels) :], flagged))).mean()

    @jax.jit
    def step(params: Params, state: Any, numbers: Any, given: Any, wanted: Any, key: Any) -> Any:
        value, slope = jax.value_and_grad(loss)(params, numbers, given, wanted, key)
        change, state = optimizer.update(slope, state, params)
        return optax.apply_updates(params, change), state, value

    draw = np.random.default_rng(seed)
    unknown = start.pieces.index("[UNK]")
    key = jax.random.PRNGKey(seed)
    said = time.monotonic()
    for done, chosen in enumerate(_batches(rows, steps, draw), start=1):
        numbers, given = padded([_worn(rows[n], unknown, draw) for n in chosen])
        params, state, _ = step(params, state, numbers, given, right.of(chosen), jax.random.fold_in(key, done))
        if time.monotonic() - said > 1 or done == steps:
            said = time.monotonic()
            progress(done, steps)
    learnt = jax.tree.map(np.asarray, params)
    return replace(
        start,
        labels=tuple(labels),
        flags=tuple(flags),
        layers=tuple(learnt["layers"]),
        ends=learnt["ends"],
        trained_on=trained_on,
    )


def outputs(params: Params, fixed: Any, numbers: Any, given: Any, key: Any = None) -> Any:
    """Texts x outputs, as the network computes them; with a key, some of what passes through is dropped.

    numbers: texts x pieces, padded; given: which of them are there.
    """
    words, scales, places = fixed
    drops = iter(jax.random.split(key, 2 * len(params["layers"]) + 2)) if key is not None else None

    def dropped(x: Any) -> Any:
        if drops is None:
            return x
        return jnp.where(jax.random.bernoulli(next(drops), 1 - DROPOUT, x.shape), x / (1 - DROPOUT), 0.0)

    x = words[numbers].astype(jnp.float32) * scales[numbers][..., None] + places[: numbers.shape[1]]
    x = dropped(_levelled(x, params["ends"], "first"))
    hidden = jnp.where(given, 0.0, _NOWHERE)[:, None, None, :]
    texts, length, width = x.shape
    for layer in params["layers"]:
        wide = _dense(x, layer, "look").reshape(texts, length, 3, _HEADS, width // _HEADS)
        seeks, offers, gives = wide.transpose(2, 0, 3, 1, 4)
        close = jax.nn.softmax(seeks @ offers.swapaxes(-1, -2) / (width // _HEADS) ** 0.5 + hidden, axis=-1)
        mixed = (close @ gives).transpose(0, 2, 1, 3).reshape(texts, length, width)
        x = _levelled(x + dropped(_dense(mixed, layer, "take")), layer, "taken")
        inner = jax.nn.gelu(_dense(x, layer, "widen"), approximate=True)
        x = _levelled(x + dropped(_dense(inner, layer, "narrow")), layer, "thought")
    there = given[..., None]
    return _dense(dropped((x * there).sum(axis=1) / there.sum(axis=1)), params["ends"], "out")


class _Right:
    """What is right for each lesson, as arrays."""

    def __init__(self, lessons: Sequence[Lesson], labels: Sequence[str], flags: Sequence[str]) -> None:
        self._labels = np.array([[label in lesson.labels for label in labels] for lesson in lessons])
        self._flags = np.array([[flag in lesson.flags for flag in flags] for lesson in lessons])
        self._counts = np.array([lesson.counts for lesson in lessons], np.float32)

    def of(self, chosen: Sequence[int]) -> Any:
        labels = self._labels[chosen]
        return labels, self._flags[chosen], labels.any(axis=1), self._counts[chosen]


def _optimizer(params: Params, steps: int) -> Any:
    def rising_and_falling(peak: float) -> Any:
        return optax.warmup_cosine_decay_schedule(0.0, peak, max(1, steps // 10), max(2, steps), peak / 50)

    new = jax.tree_util.tree_map_with_path(lambda path, _: "out" in str(path[-1]), params)
    kinds = {True: optax.adamw(rising_and_falling(HEAD_RATE)), False: optax.adamw(rising_and_falling(RATE))}
    return optax.chain(optax.clip_by_global_norm(1.0), optax.multi_transform(kinds, new))


def _batches(rows: Sequence[Sequence[int]], steps: int, draw: np.random.Generator) -> Iterator[list[int]]:
    """Lessons of about the same length together, in a new order each time round."""
    done = 0
    while done < steps:
        order = draw.permutation(len(rows))
        batches: list[list[int]] = []
        for start in range(0, len(order), BATCH * 50):
            some = sorted(order[start : start + BATCH * 50].tolist(), key=lambda n: len(rows[n]))
            batches += [some[at : at + BATCH] for at in range(0, len(some), BATCH)]
        draw.shuffle(batches)  # type: ignore[arg-type]
        for batch in batches[: steps - done]:
            done += 1
            yield batch


def _worn(row: Sequence[int], unknown: int, draw: np.random.Generator) -> list[int]:
    """The pieces with some hidden and some left out, as when half a word was heard."""
    chances = draw.random(len(row))
    first, *inner, last = row
    kept = [unknown if c < HIDDEN else n for n, c in zip(inner, chances, strict=False) if c < 1 - LOST]
    return [first, *kept, last]


def padded(rows: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    """Rows of numbers as one array, and which of it are theirs; lengths in steps of four, to be compiled seldom."""
    length = -(-max(map(len, rows)) // 4) * 4
    numbers, given = np.zeros((len(rows), length), np.int32), np.zeros((len(rows), length), bool)
    for place, row in enumerate(rows):
        numbers[place, : len(row)] = row
        given[place, : len(row)] = True
    return numbers, given


def _unlikelihood(sums: Any, right: Any) -> Any:
    """How unlikely the right ones are, in nats, with a little pull towards doubt."""
    chances = jax.nn.log_softmax(sums)
    return -jax.nn.logsumexp(jnp.where(right, chances, _NOWHERE), axis=-1) - DOUBT * chances.mean(axis=-1)


def _dense(x: Any, numbers: Any, name: str) -> Any:
    return x @ numbers[f"{name}.weight"] + numbers[f"{name}.bias"]


def _levelled(x: Any, numbers: Any, name: str) -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = jnp.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-12)
    return centred / spread * numbers[f"{name}.gain"] + numbers[f"{name}.bias"]
