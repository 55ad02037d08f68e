"""Every state the page can show, reached by talking to the real skill; for the tests and for the pictures in docs/."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import permutations

from voice_skill import __version__
from voice_skill.conversation.waiting import PUBLIC_IN_STEPS_S
from voice_skill.events import Chosen, DeviceLost, Event, Finished, Heard, Hypothesis, Pressed, Tick
from voice_skill.kiosk.booklet import Booklet
from voice_skill.kiosk.view import Composer, View, heard, hearing, saying
from voice_skill.kiosk.words import load_words
from voice_skill.settings import CONTENT_DIR, Settings
from voice_skill.skill import Visit, build_skill

SKILL = build_skill("US")
WORDS = load_words(CONTENT_DIR)
BOOKLET = Booklet(SKILL.replies, WORDS, __version__)
COMPOSER = Composer(SKILL.replies, WORDS.drawn_steps())


class Talk:
    """A visit whose view is made as the running kiosk makes it."""

    def __init__(self, *, public: bool = False) -> None:
        self._visit = Visit(SKILL, Settings(kiosk=public))
        self.view = View()
        self.sentences: list[str] = []
        self._perform(self._visit.greet().effects)

    def on(self, event: Event) -> Talk:
        """An event, without what is then said being spoken."""
        return self._perform(self._visit.on(event).effects)

    def says(self, text: str) -> Talk:
        """Somebody says something."""
        self.view = heard(hearing(self.view, text), text)
        return self.on(Heard((Hypothesis(text),)))

    def presses(self, name: str) -> Talk:
        """Somebody presses a button."""
        return self.on(Chosen(name.removeprefix("topic:")) if name.startswith("topic:") else Pressed(name))

    def spoken(self, sentences: int | None = None) -> Talk:
        """The voice says so many sentences of its turn; all of them, and it ends, when None."""
        for sentence in self.sentences[:sentences]:
            self.view = saying(self.view, sentence)
        return self if sentences is not None else self.on(Finished())

    def change(self, how: object) -> Talk:
        """Another change of the view, e.g. words heard so far."""
        self.view = how(self.view)  # type: ignore[operator]
        return self

    def _perform(self, effects: tuple) -> Talk:
        said = next((effect for effect in effects if hasattr(effect, "prompts")), None)
        if said is not None:
            self.sentences = [prompt.text for prompt in said.prompts]
        self.view = COMPOSER.standing(COMPOSER.decided(self.view, effects), self._visit.state)
        return self


CRAMP, HEAT = "my toes are cramping", "does heat help"


def scenes() -> dict[str, View]:
    """The views by name; "idle" to "error" are states, the others what can be seen in one."""
    talks = (Talk().spoken().says(text) for text in DOUBTFUL)
    asked = next(talk for talk in talks if sum("topic:" in option.press for option in talk.view.options) == 2)
    return {
        "booting": View(),
        "idle": Talk().spoken().view,
        "listening": Talk().spoken().change(lambda view: hearing(view, "my toes are")).view,
        "heard": Talk().spoken().change(lambda view: heard(view, CRAMP)).view,
        "thinking": Talk().spoken().says(CRAMP).view,
        "speaking": _at_step(Talk().spoken().says(CRAMP)).view,
        "caution": Talk().spoken().says(CRAMP).spoken(2).view,
        "waiting": Talk().spoken().says(CRAMP).spoken().presses("next").spoken().view,
        "paused": Talk().spoken().says("could it be my shoes").spoken(1).presses("pause").spoken().view,
        "question": asked.spoken().view,
        "yes-no": Talk().spoken().says("i have no chest pain").spoken().view,
        "emergency": Talk().spoken().says("i have chest pain").spoken(2).view,
        "refused": Talk().spoken().says("what is the weather").spoken().view,
        "mic-off": Talk().spoken().presses("topic:strengthening").spoken().on(DeviceLost("microphone")).spoken().view,
        "error": Talk().spoken().on(DeviceLost("speaker")).spoken().view,
        "timer": _timed().view,
        "warning": forgotten_at(time.monotonic()).spoken().view,
    }


# Two topics in few words. Which of these are taken for a question about either changes with each fit.
TOPICS = ("heat", "massage", "stretch", "shoes", "food", "night", "blood", "doctor")
DOUBTFUL = [f"{one}{joined}{other}" for one, other in permutations(TOPICS, 2) for joined in (" or ", " ")]


def _at_step(talk: Talk) -> Talk:
    """The voice has come to the step itself."""
    assert talk.view.step is not None
    return talk.spoken(talk.sentences.index(talk.view.step.text) + 1)


def forgotten_at(now_s: float) -> Talk:
    """Somebody has walked away from a public device, in the middle of the steps: it begins to warn at `now_s`."""
    talk = Talk(public=True).on(Tick(now_s - PUBLIC_IN_STEPS_S)).spoken().says(CRAMP).spoken()
    return talk.on(Tick(now_s))


def _timed() -> Talk:
    talk = Talk().on(Tick(time.monotonic() - 83)).spoken().says("a warm pack").spoken()
    timed = talk.presses("start-timer").spoken()
    timed.view = replace(timed.view, heard="")
    return timed
