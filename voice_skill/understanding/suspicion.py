"""A second pair of ears for red flags: what a whole utterance speaks for, beside the rules of `safety.py`.

The rules know their words; wording that nobody thought of escapes them, and some of their words are said of other
things ("stroke the sole"). This weighs the votes of all words with what the sentence network takes the utterance for:
it raises a flag when it is sure, and asks back when it may be. What the rules raise it takes back only when next to
nothing in the whole sentence speaks for it, and never their question about what was denied. Pure; not for what is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from voice_skill.article.redflags import SafetyLayer
from voice_skill.article.schema import Tier
from voice_skill.understanding.network import SentenceNetwork
from voice_skill.understanding.reading import Reader
from voice_skill.understanding.safety import Alarm
from voice_skill.understanding.training import NO_FLAG
from voice_skill.understanding.weights import Weights

# In doubt between an emergency and an urgent flag: from this share on the graver one, for a call too many does less
# harm than help a day too late. And an emergency is taken back only from this share of the threshold on.
_GRAVER = 0.4
_SHORTEST_MISFIRE = 5  # words: "sepsis" alone has no other words that could speak against it
_UNLIKELIEST = -20.0  # nats: of a flag that the network doesn't know


class Suspicion:
    """Finds red flags by the votes and the network.

    Args:
        layer: the flags; one that neither knows is left to the rules.
        weights: with votes for the ids of flags, and for `NO_FLAG`, and how they are weighed.
    """

    def __init__(self, layer: SafetyLayer, reader: Reader, weights: Weights, network: SentenceNetwork) -> None:
        self._flags = layer.flags
        labels = weights.alarms.labels
        self._columns = [labels.index(flag.id) for flag in layer.flags if flag.id in labels]
        self._none = labels.index(NO_FLAG)
        self._reader = reader
        self._votes = weights.alarms
        self._weights = weights.alarm
        self._network = network

    def weigh(self, ruled: Alarm | None, texts: Sequence[str], beliefs: Mapping[str, float]) -> Alarm | None:
        """The alarm to believe in.

        ruled: what the rules found in any of the normalised alternatives `texts`.
        beliefs: the likeliest of these -> the share of belief in each.
        """
        if ruled is not None and ruled.tier != "doctor" and not ruled.denied and self._is_misfire(ruled, texts):
            ruled = None
        suspected = self.alarm(beliefs)
        if ruled is None:
            return suspected
        sure = suspected is not None and suspected.tier != "doctor" and not suspected.denied
        return suspected if ruled.tier == "doctor" and sure else ruled

    def alarm(self, beliefs: Mapping[str, float]) -> Alarm | None:
        """What this pair of ears hears alone, or None; beliefs: normalised alternatives -> the share of belief in each.

        `denied` when it is not clear enough to be raised; there is no `evidence`, for it is the whole sentence.
        """
        if not beliefs:
            return None
        chances = self._chances(beliefs)
        grave = self.chance(beliefs)
        if grave >= self._weights.asked:
            emergency, urgent = (self._sum(tier, chances) for tier in ("emergency", "urgent"))
            tier: Tier = "emergency" if emergency >= _GRAVER * (emergency + urgent) else "urgent"
            return self._likeliest(tier, chances, doubtful=grave < self._weights.raised)
        if self._sum("doctor", chances) >= self._weights.mentioned:
            return self._likeliest("doctor", chances, doubtful=False)
        return None

    def chance(self, beliefs: Mapping[str, float]) -> float:
        """Probability of an emergency or an urgent flag; of one text or more."""
        weights, (margin, odds) = self._weights, self.features(beliefs)
        return 1 / (1 + math.exp(-(weights.votes * margin + weights.sentence * odds + weights.any)))

    def features(self, beliefs: Mapping[str, float]) -> tuple[float, float]:
        """What speaks for an emergency or an urgent flag: by how much the votes for one exceed those for none, and the
        network's log-odds. Of one text or more.
        """
        chances = self._chances(beliefs)
        read = (share * self._votes.sums(self._reader.read(text)) for text, share in beliefs.items())
        votes = sum(read, np.zeros(len(self._votes.labels)))
        grave = self._sum("emergency", chances) + self._sum("urgent", chances)
        odds = math.log(max(grave, 1e-6)) - math.log(max(1 - grave, 1e-6))
        return float(votes[self._columns].max() - votes[self._none]), odds

    def mention(self, beliefs: Mapping[str, float]) -> float:
        """The network's probability of a flag that wants a doctor soon."""
        return self._sum("doctor", self._chances(beliefs))

    def _is_misfire(self, ruled: Alarm, texts: Sequence[str]) -> bool:
        if len(texts[0].split()) < _SHORTEST_MISFIRE:
            return False
        least = self._weights.overruled * (_GRAVER if ruled.tier == "emergency" else 1.0)
        return max(self.chance({text: 1.0}) for text in texts) < least

    def _chances(self, beliefs: Mapping[str, float]) -> dict[str, float]:
        """The network's probability of each flag, over the alternatives."""
        readings = zip(beliefs.values(), self._network.read(list(beliefs)), strict=True)
        chances = dict.fromkeys((flag.id for flag in self._flags), 0.0)
        for share, reading in readings:
            for flag in chances:
                chances[flag] += share * math.exp(reading.flags.get(flag, _UNLIKELIEST))
        return chances

    def _sum(self, tier: Tier, chances: Mapping[str, float]) -> float:
        return sum(chances[flag.id] for flag in self._flags if flag.tier == tier)

    def _likeliest(self, tier: Tier, chances: Mapping[str, float], *, doubtful: bool) -> Alarm:
        flag = max((flag for flag in self._flags if flag.tier == tier), key=lambda flag: chances[flag.id])
        return Alarm(flag.id, flag.tier, flag.reply, flag.about, denied=doubtful, evidence=())
