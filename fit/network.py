"""The network of `voice_skill.understanding.network` as JAX computes it, and the public encoder that it starts from.

Not for teaching it (`teaching.py`), nor for using it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file

from voice_skill.understanding.network import HEADS, LONGEST, Layer, NetworkWeights, Rounded

LAYERS = 6  # of the encoder: all it has
DROPOUT = 0.1
NOWHERE = -1e9

Params = Any


def read_encoder(folder: Path, layers: int = LAYERS) -> NetworkWeights:
    """The lowest layers of a BERT in `folder` (model.safetensors, vocab.txt), with nothing it could answer yet.

    Of its pieces, those with other signs than letters and digits are left out: normalised text has none.
    """
    numbers = load_file(folder / "model.safetensors")
    numbers = {name.removeprefix("bert."): value.astype(np.float32) for name, value in numbers.items()}
    pieces = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    kept = [n for n, piece in enumerate(pieces) if re.fullmatch(r"(##)?[a-z0-9]+|\[(CLS|SEP|UNK)\]", piece)]
    places = numbers["embeddings.position_embeddings.weight"][:LONGEST]
    return NetworkWeights(
        pieces=tuple(pieces[n] for n in kept),
        labels=(),
        flags=(),
        words=Rounded.of(numbers["embeddings.word_embeddings.weight"][kept]),
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


class Passing(NamedTuple):
    """What passes through a layer, texts x pieces x numbers: what pieces seek and offer (of all heads, side by side),
    what they take of each other, and what is thought of it.
    """

    seeks: Any
    offers: Any
    mixed: Any
    inner: Any


def outputs(
    params: Params, fixed: Any, numbers: Any, given: Any, key: Any = None, seen: list[Passing] | None = None
) -> Any:
    """Texts x outputs, as the network computes them; with a key, some of what passes through is dropped.

    numbers: texts x pieces, padded; given: which of them are there.
    seen: gets what passes through each layer.
    """
    words, scales, places = fixed
    drops = iter(jax.random.split(key, 2 * len(params["layers"]) + 2)) if key is not None else None

    def dropped(x: Any) -> Any:
        if drops is None:
            return x
        return jnp.where(jax.random.bernoulli(next(drops), 1 - DROPOUT, x.shape), x / (1 - DROPOUT), 0.0)

    x = words[numbers].astype(jnp.float32) * scales[numbers][..., None] + places[: numbers.shape[1]]
    x = dropped(_levelled(x, params["ends"], "first"))
    hidden = jnp.where(given, 0.0, NOWHERE)[:, None, None, :]
    texts, length, _ = x.shape
    for layer in params["layers"]:
        wide = _dense(x, layer, "look").reshape(texts, length, 3, HEADS, -1)
        seeks, offers, gives = wide.transpose(2, 0, 3, 1, 4)
        close = jax.nn.softmax(seeks @ offers.swapaxes(-1, -2) / wide.shape[-1] ** 0.5 + hidden, axis=-1)
        mixed = (close @ gives).transpose(0, 2, 1, 3).reshape(texts, length, -1)
        x = _levelled(x + dropped(_dense(mixed, layer, "take")), layer, "taken")
        inner = jax.nn.gelu(_dense(x, layer, "widen"), approximate=True)
        if seen is not None:
            sought, offered = (wide[:, :, kind].reshape(texts, length, -1) for kind in (0, 1))
            seen.append(Passing(sought, offered, mixed, inner))
        x = _levelled(x + dropped(_dense(inner, layer, "narrow")), layer, "thought")
    there = given[..., None]
    return _dense(dropped((x * there).sum(axis=1) / there.sum(axis=1)), params["ends"], "out")


def padded(rows: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    """Rows of numbers as one array, and which of it are theirs; lengths in steps of four, to be compiled seldom."""
    length = -(-max(map(len, rows)) // 4) * 4
    numbers, given = np.zeros((len(rows), length), np.int32), np.zeros((len(rows), length), bool)
    for place, row in enumerate(rows):
        numbers[place, : len(row)] = row
        given[place, : len(row)] = True
    return numbers, given


def floats(layer: Layer) -> dict[str, Any]:
    """A layer with its matrices as floats, inputs x outputs."""
    return {name: value.rows().T if isinstance(value, Rounded) else value for name, value in layer.items()}


def fixed_of(network: NetworkWeights) -> Any:
    """What no lesson changes: the pieces' own numbers, and the places'."""
    return jnp.asarray(network.words.whole), jnp.asarray(network.words.scales), jnp.asarray(network.places)


def ends(start: NetworkWeights, labels: Sequence[str], flags: Sequence[str]) -> dict[str, Any]:
    """What stands around the layers, with an output for each label and flag: as `start` has it, or 0."""
    known = [("label", name) for name in start.labels] + [("flag", name) for name in start.flags]
    wanted = [("label", name) for name in labels] + [("flag", name) for name in flags]
    weight = np.zeros((start.words.whole.shape[1], len(wanted)), np.float32)
    bias = np.zeros(len(wanted), np.float32)
    for column, name in enumerate(wanted):
        if name in known:
            weight[:, column] = start.ends["out.weight"][:, known.index(name)]
            bias[column] = start.ends["out.bias"][known.index(name)]
    return {**start.ends, "out.weight": weight, "out.bias": bias}


def _dense(x: Any, numbers: Any, name: str) -> Any:
    return x @ numbers[f"{name}.weight"] + numbers[f"{name}.bias"]


def _levelled(x: Any, numbers: Any, name: str) -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = jnp.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-12)
    return centred / spread * numbers[f"{name}.gain"] + numbers[f"{name}.bias"]
