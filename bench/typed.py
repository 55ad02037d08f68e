"""Accuracy on typed wording: what a perfect recognizer would leave to the understanding room."""

from __future__ import annotations

from collections.abc import Sequence
from operator import or_

from bench import corpora
from bench.corpora import HARMLESS, Case
from bench.figures import Share, Table
from bench.outcomes import ALARMS, flag_asked, flag_raised, outcome, share
from voice_skill.article.schema import COMMAND_IDS
from voice_skill.asking import Answer, Asker

FRESH = (
    "They had seen no rule of ours, nor we their sentences. On its first look, before the votes of alarms.tsv, it "
    "raised 72 % of the emergencies and 76 % of the urgent flags."
)
IN_VIEW = "The rules were written with these sentences in view."
UNSEEN = ("right", "asked", "rejected", "wrong")


def measure(asker: Asker) -> list[Table]:
    """Tables of entries and commands, of out-of-scope wording, and of red flags, those unseen and those in view."""
    unseen = corpora.written_flags(*sorted(corpora.RED_FLAGS.glob("*.tsv")))
    return [
        _unseen(asker),
        _red_flags(asker, "unseen-flags", "Typed, red flags of two writers nobody learnt from", unseen, FRESH),
        _in_scope(asker),
        _out_of_scope(asker),
        _red_flags(asker, "red-flags", "Typed, red flags in view", corpora.flagged_cases(), IN_VIEW),
    ]


def _unseen(asker: Asker) -> Table:
    table = Table("unseen", "Typed, wording of four writers nobody learnt from", ("what", "n", *UNSEEN))
    table.notes.append(
        "They had seen no phrase of ours, nor we their sentences; what is nearly a phrase of ours was taken out. For "
        "what is not for us, right means refused and wrong accepted."
    )
    groups: dict[str, list[str]] = {}
    for case in corpora.written_cases(*sorted(corpora.WORDING.glob("*.tsv"))):
        came = outcome(asker.ask_text(case.text), case.expected)
        groups.setdefault(case.group, []).append({"refused": "right", "accepted": "wrong"}.get(came, came))
    for group in ("entries", "commands", "near", "far"):
        shares = {name: share(groups[group], name) for name in UNSEEN}
        table.add(group, len(groups[group]), *shares.values())
        table.figures[group] = {name: value.as_json() for name, value in shares.items()}
    return table


def _in_scope(asker: Asker) -> Table:
    table = Table("typed", "Typed, development wording", ("what", "n", "right", "asked", "rejected", "wrong"))
    table.notes.append("The matcher was made with these wordings in view.")
    groups: dict[str, list[str]] = {"entries": [], "commands": []}
    for case in corpora.typed_cases():
        kind = "commands" if set(case.expected) & set(COMMAND_IDS) else "entries"
        groups[kind].append(outcome(asker.ask_text(case.text), case.expected))
    for kind, outcomes in groups.items():
        shares = {name: share(outcomes, name) for name in ("right", "asked", "rejected", "wrong")}
        table.add(kind, len(outcomes), *shares.values())
        table.figures[kind] = {name: value.as_json() for name, value in shares.items()}
    return table


def _out_of_scope(asker: Asker) -> Table:
    table = Table("refusal", "Typed, out of scope", ("what", "n", "accepted", "asked", "refused"))
    groups: dict[str, list[str]] = {}
    for case in corpora.refused_cases():
        groups.setdefault(case.group, []).append(outcome(asker.ask_text(case.text), case.expected))
    for group, outcomes in sorted(groups.items()):
        shares = {name: share(outcomes, name) for name in ("accepted", "asked", "refused")}
        table.add(group, len(outcomes), *shares.values())
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
