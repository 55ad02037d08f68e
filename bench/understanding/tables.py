"""The tables of the understanding benchmark, and its goals beside what was measured. Pure: figures in, tables out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.figures import Share, Table
from bench.outcomes import OUTCOMES
from bench.speech.hearing import AT_10_DB, Heard
from bench.speech.score import share_of, where
from bench.speech.tables import CONDITION_NAMES
from bench.understanding.taken import Taken
from voice_skill.article.schema import COMMAND_IDS, ENTRY_IDS

BINS = 10  # of the calibration, of equal width
WORST = 15  # confusions that are listed
SPOKEN_NOTE = (
    "Voices and sentences that nothing was learnt from, all synthetic: expect less from people. For what is not for "
    "us, right means refused; of red flags, raised."
)
# Three designs came so far: concepts with coverage, the votes of all words, and votes with a sentence network.
WHAT_WOULD_HELP = (
    "What would close the gaps. Typed: more writers, above all of short commands and far talk; rules that warn less "
    "of ordinary cramps. Red flags: those missed are told as stories without a word of the sign, so more such "
    "stories, and a clinician's word on the rules. Spoken: what is wrong was mostly misheard."
)


@dataclass(frozen=True, slots=True)
class Bin:
    """Utterances whose likeliest label had about this probability. chance: its mean, 0-1; right: how many were."""

    chance: float
    right: Share


def goals(taken: Sequence[Taken], heard: Sequence[Heard], flags: Mapping[str, Share]) -> Table:
    """Each goal beside what was measured. flags: "raised" (typed) and "false alarms"."""
    table = Table("understanding-goals", "Understanding: goals", ("goal", "wanted", "measured", "met"))
    table.notes.append(WHAT_WOULD_HELP)

    def line(name: str, share: Share, limit: float, *, at_least: bool) -> None:
        met = share.percent >= limit if at_least else share.percent <= limit
        table.add(name, f"{'at least' if at_least else 'at most'} {limit:g} %", share, "yes" if met else "no")
        table.figures[name] = {"limit": limit, "at_least": at_least, "met": met, **share.as_json()}

    def of(kind: str, outcome: str) -> Share:
        return _share([each.outcome for each in taken if each.kind == kind], outcome)

    line("right entry, typed", of("entries", "right"), 97, at_least=True)
    line("wrong entry, typed", of("entries", "wrong"), 1, at_least=False)
    line("commands right, typed", of("commands", "right"), 98, at_least=True)
    line("far talk accepted, typed", of("far", "wrong"), 0.5, at_least=False)
    line("near misses accepted, typed", of("near", "wrong"), 3, at_least=False)
    line("red flags raised, typed", flags["raised"], 100, at_least=True)
    line("false alarms, typed", flags["false alarms"], 2, at_least=False)
    line("red flags raised, 10 dB", share_of(where(heard, ["flag"], AT_10_DB), "raised"), 95, at_least=True)
    for name, conditions, right, wrong in (("clean", ["clean"], 92, 2), ("10 dB", AT_10_DB, 85, 4)):
        about = where(heard, ["about"], conditions)
        line(f"right entry, spoken, {name}", share_of(about, "right"), right, at_least=True)
        line(f"wrong entry, spoken, {name}", share_of(about, "wrong"), wrong, at_least=False)
    return table


def spoken(heard: Sequence[Heard]) -> Table:
    """What came of spoken utterances, by kind and noise."""
    table = Table("understanding-spoken", "Understanding: spoken", ("what", "condition", "n", *OUTCOMES))
    table.notes.append(SPOKEN_NOTE)
    names = {"about": "entries", "command": "commands", "none": "not for us", "flag": "red flags"}
    alike = {"refused": "right", "accepted": "wrong", "raised": "right", "missed": "wrong"}
    for kind, name in names.items():
        for condition, shown in CONDITION_NAMES.items():
            came = [alike.get(each.outcome, each.outcome) for each in where(heard, [kind], [condition])]
            if came:
                shares = {outcome: _share(came, outcome) for outcome in OUTCOMES}
                table.add(name, shown, len(came), *shares.values())
                table.figures[f"{name}, {shown}"] = {outcome: share.as_json() for outcome, share in shares.items()}
    return table


def by_label(taken: Sequence[Taken]) -> Table:
    """What came of each entry and command, and what it is most often taken for instead."""
    table = Table("understanding-labels", "Understanding: by label", ("label", "n", *OUTCOMES, "most taken for"))
    for label in (*ENTRY_IDS, *COMMAND_IDS):
        some = [each for each in taken if each.expected[0] == label]
        if not some:
            continue
        shares = {outcome: _share([each.outcome for each in some], outcome) for outcome in OUTCOMES}
        others = Counter(each.label for each in some if each.outcome == "wrong").most_common(1)
        table.add(label, len(some), *shares.values(), f"{others[0][0]} ({others[0][1]})" if others else "")
        table.figures[label] = {outcome: share.as_json() for outcome, share in shares.items()}
    return table


def confused(taken: Sequence[Taken]) -> Counter[tuple[str, str]]:
    """(what was meant, what it was taken for) -> how often; several right labels count as the one it was taken for."""
    return Counter((each.label if each.label in each.expected else each.expected[0], each.label) for each in taken)


def confusions(counts: Mapping[tuple[str, str], int]) -> Table:
    """The most frequent mistakes in words, for those who don't see the picture."""
    table = Table("confusions", "Understanding: worst confusions", ("meant", "taken for", "times"))
    quiet = ("asked", "rejected")
    wrong = {pair: n for pair, n in counts.items() if pair[0] != pair[1] and pair[1] not in quiet}
    for (meant, label), n in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:WORST]:
        table.add(meant, label, n)
    table.figures.update({f"{meant} > {label}": n for (meant, label), n in sorted(counts.items())})
    return table


def bins(taken: Sequence[Taken]) -> list[Bin]:
    """The utterances by the probability of their likeliest label; empty bins are left out."""
    found: list[Bin] = []
    for number in range(BINS):
        some = [each for each in taken if min(BINS - 1, int(each.chance * BINS)) == number]
        if some:
            mean = sum(each.chance for each in some) / len(some)
            found.append(Bin(mean, Share(sum(each.likely for each in some), len(some))))
    return found


def calibration(found: Sequence[Bin]) -> Table:
    """How often the likeliest label was right, beside how likely it was said to be."""
    table = Table("calibration", "Understanding: calibration", ("said to be", "n", "right"))
    total = sum(each.right.total for each in found)
    error = sum(each.right.total * abs(100 * each.chance - each.right.percent) for each in found) / max(total, 1)
    for each in found:
        table.add(f"{100 * each.chance:.0f} %", each.right.total, each.right)
    table.notes.append(f"Expected calibration error: {error:.1f} points, over what is for us and what isn't.")
    table.figures = {
        "expected_error_points": round(error, 2),
        "bins": [{"chance": round(each.chance, 4), **each.right.as_json()} for each in found],
    }
    return table


def _share(came: Sequence[str], outcome: str) -> Share:
    return Share(came.count(outcome), len(came))
