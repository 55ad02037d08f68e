"""One utterance, understood: the red-flag scan first, then the best entry or command.

The front door of the room; the conversation needs nothing else of it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_skill.article.content import Content
from voice_skill.events import Hypothesis
from voice_skill.understanding.features import learned_reader
from voice_skill.understanding.matcher import Context, Match, Matcher, shared_belief
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.safety import Alarm, SafetyScanner
from voice_skill.understanding.suspicion import Suspicion, graver
from voice_skill.understanding.training import training_set
from voice_skill.understanding.weights import shipped_weights

__all__ = ["Alarm", "Context", "Match", "Understanding", "Understood"]


@dataclass(frozen=True, slots=True)
class Understood:
    """alarm: the gravest red flag in any alternative, if any; match: the best entry or command, found regardless."""

    alarm: Alarm | None
    match: Match


@dataclass(frozen=True, slots=True)
class Understanding:
    """The two pairs of ears for red flags, and the matcher, behind one call."""

    scanner: SafetyScanner
    suspicion: Suspicion
    matcher: Matcher

    @classmethod
    def of(cls, content: Content) -> Understanding:
        """For the loaded content, with the fitted numbers that come with the program."""
        training = training_set(content.article, content.commands, content.lexicon)
        weights = shipped_weights(tuple(training.phrases))
        reader = learned_reader(training)
        return cls(
            SafetyScanner(content.safety),
            Suspicion(content.safety, reader, weights.alarms, weights.alarm_bands),
            Matcher(training, weights, reader),
        )

    def interpret(self, alternatives: tuple[Hypothesis, ...], context: Context) -> Understood:
        """Understand an utterance from its n-best list, best first; at least one alternative.

        Words of a denied red flag ("my foot cramps, no chest pain") say nothing about the topic: they are left out.
        """
        ruled = self.scanner.scan([hypothesis.text for hypothesis in alternatives])
        alarm = graver(ruled, self.suspicion.alarm(shared_belief(alternatives)))
        if alarm is not None and alarm.denied:
            alternatives = tuple(
                Hypothesis(_without(hypothesis.text, alarm.evidence), hypothesis.log_likelihood)
                for hypothesis in alternatives
            )
        return Understood(alarm, self.matcher.match(alternatives, context))


def _without(text: str, evidence: tuple[str, ...]) -> str:
    text = f" {normalize(text)} "
    for words in evidence:
        text = text.replace(f" {words} ", " ")
    return text.strip()
