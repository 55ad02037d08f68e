"""Teaches the network of `voice_skill.understanding.network`: on from a public sentence encoder, with our sentences.

Two tasks at once: which label is meant, and which red flag is raised. A network that is to be small is taught best by
coaches: deep ones, taught before it, tell it of every sentence, worn differently each time it is read, how likely they
take each label to be. Of the development split's questions three layers so get 97 % right where they accept 2 % of what
is not for us; taught by the sentences alone, two layers got 92 %, six 95 %. Not for choosing the lessons (`corpus.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from fit.narrowing import narrowed
from fit.network import NOWHERE, Params, ends, fixed_of, floats, outputs, padded
from voice_skill.understanding.network import LONGEST, NetworkWeights, SentenceNetwork

if TYPE_CHECKING:
    from fit.corpus import Lesson

RATE, HEAD_RATE = 2e-4, 2e-3  # Adam's; what is new learns faster
DECAY = 1e-4  # of the weights, each step, in units of the rate
BATCH = 64
SHORT = 20  # pieces: most sentences; computed apart from the long ones, which take twice the time
CHUNK = 32  # batches that are handed over at once
HIDDEN, LOST = 0.05, 0.05  # share of pieces that are hidden, or left out, each time a sentence is read
FLAGS_COUNT = 0.5  # of the loss, beside the labels
DOUBT = 0.02  # label smoothing: keeps it from being too sure
HEEDED = 0.8  # of the loss: what coaches say, where there are any; the rest is what is right
COACHES, COACH_EPOCHS = 4, 3.0
AGAIN_EPOCHS, AGAIN_PACE, AGAIN_HEEDED = 4.0, 0.5, 0.6  # when a few sentences have changed, or it was made narrower
NARROWED_BY = 2_500  # sentences
LAYERS, EPOCHS = 3, 12.0  # of the network that is shipped: each layer takes most of a millisecond for every utterance

Progress = Callable[[int, int], None]


def teach(
    start: NetworkWeights,
    lessons: Sequence[Lesson],
    labels: Sequence[str],
    flags: Sequence[str],
    *,
    trained_on: str,
    epochs: float,
    members: int = 1,
    coaches: Sequence[NetworkWeights] = (),
    heeded: float = HEEDED,
    pace: float = 1.0,
    seed: int = 1,
    progress: Progress = lambda done, steps: None,
) -> list[NetworkWeights]:
    """Networks after so many readings of all lessons; the pieces' own numbers stay, so that unseen ones fit in.

    Two runs with the same seed differ by no more than rounding.

    Args:
        start: what it answers already it goes on from.
        members: how many are taught beside each other, each with its own order of lessons.
        coaches: taught for the same labels and flags; what they make of a sentence together is most of what is learnt.
        heeded: how much of it, 0 to 1.
        pace: of the learning, in units of the usual.
        progress: called with batches done, and all of them.
    """
    draw = np.random.default_rng(seed)
    table = _Table(SentenceNetwork(start, ()), lessons, labels, flags)
    chunks = list(_chunks(table.lengths, epochs, members, draw))
    steps = CHUNK * len(chunks)
    params: Params = jax.tree.map(
        lambda x: jnp.stack([jnp.asarray(x)] * members),
        {"ends": ends(start, labels, flags), "layers": [floats(layer) for layer in start.layers]},
    )
    state = jax.vmap(_OPTIMIZER.init)(params)
    fixed = fixed_of(start)
    advice = _stacked(coaches)
    said = time.monotonic()
    for number, (length, chosen) in enumerate(chunks):
        rates = pace * jnp.array([_rate((number * CHUNK + n + 1) / steps) for n in range(CHUNK)])
        key = jax.random.fold_in(jax.random.PRNGKey(seed), number)
        params, state = _study(params, state, table.arrays, fixed, advice, heeded, chosen, rates, key, length)
        done = CHUNK * (number + 1)
        if time.monotonic() - said > 1 or done == steps:
            jax.block_until_ready(params)
            said = time.monotonic()
            progress(done, steps)
    learnt = [jax.tree.map(lambda x, n=n: np.asarray(x[n]), params) for n in range(members)]
    about = {"labels": tuple(labels), "flags": tuple(flags), "trained_on": trained_on}
    return [replace(start, layers=tuple(each["layers"]), ends=each["ends"], **about) for each in learnt]


def coached(
    encoder: NetworkWeights,
    lessons: Sequence[Lesson],
    labels: Sequence[str],
    flags: Sequence[str],
    *,
    trained_on: str,
    progress: Progress = lambda done, steps: None,
    layers: int = LAYERS,
    epochs: float = EPOCHS,
    coach_epochs: float = COACH_EPOCHS,
) -> NetworkWeights:
    """The small network, taught by coaches that have all the encoder's layers.

    progress: called for the coaches, then from 0 again for the small one.
    """
    coaches = teach(
        encoder,
        lessons,
        labels,
        flags,
        trained_on=trained_on,
        epochs=coach_epochs,
        members=COACHES,
        progress=progress,
    )
    small = narrowed(replace(encoder, layers=encoder.layers[:layers]), _some(lessons))
    return teach(
        small,
        lessons,
        labels,
        flags,
        trained_on=trained_on,
        epochs=epochs,
        coaches=coaches,
        progress=progress,
    )[0]


def taught_again(
    network: NetworkWeights,
    lessons: Sequence[Lesson],
    labels: Sequence[str],
    flags: Sequence[str],
    *,
    trained_on: str,
    progress: Progress = lambda done, steps: None,
) -> NetworkWeights:
    """A network that was taught, after a few lessons have changed: it goes on from what it knows, its own coach.

    One that is wider than it should be becomes narrow first, and learns from what it was.
    """
    return teach(
        narrowed(network, _some(lessons)),
        lessons,
        labels,
        flags,
        trained_on=trained_on,
        epochs=AGAIN_EPOCHS,
        coaches=[replace(network, ends=ends(network, labels, flags))],
        heeded=AGAIN_HEEDED,
        pace=AGAIN_PACE,
        progress=progress,
    )[0]


def _some(lessons: Sequence[Lesson]) -> list[str]:
    """As many texts as are needed to see what passes through a network."""
    return [lesson.text for lesson in lessons[:: max(1, len(lessons) // NARROWED_BY)]]


class _Table:
    """All lessons as arrays. lengths: pieces of each; arrays: (numbers, lengths, labels, flags, counts)."""

    def __init__(
        self, reader: SentenceNetwork, lessons: Sequence[Lesson], labels: Sequence[str], flags: Sequence[str]
    ) -> None:
        rows = [reader.numbers(lesson.text) for lesson in lessons]
        self.lengths = np.array([len(row) for row in rows])
        numbers, _ = padded([*rows, [0] * LONGEST])
        self.arrays = (
            jnp.asarray(numbers[:-1]),
            jnp.asarray(self.lengths),
            jnp.asarray([[label in lesson.labels for label in labels] for lesson in lessons]),
            jnp.asarray([[flag in lesson.flags for flag in flags] for lesson in lessons]),
            jnp.asarray([lesson.counts for lesson in lessons], jnp.float32),
            jnp.asarray(reader.unknown),
        )


def _chunks(
    lengths: np.ndarray[Any, Any], epochs: float, members: int, draw: np.random.Generator
) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
    """(Pieces at most, lessons: batches x members x batch); all lessons of that length in a new order each time round,
    short ones and long ones taking turns all the while.
    """
    planned: list[tuple[float, int, np.ndarray[Any, Any]]] = []
    for length, which in ((SHORT, lengths <= SHORT), (LONGEST, lengths > SHORT)):
        lessons = np.flatnonzero(which)
        if not len(lessons):
            continue
        count = math.ceil(epochs * len(lessons) / (BATCH * CHUNK))
        wanted = count * CHUNK * BATCH
        rounds = math.ceil(wanted / len(lessons))
        orders = [np.concatenate([draw.permutation(lessons) for _ in range(rounds)])[:wanted] for _ in range(members)]
        batches = np.stack(orders).reshape(members, count, CHUNK, BATCH)
        planned += [((n + 0.5) / count, length, batches[:, n].swapaxes(0, 1)) for n in range(count)]
    yield from ((length, chosen) for _, length, chosen in sorted(planned, key=lambda each: each[:2]))


@partial(jax.jit, static_argnames="length", donate_argnums=(0, 1))
def _study(
    params: Params,
    state: Any,
    arrays: Any,
    fixed: Any,
    advice: Any,
    heeded: Any,
    chosen: Any,
    rates: Any,
    key: Any,
    length: int,
) -> Any:
    """Params and the optimizer's state after a chunk of batches; chosen: batches x members x batch."""
    all_numbers, all_lengths, all_labels, all_flags, all_counts, unknown = arrays

    def loss(params: Params, numbers: Any, given: Any, wanted: Any, said: Any, key: Any) -> Any:
        sums = outputs(params, fixed, numbers, given, key)
        meant, flagged, counts = wanted
        split = meant.shape[1]
        each = jnp.where(meant.any(axis=1), _unlikelihood(sums[:, :split], meant), 0.0)
        right = (counts * (each + FLAGS_COUNT * _unlikelihood(sums[:, split:], flagged))).mean()
        if said is None:
            return right
        advised = (_surprise(sums[:, :split], said[0]) + FLAGS_COUNT * _surprise(sums[:, split:], said[1])).mean()
        return (1 - heeded) * right + heeded * advised

    def learn(params: Params, state: Any, rate: Any, *lesson: Any) -> Any:
        slope = jax.grad(loss)(params, *lesson)
        change, state = _OPTIMIZER.update(slope, state, params)
        return _moved(params, change, rate), state

    def step(carried: Any, given_now: Any) -> Any:
        params, state = carried
        which, rate, key = given_now
        members, batch = which.shape
        wearing, dropping = jax.random.split(key)
        flat = which.reshape(-1)
        numbers, given = worn(all_numbers[flat, :length], all_lengths[flat], unknown, wearing)

        def apart(x: Any) -> Any:
            return x.reshape(members, batch, *x.shape[1:])

        split = all_labels.shape[1]
        said = None if advice is None else tuple(map(apart, _advised(advice, fixed, numbers, given, split)))
        wanted = all_labels[which], all_flags[which], all_counts[which]
        lesson = (apart(numbers), apart(given), wanted, said, jax.random.split(dropping, members))
        return jax.vmap(learn, in_axes=(0, 0, None, 0, 0, 0, 0, 0))(params, state, rate, *lesson), None

    keys = jax.random.split(key, chosen.shape[0])
    return jax.lax.scan(step, (params, state), (chosen, rates, keys))[0]


def worn(numbers: Any, lengths: Any, unknown: Any, key: Any) -> tuple[Any, Any]:
    """Texts x pieces with some hidden and some left out, as when half a word was heard; and which of them are there."""
    place = jnp.arange(numbers.shape[1])
    there = place < lengths[:, None]
    inner = there & (place > 0) & (place < lengths[:, None] - 1)
    hiding, losing = jax.random.split(key)
    numbers = jnp.where(inner & (jax.random.uniform(hiding, numbers.shape) < HIDDEN), unknown, numbers)
    kept = there & ~(inner & (jax.random.uniform(losing, numbers.shape) < LOST))
    order = jnp.argsort(~kept, axis=1, stable=True)
    return jnp.take_along_axis(numbers, order, axis=1), jnp.take_along_axis(kept, order, axis=1)


def _advised(advice: Params, fixed: Any, numbers: Any, given: Any, split: int) -> tuple[Any, Any]:
    """The coaches' mean probabilities of labels and of flags."""
    sums = jax.vmap(lambda params: outputs(params, fixed, numbers, given))(advice)
    return jax.nn.softmax(sums[..., :split]).mean(axis=0), jax.nn.softmax(sums[..., split:]).mean(axis=0)


def _stacked(networks: Sequence[NetworkWeights]) -> Params:
    """All numbers of several networks, each with one more axis; None for none."""
    if not networks:
        return None
    each = [{"ends": network.ends, "layers": [floats(layer) for layer in network.layers]} for network in networks]
    return jax.tree.map(lambda *numbers: jnp.stack([jnp.asarray(x) for x in numbers]), *each)


_OPTIMIZER = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam(), optax.add_decayed_weights(DECAY))


def _rate(part: float) -> float:
    """Of the full rates, when this part (0-1) of all steps is done: up for a tenth of them, then slowly down."""
    return part / 0.1 if part < 0.1 else max(0.02, 0.5 * (1 + math.cos(math.pi * (part - 0.1) / 0.9)))


def _moved(params: Params, change: Any, rate: Any) -> Params:
    def one(path: Any, x: Any, by: Any) -> Any:
        return x - rate * (HEAD_RATE if "out." in str(path[-1]) else RATE) * by

    return jax.tree_util.tree_map_with_path(one, params, change)


def _unlikelihood(sums: Any, right: Any) -> Any:
    """How unlikely the right ones are, in nats, with a little pull towards doubt."""
    chances = jax.nn.log_softmax(sums)
    return -jax.nn.logsumexp(jnp.where(right, chances, NOWHERE), axis=-1) - DOUBT * chances.mean(axis=-1)


def _surprise(sums: Any, chances: Any) -> Any:
    """Cross-entropy, nats."""
    return -(chances * jax.nn.log_softmax(sums)).sum(axis=-1)
