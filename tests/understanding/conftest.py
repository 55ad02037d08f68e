"""The matcher of the real content, built once for all tests of the room."""

from __future__ import annotations

import pytest

from voice_skill.article.content import Content
from voice_skill.article.loader import load_content
from voice_skill.settings import CONTENT_DIR
from voice_skill.understanding.interpret import Understanding
from voice_skill.understanding.matcher import Matcher
from voice_skill.understanding.training import TrainingSet, training_set


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content(CONTENT_DIR)


@pytest.fixture(scope="session")
def training(content: Content) -> TrainingSet:
    return training_set(content.article, content.commands, content.lexicon)


@pytest.fixture(scope="session")
def understanding(content: Content) -> Understanding:
    return Understanding.of(content)


@pytest.fixture(scope="session")
def matcher(understanding: Understanding) -> Matcher:
    return understanding.matcher
