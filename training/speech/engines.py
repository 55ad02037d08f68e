"""What every voice engine offers the stage, and how an engine is opened by its name.

An engine turns a batch of jobs into samples; one that isn't installed says how to get it. The engines themselves are
in `kokoro.py` (neural, many voices), `small_neural.py` (neural, one voice each) and `classic.py` (programs).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol

from training.speech.plan import Job
from training.speech.quality import Samples
from voice_skill.errors import MissingPartError

SETUP = "scripts/train (it brings every voice)"


class Engine(Protocol):
    """`batch` jobs are given at once; `say` returns, for each, 16 kHz samples, or None where the engine failed."""

    batch: int

    def say(self, jobs: Sequence[Job]) -> list[Samples | None]: ...  # noqa: D102

    def versions(self) -> dict[str, str]: ...  # noqa: D102


def open_engine(name: str) -> Engine:
    """Open an engine by its name in `voices.ENGINES`. Raises MissingPartError when it isn't installed."""
    from training.speech import classic, kokoro, small_neural

    makers: dict[str, Callable[[], Engine]] = {
        "kokoro": kokoro.Kokoro,
        "hibari": small_neural.Hibari,
        "piper": small_neural.Piper,
        "flite": classic.Flite,
        "festival": classic.Festival,
        "espeak": classic.Espeak,
    }
    return makers[name]()


def brought(module: str) -> Any:
    """Import a voice's package. Raises MissingPartError when it isn't installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingPartError(f"The package of {module} isn't installed.", fix=SETUP) from error


_QUESTION = re.compile(
    r"(what|what's|why|how|how's|when|where|who|who's|which|can|could|should|shall|would|might|is|are|am|do|does|did|will|has)\b"
)
# The engines' dictionaries are American: a British spelling would be read letter by letter or by rule. Same sound.
# Letters said one by one are given as capitals. Found by comparing the engines' phonemes with the lexicon's.
_RESPELT = {
    "diarrhoea": "diarrhea", "oedema": "edema", "oestrogen": "estrogen", "anaemia": "anemia", "anaemic": "anemic",
    "haemorrhage": "hemorrhage", "gynaecologist": "gynecologist", "paediatric": "pediatric", "tumour": "tumor",
    "anaesthetic": "anesthetic", "paralysed": "paralyzed", "manoeuvre": "maneuver", "orthopaedic": "orthopedic",
    "metre": "meter", "metres": "meters", "toothache": "tooth ache", "earache": "ear ache",
    "gp": "G P", "tv": "T V", "dvt": "D V T", "oww": "ow",
}  # fmt: skip
# What engines spell out or guess at: sentences with such a word are left to the others.
_UNSAYABLE = frozenset(
    ("shh", "ssh", "hmm", "mhm", "eh", "habe", "ich", "puedo", "respirar", "masseuse", "ms", "lasagne")
)
_UNSAYABLE_BY_RULES = frozenset((
    "anaphylaxis", "atorvastatin", "chapped", "chiropodist", "ciao", "descale", "epipen", "ouchie", "pilates",
    "podiatrist", "resoled", "router", "sciatica", "separators",
))  # fmt: skip
_BY_ENGINE = {
    "kokoro": frozenset(("breathed",)), "hibari": frozenset(("breathed",)),
    "flite": _UNSAYABLE_BY_RULES, "festival": _UNSAYABLE_BY_RULES,
}  # fmt: skip


def can_say(engine: str, text: str) -> bool:
    """Tell whether an engine is known to say every word of a text as the lexicon has it; found as `_RESPELT` was."""
    words = set(text.split())
    return words.isdisjoint(_UNSAYABLE) and words.isdisjoint(_BY_ENGINE.get(engine, ()))


def spoken(text: str) -> str:
    """Return a sentence as an engine should read it: capital I, mark at the end, rare words in American spelling.

    After a short last word the full stop stays away: "no." and "fig." would be read as abbreviations.
    """
    words = [_RESPELT.get(word, word) for word in text.split()]
    words = ["I" + word[1:] if word == "i" or word.startswith("i'") else word for word in words]
    if _QUESTION.match(text):
        return " ".join(words) + "?"
    return " ".join(words) + ("." if len(words[-1]) > 3 else "")
