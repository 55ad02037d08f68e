"""What is doubtful about the phrases of the content: too few, given twice, or taken for something else.

For authors (`voice-skill content check`): each warning is one line that names the phrase and what to do. Pure. Not for
broken rules, which are errors (`article/lint.py`), nor for words that can't be heard (`unheard.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from voice_skill.article.content import Content
from voice_skill.events import Hypothesis
from voice_skill.understanding.interpret import Alarm, Context, Understanding, Understood
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.training import NONE

# About half of what the poorest has today (66 and 40). With far fewer the matcher knows only their very wording.
ENTRY_PHRASES_WANTED, COMMAND_PHRASES_WANTED = 30, 20

_AT_ONCE = 100  # phrases
_ANSWERS = ("yes", "no")
# "Go on" means either; the conversation tells them apart by what was cut off.
_GO_ON = {"next", "resume"}


def few_phrases(content: Content) -> Iterator[str]:
    """Entries and commands with too few phrases of their own; those that differ in nothing heard count once."""
    wanted = [(entry.id, entry.phrases, ENTRY_PHRASES_WANTED) for entry in content.article.entries]
    wanted += [(command.id, command.phrases, COMMAND_PHRASES_WANTED) for command in content.commands.commands]
    for label, phrases, enough in wanted:
        different = len(set(map(normalize, phrases)))
        if different < enough:
            yield f"{label}: {different} different phrases; write {enough} or more, in many people's words"


def shared_phrases(content: Content) -> Iterator[str]:
    """Phrases that stand in two places which mean different things, compared as they are heard."""
    first: dict[str, str] = {}
    refused = ((NONE, sentence) for sentence in content.lexicon.out_of_scope)
    for label, phrase in (*labelled_phrases(content), *refused):
        other = first.setdefault(normalize(phrase), label)
        if other != label:
            yield f'{_place(label)}: "{phrase}" also stands in {_place(other)}; keep one of them, then scripts/fit'


def stolen_phrases(content: Content, understanding: Understanding) -> Iterator[str]:
    """Phrases that, said in a fresh visit, are accepted as something else, or raise an emergency or urgent red flag.

    A question back ("Did you say ...?") is no theft. "yes", "no" and their like mean something only when asked: so
    they are. Takes a few milliseconds a phrase.
    """
    phrases = list(labelled_phrases(content))
    for number, (label, phrase) in enumerate(phrases):
        if number % _AT_ONCE == 0:
            understanding.matcher.prepare([normalize(text) for _, text in phrases[number : number + _AT_ONCE]])
        context = Context(awaiting="yes-no") if label in _ANSWERS else Context()
        understood = understanding.interpret((Hypothesis(phrase),), context)
        alarm, thief = understood.alarm, _accepted(understood)
        if alarm is not None and alarm.tier != "doctor" and not alarm.denied:
            # Nothing of weakening the flag: that is for those who sign the safety layer.
            yield f'{label}: "{phrase}" raises the red flag {_flag(alarm)}; reword it, or take it out; then scripts/fit'
        elif thief not in (None, label) and not _either_goes_on(label, understood):
            yield f'{label}: "{phrase}" is taken for {thief}; reword it, or move it to {thief}; then scripts/fit'


def labelled_phrases(content: Content) -> Iterator[tuple[str, str]]:
    """Every phrase of the entries and commands, those of the lexicon included, as (label, phrase) in file order."""
    own = [(entry.id, entry.phrases) for entry in content.article.entries]
    own += [(command.id, command.phrases) for command in content.commands.commands]
    for label, phrases in own:
        yield from ((label, phrase) for phrase in (*phrases, *content.lexicon.phrases.get(label, ())))


def _accepted(understood: Understood) -> str | None:
    return understood.match.entry if understood.match.band == "accept" else None


def _either_goes_on(label: str, understood: Understood) -> bool:
    return label in _GO_ON and {understood.match.entry, understood.match.runner_up} == _GO_ON


def _flag(alarm: Alarm) -> str:
    because = " .. ".join(alarm.evidence) or "all its words together"
    return f"{alarm.flag}, {alarm.about!r}, because of: {because}"


def _place(label: str) -> str:
    return "out_of_scope" if label == NONE else label
