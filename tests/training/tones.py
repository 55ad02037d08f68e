"""A tiny speech model whose phones are tones, made in a second: for tests of graphs and files with the real Vosk.

Its network is one linear layer, so what it hears follows from the sound alone, without training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import vosk

from training import export, graph, kaldi, ngram, topology
from training.features import mfcc
from training.graph import GraphOptions
from training.kaldi import Array, NnetFile

BUNDLED = Path(__file__).parents[2] / "models" / "foot-care-en" / "am" / "final.mdl"
RATE = 16_000
GRAPH_SCALE = 0.9  # Vosk weighs graph costs so in its results
PHONES = ("AA", "IY", "S", "UW")
TONES_HZ = (700.0, 2600.0, 5500.0, 250.0, 1300.0, 3700.0, 1800.0, 450.0)  # of outputs 1, 2, ...
LEXICON = {
    "one": [("AA", "IY")],
    "only": [("AA", "IY", "S")],
    "two": [("UW", "S")],
    "too": [("UW", "S")],
    "three": [("S", "IY", "UW")],
    "four": [("IY", "AA"), ("UW", "AA")],
}
# what unknown words may sound like
ENGLISH = {str(n): [tuple(word.split())] for n, word in enumerate(["AA S UW", "S AA IY S", "UW IY", "IY S AA UW"])}
SENTENCES = ["one two", "too one", "three", "four only", "three two", "too four"]

vosk.SetLogLevel(-1)


def tone(output: int, seconds: float = 0.12) -> Array:
    """What an output from 1 up sounds like; 0: the hiss of a quiet room. Samples on the scale of int16."""
    time = np.arange(int(seconds * RATE)) / RATE
    hiss = np.random.default_rng(0).normal(0, 10, len(time))
    return hiss + (6_000 * np.sin(2 * np.pi * TONES_HZ[output - 1] * time) if output else 0)


def say(*words: Sequence[str], positions: bool = False) -> bytes:
    """Words given as phones, with silence around each; 16 kHz int16."""
    parts = [tone(0, 0.3)]
    for phones in words:
        outputs = [PHONES.index(phone) + 1 for phone in phones]
        if positions:
            outputs[-1] += len(PHONES)
        parts += [tone(output) for output in outputs] + [tone(0, 0.3)]
    return np.concatenate(parts).astype(np.int16).tobytes()


def network(outputs: int) -> NnetFile:
    """Each output scores how near the frame is to its tone."""
    template = kaldi.read(BUNDLED)
    means = np.stack([mfcc(tone(output, 0.5)).mean(0) for output in range(outputs)])
    sharpness = 1 / 200
    layer = template.components["lda"].with_arrays(
        {
            "<LinearParams>": (sharpness * means).astype(np.float32),
            "<BiasParams>": (-sharpness / 2 * (means**2).sum(1)).astype(np.float32),
        }
    )
    softmax = export.acoustic_model(template, head(outputs)).components[export.SOFTMAX]
    config = (
        "input-node name=input dim=40",
        "component-node name=lda component=lda input=input",
        f"component-node name={export.SOFTMAX} component={export.SOFTMAX} input=lda",
        f"output-node name=output input={export.SOFTMAX} objective=linear",
    )
    return replace(
        template,
        transitions=topology.transition_model(outputs),
        config=config,
        components={"lda": layer, export.SOFTMAX: softmax},
        left_context=0,
        right_context=0,
    )


def head(outputs: int, dim: int = 64) -> dict[str, Array]:
    """An output layer's weights, all 0."""
    return {
        "output.affine/<LinearParams>": np.zeros((outputs, dim), np.float32),
        "output.affine/<BiasParams>": np.zeros(outputs, np.float32),
    }


def write_model(
    out: Path,
    sentences: Sequence[str] = SENTENCES,
    lexicon: Mapping[str, Sequence[tuple[str, ...]]] = LEXICON,
    options: GraphOptions = GraphOptions(),  # noqa: B008 - immutable
) -> Path:
    """A whole Vosk folder."""
    words = ngram.estimate([s.split() for s in sentences], [*lexicon, graph.UNKNOWN], 2)
    graph.write_graph(out, PHONES, lexicon, ENGLISH, words, options)
    (out / "am").mkdir(parents=True, exist_ok=True)
    outputs = topology.output_count(options.inventory, len(PHONES))
    (out / "am" / "final.mdl").write_bytes(network(outputs).to_bytes())
    export.write_conf(out, export.DecoderOptions())
    return out


def hear(model: Path, pcm: bytes, grammar: Sequence[str] | None = None) -> str:
    """What Vosk makes of it, `[unk]` included."""
    closed = () if grammar is None else (json.dumps(grammar),)
    recognizer = vosk.KaldiRecognizer(vosk.Model(str(model)), RATE, *closed)
    recognizer.AcceptWaveform(pcm)
    return json.loads(recognizer.FinalResult())["text"]


def likelihood(model: Path, pcm: bytes) -> float:
    """Of the best path, natural logarithm."""
    recognizer = vosk.KaldiRecognizer(vosk.Model(str(model)), RATE)
    recognizer.SetMaxAlternatives(1)
    recognizer.AcceptWaveform(pcm)
    return json.loads(recognizer.FinalResult())["alternatives"][0]["confidence"]
