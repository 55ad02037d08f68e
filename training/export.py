"""Weights to a Vosk folder's `am/` and `conf/`: the acoustic model's file, feature and decoder options.

Takes the shape of the network from a template (any `final.mdl` of this family) and its numbers from training. The
words, `graph/`, are written by `graph.py`; `build.py` calls both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from training import kaldi, topology
from training.kaldi import Array, Component, NnetFile
from voice_skill.errors import UsageError

HEAD: Final = "output.affine"
SOFTMAX: Final = "output.logsm"
INPUT_TRANSFORM: Final = "lda/<LinearParams>"
SPLICED_FRAMES: Final = 3  # the input transform sees a frame and its neighbours
_INPUT = "component-node name=lda component=lda input=Append(Offset(input, -1), input, Offset(input, 1))"

# The features the base model was trained on; `dither=0` makes the same sound give the same text.
MFCC_CONF: Final = """\
--use-energy=false
--num-mel-bins=40
--num-ceps=40
--low-freq=20
--high-freq=7600
--allow-upsample=true
--allow-downsample=true
--dither=0
"""

# Trailing silences in seconds by how sure the end is. The skill's own gate ends utterances; these serve other programs.
ENDPOINT_SILENCE_S: Final = {"rule2": 0.5, "rule3": 0.75, "rule4": 1.0}

# Feature frames of 10 ms that Vosk decodes at a time: what is said last waits for the rest of its chunk. With Kaldi's
# own 20 a "stop" over the assistant's voice was known 80 ms later; all of 57 texts were the same. Fewer cost more:
# 15 take 8 % more than 20, 12 take 16 %, 9 take 30 %.
CHUNK_FRAMES: Final = 15


@dataclass(frozen=True, slots=True)
class DecoderOptions:
    """How widely Vosk searches: see Kaldi's lattice decoders. acoustic_scale weighs the network against the words."""

    beam: float = 12.0
    lattice_beam: float = 4.0
    min_active: int = 200
    max_active: int = 3000
    acoustic_scale: float = 1.0


def write_acoustic_model(
    template: Path,
    weights: Mapping[str, Array],
    out: Path,
    blank_bias: float = 0.0,
    log_priors: Array | None = None,
) -> None:
    """Write `am/final.mdl`.

    Args:
        template: a `final.mdl` with the same layers; its i-vector input and second output, where it has them, go.
        weights: `component/<Token>` -> float32 array; what is missing stays as in the template. The output layer may
            have any number of rows: blank, then the units.
        out: the Vosk folder.
        blank_bias: added to the blank's score before the softmax (nats): CTC overrates it.
        log_priors: subtracted from all outputs' scores (nats).

    Raises:
        ModelError: the template can't be used.
        UsageError: the weights don't fit it.
    """
    try:
        model = acoustic_model(kaldi.read(template), weights, blank_bias, log_priors)
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"These weights don't fit {template}: {error}.", fix="Train from this template, or name the one used."
        ) from error
    target = out / "am" / "final.mdl"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(model.to_bytes())


def acoustic_model(
    template: NnetFile, weights: Mapping[str, Array], blank_bias: float = 0.0, log_priors: Array | None = None
) -> NnetFile:
    """The template with these weights (see `write_acoustic_model`). Raises KeyError, ValueError when they don't fit."""
    bare = _only_main_branch(template)
    for key, value in weights.items():
        before = bare.array(key)
        if before.shape[1:] != value.shape[1:] or (before.shape != value.shape and not key.startswith(f"{HEAD}/")):
            raise ValueError(f"{key} is {value.shape}, the template's {before.shape}")
    model = bare.with_arrays(weights)
    bias = model.array(f"{HEAD}/<BiasParams>").astype(np.float64)
    outputs = model.array(f"{HEAD}/<LinearParams>").shape[0]
    if bias.shape != (outputs,) or (log_priors is not None and log_priors.shape != (outputs,)):
        raise ValueError(f"biases or priors of the output layer: {bias.shape}, for {outputs} outputs")
    if log_priors is not None:
        bias -= log_priors
    bias[topology.BLANK] += blank_bias
    model = model.with_arrays({f"{HEAD}/<BiasParams>": bias.astype(np.float32)})
    components = {**model.components, SOFTMAX: _log_softmax(outputs)}
    return replace(model, transitions=topology.transition_model(outputs), components=components, priors=np.zeros(0))


def write_mean_normalisation(out: Path, mean: Array) -> None:
    """Write `am/global_cmvn.stats`: where it exists, Vosk subtracts a running mean from the features.

    Frame t (from 0, of an utterance) loses (sum of frames max(0, t-599)..t + g * mean) / (n + g), where n of up to 600
    frames are in the sum and g = min(200, 600 - n): Kaldi's OnlineCmvn with its own defaults, which Vosk leaves alone.

    Args:
        mean: the average frame of the training sound, one number per cepstrum.
    """
    # Kaldi wants sums, count, and sums of squares; Vosk normalises no variance, so that row only has to be there.
    stats = np.zeros((2, len(mean) + 1))
    stats[0, :-1], stats[0, -1] = mean, 1.0
    stats[1, :-1] = np.square(mean) + 1.0
    target = out / "am" / "global_cmvn.stats"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(kaldi.BINARY_MARK + kaldi.array_bytes(stats, double=True))


def write_conf(out: Path, options: DecoderOptions) -> None:
    """Write `conf/mfcc.conf` and `conf/model.conf`."""
    conf = out / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    (conf / "mfcc.conf").write_text(MFCC_CONF, encoding="ascii")
    lines = [
        f"--min-active={options.min_active}",
        f"--max-active={options.max_active}",
        f"--beam={options.beam:g}",
        f"--lattice-beam={options.lattice_beam:g}",
        f"--acoustic-scale={options.acoustic_scale:g}",
        "--frame-subsampling-factor=3",
        f"--frames-per-chunk={CHUNK_FRAMES}",
        f"--endpoint.silence-phones={topology.SILENCE_PHONE}",
        *(f"--endpoint.{rule}.min-trailing-silence={s:g}" for rule, s in ENDPOINT_SILENCE_S.items()),
    ]
    (conf / "model.conf").write_text("\n".join(lines) + "\n", encoding="ascii")


def _only_main_branch(template: NnetFile) -> NnetFile:
    """Without i-vectors and the second (cross-entropy) output, and with a softmax at the end."""
    config: list[str] = []
    for line in template.config:
        if "xent" in line or "name=ivector" in line or f"name={SOFTMAX} " in line:
            continue
        if " name=lda " in line:
            config.append(_INPUT)
        elif line.startswith("output-node"):
            config.append(f"component-node name={SOFTMAX} component={SOFTMAX} input={HEAD}")
            config.append(f"output-node name=output input={SOFTMAX} objective=linear")
        else:
            config.append(line)
    components = {n: c for n, c in template.components.items() if "xent" not in n and n != SOFTMAX}
    bare = replace(template, config=tuple(config), components=components)
    dim = next(int(line.split("dim=")[1]) for line in config if line.startswith("input-node name=input "))
    return bare.with_arrays({INPUT_TRANSFORM: bare.array(INPUT_TRANSFORM)[:, : SPLICED_FRAMES * dim]})


def _log_softmax(dim: int) -> Component:
    none, zero = kaldi.array_bytes(np.zeros(0)), kaldi.double_bytes(0)
    return kaldi.new_component(
        SOFTMAX,
        "LogSoftmaxComponent",
        ("<Dim>", kaldi.int_bytes(dim)),
        ("<ValueAvg>", none),
        ("<DerivAvg>", none),
        ("<Count>", zero),
        ("<OderivRms>", none),
        ("<OderivCount>", zero),
        ("<NumDimsSelfRepaired>", zero),
        ("<NumDimsProcessed>", zero),
    )
