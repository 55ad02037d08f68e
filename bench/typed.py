"""Accuracy on typed wording: what a perfect recognizer would leave to the understanding room."""

from __future__ import annotations

from collections.abc import Sequence
from operator import or_

from bench import corpora
from bench.corpora import Case
from bench.figures import Share, Table
from bench.outcomes import ALARMS, OUTCOMES, flag_asked, flag_raised, judged, kind_of, share
from fit.files import HARMLESS
from voice_skill.asking import Answer, Asker

FRESH = (
    "They had seen no rule of ours, nor we their sentences. On its first look, before the votes of alarms.tsv, it "
    "raised 72 % of the emergencies and 76 % of the urgent flags."
)
IN_VIEW = "The rules were written with these sentences in view."
NOT_FOR_US = (
    "Warned: a red flag was raised or asked about. For what is not for us, right means refused and wrong accepted."
)
UNSEEN = (
    "They had seen no phrase of ours, nor we their sentences; what is nearly a phrase of ours was taken out. "
    + NOT_FOR_US
)


def measure(asker: Asker) -> list[Table]:
    """Tables of wording and of red flags, unseen and in view."""
    in_view = [*corpora.typed_cases(), *corpora.refused_cases()]
    return [
        _wording(asker, "unseen", "Typed, wording of four writers nobody learnt from", corpora.unseen(), UNSEEN),
        unseen_flags(asker),
        _wording(asker, "typed", "Typed, wording in view", in_view, NOT_FOR_US),
        _red_flags(asker, "red-flags", "Typed, red flags in view", corpora.flagged_cases(), IN_VIEW),
    ]


def unseen_flags(asker: Asker) -> Table:
    """The table of red flags that nothing was learnt from; its figures have a line for each tier, and harmless talk."""
    cases = corpora.written_flags(*sorted(corpora.RED_FLAGS.glob("*.tsv")))
    return _red_flags(asker, "unseen-flags", "Typed, red flags of two writers nobody learnt from", cases, FRESH)


def _wording(asker: Asker, name: str, title: str, cases: Sequence[Case], note: str) -> Table:
    """What comes of entries, commands, near misses and far ones."""
    table = Table(name, title, ("what", "n", *OUTCOMES))
    table.notes.append(note)
    groups: dict[str, list[str]] = {}
    for case in cases:
        groups.setdefault(kind_of(case), []).append(judged(asker.ask_text(case.text), case.expected))
    for group in ("entries", "commands", "near", "far"):
        shares = {name: share(groups[group], name) for name in OUTCOMES}
        table.add(group, len(groups[group]), *shares.values())
        table.figures[group] = {name: value.as_json() for name, value in shares.items()}
    return table


def _red_flags(asker: Asker, name: str, title: str, cases: Sequence[Case], note: str) -> Table:
    """Of each tier, how many are raised, and how many raised or at least asked about; then the false alarms."""
    table = Table(name, title, ("what", "n", "raised", "raised or asked about"))
    table.notes.append(note)
    answers = {case: asker.ask_text(case.text) for case in cases}
    for group, what in (("E", "emergency"), ("U", "urgent"), ("D", "doctor"), (HARMLESS, "harmless talk")):
        some = [case for case in cases if case.group == group]
        raised = [_raised(answers[case], case) for case in some]
        asked = [flag_asked(answers[case]) for case in some]
        shares = {"raised": Share(sum(raised), len(some)), "or asked": Share(sum(map(or_, raised, asked)), len(some))}
        table.add(what, len(some), *shares.values())
        table.figures[what] = {what: share.as_json() for what, share in shares.items()}
    return table


def _raised(answer: Answer, case: Case) -> bool:
    if case.group == HARMLESS:
        return bool(answer.exchange.decided and answer.exchange.decided.action in ALARMS)
    return flag_raised(answer, case.expected[0])
