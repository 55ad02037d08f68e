"""What must never be trained on: the voices and the sentences that the model is judged by.

Not for judging. A voice or a sentence that gets past this module makes every figure of the model card worthless.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from voice_skill.errors import UsageError
from voice_skill.understanding.normalize import normalize

# Outside evaluations speak with these (Kokoro), and with every voice of SVOX Pico.
EVALUATION_VOICES = frozenset({"af_bella", "am_michael", "bf_emma", "bm_george"})
# Our own figures (`bench speech`) come from these: Kokoro's and one of flite's.
BENCH_VOICES = frozenset(
    {"af_nova", "am_puck", "bf_lily", "bm_lewis", "ef_dora", "zm_yunxi", "jf_alpha", "im_nicola", "rms", "cmu_us_rms"}
)
HELD_OUT_VOICES = EVALUATION_VOICES | BENCH_VOICES
HELD_OUT_ENGINES = ("pico", "svox")

_NAME = re.compile(r"[a-z0-9_]+")

SET_ASIDE = 6  # one in so many

Columns = Callable[[Sequence[str]], str | None]


def is_held_out_voice(engine: str, voice: str) -> bool:
    """Whether nothing of `voice` may be trained on; true for a blend with such a voice too ("af_nova+af_sky")."""
    names = set(_NAME.findall(f"{engine} {voice}".lower()))
    return bool(names & HELD_OUT_VOICES) or any(engine.lower().startswith(name) for name in HELD_OUT_ENGINES)


def held_out_key(text: str) -> str:
    """The form in which sentences are compared: "What's that?" and "what is that" are the same sentence."""
    return normalize(text)


def is_set_aside(text: str) -> bool:
    """Whether a writer's sentence is kept from the model so that the matcher learns from how it is misheard.

    What the language model has read it hears nearly without mistakes: a noisy copy of that teaches nothing. The same
    one in six for ever, by the sentence's hash.
    """
    return hashlib.sha256(held_out_key(text).encode()).digest()[0] % SET_ASIDE == 0


def held_out_texts(root: Path, extra: Iterable[Path] = ()) -> frozenset[str]:
    """The keys (`held_out_key`) of every sentence that may not be trained on.

    Args:
        root: the checkout; those of its files that aren't there are passed over.
        extra: more files of such sentences, one a line; of lines with tabs the last field counts, or the field under
            "text" when the first line has such a heading.

    Raises UsageError when a file of `extra` can't be read: silence would let its sentences in.
    """
    keys: set[str] = set()
    for pattern, column in _FILES.items():
        for path in root.glob(pattern):
            keys |= _keys(path, column)
    for path in extra:
        try:
            keys |= _keys(path, None)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: can't be read: {error}", fix="name a text file of held-out sentences") from None
    return frozenset(keys)


def _second(fields: Sequence[str]) -> str:
    return fields[1]


def _first(fields: Sequence[str]) -> str:
    return fields[0]


# Where the sentences stand in a line; None: under "text", or else last.
_FILES: dict[str, Columns | None] = {
    "tests/audio/expected.tsv": None,
    "tests/corpus/dev.tsv": _second,
    "tests/corpus/in-context-dev.tsv": _second,
    "tests/corpus/out-of-scope-dev.tsv": _first,
    "tests/corpus/red-flags.tsv": lambda fields: fields[1] if fields[2] == "check" else None,
    "tests/corpus/benign.tsv": lambda fields: fields[0] if fields[1] == "check" else None,
    "tests/corpus/wording-dev.tsv": None,
    "tests/corpus/red-flags-dev.tsv": None,
    "bench/wording/*.tsv": None,
    "bench/red-flags/*.tsv": None,
    "bench/speech/sentences.tsv": None,
}


def _keys(path: Path, column: Columns | None) -> set[str]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not rows:
        return set()
    place = -1
    if column is None and "text" in rows[0]:
        place = rows[0].index("text")
        rows = rows[1:]
    texts = (row[place] if column is None else column(row) for row in rows)
    return {key for text in texts if text and (key := held_out_key(text))}
