"""A sentence that hangs between two topics. Which one does changes with each fit, so it is looked for."""

from __future__ import annotations

from functools import cache
from itertools import product

from voice_skill.article.loader import load_content
from voice_skill.events import Hypothesis
from voice_skill.settings import CONTENT_DIR
from voice_skill.understanding.interpret import Understanding
from voice_skill.understanding.matcher import Context

HEAT = ("heat", "a warm pack", "warmth", "something warm", "warm water")
MASSAGE = ("massage", "a massage", "rubbing", "rubbing it", "a foot rub")
ASKED = ("{} or {}", "should i try {} or {}", "is {} better than {}")
WORD = "<heat or massage>"  # stands for it in a story


def spoken(text: str) -> str:
    """The text itself, or what `WORD` stands for."""
    return undecided() if text == WORD else text


@cache
def undecided() -> str:
    """One that asks for heat or massage, and is asked about: heat first."""
    understanding = Understanding.of(load_content(CONTENT_DIR))
    for asked, heat, massage in product(ASKED, HEAT, MASSAGE):
        text = asked.format(heat, massage)
        found = understanding.interpret((Hypothesis(text),), Context()).match
        if (found.band, found.entry, found.runner_up) == ("ask", "heat", "massage"):
            return text
    raise AssertionError("every sentence about heat or massage is one of them for certain")
