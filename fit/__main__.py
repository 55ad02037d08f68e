"""`python -m fit`: fits the matcher's votes and weights to the content, and chooses the bands on the dev split.

`python -m fit hear` makes the noisy copies anew (ten minutes; needs espeak-ng and flite); `python -m fit errors`
lists the dev split's mistakes; `python -m fit judge IN.tsv OUT.tsv` scores other sentences.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fit.corpus import (
    CHECKOUT,
    HEARD_DEV,
    HEARD_TRAIN,
    Case,
    Line,
    as_heard,
    dev_cases,
    load_training,
    read_cases,
    with_more_phrases,
    with_wording,
    wording,
)
from fit.hear import DEV_VOICES, TRAIN_VOICES, hear, read_heard, write_heard
from fit.judge import is_right, judge
from fit.logit import fit_logit
from fit.votes import fit_votes
from voice_skill.understanding.features import FEATURES, REFUSAL_FEATURES, Measurer, learned_reader
from voice_skill.understanding.matcher import Matcher
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.training import NONE, TrainingSet
from voice_skill.understanding.votes import Votes, written_votes
from voice_skill.understanding.weights import VOTES_FILE, WEIGHTS_FILE, Bands, Weights, digest, shipped_weights

FITTED = CHECKOUT / "voice_skill" / "understanding"
MODEL = CHECKOUT / "models" / "foot-care-en"
COPIES = 240  # of each writer: some 3,100 in all
HEARD_COUNTS = 0.5  # a noisy copy counts half: its words are not the speaker's
PULL = 0.05  # of the weights towards 0, in units of the loss
# The bands lie where at most this share of the dev split's out-of-scope sentences is accepted (typed; spoken, where
# some come out of the recognizer as sentences of ours), or accepted or asked about (typed).
MOST_ACCEPTED, MOST_ACCEPTED_SPOKEN, MOST_ASKED = 0.02, 0.06, 0.07


def main(arguments: list[str]) -> None:
    """Run one of the tasks above."""
    match arguments:
        case []:
            fit()
        case ["hear"]:
            make_copies()
        case ["errors"]:
            list_errors()
        case ["judge", in_scope, out_of_scope]:
            print(judge(_shipped_matcher(), read_cases(Path(in_scope), Path(out_of_scope))))
        case _:
            sys.exit(__doc__)


def fit() -> None:
    """Fit, choose the bands, write the files, and say how well it does."""
    training = load_training()
    typed = dev_cases()
    spoken = as_heard(typed, HEARD_DEV)
    weights = _banded(training, fit_weights(training), typed, spoken)
    (FITTED / WEIGHTS_FILE).write_text(_as_toml(weights), encoding="utf-8")
    (FITTED / VOTES_FILE).write_text("".join(f"{line}\n" for line in written_votes(weights.votes)), encoding="utf-8")
    print(f"written: {WEIGHTS_FILE}, {VOTES_FILE}")
    matcher = Matcher(training, weights)
    print(f"dev, typed : {judge(matcher, typed)}")
    print(f"dev, spoken: {judge(matcher, spoken)}")


def make_copies() -> None:
    """Let synthetic voices say some of what each writer wrote, and the dev split; keep what the recognizer heard."""
    some = [line.text for lines in wording().values() for line in sorted(lines, key=_shuffled)[:COPIES]]
    write_heard(HEARD_TRAIN, some, hear(some, TRAIN_VOICES, MODEL, seed=1))
    dev = [case.alternatives[0].text for case in dev_cases()]
    write_heard(HEARD_DEV, dev, hear(dev, DEV_VOICES, MODEL, seed=2))


def _shuffled(line: Line) -> str:
    return hashlib.sha256(line.text.encode()).hexdigest()


def list_errors() -> None:
    """Each mistake on the typed dev split: right labels, what was made of it, the sentence."""
    matcher = _shipped_matcher()
    for case in dev_cases():
        found = matcher.match(case.alternatives)
        if not is_right(case.labels, found):
            print(
                f"{'|'.join(case.labels):24} {found.band:6} {found.entry or '-':20} {found.score:.2f} then "
                f"{found.runner_up:20} {found.runner_up_score:.2f} ours {found.in_scope:.2f}  {found.text}"
            )


def fit_weights(training: TrainingSet) -> Weights:
    """Votes from all phrases; weights from what each writer wrote, and its noisy copies, measured with the votes of
    what the others wrote: as if by somebody new. The bands are still to be chosen.
    """
    labels = tuple(training.phrases)
    writers = wording()
    phrases = with_more_phrases(training)
    copies = {normalize(said): alternatives for said, alternatives in read_heard(HEARD_TRAIN).items()}
    samples: list[tuple[NDArray[np.float64], tuple[str, ...], float]] = []  # features, labels, how often it counts
    for writer, lines in writers.items():
        others = with_wording(phrases, (written for name, written in writers.items() if name != writer))
        measurer = Measurer(training, _votes(training, others))
        for line in lines:
            samples.append((measurer.measure(line.text).table, line.labels, 1.0))
            copy = copies.get(line.text)
            if copy and copy[0].text != line.text:
                samples.append((measurer.measure(copy[0].text).table, line.labels, HEARD_COUNTS))
    tables, meant, counts = zip(*samples, strict=True)
    kinds = [2 if label == NONE else int(label in training.commands) for label in labels]
    right = np.array([[label in wanted for label in labels] for wanted in meant])
    topic, command, refusal = fit_logit(np.array(tables), right, np.array(counts), kinds, PULL)
    everything = with_wording(phrases, writers.values())
    return Weights(
        topic=_by_name(topic, FEATURES),
        command=_by_name(command, FEATURES),
        refusal=_by_name(refusal, REFUSAL_FEATURES),
        bands=Bands(accept=0.5, ask=0.5),
        trained_on=digest(everything),
        votes=_votes(training, everything),
    )


def _shipped_matcher() -> Matcher:
    training = load_training()
    return Matcher(training, shipped_weights(tuple(training.phrases)))


def _votes(training: TrainingSet, everything: TrainingSet) -> Votes:
    reader = learned_reader(training)
    return fit_votes({label: [reader.plain(text) for text in texts] for label, texts in everything.phrases.items()})


def _banded(training: TrainingSet, weights: Weights, typed: Sequence[Case], spoken: Sequence[Case]) -> Weights:
    """`weights` with the lowest thresholds that keep the out-of-scope sentences of the dev split out."""
    matcher = Matcher(training, replace(weights, bands=Bands(accept=2.0, ask=0.0)))  # asks about everything
    outside, overheard = (
        [matcher.match(case.alternatives) for case in cases if case.labels == (NONE,)] for cases in (typed, spoken)
    )
    accept = max(
        _threshold([found.score for found in outside], MOST_ACCEPTED),
        _threshold([found.score for found in overheard], MOST_ACCEPTED_SPOKEN),
    )
    ask = _threshold([found.score + found.runner_up_score for found in outside], MOST_ASKED)
    return replace(weights, bands=Bands(accept, min(accept, ask)))


def _threshold(values: Sequence[float], share: float) -> float:
    """The lowest two-digit threshold that at most `share` of `values` reach."""
    grid = [step / 100 for step in range(20, 100)]
    return next(t for t in grid if sum(value >= t for value in values) <= share * len(values))


def _by_name(row: NDArray[np.float64], names: Iterable[str]) -> dict[str, float]:
    kept = set(names)
    return {name: round(float(value), 3) for name, value in zip(FEATURES, row, strict=True) if name in kept}


def _as_toml(weights: Weights) -> str:
    lines = [
        "# What each feature counts for in the matcher, in nats per unit; features.py says what they are.",
        "# Written by scripts/fit. Positive speaks for the label, negative against it.",
        f'trained_on = "{weights.trained_on}"',
        "",
        "[bands] # accept: from this probability of the best label; ask: from this probability of the best two",
        f"accept = {weights.bands.accept}",
        f"ask = {weights.bands.ask}",
    ]
    for kind in ("topic", "command", "refusal"):
        lines += ["", f"[{kind}]"]
        lines += [f'"{name}" = {value}' for name, value in getattr(weights, kind).items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
