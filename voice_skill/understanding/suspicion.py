"""A second pair of ears for red flags: what all words of an utterance speak for, beside the rules of `safety.py`.

The rules know their words for certain; wording that nobody thought of escapes them. This weighs every word and pair as
people's sentences taught it. It hears such wording too, but less certainly: it raises a flag when the votes are clear,
asks back when they are not, and never takes back what the rules raised. Pure; not for what is said about it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from voice_skill.article.redflags import SafetyLayer
from voice_skill.understanding.reading import Reader
from voice_skill.understanding.safety import Alarm
from voice_skill.understanding.votes import Votes
from voice_skill.understanding.weights import NO_FLAG, AlarmBands


class Suspicion:
    """Finds emergencies and urgent flags by votes.

    Args:
        layer: the flags; one that `votes` doesn't know is left to the rules.
        votes: for the ids of flags, and for `NO_FLAG`.
    """

    def __init__(self, layer: SafetyLayer, reader: Reader, votes: Votes, bands: AlarmBands) -> None:
        known = [flag for flag in layer.flags if flag.id in votes.labels]
        self._flags = known
        self._columns = [votes.labels.index(flag.id) for flag in known]
        self._none = votes.labels.index(NO_FLAG)
        self._reader = reader
        self._votes = votes
        self._bands = bands

    def alarm(self, beliefs: Mapping[str, float]) -> Alarm | None:
        """The alarm of an utterance, or None; beliefs: its normalised alternatives -> the share of belief in each.

        `denied` when it is not clear enough to be raised; there is no `evidence`, for it is the whole sentence.
        """
        if not beliefs:
            return None
        margin, best = self.strongest(beliefs)
        if margin < self._bands.asked:
            return None
        flag = self._flags[best]
        return Alarm(flag.id, flag.tier, flag.reply, flag.about, denied=margin < self._bands.raised, evidence=())

    def strongest(self, beliefs: Mapping[str, float]) -> tuple[float, int]:
        """How far the votes for the likeliest flag exceed those for none, and which flag it is; of one text or more."""
        read = (share * self._votes.sums(self._reader.read(text)) for text, share in beliefs.items())
        sums = sum(read, np.zeros(len(self._votes.labels)))
        best = int(sums[self._columns].argmax())
        return float(sums[self._columns[best]] - sums[self._none]), best


def graver(ruled: Alarm | None, suspected: Alarm | None) -> Alarm | None:
    """The rules' alarm, unless there is none, or it only wants a doctor soon while something graver is clear."""
    if ruled is None or (ruled.tier == "doctor" and suspected is not None and not suspected.denied):
        return suspected
    return ruled
