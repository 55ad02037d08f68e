"""A sentence network of a few made-up numbers, for tests of what reads and what teaches one."""

from __future__ import annotations

import numpy as np

from voice_skill.understanding.network import LONGEST, NetworkWeights, Rounded

LABELS = ("heat", "massage", "none")
FLAGS = ("no", "RF-E1")
_WIDTH, _INNER, _LAYERS = 24, 48, 2  # twelve heads of two numbers each
_PIECES = (
    "[CLS]",
    "[SEP]",
    "[UNK]",
    *"aceghimnoprstuwy",
    "toe",
    "cramp",
    "##ing",
    "##s",
    *(f"##{c}" for c in "aehmnoprtu"),
)


def tiny_network(*, taught: bool = True) -> NetworkWeights:
    """The same numbers each time; without outputs when it isn't `taught`."""
    draw = np.random.default_rng(3)

    def some(*shape: int) -> np.ndarray:
        return draw.normal(0, 0.3, shape).astype(np.float32)

    def level(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.gain": np.ones(_WIDTH, np.float32), f"{name}.bias": np.zeros(_WIDTH, np.float32)}

    def dense(name: str, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        return {f"{name}.weight": some(inputs, outputs), f"{name}.bias": some(outputs)}

    def layer() -> dict[str, np.ndarray]:
        looking = dense("look", _WIDTH, 3 * _WIDTH) | dense("take", _WIDTH, _WIDTH)
        thinking = dense("widen", _WIDTH, _INNER) | dense("narrow", _INNER, _WIDTH)
        return looking | thinking | level("taken") | level("thought")

    ends = level("first")
    return NetworkWeights(
        pieces=_PIECES,
        labels=LABELS if taught else (),
        flags=FLAGS if taught else (),
        words=Rounded.of(some(len(_PIECES), _WIDTH)),
        places=some(LONGEST, _WIDTH),
        layers=tuple(layer() for _ in range(_LAYERS)),
        ends=ends | dense("out", _WIDTH, len(LABELS) + len(FLAGS)) if taught else ends,
        trained_on="a test",
    )
