"""Finds what an utterance means: which entry or command, how surely, or that it isn't for us.

Every label, and the refusal, gets the weighted sum of its features; the softmax of these sums is the probability of
each, and the bands (accept, ask, refuse) are thresholds of it. Pure, and it knows nothing of red flags (`safety.py`),
of what is said (`conversation/`), or of how the weights were found (`fit/`, outside the program).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voice_skill.events import Hypothesis
from voice_skill.understanding.features import FEATURES, Measured, Measurer
from voice_skill.understanding.network import SentenceNetwork
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.reading import Reader
from voice_skill.understanding.training import NONE, TrainingSet
from voice_skill.understanding.weights import Weights

Kind = Literal["topic", "command", "none"]
Band = Literal["accept", "ask", "reject"]
Awaiting = Literal["nothing", "yes-no", "choice"]

# At most this many alternatives of an n-best list are weighed, and none this much less likely than the best (nats).
_ALTERNATIVES, _UNLIKELY = 3, 3.0
# The recognizer's likelihoods are too sure of themselves; this softens them (chosen on the spoken dev split).
_LIKELIHOOD_SCALE = 0.5
# A runner-up with this share of the best one's probability is close: of two topics neither is accepted then.
CLOSE = 0.6
_LEANS = 4  # words after the first that halve how much an utterance leans on the open entry
_FEW = 3  # words

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Context:
    """Where the conversation stands.

    in_steps: an entry is open, so "next" and "okay" mean its steps.
    awaiting: whether we have asked a yes-no question, or to choose one of two.
    entry: the open entry, if any.
    to_us: somebody is talking with us; False when it may be the radio, whose "yes" and "no" are not for us.
    """

    in_steps: bool = False
    awaiting: Awaiting = "nothing"
    entry: str | None = None
    to_us: bool = True


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A part of the utterance as it was understood.

    surface: as it was heard; "" when the unit is a pair of neighbours.
    heard_as: the word it was taken for; unit: the concept, or the word as its stem, that it stands for.
    points: what it says for the entry (negative: against), in nats.
    """

    surface: str
    heard_as: str
    unit: str
    points: float


@dataclass(frozen=True, slots=True)
class Match:
    """What an utterance was taken for.

    entry: id of the entry or command; None when refused (then `runner_up` is the nearest).
    score: probability 0-1 that it was meant; when refused, that of the nearest.
    band: "accept" it, "ask" whether it is meant, or "reject".
    second: another topic that was named outright in the same utterance, to be offered after this one.
    in_scope: probability 0-1 that it was for us at all.
    features, weights: of the best label, by feature name; their products add up to its sum.
    refusal: by feature name, the parts of the refusal's sum.
    text, words: the reading that was judged best, for `explain`.
    """

    entry: str | None
    kind: Kind
    score: float
    runner_up: str | None
    runner_up_score: float
    band: Band
    second: str | None = None
    in_scope: float = 0.0
    features: Mapping[str, float] = field(default_factory=dict[str, float])
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    refusal: Mapping[str, float] = field(default_factory=dict[str, float])
    text: str = ""
    words: tuple[HeardWord, ...] = ()


_FRESH = Context()


class Matcher:
    """Knows the content's words and the fitted numbers; matches an utterance in a few milliseconds."""

    def __init__(self, training: TrainingSet, weights: Weights, network: SentenceNetwork, reader: Reader) -> None:
        self._measurer = Measurer(training, weights.votes, network, reader)
        self._weights = weights
        self.labels = self._measurer.labels
        self._written = {text: label for label, texts in training.phrases.items() for text in texts}
        self._none = self.labels.index(NONE)
        self._commands = np.array([label in training.commands for label in self.labels])
        rows = {"topic": weights.topic, "command": weights.command, "none": weights.refusal}
        self._next = self.labels.index("next")
        self._answers = [self.labels.index("yes"), self.labels.index("no")]
        self._table = np.array(
            [[rows[self._kind(number)].get(name, 0.0) for name in FEATURES] for number in range(len(self.labels))]
        )

    def match(self, alternatives: Sequence[Hypothesis], context: Context = _FRESH) -> Match:
        """What the utterance with these alternatives (best first) means in this context. Never raises."""
        shares = shared_belief(alternatives)
        if not shares:
            return Match(entry=None, kind="none", score=0.0, runner_up=None, runner_up_score=0.0, band="reject")
        self.prepare(list(shares))
        measured = {text: self._measurer.measure(text) for text in shares}
        each = {text: self.chances(self._sums(measured[text]), text, context) for text in shares}
        chance = np.sum([shares[text] * each[text] for text in shares], axis=0)
        best, second = self._best_two(chance)
        if context.awaiting != "nothing":
            self._join_no_with_topic(chance, best, second)
            best, second = self._best_two(chance)
        text = max(shares, key=lambda text: shares[text] * each[text][best])
        leans = not context.in_steps and context.awaiting == "nothing" and _leans(text, measured[text])
        return self._verdict(chance, best, second, text, measured[text], leans=leans)

    def prepare(self, texts: Sequence[str]) -> None:
        """Read some normalised texts ahead, up to a hundred: together that takes a third of the time."""
        self._measurer.prepare(texts)

    def sums(self, text: str) -> Floats:
        """What speaks for each label of `labels`, the refusal's too, in a normalised text; nats."""
        return self._sums(self._measurer.measure(text))

    def _sums(self, measured: Measured) -> Floats:
        return (measured.table * self._table).sum(axis=1)

    def chances(self, sums: Floats, text: str, context: Context) -> Floats:
        """The probability of every label, given the `sums` of a text and where the conversation stands."""
        adds, prior = self._weights.context, np.zeros(len(sums))
        if context.awaiting != "nothing":  # whoever was asked answers that first, whatever steps are open
            prior[self._answers] += adds.answer_when_asked
            prior[self._none] += adds.refusal_when_asked
        elif context.in_steps:
            prior[self._commands] += adds.command_in_steps
            prior[self._none] += adds.refusal_in_steps
            if context.entry in self.labels:
                prior[self.labels.index(context.entry)] += adds.open_entry * elliptic(text)
        raised = sums + prior
        chance = np.exp(raised - raised.max())
        chance /= chance.sum()
        yes, no = self._answers
        if context.awaiting == "nothing" and context.in_steps:  # nobody asked: "yes" and "okay" mean "go on"
            chance[self._next] += chance[yes]
            chance[yes] = 0.0
        elif context.awaiting == "nothing" and not context.to_us:
            chance[self._none] += chance[yes] + chance[no]
            chance[self._answers] = 0.0
        return chance

    def _join_no_with_topic(self, chance: Floats, best: int, second: int) -> None:
        """ "No, I said massage" answers our question by way of a topic: that gets the share of "no" as well."""
        no = self._answers[1]
        topic = best if second == no else second if best == no and chance[second] >= CLOSE * chance[best] else None
        if topic is not None and not self._commands[topic]:
            chance[topic] += chance[no]
            chance[no] = 0.0

    def _best_two(self, chance: Floats) -> tuple[int, int]:
        ours = np.where(np.arange(len(chance)) == self._none, -1.0, chance)
        second, best = np.argsort(ours, kind="stable")[-2:]
        return int(best), int(second)

    def _verdict(self, chance: Floats, best: int, second: int, text: str, measured: Measured, *, leans: bool) -> Match:
        bands, score = self._weights.bands, float(chance[best])
        offered = score + float(chance[second])
        close = not self._commands[[best, second]].any() and float(chance[second]) >= CLOSE * score
        band: Band = "accept" if score >= bands.accept and not close else "ask" if offered >= bands.ask else "reject"
        if band == "accept" and leans and not self._commands[best]:
            band = "ask"  # "which way" may be about anything
        if band == "ask" and self._written.get(text) == self.labels[best]:
            band = "accept"  # word for word a phrase of the content: its author has answered the question
        refused = band == "reject"
        return Match(
            entry=None if refused else self.labels[best],
            kind="none" if refused else self._kind(best),
            score=score,
            runner_up=self.labels[best if refused else second],
            runner_up_score=float(chance[best if refused else second]),
            band=band,
            second=None if refused else self._also_named(best, chance, measured),
            in_scope=1.0 - float(chance[self._none]),
            features=dict(zip(FEATURES, measured.table[best].tolist(), strict=True)),
            weights=dict(zip(FEATURES, self._table[best].tolist(), strict=True)),
            refusal=dict(zip(FEATURES, (measured.table * self._table)[self._none].tolist(), strict=True)),
            text=text,
            words=self._heard(measured, best),
        )

    def _also_named(self, best: int, chance: Floats, measured: Measured) -> str | None:
        """The likeliest other topic that is named outright, beside a topic or a yes or no ("no, massage")."""
        if self._commands[best] and best not in self._answers:
            return None
        named = [n for n in self._measurer.named(measured.items) if n != best and not self._commands[n]]
        return self.labels[max(named, key=lambda number: chance[number])] if named else None

    def _heard(self, measured: Measured, label: int) -> tuple[HeardWord, ...]:
        votes = {key: round(float(vote[label]), 3) for key, vote in self._measurer.votes_of(measured.items)}
        words: list[HeardWord] = []
        for item in measured.items:
            sense = item.senses[0]
            keys = {f"<{sense.unit}>", *item.surface.split()}
            points = round(sum(votes.pop(key, 0.0) for key in keys), 3)
            words.append(HeardWord(item.surface, sense.heard_as, sense.unit, points))
        pairs = [HeardWord("", "", key, points) for key, points in votes.items()]
        return (*words, *pairs)

    def _kind(self, number: int) -> Kind:
        return "none" if number == self._none else "command" if self._commands[number] else "topic"


def elliptic(text: str) -> float:
    """0-1: how much an utterance may lean on what is being talked about: "harder" wholly, a long sentence hardly."""
    return 1 / (1 + max(0, len(text.split()) - 1) / _LEANS)


def _leans(text: str, measured: Measured) -> bool:
    """Whether an utterance is so short, and names so little, that only what was said before can tell what it means."""
    return len(text.split()) <= _FEW and not any(item.role == "concept" for item in measured.items)


def shared_belief(alternatives: Sequence[Hypothesis]) -> dict[str, float]:
    """Normalised text -> its share of belief; they sum to 1. The few likeliest alternatives, empty ones left out."""
    beliefs: dict[str, float] = {}
    best = max((hypothesis.log_likelihood for hypothesis in alternatives), default=0.0)
    for hypothesis in alternatives:
        text, behind = normalize(hypothesis.text), best - hypothesis.log_likelihood
        if text and behind <= _UNLIKELY and (text in beliefs or len(beliefs) < _ALTERNATIVES):
            beliefs[text] = beliefs.get(text, 0.0) + math.exp(-_LIKELIHOOD_SCALE * behind)
    total = sum(beliefs.values())
    return {text: belief / total for text, belief in beliefs.items()}
