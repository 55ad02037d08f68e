"""Every command, said in two ways, in every state, to the real understanding (reference U21): it is obeyed at once."""

from __future__ import annotations

import pytest
from undecided import WORD, spoken

from voice_skill.events import Decided, Finished, Heard, Hypothesis, Interrupted, Tick
from voice_skill.settings import Settings
from voice_skill.skill import Visit, build_skill

SAID = {
    "stop": ("stop", "that's enough", "be quiet"),
    "pause": ("pause", "wait a moment", "hold on"),
    "resume": ("resume", "go on where you stopped"),
    "repeat": ("repeat that", "pardon", "say that again"),
    "next": ("next", "done", "what's next"),
    "previous": ("go back", "previous step", "the step before"),
    "slower": ("slower", "slow down", "too fast"),
    "faster": ("faster", "speed up", "too slow"),
    "louder": ("louder", "speak up", "turn it up"),
    "quieter": ("quieter", "turn it down", "not so loud"),
    "help": ("help", "what can i say"),
    "goodbye": ("goodbye", "bye bye", "that's all thanks"),
    "start-over": ("start over", "start again", "from the beginning"),
}
STATES = {
    "at first": (),
    "in the steps": ("my foot is cramping",),
    "at the last step": ("my foot is cramping", "next", "next", "next"),
    "asked which": (WORD,),
    "asked about a red flag": ("my foot cramps but no chest pain",),
    "not understood": ("what's the weather tomorrow", "play some music"),
    "cut off": ("my foot is cramping", Interrupted(1)),
    "reading the article": ("read me the whole article", Interrupted(1)),
    "in brief": ("keep it brief", "my foot is cramping"),
    "while the timer runs": ("my foot is cramping", "start the timer", Tick(300.0)),
    "warned": ("my foot is cramping", Tick(400.0)),
    "told to see somebody": ("my calf is swollen and hot",),
}


@pytest.fixture(scope="module")
def skill():
    return build_skill("US")


def visit_in(skill, happenings):
    visit = Visit(skill, Settings(kiosk=True))
    visit.on(Tick(0.0))
    for happening in happenings:
        if visit.state.speaking and not isinstance(happening, Interrupted):
            visit.on(Finished())
        visit.on(Heard((Hypothesis(spoken(happening)),)) if isinstance(happening, str) else happening)
    if visit.state.speaking and not visit.state.reads_on:
        visit.on(Finished())
    return visit


@pytest.mark.parametrize("state", STATES)
def test_every_command_is_obeyed_in_two_ways_of_saying_it(skill, state):
    missed = []
    for command, ways in SAID.items():
        for text in ways:
            decided = visit_in(skill, STATES[state]).on(Heard((Hypothesis(text),))).decided
            accepted = {command, "next"} if command == "resume" else {command}  # nothing was cut off: on to the next
            if decided.entry not in accepted:
                missed.append((text, decided.entry, decided.score))
    assert missed == []


@pytest.mark.parametrize("text", ["yes", "yeah", "yes please", "okay", "no", "nope", "no thanks", "i don't think so"])
@pytest.mark.parametrize("state", ["asked which", "asked about a red flag", "warned"])
def test_yes_and_no_answer_what_was_asked(skill, state, text):
    visit = visit_in(skill, STATES[state])
    visit.on(Heard((Hypothesis(text),)))
    assert visit.state.question is None
    assert not visit.state.warned


@pytest.mark.parametrize("text", ["stop", "repeat", "slower", "louder", "start over", "goodbye"])
def test_in_an_emergency_what_helps_still_works(skill, text):
    visit = visit_in(skill, ("i have chest pain",))
    decided = visit.on(Heard((Hypothesis(text),))).decided
    assert isinstance(decided, Decided)
    assert (decided.action, decided.entry) == ("command", text.replace(" ", "-"))
