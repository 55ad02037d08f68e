"""Stories of tests/stories that are marked `spoken`, said aloud to the running assistant on the virtual sound card.

What each sentence must be taken for is the story's; the words around it are checked by tests/conversation. Somebody who
is misheard says it all again: a story has three tries.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from assistant_process import RunningAssistant
from rig import said

pytestmark = [pytest.mark.rig, pytest.mark.timeout(400)]

TRIES = 3
STORIES = [
    pytest.param(story["turns"], id=story["story"])
    for path in sorted((Path(__file__).parent.parent / "stories").glob("*.yaml"))
    for story in yaml.safe_load(path.read_text(encoding="utf-8"))
    if story.get("spoken")
]


def told(card, turns):
    """None when every sentence was taken for what it is, else what went wrong."""
    with card.record() as recording, RunningAssistant(card.env, "--rate", "400", "--region", "US") as assistant:
        assistant.ready()
        for turn in turns:
            recording.wait_for_silence(time.perf_counter(), lasting=1.3)
            before = len(assistant.exchanges)
            card.play(said(turn["say"]))
            try:
                exchange = assistant.wait_for(lambda each: bool(each["heard"]), after=before, timeout=10)
            except TimeoutError:
                return f"{turn['say']!r} was not heard"
            for field in ("action", "entry"):
                if turn.get(field, exchange[field]) != exchange[field]:
                    return f"{turn} -> {exchange}"
            missing = [fragment for fragment in turn.get("says", ()) if fragment not in exchange["say"]]
            if missing:
                return f"{turn} -> {exchange}, without {missing}"
    return None


@pytest.mark.parametrize("turns", STORIES)
def test_a_story_spoken_end_to_end(virtual_audio, turns):
    went_wrong = []
    for _ in range(TRIES):
        problem = told(virtual_audio, turns)
        if problem is None:
            return
        went_wrong.append(problem)
    pytest.fail("\n".join(went_wrong))


def test_there_are_ten_of_them():
    assert len(STORIES) >= 10
