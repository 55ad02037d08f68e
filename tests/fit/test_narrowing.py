"""Making the sentence network narrower: what it says stays, as far as what is left can say it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tiny_network import LABELS, tiny_network

from fit.narrowing import narrowed
from voice_skill.understanding.network import HEADS, NetworkWeights, SentenceNetwork, parse_network, written_network

TEXTS = ["warm", "hot steam", "rub the toe", "press toes", "a song", "my chest", "cramping toes", "no more cramps"] * 4
OTHERS = ["steam", "the toe", "more toes", "a cramp"]


def outputs(network: NetworkWeights) -> np.ndarray:
    reader = SentenceNetwork(network, LABELS)
    return reader.outputs([reader.numbers(text) for text in OTHERS])


def doubled() -> NetworkWeights:
    """The tiny network with every unit twice: what is thought, half of it by each, and what heads seek and give."""
    tiny = tiny_network()
    layers = []
    for layer in map(dict, tiny.layers):
        width, looks = layer["look.weight"].shape
        # two numbers a head become four: the same ones again
        wide = layer["look.weight"].reshape(width, 3, HEADS, looks // 3 // HEADS)
        bias = layer["look.bias"].reshape(3, HEADS, -1)
        # products of twice as many numbers are twice as large, and divided by the root of 2 more
        less = np.array([2**-0.5, 1.0, 1.0], np.float32)
        layer["look.weight"] = np.concatenate([wide * less[:, None, None]] * 2, axis=3).reshape(width, -1)
        layer["look.bias"] = np.concatenate([bias * less[:, None, None]] * 2, axis=2).reshape(-1)
        take = layer["take.weight"].reshape(HEADS, -1, width) / 2
        layer["take.weight"] = np.concatenate([take] * 2, axis=1).reshape(-1, width)
        layer["widen.weight"] = np.concatenate([layer["widen.weight"]] * 2, axis=1)
        layer["widen.bias"] = np.concatenate([layer["widen.bias"]] * 2)
        layer["narrow.weight"] = np.concatenate([layer["narrow.weight"] / 2] * 2)
        layers.append(layer)
    return replace(tiny, layers=tuple(layers))


def test_what_is_there_twice_goes_and_nothing_is_lost() -> None:
    wide = doubled()
    np.testing.assert_allclose(outputs(wide), outputs(tiny_network()), atol=1e-4)
    narrow = narrowed(wide, TEXTS, inner=48, head=2)
    assert narrow.layers[0]["look.weight"].shape == (24, 3 * HEADS * 2)
    assert narrow.layers[0]["take.weight"].shape == (HEADS * 2, 24)
    assert narrow.layers[0]["widen.weight"].shape == (24, 48)
    assert narrow.layers[0]["narrow.weight"].shape == (48, 24)
    np.testing.assert_allclose(outputs(narrow), outputs(wide), atol=0.05)


def test_what_goes_matters_less_than_what_would_go_by_chance() -> None:
    wide = tiny_network()
    narrow = narrowed(wide, TEXTS, inner=36, head=2)
    blunt = replace(
        wide,
        layers=tuple(
            {**layer, "widen.weight": layer["widen.weight"][:, :36], "widen.bias": layer["widen.bias"][:36]}
            | {"narrow.weight": layer["narrow.weight"][:36]}
            for layer in wide.layers
        ),
    )
    lost, bluntly = (np.abs(outputs(each) - outputs(wide)).mean() for each in (narrow, blunt))
    assert lost < bluntly / 2


def test_a_narrow_network_stays_as_it_is_and_one_narrowed_keeps_its_shape_in_a_file() -> None:
    tiny = tiny_network()
    assert narrowed(tiny, TEXTS) is tiny
    narrow = narrowed(tiny, TEXTS, inner=30, head=1)
    again = parse_network(written_network(narrow))
    np.testing.assert_allclose(outputs(again), outputs(narrow), atol=0.2)
