"""The matcher beside other designs, on the same question: which label, or refused, for sentences nobody learnt from.

Each design learns from the same sentences, and accepts above its own threshold: the lowest at which it takes at most
`MOST_ACCEPTED` of the dev split's out-of-scope sentences. Red flags are left out of it. Not for the product's figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hassil import Intents, recognize_best
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline, make_union

from bench.corpora import Case
from bench.figures import Share, Table, percentile
from bench.outcomes import kind_of
from fit.corpus import load_corpus, load_training
from fit.judging import dev_cases
from voice_skill.events import Hypothesis
from voice_skill.understanding.matcher import Matcher
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.training import NONE

MOST_ACCEPTED = 0.02
EVERY = 10  # each so many-th sentence is timed alone

Scores = Mapping[str, float]  # label -> how much speaks for it; refusing need not be among them
Phrases = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Peer:
    """A design. learn: from label -> phrases to what scores the labels of a normalised text, 0-1."""

    name: str
    learn: Callable[[Phrases], Callable[[str], Scores]]


def measure(matcher: Matcher, cases: Sequence[Case], encoder: Path, tell: Callable[[str], None]) -> Table:
    """One table. encoder: the folder of the public sentence encoder; where it isn't there, its line says so."""
    table = Table(
        "peers",
        "Understanding: beside other designs",
        ("design", "right", "not accepted", "wrong", "near accepted", "far accepted", "time, of ours"),
    )
    table.notes.append(
        "Entries and commands together, typed. Each accepts above the threshold at which it takes 2 % of the "
        "development split's out-of-scope sentences. hassil and rapidfuzz learn from the content's phrases alone; the "
        "others from all that the writers wrote, too."
    )
    every, content = load_corpus().phrases(), load_training().phrases
    ours = 0.0
    for peer, phrases in _peers(matcher, every, content, encoder):
        tell(peer.name)
        if phrases is None:
            table.add(peer.name, "not measured: run scripts/fit once, which brings the encoder", *[""] * 5)
            continue
        scores = peer.learn(phrases)
        figures, median_ms = _judge(scores, cases)
        ours = ours or median_ms
        table.add(peer.name, *figures.values(), f"{median_ms / ours:.2f} x")
        table.figures[peer.name] = {
            "p50_ms": median_ms,
            "ratio": median_ms / ours,
            **{name: share.as_json() for name, share in figures.items()},
        }
    return table


def _peers(matcher: Matcher, every: Phrases, content: Phrases, encoder: Path) -> Iterable[tuple[Peer, Phrases | None]]:
    yield Peer("this skill", lambda _: lambda text: _chances(matcher, text)), every
    yield (
        Peer("MiniLM and logistic regression", lambda phrases: _encoded(phrases, encoder)),
        (every if (encoder / "model.safetensors").exists() else None),
    )
    yield Peer("TF-IDF and a linear classifier", _tfidf), every
    yield Peer("rapidfuzz WRatio, nearest phrase", _nearest), content
    yield Peer("hassil, phrases as its grammar", _grammar), content


def _judge(scores: Callable[[str], Scores], cases: Sequence[Case]) -> tuple[dict[str, Share], float]:
    outside = [_best(scores(case.alternatives[0].text))[1] for case in dev_cases() if case.labels == (NONE,)]
    threshold = sorted(outside, reverse=True)[int(MOST_ACCEPTED * len(outside))]
    came: list[tuple[str, str]] = []
    times: list[float] = []
    for number, case in enumerate(cases):
        begin = time.perf_counter()
        label, score = _best(scores(normalize(case.text)))
        if number % EVERY == 0:
            times.append((time.perf_counter() - begin) * 1000)
        what = "not accepted" if score <= threshold else "right" if label in case.expected else "wrong"
        kind = kind_of(case)
        came.append((kind if kind in ("near", "far") else "ours", what))

    def share(kind: str, what: str) -> Share:
        some = [w for k, w in came if k == kind]
        return Share(some.count(what), len(some))

    figures = {what: share("ours", what) for what in ("right", "not accepted", "wrong")}
    return figures | {f"{kind} accepted": share(kind, "wrong") for kind in ("near", "far")}, percentile(times, 0.5)


def _best(scores: Scores) -> tuple[str, float]:
    """The likeliest label that is not the refusal, and its score."""
    ours = {label: score for label, score in scores.items() if label != NONE}
    label = max(ours, key=lambda label: ours[label], default=NONE)
    return label, ours.get(label, 0.0)


def _chances(matcher: Matcher, text: str) -> Scores:
    match = matcher.match((Hypothesis(text),))
    return {match.entry or match.runner_up or NONE: match.score}


def _tfidf(phrases: Phrases) -> Callable[[str], Scores]:
    counts = make_union(
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, sublinear_tf=True),
    )
    model = make_pipeline(counts, SGDClassifier(loss="log_loss", alpha=1e-6, random_state=1))
    return _fitted(model, phrases, list)


def _encoded(phrases: Phrases, folder: Path) -> Callable[[str], Scores]:
    from bench.understanding.encoder import Encoder

    encoder = Encoder(folder)
    return _fitted(LogisticRegression(C=20, max_iter=200), phrases, encoder.embed)


def _fitted(model: Any, phrases: Phrases, features: Callable[[Sequence[str]], Any]) -> Callable[[str], Scores]:
    texts = [text for some in phrases.values() for text in some]
    model.fit(features(texts), [label for label, some in phrases.items() for _ in some])

    def scores(text: str) -> Scores:
        chances: NDArray[np.float64] = model.predict_proba(features([text]))[0]
        return dict(zip(model.classes_, chances.tolist(), strict=True))

    return scores


def _nearest(phrases: Phrases) -> Callable[[str], Scores]:
    texts = [text for some in phrases.values() for text in some]
    labels = [label for label, some in phrases.items() for _ in some]

    def scores(text: str) -> Scores:
        found = process.extractOne(text, texts, scorer=fuzz.WRatio)
        return {labels[found[2]]: found[1] / 100} if found else {}

    return scores


def _grammar(phrases: Phrases) -> Callable[[str], Scores]:
    """A sentence for each phrase, with polite words that may stand around it; it knows no degrees of likeness."""
    around = "[please|can you|could you|i want to know|tell me]"
    intents = Intents.from_dict(
        {
            "language": "en",
            "intents": {
                label: {"data": [{"sentences": [f"{around} {text} [please|now]" for text in some]}]}
                for label, some in phrases.items()
                if label != NONE
            },
        }
    )

    def scores(text: str) -> Scores:
        found = recognize_best(text, intents)
        return {found.intent.name: 1.0} if found else {}

    return scores
