"""Where the sentences lie that we learn from and are judged by, and how their files are read.

Files are tab-separated, `#` starts a comment. Standard library alone: the voices' own Python environment uses it too.
Not for what the columns mean (`corpus.py`, `bench/corpora.py`).
"""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
CORPUS = CHECKOUT / "tests" / "corpus"
DATA = Path(__file__).parent / "data"
HARMLESS = "harmless"  # beside the red flags in their files: what only sounds like one


def rows(path: Path) -> list[list[str]]:
    """The cells of each line that is neither blank nor a comment."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
