"""From sound to text with Vosk: one model, any number of recognizers on it, n-best lists with likelihoods.

When an utterance begins and ends is decided elsewhere (`gate.py`). Not for finding or checking the model's folder
(`models.py`): only a `CheckedModel` may come here, because Vosk ends the whole process on a damaged one.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from voice_skill.errors import ModelError
from voice_skill.events import Hypothesis
from voice_skill.hearing.frames import SAMPLE_RATE, duration_ms

if TYPE_CHECKING:
    from voice_skill.hearing.models import CheckedModel

log = logging.getLogger(__name__)

UNKNOWN = "[unk]"  # the model's word for "some word I don't know"
BLOCK_BYTES = SAMPLE_RATE // 10 * 2  # 100 ms: decoding single 20 ms frames costs a quarter more

# Digital silence, as synthetic voices and noise-suppressing microphones give it, is unlike anything a model was trained
# on: 25 % of the words around it were wrong. With this faint hiss added to all sound, 10 %; anything from -85 to -60
# dBFS does, and noisy speech comes to no harm.
HISS_DBFS = -80.0


@dataclass(frozen=True, slots=True)
class Partial:
    """What has been understood so far of an utterance that goes on; later words may still change it."""

    text: str


@dataclass(frozen=True, slots=True)
class Final:
    """What was understood of a whole utterance.

    alternatives: at least one, best first, all different; the best has log_likelihood 0.0. Text "" means that
        no known word was heard.
    audio_ms: how much sound was decoded.
    """

    alternatives: tuple[Hypothesis, ...]
    audio_ms: int

    @property
    def text(self) -> str:
        """The best reading."""
        return self.alternatives[0].text


class SpeechModel:
    """A loaded model, to be shared by all recognizers. The bundled one takes 0.2 s and 30 MB.

    Raises:
        ModelError: Vosk refuses the folder although its files are what they should be.
    """

    def __init__(self, checked: CheckedModel) -> None:
        import vosk  # 0.3 s: not paid by those who only type

        vosk.SetLogLevel(-1)
        self.name = checked.name
        try:
            self._model = vosk.Model(model_path=str(checked.folder))  # never by name: that would go to the network
        except Exception as error:  # vosk raises nothing more specific
            raise ModelError(f"Vosk can't load the speech model {checked.name}: {error}", fix=checked.repair) from error

    def knows(self, word: str) -> bool:
        """Whether the model can hear this word (lower case)."""
        return bool(word) and self._model.vosk_model_find_word(word) >= 0

    def decoder(self, grammar: Sequence[str] | None) -> Any:
        """A bare Vosk recognizer; for `Recognizer`, which knows what may not be done with it."""
        import vosk

        closed = () if grammar is None else (json.dumps(list(grammar), ensure_ascii=False),)  # Vosk reads no \\uXXXX
        return vosk.KaldiRecognizer(self._model, SAMPLE_RATE, *closed)


class Recognizer:
    """One view of a model: open (its own language model) or closed (only the phrases of a grammar).

    Made once and used for every utterance: a new one starts with cold caches. For one thread at a time.

    Args:
        max_alternatives: length of the n-best list at most.
        grammar: the phrases of a closed view, lower case. A phrase with a word that the model doesn't know is left out
            (`left_out`), since its remains may mean something else. `[unk]` is added where the model has it:
            without it every sound would become one of the phrases.

    Raises:
        ValueError: no phrase of the grammar is left. (Vosk itself would end the process.)
    """

    def __init__(self, model: SpeechModel, max_alternatives: int = 5, grammar: Sequence[str] | None = None) -> None:
        self._model = model
        self._max_alternatives = max_alternatives
        self.left_out: tuple[str, ...] = ()
        if grammar is not None:
            grammar, self.left_out = _usable_phrases(model, grammar)
        self._decoder = model.decoder(grammar)
        # readings that differ only in unknown words become one, so a few more are asked for
        self._decoder.SetMaxAlternatives(2 * max_alternatives)
        self._start_over()

    def knows(self, word: str) -> bool:
        """Whether the model can hear this word (lower case)."""
        return self._model.knows(word)

    def accept(self, frames: bytes) -> Iterator[Partial | Final]:
        """Decodes the next part of the utterance; tells when the text so far has changed.

        Args:
            frames: 16 kHz mono int16 samples, any number; decoded as soon as there are 100 ms of them.
                Raises ValueError for half a sample.
        """
        if len(frames) % 2:
            raise ValueError("half a sample: the rest of the sound would become noise")
        self._waiting += frames
        if len(self._waiting) < BLOCK_BYTES:
            return iter(())
        self._decode()
        text = self._text_so_far()
        if text in ("", self._partial):
            return iter(())
        self._partial = text
        return iter([Partial(text)])

    def finish(self) -> Final:
        """Ends the utterance. The recognizer is ready for the next one."""
        self._decode()
        parts = [*self._parts, _readings(self._end())]
        final = Final(join_readings(parts, self._max_alternatives), self._audio_ms)
        self._start_over()
        return final

    def reset(self) -> None:
        """Forgets the utterance under way."""
        self._end()
        self._start_over()

    def warm_up(self) -> None:
        """Pays Vosk's one-off costs with a second of faint noise, so that the first utterance is as fast as others."""
        self.reset()
        noise = np.random.default_rng(0).normal(0, 300, SAMPLE_RATE).astype(np.int16)
        self.accept(noise.tobytes())
        self.finish()

    def _decode(self) -> None:
        sound = _with_hiss(self._waiting, self._audio_ms * SAMPLE_RATE // 1000)
        self._audio_ms += duration_ms(self._waiting)
        if self._decoder.AcceptWaveform(sound):
            # Vosk believes the utterance has ended and is about to forget it. The gate decides that: keep this part.
            self._parts.append(_readings(self._decoder.Result()))
        self._waiting = b""

    def _end(self) -> str:
        """Vosk's last result. Afterwards it holds no sound any more.

        Its own Reset, and a FinalResult right after a Result, keep the sound that isn't decoded yet, up to 0.8 s of it:
        that came out at the start of the next utterance. Empty input makes FinalResult do its whole work.
        """
        self._decoder.AcceptWaveform(b"")
        return self._decoder.FinalResult()

    def _text_so_far(self) -> str:
        going_on = _known_words(json.loads(self._decoder.PartialResult()).get("partial", ""))  # none right after an end
        return " ".join(filter(None, [*(part[0].text for part in self._parts), going_on]))

    def _start_over(self) -> None:
        self._waiting = b""
        self._parts: list[tuple[Hypothesis, ...]] = []
        self._partial = ""
        self._audio_ms = 0


_HISS = np.random.default_rng(0).normal(0, 32_768 * 10 ** (HISS_DBFS / 20), SAMPLE_RATE).astype(np.int32)


def _with_hiss(pcm: bytes, position: int) -> bytes:
    """The samples with the hiss of that place in the utterance, so that the same utterance always gives the same."""
    samples = np.frombuffer(pcm, np.int16)
    hiss = np.take(_HISS, np.arange(position, position + len(samples)), mode="wrap")
    return np.clip(samples + hiss, -32_768, 32_767).astype(np.int16).tobytes()


def merge_readings(readings: Iterable[Hypothesis]) -> tuple[Hypothesis, ...]:
    """Adds up the probabilities of equal texts; best first, relative to the best."""
    total: dict[str, float] = {}
    for reading in readings:
        known = total.get(reading.text, -math.inf)
        high, low = max(known, reading.log_likelihood), min(known, reading.log_likelihood)
        total[reading.text] = high + math.log1p(math.exp(low - high))
    best = max(total.values())
    ranked = sorted(total.items(), key=lambda item: -item[1])
    return tuple(Hypothesis(text, likelihood - best) for text, likelihood in ranked)


def join_readings(parts: Iterable[Sequence[Hypothesis]], limit: int) -> tuple[Hypothesis, ...]:
    """The n-best list of an utterance from those of its consecutive parts: the likeliest combinations, best first."""
    whole: tuple[Hypothesis, ...] = (Hypothesis(""),)
    for part in parts:
        whole = merge_readings(
            Hypothesis(f"{left.text} {right.text}".strip(), left.log_likelihood + right.log_likelihood)
            for left in whole
            for right in part
        )[:limit]
    return whole


def _usable_phrases(model: SpeechModel, grammar: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    usable: list[str] = []
    left_out: list[str] = []
    for phrase in grammar:
        words = phrase.split()
        (usable if words and all(map(model.knows, words)) else left_out).append(" ".join(words))
    if left_out:
        log.warning("the speech model %s can't hear: %s", model.name, ", ".join(left_out))
    if not usable:
        raise ValueError(f"the speech model {model.name} knows no phrase of this grammar: {list(grammar)}")
    if model.knows(UNKNOWN):
        usable.append(UNKNOWN)
    return list(dict.fromkeys(usable)), tuple(left_out)


def _readings(result: str) -> tuple[Hypothesis, ...]:
    """Vosk's n-best list; what it calls confidence is a log-likelihood with an arbitrary zero."""
    alternatives = json.loads(result).get("alternatives") or [{"text": "", "confidence": 0.0}]
    return merge_readings(Hypothesis(_known_words(a["text"]), float(a["confidence"])) for a in alternatives)


def _known_words(text: str) -> str:
    return " ".join(word for word in text.split() if word != UNKNOWN)
