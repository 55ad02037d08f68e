"""The acoustic network as a pure function: MFCC frames in, a score for every phone out. Kaldi's factored TDNN, in JAX.

Shapes and arithmetic are those of the nnet3 file that Vosk runs, so weights go both ways unchanged. Batch normalisation
stays as it was measured on the base model's people: only matrices and biases learn. Not for losses or training steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from training.kaldi import NnetFile

FEATURES = 40  # cepstra of a frame: `conf/mfcc.conf`
LAYERS = range(2, 16)  # the factored layers; 1 is plain
SLOW_FROM = 5  # layers from here on see every third frame (Kaldi's frame subsampling)
SUBSAMPLING = 3
BYPASS = 0.66  # how much of a layer's input is added to its output; fixed in the base model's own file
HEAD = "output.affine"

Weights = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Network:
    """What doesn't learn, by component: time offsets (frames of 10 ms) and normalisation (scale, shift)."""

    offsets: Mapping[str, tuple[int, ...]]
    norms: Mapping[str, tuple[np.ndarray, np.ndarray]]


def from_file(file: NnetFile) -> tuple[Network, Weights]:
    """Take a Kaldi network apart. An i-vector input is left out: at an utterance's start it is zero anyway."""
    offsets: dict[str, tuple[int, ...]] = {}
    norms: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    weights: Weights = {}
    for name, component in file.components.items():
        if "xent" in name:
            continue
        for field in ("<LinearParams>", "<BiasParams>", "<Params>"):
            value = component.fields.get(field)
            if isinstance(value, np.ndarray) and value.size:
                weights[f"{name}/{field}"] = jnp.asarray(value, jnp.float32)
        if component.type == "BatchNormComponent":
            variance, mean = component.fields["<StatsVar>"], component.fields["<StatsMean>"]
            scale = component.fields["<TargetRms>"] / np.sqrt(np.maximum(variance, 0) + component.fields["<Epsilon>"])
            norms[name] = (scale.astype(np.float32), (-mean * scale).astype(np.float32))
        if "<TimeOffsets>" in component.fields:
            offsets[name] = tuple(int(v) for v in component.fields["<TimeOffsets>"])
    weights["lda/<LinearParams>"] = weights["lda/<LinearParams>"][:, : 3 * FEATURES]
    return Network(offsets, norms), weights


def new_head(weights: Weights, outputs: int, seed: int) -> Weights:
    """The same network with a fresh output layer of that many outputs (blank first)."""
    draws = np.random.default_rng(seed).standard_normal((outputs, weights[f"{HEAD}/<LinearParams>"].shape[1]))
    return weights | {
        f"{HEAD}/<LinearParams>": jnp.asarray(draws * 0.05, jnp.float32),
        f"{HEAD}/<BiasParams>": jnp.zeros(outputs, jnp.float32),
    }


def absorb_mean(weights: Weights, mean: np.ndarray) -> Weights:
    """Weights that give on `frames - mean` what the given ones give on `frames` (mean: 40 cepstra)."""
    matrix = weights["lda/<LinearParams>"]
    return weights | {
        "lda/<BiasParams>": weights["lda/<BiasParams>"] + matrix @ jnp.tile(jnp.asarray(mean, jnp.float32), 3)
    }


def layer_of(name: str) -> int:
    """Which layer a weight belongs to: 0 the input's transform, 1 to 15 the TDNN, 16 what follows, 17 the output."""
    component = name.split("/", maxsplit=1)[0]
    if component == "lda":
        return 0
    if component == HEAD:
        return 17
    digits = component.split(".")[0].removeprefix("tdnnf").removeprefix("tdnn")
    return int(digits) if digits.isdigit() else 16


def scores(network: Network, weights: Weights, frames: Array, *, drop: Array | None = None, rate: float = 0.0) -> Array:
    """Phone scores before the softmax.

    Args:
        network, weights: from `from_file`.
        frames: batch x time x 40, time a multiple of 3, 10 ms a frame.
        drop: a random key: then channels of the slow layers are dropped at that rate, the same ones at all times.

    Returns: batch x time/3 x outputs; 30 ms a frame.
    """
    hidden = fast_layers(network, weights, frames)
    return slow_layers(network, weights, hidden, drop=drop, rate=rate)


def fast_layers(network: Network, weights: Weights, frames: Array) -> Array:
    """The layers that see all frames; batch x time x 40 -> batch x time/3 x 768."""
    spliced = jnp.concatenate([_shift(frames, -1), frames, _shift(frames, 1)], -1)
    hidden = _norm(network, "tdnn1.batchnorm", _relu(weights, "tdnn1.affine", _affine(weights, "lda", spliced)))
    for layer in range(2, SLOW_FROM - 1):
        hidden = BYPASS * hidden + _factored(network, weights, layer, hidden, 1)
    # What the slow layers won't look at isn't computed: a tenth of the step's time.
    return BYPASS * hidden[:, ::SUBSAMPLING] + _factored(network, weights, SLOW_FROM - 1, hidden, 1, SUBSAMPLING)


def slow_layers(
    network: Network, weights: Weights, hidden: Array, *, drop: Array | None = None, rate: float = 0.0
) -> Array:
    """The layers that see every third frame, and the output."""
    for layer in range(SLOW_FROM, LAYERS.stop):
        new = _factored(network, weights, layer, hidden, SUBSAMPLING)
        if drop is not None and rate:
            keep = jax.random.bernoulli(
                jax.random.fold_in(drop, layer), 1 - rate, (hidden.shape[0], 1, hidden.shape[2])
            )
            new = new * keep / (1 - rate)
        hidden = BYPASS * hidden + new
    narrow = hidden @ weights["prefinal-l/<Params>"].T
    wide = _norm(network, "prefinal-chain.batchnorm1", _relu(weights, "prefinal-chain.affine", narrow))
    narrow = _norm(network, "prefinal-chain.batchnorm2", wide @ weights["prefinal-chain.linear/<Params>"].T)
    return _affine(weights, HEAD, narrow)


def _shift(x: Array, by: int) -> Array:
    """x[t + by], the first and last frames repeated beyond the ends."""
    if by == 0:
        return x
    time = x.shape[1]
    edge = jnp.repeat(x[:, :1] if by < 0 else x[:, -1:], abs(by), axis=1)
    return jnp.concatenate([edge, x[:, : time + by]], 1) if by < 0 else jnp.concatenate([x[:, by:], edge], 1)


def _affine(weights: Weights, name: str, x: Array) -> Array:
    return x @ weights[f"{name}/<LinearParams>"].T + weights[f"{name}/<BiasParams>"]


def _relu(weights: Weights, name: str, x: Array) -> Array:
    return jax.nn.relu(_affine(weights, name, x))


def _norm(network: Network, name: str, x: Array) -> Array:
    scale, shift = network.norms[name]
    return x * scale + shift


def _factored(network: Network, weights: Weights, layer: int, x: Array, step: int, every: int = 1) -> Array:
    name = f"tdnnf{layer}"
    offsets = [by // step for by in network.offsets[f"{name}.linear"]]
    # Narrow first, then shift: the shifted copies are 64 wide instead of 768.
    parts = jnp.split(weights[f"{name}.linear/<LinearParams>"], len(offsets), axis=1)
    narrow = jnp.split(x @ jnp.concatenate(parts, 0).T, len(offsets), axis=-1)
    inner = sum(_shift(part, by) for part, by in zip(narrow, offsets, strict=True))
    offsets = [by // step for by in network.offsets[f"{name}.affine"]]
    spliced = jnp.concatenate([_shift(jnp.asarray(inner), by)[:, ::every] for by in offsets], -1)
    return _norm(network, f"{name}.batchnorm", _relu(weights, f"{name}.affine", spliced))
