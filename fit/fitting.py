"""Learns everything that the understanding room needs from a corpus: votes, the network, weights and bands.

Votes and network are learnt twice: first without a quarter of the writers. What these say of that quarter is what they
say of strangers; the weights and bands are chosen by it. Then once more, from everything.
Not for reading or writing files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from fit.corpus import GRAVE, HEARD_COUNTS, Corpus, InContext, is_grave
from fit.files import HARMLESS
from fit.judging import Case
from fit.logit import fit_logit
from fit.teaching import Progress
from fit.votes import fit_votes
from voice_skill.events import Hypothesis
from voice_skill.understanding.features import FEATURES, REFUSAL_FEATURES, Measurer, learned_reader
from voice_skill.understanding.matcher import Context, Matcher
from voice_skill.understanding.network import NetworkWeights, SentenceNetwork
from voice_skill.understanding.reading import Reader
from voice_skill.understanding.safety import SafetyScanner
from voice_skill.understanding.suspicion import Suspicion
from voice_skill.understanding.training import NONE
from voice_skill.understanding.votes import Votes
from voice_skill.understanding.weights import AlarmWeights, Bands, ContextWeights, Weights

PULL = 0.05  # of the weights towards 0, in units of the loss
# The bands lie where at most this share of what is out of scope is accepted (typed, by strangers; spoken, of the dev
# split, where some come out of the recognizer as sentences of ours), or accepted or asked about (typed, by strangers).
MOST_ACCEPTED, MOST_ACCEPTED_SPOKEN, MOST_ASKED = 0.015, 0.025, 0.04
# Of what strangers say harmlessly, at most this share is taken for an emergency or urgent flag, or asked about, or for
# one that wants a doctor soon. A third of the harmless sentences were written to sound alarming.
MOST_RAISED, MOST_RAISED_OR_ASKED, MOST_MENTIONED = 0.02, 0.04, 0.03
# Of the grave flags of strangers that the rules raise, at most this share may be taken back, and none from this
# probability on.
MOST_OVERRULED, MOST_OVERRULED_AT = 0.003, 0.3
_TOGETHER = 100  # texts
# Nats. Where the search for the context's weights begins (command, refusal, open entry), and those set by hand.
CONTEXT_START = (1.0, -1.0, 1.0)
ANSWER_WHEN_ASKED, REFUSAL_WHEN_ASKED = 2.1, -1.5


@dataclass(frozen=True, slots=True)
class Learnt:
    """What single sentences teach. votes: of entries and commands; alarms: of red flags."""

    votes: Votes
    alarms: Votes
    network: NetworkWeights


@dataclass(frozen=True, slots=True)
class Fitted:
    """All that the program is shipped with."""

    weights: Weights
    network: NetworkWeights


Say = Callable[[str], Progress]
Teach = Callable[[Corpus, Progress], NetworkWeights]


def fit(corpus: Corpus, teach: Teach, spoken: Sequence[Case], say: Say) -> Fitted:
    """Fit all of it.

    teach: the sentence network for a corpus (`school.py`).
    spoken: the dev split, whose out-of-scope sentences bound the bands, too.
    say: called before each long step with its name; gives back what is told of its progress.
    """
    reader = learned_reader(corpus.training)
    known, strangers = corpus.parted()
    first = learn(known, reader, teach(known, say("the network, without a quarter of the writers")))
    weights = choose(strangers, first, reader, spoken)
    learnt = learn(corpus, reader, teach(corpus, say("the network, with all of them")))
    weights = replace(weights, votes=learnt.votes, alarms=learnt.alarms, trained_on=corpus.digest())
    return Fitted(weights, learnt.network)


def refresh(corpus: Corpus, network: NetworkWeights, fitted: Weights) -> Fitted:
    """What was `fitted`, with votes of this corpus beside a network that was taught with it; weights and bands stay."""
    learnt = learn(corpus, learned_reader(corpus.training), network)
    weights = replace(fitted, votes=learnt.votes, alarms=learnt.alarms, trained_on=corpus.digest())
    return Fitted(weights, learnt.network)


def learn(corpus: Corpus, reader: Reader, network: NetworkWeights) -> Learnt:
    """Votes from every sentence of a corpus, beside the network that was taught with them."""
    votes, alarms = (
        fit_votes({label: [reader.plain(text) for text in texts] for label, texts in sentences.items()})
        for sentences in (corpus.phrases(), corpus.alarming())
    )
    return Learnt(votes, alarms, network)


def choose(strangers: Corpus, learnt: Learnt, reader: Reader, spoken: Sequence[Case]) -> Weights:
    """Weights and bands by what was learnt says of these strangers, and of the dev split as it was heard."""
    network = _read_ahead(learnt.network, strangers)
    topic, command, refusal = _logit(strangers, Measurer(strangers.training, learnt.votes, network, reader))
    weights = Weights(
        topic=_by_name(topic, FEATURES),
        command=_by_name(command, FEATURES),
        refusal=_by_name(refusal, REFUSAL_FEATURES),
        context=_context_weights(CONTEXT_START),
        bands=Bands(accept=2.0, ask=0.0),  # asks about everything
        alarm=AlarmWeights(votes=1.0, sentence=1.0, any=0.0, raised=2.0, asked=2.0, overruled=0.0, mentioned=2.0),
        trained_on="",
        votes=learnt.votes,
        alarms=learnt.alarms,
    )
    matcher = Matcher(strangers.training, weights, network, reader)

    def with_context(adds: ContextWeights) -> Matcher:
        return Matcher(strangers.training, replace(weights, context=adds), network, reader)

    return replace(
        weights,
        context=_context(strangers, matcher, with_context),
        bands=_bands(matcher, strangers, spoken),
        alarm=_alarm(strangers, Suspicion(strangers.safety, reader, weights, network)),
    )


def _read_ahead(weights: NetworkWeights, strangers: Corpus) -> SentenceNetwork:
    """The network with all that the strangers said in mind: read together, that takes a third of the time."""
    said = [*(line.text for line in strangers.lines), *(text for _, text in strangers.flagged)]
    said += [copy for text in said if (copy := strangers.misheard(text))]
    network = SentenceNetwork(weights, tuple(strangers.training.phrases), remembers=2 * len(said))
    said.sort(key=len)
    for start in range(0, len(said), _TOGETHER):
        network.read(said[start : start + _TOGETHER])
    return network


def _logit(strangers: Corpus, measurer: Measurer) -> NDArray[np.float64]:
    """The weights, kinds of label x features."""
    samples: list[tuple[NDArray[np.float64], tuple[str, ...], float]] = []  # features, labels, how often it counts
    for line in strangers.lines:
        samples.append((measurer.measure(line.text).table, line.labels, 1.0))
        copy = strangers.misheard(line.text)
        if copy:
            samples.append((measurer.measure(copy).table, line.labels, HEARD_COUNTS))
    tables, meant, counts = zip(*samples, strict=True)
    labels, commands = measurer.labels, strangers.training.commands
    kinds = [2 if label == NONE else int(label in commands) for label in labels]
    right = np.array([[label in wanted for label in labels] for wanted in meant])
    return fit_logit(np.array(tables), right, np.array(counts), kinds, PULL)


def _context(strangers: Corpus, matcher: Matcher, matcher_with: Callable[[ContextWeights], Matcher]) -> ContextWeights:
    """What makes likeliest what is meant between the steps, by those who talk to us there and those who don't."""
    said = [(s, matcher.sums(s.text), matcher.labels.index(s.meant)) for s in _between_steps(strangers)]

    def unlikelihood(adds: NDArray[np.float64]) -> float:
        chances = matcher_with(_context_weights(adds)).chances
        right = [chances(sums, s.text, Context(in_steps=True, entry=s.entry))[meant] for s, sums, meant in said]
        return -float(np.log(np.maximum(right, 1e-9)).sum())

    found = minimize(unlikelihood, CONTEXT_START, method="Nelder-Mead", options={"xatol": 0.05, "fatol": 0.5})
    return _context_weights(found.x)


def _context_weights(adds: Iterable[float]) -> ContextWeights:
    command, refusal, entry = (round(float(value), 2) for value in adds)
    return ContextWeights(command, refusal, entry, ANSWER_WHEN_ASKED, REFUSAL_WHEN_ASKED)


def _between_steps(strangers: Corpus) -> list[InContext]:
    """What is said between the steps, and as much of what strangers say at other times, said there in any entry."""
    meant = list(strangers.in_context)
    entries = sorted({line.entry for line in meant})
    # "yes" and "no" answer questions of ours; here nothing was asked
    lines = [line for line in strangers.lines if line.labels[0] not in ("yes", "no")]
    some = lines[:: max(1, len(lines) // len(meant))]
    return meant + [InContext(entries[n % len(entries)], line.labels[0], line.text) for n, line in enumerate(some)]


def _bands(matcher: Matcher, strangers: Corpus, spoken: Sequence[Case]) -> Bands:
    """The lowest thresholds that keep out what is out of scope, of strangers and of the spoken dev split."""
    outside = [matcher.match((Hypothesis(line.text),)) for line in strangers.lines if line.labels == (NONE,)]
    overheard = [matcher.match(case.alternatives) for case in spoken if case.labels == (NONE,)]
    accept = max(
        _threshold([found.score for found in outside], MOST_ACCEPTED),
        _threshold([found.score for found in overheard], MOST_ACCEPTED_SPOKEN),
    )
    ask = _threshold([found.score + found.runner_up_score for found in outside], MOST_ASKED)
    return Bands(accept, min(accept, ask))


def _alarm(strangers: Corpus, suspicion: Suspicion) -> AlarmWeights:
    """How votes and network are weighed, and the lowest thresholds that keep alarms from what strangers say calmly."""
    rules = SafetyScanner(strangers.safety)
    flagged = [(flag, text) for flag, said in strangers.flagged for text in (said, strangers.misheard(said)) if text]
    grave = [text for flag, text in flagged if flag.startswith(GRAVE)]
    harmless = [text for flag, text in flagged if flag == HARMLESS]
    calm = [*harmless, *(line.text for line in strangers.lines if strangers.is_calm(line.text))]
    features = {text: suspicion.features({text: 1.0}) for text in (*grave, *calm)}
    ruled = [text for text in grave if (alarm := rules.scan([text])) and is_grave(alarm) and not alarm.denied]
    model = LogisticRegression(class_weight="balanced")
    model.fit([features[text] for text in (*grave, *calm)], [1] * len(grave) + [0] * len(calm))

    def chances(texts: Sequence[str]) -> list[float]:
        return model.predict_proba([features[text] for text in texts])[:, 1].tolist()

    votes, sentence = (round(float(weight), 3) for weight in model.coef_[0])
    mentioned = [suspicion.mention({text: 1.0}) for text in calm]
    return AlarmWeights(
        votes,
        sentence,
        round(float(model.intercept_[0]), 3),
        raised=_threshold(chances(calm), MOST_RAISED),
        asked=_threshold(chances(calm), MOST_RAISED_OR_ASKED),
        overruled=min(MOST_OVERRULED_AT, math.floor(100 * np.quantile(chances(ruled), MOST_OVERRULED)) / 100),
        mentioned=_threshold(mentioned, MOST_MENTIONED),
    )


def _threshold(values: Sequence[float], share: float) -> float:
    """The lowest two-digit threshold, from 0.2 on, that at most `share` of `values` reach."""
    return next(t / 100 for t in range(20, 102) if sum(value >= t / 100 for value in values) <= share * len(values))


def _by_name(row: NDArray[np.float64], names: Iterable[str]) -> dict[str, float]:
    kept = set(names)
    return {name: round(float(value), 3) for name, value in zip(FEATURES, row, strict=True) if name in kept}
