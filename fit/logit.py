"""A conditional logit: one weight per feature and kind of label, shared by all labels of the kind.

The probability of a label is the softmax of the labels' weighted sums, as in `voice_skill.understanding.matcher`.
Not for measuring features or reading files.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]


def fit_logit(
    tables: Floats, meant: NDArray[np.bool_], counts: Floats, kinds: Sequence[int], strength: float
) -> Floats:
    """The weights, kinds x features, that make the meant labels likeliest.

    tables: utterances x labels x features.
    meant: utterances x labels, the right labels (one or more each).
    counts: how often each utterance counts.
    kinds: the kind of each label, from 0.
    strength: of the pull of all weights towards 0, in units of the loss per squared weight; features are compared at
        their own spread, so that the pull is fair.
    """
    spread = tables.reshape(-1, tables.shape[-1]).std(axis=0) + 1e-6
    of_kind = np.eye(max(kinds) + 1)[list(kinds)]  # labels x kinds
    scaled = tables / spread
    shape = (of_kind.shape[1], tables.shape[-1])

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        chance = softmax(np.einsum("ulf,lf->ul", scaled, of_kind @ weights))
        right = np.maximum((chance * meant).sum(axis=1), 1e-12)
        excess = (chance - chance * meant / right[:, None]) * counts[:, None]
        gradient = np.einsum("lk,lf->kf", of_kind, np.einsum("ul,ulf->lf", excess, scaled))
        value = -(counts * np.log(right)).sum() + strength * (weights**2).sum()
        return float(value), (gradient + 2 * strength * weights).ravel()

    start = np.zeros(shape[0] * shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return found.x.reshape(shape) / spread


def softmax(sums: Floats) -> Floats:
    """Along the last axis."""
    raised = np.exp(sums - sums.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)
