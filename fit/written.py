"""Writes what was fitted into the files that the understanding room reads. Not for fitting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from fit.files import CHECKOUT
from fit.fitting import Fitted
from voice_skill.understanding.network import NETWORK_FILE, written_network
from voice_skill.understanding.votes import written_votes
from voice_skill.understanding.weights import ALARMS_FILE, VOTES_FILE, WEIGHTS_FILE, Weights

FOLDER = CHECKOUT / "voice_skill" / "understanding"
_PARTS = {
    "bands": "accept: from this probability of the best label; ask: from this probability of the best two",
    "alarm": "how a red flag that no rule knows is weighed: votes (alarms.tsv) and network, then the bands",
    "context": "what the place in the conversation adds",
    "topic": "what each feature counts for, for entries",
    "command": "the same for commands",
    "refusal": "the same for refusing",
}


def write(fitted: Fitted) -> Iterator[str]:
    """Write each file; gives its name."""
    texts = {
        WEIGHTS_FILE: "\n".join(_toml(fitted.weights)) + "\n",
        VOTES_FILE: "".join(f"{line}\n" for line in written_votes(fitted.weights.votes)),
        ALARMS_FILE: "".join(f"{line}\n" for line in written_votes(fitted.weights.alarms)),
    }
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        yield name
    (FOLDER / NETWORK_FILE).write_bytes(written_network(fitted.network))
    yield NETWORK_FILE


def _toml(weights: Weights) -> Iterator[str]:
    yield "# The matcher's fitted numbers, in nats where nothing else is said; features.py and weights.py explain them."
    yield "# Written by scripts/fit. Positive speaks for the label, negative against it."
    yield f'trained_on = "{weights.trained_on}"'
    for part, about in _PARTS.items():
        numbers = getattr(weights, part)
        yield from ("", f"[{part}] # {about}")
        for name, value in (numbers if isinstance(numbers, Mapping) else asdict(numbers)).items():
            yield f'"{name}" = {value}'
