"""`python -m fit`: fits the matcher's weights to the content, chooses the bands on the dev split, writes the weights.

`python -m fit hear` makes the noisy copies anew (some minutes; needs espeak-ng and flite); `python -m fit errors`
lists the dev split's mistakes; `python -m fit judge IN.tsv OUT.tsv` scores other sentences.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fit.corpus import CHECKOUT, CORPUS, HEARD_DEV, HEARD_TRAIN, as_heard, dev_cases, folds, load_training, read_cases
from fit.hear import DEV_VOICES, TRAIN_VOICES, hear, read_heard, write_heard
from fit.judge import is_right, judge
from fit.logit import fit_logit
from voice_skill.events import Hypothesis
from voice_skill.understanding.features import FEATURES, REFUSAL_FEATURES, Measurer
from voice_skill.understanding.matcher import Matcher
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.training import NONE, TrainingSet
from voice_skill.understanding.weights import FILE, Bands, Weights, digest, shipped_weights

WEIGHTS_FILE = CHECKOUT / "voice_skill" / "understanding" / FILE
MODEL = CHECKOUT / "models" / "foot-care-en"
FOLDS, SEED = 10, 0
HEARD_COUNTS = 0.5  # a noisy copy counts half: its words are not the speaker's
PULL = 0.05
# The bands are chosen so that at most this share of the dev split's out-of-scope sentences is accepted / asked about.
MOST_ACCEPTED, MOST_ASKED = 0.02, 0.06


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
            print(judge(Matcher(load_training(), shipped_weights()), read_cases(Path(in_scope), Path(out_of_scope))))
        case _:
            sys.exit(__doc__)


def fit() -> None:
    """Fit, choose the bands, write the weights file, and say how it does."""
    training = load_training()
    weights = _fitted(training)
    typed = dev_cases()
    weights = _banded(training, weights, typed)
    WEIGHTS_FILE.write_text(_as_toml(weights), encoding="utf-8")
    print(f"written: {WEIGHTS_FILE.relative_to(CHECKOUT)}")
    matcher = Matcher(training, weights)
    print(f"dev, typed : {judge(matcher, typed)}")
    print(f"dev, spoken: {judge(matcher, as_heard(typed, HEARD_DEV))}")


def make_copies() -> None:
    """Let synthetic voices say all phrases and the dev split, and keep what the recognizer made of them."""
    training = load_training()
    phrases = [text for texts in training.phrases.values() for text in texts]
    write_heard(HEARD_TRAIN, phrases, hear(phrases, TRAIN_VOICES, MODEL, seed=1))
    dev = [case.alternatives[0].text for case in dev_cases()]
    write_heard(HEARD_DEV, dev, hear(dev, DEV_VOICES, MODEL, seed=2))


def list_errors() -> None:
    """Each mistake on the typed dev split: right labels, what was made of it, the sentence."""
    matcher = Matcher(load_training(), shipped_weights())
    for case in dev_cases():
        found = matcher.match(case.alternatives)
        if not is_right(case.labels, found):
            print(
                f"{'|'.join(case.labels):24} {found.band:6} {found.entry or '-':20} {found.score:.2f} then "
                f"{found.runner_up:20} {found.runner_up_score:.2f} ours {found.in_scope:.2f}  {case.alternatives[0].text}"
            )


def _fitted(training: TrainingSet) -> Weights:
    """Weights from the phrases and their noisy copies, each measured by a matcher that has not seen the phrase."""
    labels = tuple(training.phrases)
    heard = {normalize(said): alternatives for said, alternatives in read_heard(HEARD_TRAIN).items()}
    tables: list[np.ndarray] = []
    meant: list[str] = []
    counts: list[float] = []
    for rest, held_out in folds(training, FOLDS, SEED):
        measurer = Measurer(rest)
        for label, text in held_out:
            tables.append(measurer.measure(text).table)
            meant.append(label)
            counts.append(1.0)
            copy = heard.get(text)
            if copy and copy[0].text != text:
                tables.append(measurer.measure(copy[0].text).table)
                meant.append(label)
                counts.append(HEARD_COUNTS)
    kinds = [2 if label == NONE else int(label in training.commands) for label in labels]
    right = np.array([[label == wanted for label in labels] for wanted in meant])
    topic, command, refusal = fit_logit(np.array(tables), right, np.array(counts), kinds, PULL)
    return Weights(
        topic=_named(topic, FEATURES),
        command=_named(command, FEATURES),
        refusal=_named(refusal, REFUSAL_FEATURES),
        bands=Bands(accept=0.5, ask=0.5),
        trained_on=digest(training),
    )


def _banded(training: TrainingSet, weights: Weights, cases: list) -> Weights:
    """`weights` with the lowest thresholds that keep the out-of-scope sentences of the dev split out."""
    matcher = Matcher(training, weights)
    outside = [matcher.match(case.alternatives) for case in cases if case.labels == (NONE,)]
    accept = _threshold([found.score for found in outside], MOST_ACCEPTED)
    ask = _threshold([found.in_scope for found in outside], MOST_ASKED)
    return Weights(weights.topic, weights.command, weights.refusal, Bands(accept, min(accept, ask)), weights.trained_on)


def _threshold(values: list[float], share: float) -> float:
    """The lowest two-digit threshold that at most `share` of `values` reach."""
    grid = [step / 100 for step in range(30, 100)]
    return next(t for t in grid if sum(value >= t for value in values) <= share * len(values))


def _named(row: np.ndarray, names) -> dict[str, float]:
    kept = set(names)
    return {name: round(float(value), 3) for name, value in zip(FEATURES, row, strict=True) if name in kept}


def _as_toml(weights: Weights) -> str:
    lines = [
        "# What each feature counts for in the matcher, in nats per unit; see FEATURES in features.py for what they are.",
        "# Written by scripts/fit. Positive speaks for the label, negative against it.",
        f'trained_on = "{weights.trained_on}"',
        "",
        "[bands] # probability from which an utterance is accepted, or asked about",
        f"accept = {weights.bands.accept}",
        f"ask = {weights.bands.ask}",
    ]
    for kind in ("topic", "command", "refusal"):
        lines += ["", f"[{kind}]"]
        lines += [f'"{name}" = {value}' for name, value in getattr(weights, kind).items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
