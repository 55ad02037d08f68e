"""What an utterance costs, and how that grows with the content: the same matcher with ten times the entries.

The entries are copied under other names with all that was learnt of them, so that each has as much to be weighed as the
original. Not for accuracy: copies can't be told apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from bench.figures import Table, percentile
from voice_skill.article.content import Content
from voice_skill.events import Hypothesis
from voice_skill.understanding.features import learned_reader
from voice_skill.understanding.interpret import Context, Understanding
from voice_skill.understanding.matcher import Matcher
from voice_skill.understanding.network import NetworkWeights, SentenceNetwork, shipped_network_weights
from voice_skill.understanding.training import TrainingSet, training_set
from voice_skill.understanding.votes import Votes
from voice_skill.understanding.weights import shipped_weights

TIMES = 10


def measure(content: Content, texts: Sequence[str]) -> Table:
    """One table; both matchers take every text in turn, each with nothing remembered of it."""
    training = training_set(content.article, content.commands, content.lexicon)
    plain, grown = matcher_of(training, 1), matcher_of(training, TIMES)
    whole = Understanding.of(content)
    said = [(Hypothesis(text),) for text in texts]
    once = _times(lambda alternatives: whole.interpret(alternatives, Context()), said)
    pairs = [(_time(plain.match, each), _time(grown.match, each)) for each in said]
    ratio = percentile([more / less for less, more in pairs], 0.5)
    table = Table("understanding-cost", "Understanding: cost", ("what", "figure"))
    table.add("red flags and match, p50", f"{percentile(once, 0.5):.1f} ms")
    table.add("red flags and match, p95", f"{percentile(once, 0.95):.1f} ms")
    table.add(f"match with {TIMES} times the entries", f"{ratio:.2f} x the time")
    table.figures = {"p50_ms": percentile(once, 0.5), "p95_ms": percentile(once, 0.95), "ten_times_entries": ratio}
    return table


def matcher_of(training: TrainingSet, times: int) -> Matcher:
    """A matcher whose entries there are so many times, without what earlier matchers remember."""
    labels = tuple(training.phrases)
    topics = [label for label in labels if label not in training.commands and label != labels[-1]]
    copies = {f"{label} {number}": label for number in range(1, times) for label in topics}
    many = replace(
        training,
        phrases={label: training.phrases[label] for label in labels[:-1]}
        | {copy: training.phrases[label] for copy, label in copies.items()}
        | {labels[-1]: training.phrases[labels[-1]]},
        core={**training.core, **{copy: training.core.get(label, ()) for copy, label in copies.items()}},
    )
    weights = shipped_weights(labels)
    columns = [labels.index(copies.get(label, label)) for label in many.phrases]
    rows = {key: (rarity, vote[columns]) for key, (rarity, vote) in weights.votes.rows.items()}
    votes = Votes(tuple(many.phrases), rows)
    network = SentenceNetwork(_grown(shipped_network_weights(), copies), tuple(many.phrases))
    return Matcher(many, replace(weights, votes=votes), network, learned_reader(many))


def _grown(weights: NetworkWeights, copies: dict[str, str]) -> NetworkWeights:
    labels = (*weights.labels, *copies)
    outputs = [weights.labels.index(copies.get(label, label)) for label in labels]
    outputs += range(len(weights.labels), len(weights.labels) + len(weights.flags))
    ends = {**weights.ends, "out.weight": weights.ends["out.weight"][:, outputs]}
    return replace(weights, labels=labels, ends={**ends, "out.bias": np.asarray(weights.ends["out.bias"])[outputs]})


def _times(call: Callable[[tuple[Hypothesis, ...]], object], said: Sequence[tuple[Hypothesis, ...]]) -> list[float]:
    return [_time(call, each) for each in said]


def _time(call: Callable[[tuple[Hypothesis, ...]], object], alternatives: tuple[Hypothesis, ...]) -> float:
    """Milliseconds."""
    begin = time.perf_counter()
    call(alternatives)
    return (time.perf_counter() - begin) * 1000
