"""Accuracy on typed wording: what a perfect recognizer would leave to the understanding room."""

from __future__ import annotations

from bench import corpora
from bench.figures import Share, Table
from bench.outcomes import ALARMS, flag_raised, outcome, share
from voice_skill.article.schema import COMMAND_IDS
from voice_skill.asking import Asker

UNSEEN = ("right", "asked", "rejected", "wrong")


def measure(asker: Asker) -> list[Table]:
    """Tables of entries and commands, of out-of-scope wording, and of red flags."""
    return [_unseen(asker), _in_scope(asker), _out_of_scope(asker), _red_flags(asker)]


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


def _red_flags(asker: Asker) -> Table:
    table = Table("red-flags", "Typed, red flags", ("what", "n", "share"))
    table.notes.append(
        "The patterns were written with these sentences in view. Nine batches measured before that raised 67-97 % of "
        "their emergencies (the lowest were written to be odd) and 86-100 % of the urgent ones."
    )
    raised: dict[str, list[bool]] = {}
    for case in corpora.flagged_cases():
        raised.setdefault(case.group, []).append(flag_raised(asker.ask_text(case.text), case.expected[0]))
    for tier, name in (("E", "emergency"), ("U", "urgent"), ("D", "doctor")):
        recall = Share(sum(raised[tier]), len(raised[tier]))
        table.add(f"{name}: raised", recall.total, recall)
        table.figures[name] = recall.as_json()
    answers = [asker.ask_text(case.text) for case in corpora.benign_cases()]
    false = Share(sum((a.exchange.decided and a.exchange.decided.action) in ALARMS for a in answers), len(answers))
    table.add("harmless talk: false alarms", false.total, false)
    table.figures["false alarms"] = false.as_json()
    return table
