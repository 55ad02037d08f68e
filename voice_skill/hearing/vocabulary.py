"""The words that a speech model knows, as its folder lists them. Not for asking about one word (`recognizer.py`)."""

from __future__ import annotations

from pathlib import Path


def listed_words(folder: Path) -> frozenset[str]:
    """Every word of the model in `folder`, without marks such as "<eps>" and "[unk]".

    Empty where the model keeps its list inside its grammar and has no `graph/words.txt`, as small models from the Vosk
    project do.
    """
    listed = folder / "graph" / "words.txt"
    if not listed.exists():
        return frozenset()
    lines = listed.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if (word := line.partition(" ")[0])[:1].isalpha())
