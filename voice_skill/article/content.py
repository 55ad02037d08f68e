"""All the skill knows, as one immutable value. Not for reading it from files (`loader.py`)."""

from __future__ import annotations

from dataclasses import dataclass

from voice_skill.article.redflags import SafetyLayer
from voice_skill.article.schema import Article, Commands, Lexicon, Requests


@dataclass(frozen=True, slots=True)
class Content:
    """Every content file, loaded and checked."""

    article: Article
    safety: SafetyLayer
    commands: Commands
    requests: Requests
    lexicon: Lexicon
