"""How long to wait for more: a short while after what is complete, longer after "my" or "um".

The words so far decide, understood as the conversation would understand them now. Not for telling voice from silence
(`hearing/gate.py`).
"""

from __future__ import annotations

from voice_skill.article.schema import COMMAND_IDS
from voice_skill.events import Heard, Hypothesis
from voice_skill.settings import Settings
from voice_skill.skill import Skill, Visit
from voice_skill.understanding.normalize import normalize

# Silence that ends an utterance, ms. Older people pause longer, and a stutter is cut off at 0.5 s (reference U14): only
# a command, which nobody goes on with, is answered so soon.
AFTER_COMMAND_MS = 500
AFTER_SENTENCE_MS = 700
IN_MID_SENTENCE_MS = 1_200
SURE = 0.9  # probability
# Nobody ends with one of these, but many pause after one.
_GOES_ON = (
    "a an the my your his her their our this these and or but because if when while with without in on at of to for "
    "from is are was am be um uh er erm ah like so that i it what how why does do can could should would which have "
    "has had not very really"
)


class Patience:
    """Asked at every new word (any thread): `ms` of the text so far."""

    def __init__(self, settings: Settings, skill: Skill, visit: Visit) -> None:
        self._unsure_ms = settings.end_silence_ms
        self._visit = visit
        self._goes_on = frozenset(_GOES_ON.split())
        commands = {
            normalize(phrase): command.id for command in skill.content.commands.commands for phrase in command.phrases
        }
        self._begun = {
            " ".join(words[:count])
            for words in map(str.split, commands)
            for count in range(1, len(words))
            if commands.get(" ".join(words[:count])) not in (None, commands[" ".join(words)])
        }

    def ms(self, text: str) -> int:
        """Silence after these words that ends the utterance."""
        words = normalize(text).split()
        if not words or words[-1] in self._goes_on:
            return IN_MID_SENTENCE_MS
        decided = self._visit.rehearse(Heard((Hypothesis(text),))).decided
        if decided is None or decided.score < SURE:
            return self._unsure_ms
        if decided.entry in COMMAND_IDS:
            # "stop" may begin something else, but silence does no harm
            done = decided.entry == "stop" or " ".join(words) not in self._begun
            return AFTER_COMMAND_MS if done else self._unsure_ms
        understood = decided.action in ("answer", "command")  # "it's gone" may go on: "to my calf"
        return min(AFTER_SENTENCE_MS, self._unsure_ms) if understood else self._unsure_ms
