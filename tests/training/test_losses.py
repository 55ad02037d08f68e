"""The objectives against sums over every path, written out."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from training import losses

TIME, OUTPUTS = 4, 3  # blank and two phones: 81 paths


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(p for i, p in enumerate(path) if p and (i == 0 or path[i - 1] != p))


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((1, TIME, OUTPUTS)).astype(np.float32)


def paths(scores: np.ndarray) -> list[tuple[tuple[int, ...], float]]:
    logp = np.asarray(jax.nn.log_softmax(scores[0]))
    return [
        (path, float(np.exp(sum(logp[t, p] for t, p in enumerate(path)))))
        for path in itertools.product(range(OUTPUTS), repeat=TIME)
    ]


def sizes(n: int) -> jnp.ndarray:
    return jnp.array([n])


def test_ctc_is_the_sum_over_all_paths_that_say_the_phones(scores: np.ndarray) -> None:
    expected = -np.log(sum(p for path, p in paths(scores) if collapse(path) == (1, 2)))
    found = losses.ctc(jnp.asarray(scores), sizes(TIME), jnp.array([[1, 2, 0]]), sizes(2))
    assert found[0] == pytest.approx(expected, rel=1e-3)


def test_the_denominator_is_the_sum_over_all_paths_weighted_by_the_bigram(scores: np.ndarray) -> None:
    bigram = losses.phone_bigram([[1, 2, 2, 1], [2]], OUTPUTS)
    total = 0.0
    for path, p in paths(scores):
        said = collapse(path)
        total += p * np.prod([bigram[a, b] for a, b in zip((0, *said), said, strict=False)])
    found = losses.denominator(jax.nn.log_softmax(scores), sizes(TIME), bigram)
    assert found[0] == pytest.approx(np.log(total), rel=1e-3)


def test_frames_beyond_an_utterances_end_count_for_nothing(scores: np.ndarray) -> None:
    other = scores.copy()
    other[0, 3] = 100.0, -50.0, 3.0
    bigram = losses.phone_bigram([[1, 2]], OUTPUTS)
    for loss in (
        lambda s: losses.mmi(s, sizes(3), jnp.array([[1]]), sizes(1), bigram),
        lambda s: losses.frame(s, sizes(3), jnp.full((1, TIME, OUTPUTS), 1 / 3)),
    ):
        assert loss(jnp.asarray(scores))[0] == pytest.approx(float(loss(jnp.asarray(other))[0]), rel=1e-5)


def test_an_alignment_says_each_phone_and_sums_to_one(scores: np.ndarray) -> None:
    aligned = losses.alignment(jnp.asarray(scores), sizes(TIME), jnp.array([[1, 2]]), sizes(2), 0.0)
    expected = np.zeros((TIME, OUTPUTS))
    for path, p in paths(scores):
        if collapse(path) == (1, 2):
            for time, output in enumerate(path):
                expected[time, output] += p
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(aligned[0], expected, atol=1e-3)


def test_a_phone_bigram_counts_what_follows_what() -> None:
    bigram = np.asarray(losses.phone_bigram([[1, 2], [1, 2], [1, 1]], OUTPUTS))
    np.testing.assert_allclose(bigram.sum(1), 1, rtol=1e-5)
    assert bigram[0, 1] > bigram[0, 2]
    assert bigram[1, 2] > bigram[1, 1] > bigram[2, 1] / 10
    assert not bigram[:, 0].any()
