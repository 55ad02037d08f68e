"""Counts how a matcher does on cases: right, asked, refused, wrong, and what it accepts that isn't for it.

Not for thresholds or weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fit.judging import Case
from voice_skill.understanding.matcher import Match, Matcher
from voice_skill.understanding.training import NONE


@dataclass(frozen=True, slots=True)
class Score:
    """Shares in percent. Of in-scope cases: right + asked + refused + wrong = 100; of the others: what was accepted
    or asked about.

    asked_well: part of `asked` where the first or second guess was right.
    """

    cases: int
    right: float
    asked: float
    asked_well: float
    refused: float
    wrong: float
    near_accepted: float
    near_asked: float
    far_accepted: float
    far_asked: float

    def __str__(self) -> str:
        return (
            f"right {self.right:5.1f}  asked {self.asked:4.1f} (well {self.asked_well:4.1f})  "
            f"refused {self.refused:4.1f}  wrong {self.wrong:4.1f} | accepted/asked  "
            f"near {self.near_accepted:.1f}/{self.near_asked:.1f}  far {self.far_accepted:.1f}/{self.far_asked:.1f}"
        )


def judge(matcher: Matcher, cases: Sequence[Case]) -> Score:
    """Match every case in a fresh context and count."""
    return count([(case, matcher.match(case.alternatives)) for case in cases])


def count(results: Iterable[tuple[Case, Match]]) -> Score:
    """Count results that are already there."""
    results = list(results)
    ours = [(case.labels, match) for case, match in results if case.group == "in scope"]
    near = [match.band for case, match in results if case.group == "near"]
    far = [match.band for case, match in results if case.group == "far"]
    asked = [(labels, match) for labels, match in ours if match.band == "ask"]
    right = [match for labels, match in ours if is_right(labels, match)]
    refused = [match for labels, match in ours if match.band == "reject" and NONE not in labels]
    wrong = len(ours) - len(asked) - len(right) - len(refused)
    well = [match for labels, match in asked if match.entry in labels or match.runner_up in labels]
    return Score(
        cases=len(results),
        right=_percent(len(right), len(ours)),
        asked=_percent(len(asked), len(ours)),
        asked_well=_percent(len(well), len(ours)),
        refused=_percent(len(refused), len(ours)),
        wrong=_percent(wrong, len(ours)),
        near_accepted=_percent(near.count("accept"), len(near)),
        near_asked=_percent(near.count("ask"), len(near)),
        far_accepted=_percent(far.count("accept"), len(far)),
        far_asked=_percent(far.count("ask"), len(far)),
    )


def is_right(labels: Sequence[str], match: Match) -> bool:
    """Accepted as one of the right labels, or refused where refusing is right."""
    return match.band != "ask" and (match.entry or NONE) in labels


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
