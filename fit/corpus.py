"""The sentences that the fit learns from and is judged by, and where they lie in the checkout.

Not for measuring or fitting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fit.files import CHECKOUT, CORPUS, DATA, HARMLESS, rows
from fit.hear import read_heard
from voice_skill.article.loader import ARTICLE_FILE, COMMANDS_FILE, LEXICON_FILE, SAFETY_FILE, load_file
from voice_skill.article.redflags import SafetyLayer
from voice_skill.article.schema import Article, Commands, Lexicon
from voice_skill.events import Hypothesis
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.safety import SafetyScanner
from voice_skill.understanding.training import NONE, TrainingSet, training_set
from voice_skill.understanding.weights import NO_FLAG

CONTENT = CHECKOUT / "content"
HEARD_TRAIN = DATA / "heard-train.tsv"
MORE_PHRASES = DATA / "more-phrases.tsv"
WORDING = DATA / "wording"
RED_FLAGS = DATA / "red-flags"
WORDING_DEV = CORPUS / "wording-dev.tsv"
RED_FLAGS_DEV = CORPUS / "red-flags-dev.tsv"
HEARD_DEV = CORPUS / "dev-heard.tsv"


@dataclass(frozen=True, slots=True)
class Case:
    """One utterance with the labels that are right for it.

    group: "in scope", "near" (a near miss that must be refused) or "far" (one of another world).
    """

    alternatives: tuple[Hypothesis, ...]
    labels: tuple[str, ...]
    group: str


def load_safety() -> SafetyLayer:
    """The red flags of the checkout's content. Raises ContentError when the file breaks a rule."""
    return load_file(CONTENT / SAFETY_FILE, SafetyLayer)


def load_training() -> TrainingSet:
    """The training set of the checkout's content. Raises ContentError when a file breaks a rule."""
    return training_set(
        load_file(CONTENT / ARTICLE_FILE, Article),
        load_file(CONTENT / COMMANDS_FILE, Commands),
        load_file(CONTENT / LEXICON_FILE, Lexicon),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a writer. labels: those that are right, the best first; frame: the situation, or near or far."""

    labels: tuple[str, ...]
    frame: str
    text: str

    def case(self) -> Case:
        """The same as a case to be judged."""
        return Case((Hypothesis(self.text),), self.labels, self.frame if self.labels == (NONE,) else "in scope")


def wording() -> dict[str, list[Line]]:
    """Writer -> what that writer wrote to be learnt from. Each wrote without having seen any other phrase of ours."""
    return {path.stem: read_wording(path) for path in sorted(WORDING.glob("*.tsv"))}


def read_wording(path: Path) -> list[Line]:
    """Lines of `label|label<TAB>frame<TAB>text`."""
    return [Line(tuple(labels.split("|")), frame, normalize(text)) for labels, frame, text in rows(path)]


def everything(training: TrainingSet) -> TrainingSet:
    """All that the votes are fitted on: the content's phrases, those kept for fitting, and what the writers wrote."""
    return with_wording(with_more_phrases(training), wording().values())


def with_more_phrases(training: TrainingSet) -> TrainingSet:
    """`training` and the phrases that are kept for fitting only, because the content has near twins of them."""
    return _with(training, ((label, normalize(text)) for label, text in rows(MORE_PHRASES)))


def with_wording(training: TrainingSet, writers: Iterable[Sequence[Line]]) -> TrainingSet:
    """`training` and what these writers wrote."""
    return _with(training, ((line.labels[0], line.text) for lines in writers for line in lines))


def _with(training: TrainingSet, more: Iterable[tuple[str, str]]) -> TrainingSet:
    phrases = {label: dict.fromkeys(texts) for label, texts in training.phrases.items()}
    for label, text in more:
        phrases[label][text] = None
    return replace(training, phrases={label: tuple(texts) for label, texts in phrases.items()})


def alarming(layer: SafetyLayer, phrases: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Red flag of an emergency or urgent tier -> sentences that raise it; `NO_FLAG` -> all that raise none.

    phrases: label -> everything that was written for it (of `everything`). What the rules would raise among these is
    left out: a sprained ankle is out of scope and urgent, too.
    """
    scanner = SafetyScanner(layer)
    grave = [flag.id for flag in layer.flags if flag.tier != "doctor"]
    found: dict[str, list[str]] = {flag: [] for flag in (*grave, NO_FLAG)}
    written = [row for path in sorted(RED_FLAGS.glob("*.tsv")) for row in read_red_flags(path)]
    written += [(flag, normalize(text)) for flag, text, use in rows(CORPUS / "red-flags.tsv") if use != "check"]
    written += [(HARMLESS, normalize(text)) for text, use in rows(CORPUS / "benign.tsv") if use != "check"]
    for flag, text in written:
        found[flag if flag in found else NO_FLAG].append(text)
    for texts in phrases.values():
        for text in texts:
            alarm = scanner.scan([text])
            if alarm is None or alarm.tier == "doctor":
                found[NO_FLAG].append(text)
    return found


def read_red_flags(path: Path) -> list[tuple[str, str]]:
    """(flag or `HARMLESS`, normalised sentence) of each line."""
    return [(flag, normalize(text)) for flag, text in rows(path)]


def dev_cases() -> list[Case]:
    """The dev split as typed."""
    old = read_cases(CORPUS / "dev.tsv", CORPUS / "out-of-scope-dev.tsv")
    return old + [line.case() for line in read_wording(WORDING_DEV)]


def read_cases(in_scope: Path, out_of_scope: Path) -> list[Case]:
    """Lines of `label|label<TAB>text`, and lines of `text<TAB>near or far`."""
    cases = [
        Case((Hypothesis(normalize(text)),), tuple(labels.split("|")), "in scope") for labels, text in rows(in_scope)
    ]
    return cases + [Case((Hypothesis(normalize(text)),), (NONE,), group) for text, group in rows(out_of_scope)]


def as_heard(cases: list[Case], path: Path) -> list[Case]:
    """The same cases through the recognizer, those without a copy left out."""
    heard = {normalize(said): alternatives for said, alternatives in read_heard(path).items()}
    return [
        Case(heard[text], case.labels, case.group) for case in cases if (text := case.alternatives[0].text) in heard
    ]
