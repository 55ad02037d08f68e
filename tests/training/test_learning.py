"""Steps of learning on a handful of utterances: the loss falls, what is still stays, and a stopped run goes on."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from training import batches, kaldi, learning, losses, network, train
from training.batches import Labelled
from training.recipe import TrainPart

BUNDLED = Path(__file__).parents[2] / "models/foot-care-en/am/final.mdl"
PART = TrainPart(first_layer=16, steps=8, seconds=8, average=0.5, rate=3, dropout=0)


@pytest.fixture(scope="module")
def batch() -> batches.Batch:
    rng = np.random.default_rng(0)
    some = [Labelled(rng.standard_normal((130, 40)) * 5, np.arange(1, 9, dtype=np.int32)) for _ in range(4)]
    return batches.collate(some)


def learner(part: TrainPart):
    net, weights = network.from_file(kaldi.read(BUNDLED))
    moving = {n: w for n, w in weights.items() if network.layer_of(n) >= part.first_layer}
    still = {n: w for n, w in weights.items() if n not in moving}
    optimizer = learning.optimizer_for(part, part.steps)
    bigram = losses.phone_bigram([list(range(1, 9))], 40)
    return learning.compiled(net, part, optimizer, bigram, weights), learning.beginning(moving, optimizer), still


@pytest.mark.parametrize("objective", ["ctc", "mmi", "frame"])
def test_the_loss_falls(objective: str, batch: batches.Batch) -> None:
    learn, now, still = learner(PART.model_copy(update={"objective": objective}))
    lost = []
    for step in range(PART.steps):
        now, loss = learn(now, still, batch, jax.random.key(step))
        lost.append(float(loss))
    assert lost[-1] < 0.9 * lost[0]
    assert int(now.step) == PART.steps


def test_an_average_begins_with_the_first_weights_learnt(batch: batches.Batch) -> None:
    learn, now, still = learner(PART)
    seen = []
    for step in range(3):
        now, _ = learn(now, still, batch, jax.random.key(step))
        seen.append(now.moving)
    name = "output.affine/<BiasParams>"
    expected = sum(share * w[name] for share, w in zip((1 / 7, 2 / 7, 4 / 7), seen, strict=True))
    np.testing.assert_allclose(learning.averaged(now, 0.5)[name], expected, rtol=1e-4, atol=1e-6)
    assert learning.averaged(now, 0.0) is now.moving


def test_a_checkpoint_gives_back_all_that_was_reached(tmp_path: Path, batch: batches.Batch) -> None:
    learn, fresh, still = learner(PART)
    now, _ = learn(fresh, still, batch, jax.random.key(0))
    train._save(tmp_path, now)
    back = train._resume(tmp_path, fresh)
    for kept, was in zip(jax.tree.leaves(back), jax.tree.leaves(now), strict=True):
        np.testing.assert_array_equal(kept, was)
    assert int(back.step) == 1


def test_the_end_of_a_run_takes_small_steps() -> None:
    part = TrainPart(rate=1)
    optimizer = learning.optimizer_for(part, 300)
    weights = {"output.affine/<BiasParams>": jnp.ones(3), "tdnnf5.linear/<LinearParams>": jnp.ones((2, 2))}
    state = optimizer.init(weights)
    sizes = []
    for _ in range(300):
        updates, state = optimizer.update(weights, state, weights)
        sizes.append({name: float(jnp.abs(u).max()) for name, u in updates.items()})
    head, body = "output.affine/<BiasParams>", "tdnnf5.linear/<LinearParams>"
    assert sizes[0][head] < sizes[60][head]
    assert sizes[-1][head] < 0.05 * sizes[60][head]
    assert sizes[60][head] == pytest.approx(sizes[60][body] * learning.HEAD_RATE / learning.BODY_RATE, rel=1e-3)
