"""All that the matcher is fitted to: the content's phrases, what writers wrote, red flags, and noisy copies.

Not for measuring or fitting, nor for the sentences it is judged by (`judging.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from fit.files import CHECKOUT, CORPUS, DATA, HARMLESS, rows
from fit.hear import read_heard
from voice_skill.article.loader import ARTICLE_FILE, COMMANDS_FILE, LEXICON_FILE, SAFETY_FILE, load_file
from voice_skill.article.redflags import SafetyLayer
from voice_skill.article.schema import Article, Commands, Lexicon
from voice_skill.events import Hypothesis
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.safety import Alarm, SafetyScanner
from voice_skill.understanding.training import NO_FLAG, TrainingSet, training_set

CONTENT = CHECKOUT / "content"
HEARD_TRAIN = DATA / "heard-train.tsv"
MORE_PHRASES = DATA / "more-phrases.tsv"
JUDGED = DATA / "judged-alarms.tsv"  # rule, sentence, and whether it was right: yes, maybe, no
IN_CONTEXT = DATA / "in-context.tsv"
WORDING = DATA / "wording"
RED_FLAGS = DATA / "red-flags"
GRAVE = ("RF-E", "RF-U")  # how the ids of emergency and urgent flags begin
OUR_OWN = "our own"  # the writer of the red flags that the rules were written with in view
APART = 4  # every so many-th writer is apart when weights and bands are chosen
HEARD_COUNTS = 0.5  # a noisy copy counts half: its words are not the speaker's


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a writer. labels: those that are right, the best first; frame: the situation, or near or far."""

    labels: tuple[str, ...]
    frame: str
    text: str


@dataclass(frozen=True, slots=True)
class InContext:
    """What somebody says while the steps of an entry are read, and what is meant by it then."""

    entry: str
    meant: str
    text: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One normalised sentence for the network.

    labels: those that are right; none when that is not known.
    flags: the red flags that are right, or `NO_FLAG`; more than one when any of them would do.
    counts: how much it counts beside the others.
    """

    text: str
    labels: tuple[str, ...]
    flags: tuple[str, ...]
    counts: float = 1.0


@dataclass(frozen=True)
class Corpus:
    """What there is to learn from.

    training: the content's phrases and words, and phrases kept for fitting only because the content has near twins.
    safety: the red flags.
    wording: writer -> what that writer wrote, without having seen any other phrase of ours.
    red_flags: writer -> (flag or `HARMLESS`, normalised sentence).
    heard: what was said, normalised -> its n-best list as the recognizer heard it in noise.
    in_context: what is said between the steps.
    judged: of what writers wrote about other things and a rule took for a red flag -> the flags that are right,
        `NO_FLAG` among them where there is none, or may be none.
    """

    training: TrainingSet
    safety: SafetyLayer
    wording: Mapping[str, Sequence[Line]]
    red_flags: Mapping[str, Sequence[tuple[str, str]]]
    heard: Mapping[str, tuple[Hypothesis, ...]]
    in_context: Sequence[InContext]
    judged: Mapping[str, tuple[str, ...]]

    def parted(self) -> tuple[Corpus, Corpus]:
        """The corpus without some of the writers, and with these alone: to what learns from the first, they are new."""
        apart = (
            frozenset(sorted(self.wording)[APART // 2 :: APART]),
            frozenset(sorted(self.red_flags)[APART // 2 :: APART]),
        )
        return self._of(apart, within=False), self._of(apart, within=True)

    def _of(self, writers: tuple[frozenset[str], frozenset[str]], *, within: bool) -> Corpus:
        wording = {name: lines for name, lines in self.wording.items() if (name in writers[0]) == within}
        flagged = {name: lines for name, lines in self.red_flags.items() if (name in writers[1]) == within}
        return replace(self, wording=wording, red_flags=flagged)

    @property
    def lines(self) -> list[Line]:
        """What all writers wrote."""
        return [line for lines in self.wording.values() for line in lines]

    @property
    def flagged(self) -> list[tuple[str, str]]:
        """The red flags of all writers, and what only sounds like one."""
        return [row for lines in self.red_flags.values() for row in lines]

    def phrases(self) -> dict[str, list[str]]:
        """Label -> the content's phrases and what the writers wrote for it."""
        phrases = {label: dict.fromkeys(texts) for label, texts in self.training.phrases.items()}
        for line in self.lines:
            phrases[line.labels[0]][line.text] = None
        return {label: list(texts) for label, texts in phrases.items()}

    def alarming(self) -> dict[str, list[str]]:
        """Red flag of an emergency or urgent tier -> sentences that raise it; `NO_FLAG` -> all that raise none.

        What may be alarming among the writers' other sentences is left out: a sprained ankle is out of scope and
        urgent, too.
        """
        grave = [flag.id for flag in self.safety.flags if flag.tier != "doctor"]
        found: dict[str, list[str]] = {flag: [] for flag in (*grave, NO_FLAG)}
        for flag, text in self.flagged:
            found[flag if flag in found else NO_FLAG].append(text)
        calm = (text for texts in self.phrases().values() for text in texts)
        found[NO_FLAG] += [text for text in calm if self.is_calm(text)]
        return found

    def lessons(self) -> list[Lesson]:
        """Every sentence once, and noisy copies where they differ."""
        lessons = [
            Lesson(text, (label,), self.flags_of(text))
            for label, texts in self.training.phrases.items()
            for text in texts
        ]
        for line in self.lines:
            lessons.append(Lesson(line.text, line.labels, self.flags_of(line.text)))
            copy = self.misheard(line.text)
            if copy:
                lessons.append(Lesson(copy, line.labels, self.flags_of(line.text), counts=HEARD_COUNTS))
        for flag, text in self.flagged:
            meant = (NO_FLAG,) if flag == HARMLESS else (flag,)
            lessons.append(Lesson(text, (), meant))
            copy = self.misheard(text)
            if copy:
                lessons.append(Lesson(copy, (), meant, counts=HEARD_COUNTS))
        return lessons

    def flags_of(self, text: str) -> tuple[str, ...]:
        """The red flags that are right for a sentence about other things: as judged, else as the rules have it, and
        where they raise a grave one, that or none.
        """
        if text in self.judged:
            return self.judged[text]
        alarm = self._scanner.scan([text])
        if alarm is None:
            return (NO_FLAG,)
        return (NO_FLAG, alarm.flag) if is_grave(alarm) else (alarm.flag,)

    def is_calm(self, text: str) -> bool:
        """Whether a sentence about other things has no grave flag for certain."""
        return not any(flag.startswith(GRAVE) for flag in self.flags_of(text))

    @cached_property
    def _scanner(self) -> SafetyScanner:
        return SafetyScanner(self.safety)

    def misheard(self, text: str) -> str | None:
        """What the recognizer took a sentence for, when that was something else."""
        heard = self.heard.get(text, ())
        return heard[0].text if heard and heard[0].text != text else None

    def digest(self) -> str:
        """Sixteen hex digits that change with anything in it."""
        whole = {
            "phrases": self.phrases(),
            "concepts": dict(self.training.concepts),
            "core": dict(self.training.core),
            "in context": [(line.entry, line.meant, line.text) for line in self.in_context],
            "red flags": self.flagged,
            "judged": dict(self.judged),
            "misheard": [copy for line in self.lines if (copy := self.misheard(line.text))],
        }
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]


def load_corpus() -> Corpus:
    """Everything of the checkout. Raises ContentError when a content file breaks a rule."""
    training = load_training()
    more = [(label, normalize(text)) for label, text in rows(MORE_PHRASES)]
    phrases = {
        label: tuple(dict.fromkeys((*texts, *(text for meant, text in more if meant == label))))
        for label, texts in training.phrases.items()
    }
    heard = {normalize(said): alternatives for said, alternatives in read_heard(HEARD_TRAIN).items()}
    ours = [(flag, normalize(text)) for flag, text, use in rows(CORPUS / "red-flags.tsv") if use != "check"]
    ours += [(HARMLESS, normalize(text)) for text, use in rows(CORPUS / "benign.tsv") if use != "check"]
    return Corpus(
        training=replace(training, phrases=phrases),
        safety=load_file(CONTENT / SAFETY_FILE, SafetyLayer),
        wording={path.stem: read_wording(path) for path in sorted(WORDING.glob("*.tsv"))},
        red_flags={path.stem: read_red_flags(path) for path in sorted(RED_FLAGS.glob("*.tsv"))} | {OUR_OWN: ours},
        heard=heard,
        judged={normalize(text): _verdict(flag, verdict) for flag, text, verdict in rows(JUDGED)},
        in_context=[InContext(entry, meant, normalize(text)) for entry, meant, text in rows(IN_CONTEXT)],
    )


def load_training() -> TrainingSet:
    """The training set of the checkout's content alone. Raises ContentError when a file breaks a rule."""
    return training_set(
        load_file(CONTENT / ARTICLE_FILE, Article),
        load_file(CONTENT / COMMANDS_FILE, Commands),
        load_file(CONTENT / LEXICON_FILE, Lexicon),
    )


def read_wording(path: Path) -> list[Line]:
    """Lines of `label|label<TAB>frame<TAB>text`."""
    return [Line(tuple(labels.split("|")), frame, normalize(text)) for labels, frame, text in rows(path)]


def read_red_flags(path: Path) -> list[tuple[str, str]]:
    """(flag or `HARMLESS`, normalised sentence) of each line."""
    return [(flag, normalize(text)) for flag, text in rows(path)]


def is_grave(alarm: Alarm | None) -> bool:
    """Whether it is an emergency or an urgent flag, raised or asked about."""
    return alarm is not None and alarm.tier != "doctor"


def _verdict(flag: str, verdict: str) -> tuple[str, ...]:
    return {"yes": (flag,), "maybe": (NO_FLAG, flag), "no": (NO_FLAG,)}[verdict]
