"""The sentence network for a corpus: taught once, then kept in build/networks under the corpus's digest.

Teaching takes minutes on a graphics card and a night on two cores, the rest of the fit a quarter of an hour: a network
that was taught elsewhere, or before the fit was cut short, is used again. Not for how it is taught (`teaching.py`).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TypedDict

from fit.corpus import Corpus
from fit.files import CHECKOUT
from fit.network import read_encoder
from fit.teaching import Progress, coached, taught_again
from voice_skill.understanding.network import NetworkWeights, parse_network, written_network
from voice_skill.understanding.training import NO_FLAG

KEPT = CHECKOUT / "build" / "networks"


class School:
    """Teaches networks on from the encoder in this folder, which is read only if there is one to be taught."""

    def __init__(self, encoder: Path, kept: Path = KEPT) -> None:
        self._folder = encoder
        self._kept = kept

    def network(self, corpus: Corpus, progress: Progress) -> NetworkWeights:
        """The network for this corpus, its numbers rounded as its file has them.

        Raises FileNotFoundError when it has to be taught and the encoder isn't there.
        """
        file = self._kept / f"{corpus.digest()}.npz"
        if not file.exists():
            taught = coached(self._encoder, corpus.lessons(), **_exam(corpus), progress=progress)
            self._kept.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".tmp")
            draft.write_bytes(written_network(taught))
            draft.replace(file)
        return parse_network(file.read_bytes())

    @cached_property
    def _encoder(self) -> NetworkWeights:
        return read_encoder(self._folder)


def gone_on(network: NetworkWeights, corpus: Corpus, progress: Progress) -> NetworkWeights:
    """`network`, taught before with nearly this corpus, after it has read this one, too; not kept.

    Its numbers are rounded as its file has them.
    """
    taught = taught_again(network, corpus.lessons(), **_exam(corpus), progress=progress)
    return parse_network(written_network(taught))


class _Exam(TypedDict):
    labels: tuple[str, ...]
    flags: tuple[str, ...]
    trained_on: str


def _exam(corpus: Corpus) -> _Exam:
    flags = (NO_FLAG, *(flag.id for flag in corpus.safety.flags))
    return _Exam(labels=tuple(corpus.training.phrases), flags=flags, trained_on=corpus.digest())
