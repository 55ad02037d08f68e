"""The network in JAX against the same arithmetic written out for single frames."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from training import kaldi, network
from training.units import Units

BUNDLED = Path(__file__).parents[2] / "models/foot-care-en/am/final.mdl"


@pytest.fixture(scope="module")
def parts():
    return network.from_file(kaldi.read(BUNDLED))


def frames(time: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((1, time, 40)).astype(np.float32) * 10


def slowly(net: network.Network, weights: network.Weights, x: np.ndarray) -> np.ndarray:
    """All frames at full rate with numpy, then every third: what the subsampled network must give."""
    w = {name: np.asarray(value) for name, value in weights.items()}

    def at(h: np.ndarray, t: int) -> np.ndarray:
        return h[min(max(t, 0), len(h) - 1)]

    def norm(name: str, h: np.ndarray) -> np.ndarray:
        scale, shift = net.norms[name]
        return h * scale + shift

    def affine(name: str, h: np.ndarray) -> np.ndarray:
        return h @ w[f"{name}/<LinearParams>"].T + w.get(f"{name}/<BiasParams>", 0)

    def factored(layer: int, h: np.ndarray, step: int) -> np.ndarray:
        def offsets(kind: str) -> list[int]:
            return [o // step for o in net.offsets[f"tdnnf{layer}.{kind}"]]

        inner = np.stack(
            [
                affine(f"tdnnf{layer}.linear", np.concatenate([at(h, t + o) for o in offsets("linear")]))
                for t in range(len(h))
            ]
        )
        outer = np.stack(
            [
                affine(f"tdnnf{layer}.affine", np.concatenate([at(inner, t + o) for o in offsets("affine")]))
                for t in range(len(h))
            ]
        )
        return network.BYPASS * h + norm(f"tdnnf{layer}.batchnorm", np.maximum(outer, 0))

    h = np.stack([affine("lda", np.concatenate([at(x, t + o) for o in (-1, 0, 1)])) for t in range(len(x))])
    h = norm("tdnn1.batchnorm", np.maximum(affine("tdnn1.affine", h), 0))
    for layer in (2, 3, 4):
        h = factored(layer, h, 1)
    h = h[::3]
    for layer in range(5, 16):
        h = factored(layer, h, 3)
    h = norm(
        "prefinal-chain.batchnorm1", np.maximum(affine("prefinal-chain.affine", h @ w["prefinal-l/<Params>"].T), 0)
    )
    return affine("output.affine", norm("prefinal-chain.batchnorm2", h @ w["prefinal-chain.linear/<Params>"].T))


def test_the_network_computes_what_its_file_says(parts) -> None:
    net, weights = parts
    x = frames()
    np.testing.assert_allclose(network.scores(net, weights, x)[0], slowly(net, weights, x[0]), rtol=2e-3, atol=2e-3)


def test_a_constant_added_to_all_frames_can_be_absorbed(parts) -> None:
    net, weights = parts
    mean = np.linspace(-20, 30, 40)
    moved = network.absorb_mean(weights, mean)
    np.testing.assert_allclose(
        network.scores(net, moved, frames() - mean), network.scores(net, weights, frames()), rtol=1e-2, atol=1e-2
    )


def test_every_weight_belongs_to_a_layer(parts) -> None:
    _, weights = parts
    layers = {network.layer_of(name) for name in weights}
    assert layers == set(range(18))


def test_a_head_over_word_positions_starts_as_the_one_over_phones(parts) -> None:
    net, weights = parts
    grown = Units("positions").grow_head(weights)
    scores = network.scores(net, grown, frames())
    assert scores.shape[-1] == 79
    np.testing.assert_array_equal(scores[..., 1:40], scores[..., 40:])


def test_dropped_channels_change_the_scores_and_none_dropped_does_not(parts) -> None:
    import jax

    net, weights = parts
    plain = network.scores(net, weights, jnp.asarray(frames()))
    key = jax.random.key(1)
    assert not np.allclose(network.scores(net, weights, frames(), drop=key, rate=0.2), plain)
    np.testing.assert_array_equal(network.scores(net, weights, frames(), drop=key, rate=0.0), plain)
