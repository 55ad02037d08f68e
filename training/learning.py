"""One step of learning: the loss of a batch, its gradient, Adam, and the running average of the weights.

Everything here is a pure function that JAX compiles; loops, files and clocks are `train.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from training import losses, network
from training.batches import Batch
from training.network import Network, Weights
from training.recipe import TrainPart

HEAD_RATE, TOP_RATE, BODY_RATE = (
    1e-3,
    4e-4,
    3e-4,
)  # Adam's step by part of the network, as in the first model's last run
WARM_UP = 100  # steps
CLIP_NORM = 3.0
ALIGN_BIAS = -2.5  # nats on blank when the starting point aligns frames: what it decodes best with


class Learner(NamedTuple):
    """What a run has reached: learnt weights, the optimizer's state, the sum behind `averaged`, steps done."""

    moving: Weights
    state: optax.OptState
    average: Weights
    step: jax.Array


Learn = Callable[[Learner, Weights, Batch, jax.Array], tuple[Learner, jax.Array]]


def beginning(moving: Weights, optimizer: optax.GradientTransformation) -> Learner:
    """Nothing learnt yet."""
    return Learner(moving, optimizer.init(moving), jax.tree.map(jnp.zeros_like, moving), jnp.zeros((), jnp.int32))


def averaged(now: Learner, decay: float) -> Weights:
    """The running average of the weights without the zeros it began with; the last weights when none is kept."""
    if not decay or not int(now.step):
        return now.moving
    return jax.tree.map(lambda total: total / (1 - decay ** int(now.step)), now.average)


def optimizer_for(part: TrainPart, steps: int) -> optax.GradientTransformation:
    """Adam with a step size for each part of the network: warm-up, full size for a third, a cosine to a fiftieth."""
    warm = min(WARM_UP, max(1, steps // 10))
    full = max(warm + 1, steps // 3)
    size = optax.join_schedules(
        [
            optax.linear_schedule(0, 1, warm),
            optax.constant_schedule(1),
            optax.cosine_decay_schedule(1, max(1, steps - full), 0.02),
        ],
        [warm, full],
    )
    rates = {17: HEAD_RATE, 16: TOP_RATE}

    def rated(updates: Weights, step: jax.Array, _: Weights | None = None) -> tuple[Weights, jax.Array]:
        scaled = {
            n: -part.rate * rates.get(network.layer_of(n), BODY_RATE) * size(step) * u for n, u in updates.items()
        }
        return scaled, step + 1

    by_part = optax.GradientTransformation(lambda _: jnp.zeros((), jnp.int32), rated)
    return optax.chain(optax.clip_by_global_norm(CLIP_NORM), optax.scale_by_adam(b2=0.99), by_part)


def compiled(
    net: Network, part: TrainPart, optimizer: optax.GradientTransformation, bigram: jax.Array, teacher: Weights
) -> Learn:
    """The step as one compiled function, once for each shape of batch.

    bigram: for the objective `mmi`, see `losses.denominator`; teacher: for `frame`, the weights that align frames.
    """

    def loss_of(moving: Weights, still: Weights, batch: Batch, key: jax.Array) -> jax.Array:
        scores = network.scores(net, {**still, **moving}, batch.frames, drop=key, rate=part.dropout)
        said = (batch.lengths, batch.labels, batch.sizes)
        match part.objective:
            case "ctc":
                each = losses.ctc(scores, *said)
            case "mmi":
                each = losses.mmi(scores, *said, bigram)
            case "frame":
                aligned = losses.alignment(network.scores(net, teacher, batch.frames), *said, ALIGN_BIAS)
                each = losses.frame(scores, batch.lengths, aligned)
        return each.sum() / batch.sizes.sum()

    @jax.jit
    def learn(now: Learner, still: Weights, batch: Batch, key: jax.Array) -> tuple[Learner, jax.Array]:
        loss, gradients = jax.value_and_grad(loss_of)(now.moving, still, batch, key)
        updates, state = optimizer.update(gradients, now.state, now.moving)
        moving = optax.apply_updates(now.moving, updates)
        average = jax.tree.map(lambda a, m: part.average * a + (1 - part.average) * m, now.average, moving)
        return Learner(moving, state, average, now.step + 1), loss

    return learn
