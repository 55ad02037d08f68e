"""Accuracy on typed wording: what a perfect recognizer would leave to the understanding room."""

from __future__ import annotations

from bench import corpora
from bench.figures import Share, Table
from bench.outcomes import ALARMS, flag_raised, outcome, share
from voice_skill.article.schema import COMMAND_IDS
from voice_skill.asking import Asker


def measure(asker: Asker) -> list[Table]:
    """Tables of entries and commands, of out-of-scope wording, and of red flags."""
    return [_in_scope(asker), _out_of_scope(asker), _red_flags(asker)]


def _in_scope(asker: Asker) -> Table:
    table = Table("typed", "Typed, development wording", ("what", "n", "right", "asked", "rejected", "wrong"))
    table.notes.append(
        "The matcher was made with these wordings in view. On a split that was not, it was right for 93 % of what no "
        "training phrase repeats, wrong for 2.5 %, and accepted 5 % of what is out of scope."
    )
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
