"""What is asked about the talk itself: whole phrases, and nothing else."""

from __future__ import annotations

from itertools import combinations

import pytest
from rapidfuzz import fuzz

from voice_skill.article.loader import load_content
from voice_skill.article.schema import REQUEST_IDS
from voice_skill.events import Hypothesis
from voice_skill.settings import CONTENT_DIR
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.requests import ALIKE, RequestFinder

CONTENT = load_content(CONTENT_DIR)
FINDER = RequestFinder(CONTENT.requests)
PHRASES = [(request.id, normalize(phrase)) for request in CONTENT.requests.requests for phrase in request.phrases]


def find(*texts):
    return FINDER.find([Hypothesis(text, -0.5 * at) for at, text in enumerate(texts)])


@pytest.mark.parametrize("request_id", REQUEST_IDS)
def test_every_phrase_is_found_with_politeness_around_it(request_id):
    phrases = [phrase for meant, phrase in PHRASES if meant == request_id]
    assert [find(phrase) for phrase in phrases] == [request_id] * len(phrases)
    assert [find(f"um okay {phrase} please thank you") for phrase in phrases] == [request_id] * len(phrases)


def test_no_two_requests_are_alike():
    for (meant, phrase), (other, another) in combinations(PHRASES, 2):
        if meant != other and len(phrase.split()) == len(another.split()):
            assert fuzz.ratio(phrase, another) < ALIKE, (phrase, another)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thank you for the milk",
        "more about heat",
        "the first time it happened",
        "set a timer for twelve minutes",
        "set the oven timer",
        "it's gone midnight",
        "how many steps did i walk today",
        "is it still hurting after a week normal",
        "my chest still hurts",
        "the milk is gone",
        "read me a story",
    ],
)
def test_other_sentences_are_no_requests(text):
    assert find(text) is None


def test_a_letter_misheard_and_a_likely_alternative_are_understood():
    assert find("star the timer") == "start-timer"
    assert find("it still hurt") == "still-hurts"
    assert find("red all the steps", "read all the steps") == "repeat-all"
    assert FINDER.find([Hypothesis("who knows"), Hypothesis("start the timer", -30.0)]) is None


def test_what_is_asked_is_known_to_the_model_and_what_is_said_while_it_speaks_is_short():
    from voice_skill.ears import open_ears
    from voice_skill.settings import Settings

    model = open_ears(Settings()).model
    for _, phrase in PHRASES:
        assert all(map(model.knows, phrase.split())), phrase
    for phrase in CONTENT.requests.while_speaking:
        assert all(map(model.knows, phrase.split())), phrase
        assert len(phrase.split()) <= 4, phrase
