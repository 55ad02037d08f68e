"""One utterance, understood: the red-flag scan first, then the best entry or command.

The front door of the room; the conversation needs nothing else of it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

from voice_skill.article.content import Content
from voice_skill.events import Hypothesis
from voice_skill.understanding.features import learned_reader
from voice_skill.understanding.matcher import Context, Match, Matcher, shared_belief
from voice_skill.understanding.network import shipped_network
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.requests import RequestFinder
from voice_skill.understanding.safety import Alarm, SafetyScanner
from voice_skill.understanding.suspicion import Suspicion
from voice_skill.understanding.training import training_set
from voice_skill.understanding.weights import shipped_weights

_FOR_US = 0.5  # probability
_JOINING = ("and", "but", "also", "plus", "because")

__all__ = ["Alarm", "Context", "Match", "Understanding", "Understood"]


@dataclass(frozen=True, slots=True)
class Understood:
    """alarm: the gravest red flag in any alternative, if any; match: the best entry or command, found regardless;
    request: what is asked about the talk itself, if that is all that was said.
    """

    alarm: Alarm | None
    match: Match
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Understanding:
    """The two pairs of ears for red flags, the matcher, and what is asked about the talk itself, behind one call."""

    scanner: SafetyScanner
    suspicion: Suspicion
    matcher: Matcher
    requests: RequestFinder

    @classmethod
    def of(cls, content: Content) -> Understanding:
        """For the loaded content, with the fitted numbers that come with the program."""
        training = training_set(content.article, content.commands, content.lexicon)
        labels = tuple(training.phrases)
        weights, network = shipped_weights(labels), shipped_network(labels)
        reader = learned_reader(training)
        return cls(
            SafetyScanner(content.safety),
            Suspicion(content.safety, reader, weights, network),
            Matcher(training, weights, network, reader),
            RequestFinder(content.requests),
        )

    def interpret(self, alternatives: tuple[Hypothesis, ...], context: Context) -> Understood:
        """Understand an utterance from its n-best list, best first; at least one alternative.

        Words of a denied red flag ("my foot cramps, no chest pain") say nothing about the topic: they are left out.
        """
        texts = [normalize(hypothesis.text) for hypothesis in alternatives]
        alarm = self.suspicion.weigh(self.scanner.scan(texts), texts, shared_belief(alternatives))
        if alarm is not None and not alarm.evidence and self.requests.find(alternatives[:1]):
            alarm = None  # no rule raised it, and it is a phrase whose meaning is known: "the pain is gone"
        if alarm is not None and alarm.denied:
            alternatives = tuple(
                Hypothesis(_without(hypothesis.text, alarm.evidence), hypothesis.log_likelihood)
                for hypothesis in alternatives
            )
        match = self._with_second(self.matcher.match(alternatives, context))
        if alarm is not None and alarm.tier == "doctor" and not alarm.evidence and match.in_scope < _FOR_US:
            alarm = None  # no rule raised it, and it isn't about feet: somebody's knee, which we know nothing of
        return Understood(alarm, match, self.requests.find(alternatives))

    def _with_second(self, match: Match) -> Match:
        """With the topic of another clause, where the utterance asks two things and the other isn't named outright."""
        if match.kind != "topic" or match.band != "accept" or match.second is not None:
            return match
        for clause in clauses(match.text):
            found = self.matcher.match((Hypothesis(clause),))
            if found.kind == "topic" and found.band == "accept" and found.entry != match.entry:
                return replace(match, second=found.entry)
        return match


def clauses(text: str) -> list[str]:
    """The parts of a normalised text that are joined by "and" and its like; none when it is one part."""
    parts = [" ".join(words) for joins, words in groupby(text.split(), lambda word: word in _JOINING) if not joins]
    return parts if len(parts) > 1 else []


def _without(text: str, evidence: tuple[str, ...]) -> str:
    text = f" {normalize(text)} "
    for words in evidence:
        text = text.replace(f" {words} ", " ")
    return text.strip()
