"""Builds every sentence the assistant can say, from the content alone. All are fixed texts, known before anyone speaks.

That is what lets the voice render them ahead (`all_prompts`). Not for choosing what to say (`machine.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from voice_skill.article.content import Content
from voice_skill.article.schema import Entry, Region, Sentence
from voice_skill.events import Prompt

MAX_MISSES = 3  # never a fourth re-prompt (reference U19)
MINUTES_AHEAD = 20  # of the timer; later ones are rendered when they are asked for


class Replies:
    """The fixed sentences of one installation: content plus the emergency numbers of its region."""

    def __init__(self, content: Content, region: Region) -> None:
        self._content = content
        self._numbers = content.safety.regions[region].model_dump()
        self._flags = {flag.id: flag for flag in content.safety.flags}
        self.entries: dict[str, Entry] = {entry.id: entry for entry in content.article.entries}

    @property
    def emergency_number(self) -> str:
        """Whom to call in an emergency, as it is said: "112"."""
        return self._numbers["emergency"]

    def own(self, name: str, **values: object) -> tuple[Prompt, ...]:
        """The assistant's own talk, e.g. "slower". Raises KeyError for a name that `commands.yaml` lacks."""
        return tuple(Prompt(line.format(**values)) for line in self._content.commands.replies[name])

    def safety(self, name: str) -> tuple[Prompt, ...]:
        """A fixed reply of the safety layer with this region's numbers. Raises KeyError for an unknown name."""
        return tuple(self._safety_prompt(sentence) for sentence in self._content.safety.replies[name])

    def flag(self, flag_id: str) -> tuple[Prompt, ...]:
        """What to say when that red flag is raised."""
        return self.safety(self._flags[flag_id].reply)

    def flag_tier(self, flag_id: str) -> str:
        """emergency, urgent or doctor."""
        return self._flags[flag_id].tier

    def flag_needs_topic(self, flag_id: str) -> bool:
        """Whether its words mean something only in talk about feet and cramps."""
        return self._flags[flag_id].needs_topic

    def ask_flag(self, flag_id: str) -> tuple[Prompt, ...]:
        """Did you say ...? for a red flag that was denied in the same breath."""
        return self.own("ask-flag", about=self._flags[flag_id].about)

    def gist(self, entry_id: str) -> Prompt:
        """What the entry is about, in one sentence."""
        return _prompt(self.entries[entry_id].gist)

    def reminder(self) -> Prompt:
        """The see-your-doctor sentence."""
        return _prompt(self._content.article.doctor_reminder)

    def step(self, entry_id: str, position: int) -> tuple[Prompt, ...]:
        """One step with its number ("Step 2 of 4."); steps count from 0 here, from 1 aloud."""
        entry = self.entries[entry_id]
        return (*self.place(entry_id, position), _prompt(entry.steps[position]))

    def place(self, entry_id: str, position: int) -> tuple[Prompt, ...]:
        """Which step this is, and how many there are; steps count from 0 here, from 1 aloud."""
        entry = self.entries[entry_id]
        return self.own("step-of", counted_as=entry.counted_as, number=position + 1, total=len(entry.steps))

    def minutes(self, minutes: int) -> tuple[Prompt, ...]:
        """How long the timer has run."""
        name = ("timer-no-minute", "timer-one-minute")[minutes] if minutes < 2 else "timer-minutes"
        return self.own(name, minutes=minutes)

    def about(self) -> tuple[Prompt, ...]:
        """What this is meant for, and how old and by whom signed the safety layer is (reference S9)."""
        layer = self._content.safety
        return self.own("about", version=layer.version, signed_by=layer.signed_by)

    def reject(self, number: int) -> tuple[Prompt, ...]:
        """The first, second or third answer to what isn't understood; the third names the doctor (reference U19)."""
        worried = self.safety("worried") if number == MAX_MISSES else ()
        return (*self.own(f"reject-{number}"), *worried)

    def cautions(self, entry_id: str, position: int) -> tuple[str, ...]:
        """Names of the safety replies that belong before that step (from 0)."""
        return tuple(c.reply for c in self.entries[entry_id].cautions if c.before_step == position + 1)

    def ask_entries(self, options: tuple[str, ...]) -> tuple[Prompt, ...]:
        """Did you mean A? or Did you mean A, or B?"""
        titles = [self.entries[option].title.lower() for option in options]
        if len(titles) == 1:
            return self.own("ask-one", first=titles[0])
        return self.own("ask-two", first=titles[0], second=titles[1])

    def offer(self, entry_id: str) -> tuple[Prompt, ...]:
        """That another entry, named in the same breath, can be had too."""
        return self.own("offer", other=self.entries[entry_id].title.lower())

    def all_prompts(self) -> Iterator[Prompt]:
        """Every sentence that can be said, most urgent first: what the voice should render ahead."""
        yield from self.own("voice-lost")  # no later chance
        for name in self._content.safety.replies:
            yield from self.safety(name)
        for entry_id, entry in self.entries.items():
            yield self.gist(entry_id)
            for position in range(len(entry.steps)):
                yield from self.step(entry_id, position)
        yield self.reminder()
        for name, lines in self._content.commands.replies.items():
            if not any("{" in line for line in lines):
                yield from self.own(name)
        yield from self.about()
        for flag_id in self._flags:
            yield from self.ask_flag(flag_id)
        for entry_id in self.entries:
            yield from self.ask_entries((entry_id,))
            yield from self.offer(entry_id)
        for minutes in range(2, MINUTES_AHEAD + 1):
            yield from self.minutes(minutes)

    def _safety_prompt(self, sentence: Sentence) -> Prompt:
        return Prompt(sentence.text.format(**self._numbers), sentence.source)


def _prompt(sentence: Sentence) -> Prompt:
    return Prompt(sentence.text, sentence.source)
