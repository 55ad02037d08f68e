"""What the network is punished for: three objectives over the same phones, each a pure function of scores and labels.

`ctc` asks that the right phones come in the right order; `mmi` also that no other order of phones comes near (a phone
bigram stands for all of them, as in lattice-free MMI); `frame` that each frame says what an earlier model aligned to
it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from training.topology import BLANK

_FAR = -1e5  # stands for log 0: finite, so that gradients stay so


def ctc(scores: Array, lengths: Array, labels: Array, sizes: Array) -> Array:
    """Negative log-likelihood of each utterance's phones, in nats.

    Args:
        scores: batch x time x outputs, before the softmax.
        lengths: batch, frames of each that count.
        labels: batch x most, phone ids; what lies beyond `sizes` is ignored.
        sizes: batch, phones of each.
    """
    padding = (jnp.arange(scores.shape[1])[None] >= lengths[:, None]).astype(scores.dtype)
    beyond = (jnp.arange(labels.shape[1])[None] >= sizes[:, None]).astype(scores.dtype)
    return optax.ctc_loss(scores, padding, labels, beyond, blank_id=BLANK)


def mmi(scores: Array, lengths: Array, labels: Array, sizes: Array, bigram: Array) -> Array:
    """CTC's loss less the loss of any phone sequence at all, weighted by a phone bigram (see `denominator`)."""
    return ctc(scores, lengths, labels, sizes) + denominator(jax.nn.log_softmax(scores), lengths, bigram)


def denominator(logp: Array, lengths: Array, bigram: Array) -> Array:
    """Log-likelihood of all phone sequences together, in nats.

    Args:
        logp: batch x time x outputs, log-probabilities.
        lengths: batch.
        bigram: outputs x outputs; row: the phone before (0: none yet), column: the phone that follows; probabilities.
    """
    outputs = logp.shape[-1]
    said = jnp.full((logp.shape[0], outputs), _FAR)  # the last frame was this phone (column 0 unused)
    quiet = jnp.full((logp.shape[0], outputs), _FAR).at[:, 0].set(0.0)  # it was blank after this phone; 0: nothing yet
    follows = bigram.at[:, 0].set(0.0)
    direct = follows * (1 - jnp.eye(outputs))  # the same phone again needs a blank between

    def mixed(alpha: Array, matrix: Array) -> Array:
        top = alpha.max(-1, keepdims=True)
        return jnp.log(jnp.exp(alpha - top) @ matrix + 1e-30) + top

    def step(state: tuple[Array, Array], now: tuple[Array, Array]) -> tuple[tuple[Array, Array], None]:
        (said, quiet), (frame, counts) = state, now
        entering = jnp.logaddexp(mixed(said, direct), mixed(quiet, follows))
        new_said = jnp.logaddexp(said, entering) + frame
        new_said = new_said.at[:, 0].set(_FAR)
        new_quiet = jnp.logaddexp(quiet, said) + frame[:, :1]
        keep = counts[:, None]
        return (jnp.where(keep, new_said, said), jnp.where(keep, new_quiet, quiet)), None

    counts = jnp.arange(logp.shape[1])[:, None] < lengths[None]
    (said, quiet), _ = jax.lax.scan(step, (said, quiet), (logp.transpose(1, 0, 2), counts))
    return jax.nn.logsumexp(jnp.concatenate([said, quiet], -1), -1)


def alignment(scores: Array, lengths: Array, labels: Array, sizes: Array, blank_bias: float) -> Array:
    """How likely each output is at each frame, given the phones that were said: batch x time x outputs.

    That is the softmax less CTC's gradient. `blank_bias` (nats, < 0) makes phones last longer than CTC's spikes.
    """
    biased = scores.at[..., BLANK].add(blank_bias)
    gradient = jax.grad(lambda s: ctc(s, lengths, labels, sizes).sum())(biased)
    return jax.lax.stop_gradient(jax.nn.softmax(biased) - gradient)


def frame(scores: Array, lengths: Array, aligned: Array) -> Array:
    """Cross-entropy of each utterance's frames with an alignment, in nats."""
    counts = jnp.arange(scores.shape[1])[None] < lengths[:, None]
    return -(jnp.where(counts, (aligned * jax.nn.log_softmax(scores)).sum(-1), 0.0)).sum(-1)


def phone_bigram(sequences: list[list[int]], outputs: int) -> Array:
    """Bigram probabilities of phone ids, rows as in `denominator`; every pair counts 0.1 more than it occurs."""
    counts = np.full((outputs, outputs), 0.1)
    for sequence in sequences:
        for before, after in zip([BLANK, *sequence], sequence, strict=False):
            counts[before, after] += 1
    counts[:, BLANK] = 0
    return jnp.asarray(counts / counts.sum(1, keepdims=True), jnp.float32)
