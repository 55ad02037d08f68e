"""`python -m fit`: fits the matcher's votes, weights and bands to the content and to what writers wrote.

`python -m fit hear` makes the noisy copies anew (ten minutes; needs espeak-ng and flite); `python -m fit errors`
lists the dev split's mistakes; `python -m fit judge IN.tsv OUT.tsv` scores other sentences.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fit.corpus import (
    HEARD_DEV,
    HEARD_TRAIN,
    RED_FLAGS_DEV,
    Case,
    Line,
    alarming,
    as_heard,
    dev_cases,
    everything,
    load_safety,
    load_training,
    read_cases,
    read_red_flags,
    with_more_phrases,
    with_wording,
    wording,
)
from fit.files import CHECKOUT
from fit.hear import DEV_VOICES, TRAIN_VOICES, hear, read_heard, write_heard
from fit.judge import is_right, judge
from fit.logit import fit_logit
from fit.votes import fit_votes
from training.heldout import is_set_aside
from voice_skill.article.redflags import SafetyLayer
from voice_skill.understanding.features import FEATURES, REFUSAL_FEATURES, Measurer, learned_reader
from voice_skill.understanding.matcher import Match, Matcher
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.reading import Reader
from voice_skill.understanding.safety import Alarm, SafetyScanner
from voice_skill.understanding.suspicion import Suspicion
from voice_skill.understanding.training import NONE, TrainingSet
from voice_skill.understanding.votes import Votes, written_votes
from voice_skill.understanding.weights import (
    ALARMS_FILE,
    NO_FLAG,
    VOTES_FILE,
    WEIGHTS_FILE,
    AlarmBands,
    Bands,
    Weights,
    digest,
    shipped_weights,
)

FITTED = CHECKOUT / "voice_skill" / "understanding"
MODEL = CHECKOUT / "models" / "foot-care-en"
HEARD_COUNTS = 0.5  # a noisy copy counts half: its words are not the speaker's
PULL = 0.05  # of the weights towards 0, in units of the loss
GROUPS = 8  # of writers
# The bands lie where at most this share of what is out of scope is accepted (typed, by strangers; spoken, of the dev
# split, where some come out of the recognizer as sentences of ours), or accepted or asked about (typed, by strangers).
MOST_ACCEPTED, MOST_ACCEPTED_SPOKEN, MOST_ASKED = 0.04, 0.06, 0.08
# Of what strangers say harmlessly, at most this share is taken for an emergency or urgent flag, or asked about.
MOST_RAISED, MOST_RAISED_OR_ASKED = 0.01, 0.025


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
    training, layer = load_training(), load_safety()
    typed = dev_cases()
    spoken = as_heard(typed, HEARD_DEV)
    weights = fit_weights(training, layer, spoken)
    (FITTED / WEIGHTS_FILE).write_text(_as_toml(weights), encoding="utf-8")
    for name, votes in ((VOTES_FILE, weights.votes), (ALARMS_FILE, weights.alarms)):
        (FITTED / name).write_text("".join(f"{line}\n" for line in written_votes(votes)), encoding="utf-8")
    print(f"written: {WEIGHTS_FILE}, {VOTES_FILE}, {ALARMS_FILE}")
    matcher = Matcher(training, weights, learned_reader(training))
    print(f"dev, typed : {judge(matcher, typed)}")
    print(f"dev, spoken: {judge(matcher, spoken)}")


def make_copies() -> None:
    """Let synthetic voices say what the model never read of the writers' sentences, and the dev split; keep what the
    recognizer heard.
    """
    some = [line.text for lines in wording().values() for line in lines if is_set_aside(line.text)]
    write_heard(HEARD_TRAIN, some, hear(some, TRAIN_VOICES, MODEL, seed=1))
    dev = [case.alternatives[0].text for case in dev_cases()]
    write_heard(HEARD_DEV, dev, hear(dev, DEV_VOICES, MODEL, seed=2))


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


@dataclass(frozen=True, slots=True)
class _Strangers:
    """What some writers wrote, and the votes of all sentences but theirs: for these votes they are somebody new."""

    lines: Sequence[Line]
    votes: Votes
    alarms: Votes


def fit_weights(training: TrainingSet, layer: SafetyLayer, spoken: Sequence[Case]) -> Weights:
    """Votes from all sentences; weights and bands from what each group of writers wrote, and its noisy copies, measured
    with the votes of what the others wrote. spoken: the dev split, whose out-of-scope sentences bound the bands, too.
    """
    reader = learned_reader(training)
    all_phrases = everything(training)
    red_flags = alarming(layer, all_phrases.phrases)
    groups = list(_groups(training, reader, red_flags))
    topic, command, refusal = _logit(training, reader, groups)
    weights = Weights(
        topic=_by_name(topic, FEATURES),
        command=_by_name(command, FEATURES),
        refusal=_by_name(refusal, REFUSAL_FEATURES),
        bands=Bands(accept=2.0, ask=0.0),  # asks about everything
        alarm_bands=AlarmBands(raised=0.0, asked=0.0),
        trained_on=digest(all_phrases, red_flags),
        votes=_votes(reader, all_phrases.phrases),
        alarms=_votes(reader, red_flags),
    )
    bands = _bands(training, reader, weights, groups, spoken)
    return replace(weights, bands=bands, alarm_bands=_alarm_bands(layer, reader, weights, groups))


def _groups(training: TrainingSet, reader: Reader, red_flags: Mapping[str, Sequence[str]]) -> Iterator[_Strangers]:
    writers = wording()
    phrases = with_more_phrases(training)
    for first in range(GROUPS):
        others = with_wording(phrases, (lines for n, lines in enumerate(writers.values()) if n % GROUPS != first))
        lines = [line for n, some in enumerate(writers.values()) if n % GROUPS == first for line in some]
        theirs = {line.text for line in lines}
        calm = [text for text in red_flags[NO_FLAG] if text not in theirs]
        yield _Strangers(lines, _votes(reader, others.phrases), _votes(reader, {**red_flags, NO_FLAG: calm}))


def _logit(training: TrainingSet, reader: Reader, groups: Sequence[_Strangers]) -> NDArray[np.float64]:
    """The weights, kinds of label x features."""
    labels = tuple(training.phrases)
    copies = {normalize(said): alternatives for said, alternatives in read_heard(HEARD_TRAIN).items()}
    samples: list[tuple[NDArray[np.float64], tuple[str, ...], float]] = []  # features, labels, how often it counts
    for group in groups:
        measurer = Measurer(training, group.votes, reader)
        for line in group.lines:
            samples.append((measurer.measure(line.text).table, line.labels, 1.0))
            copy = copies.get(line.text)
            if copy and copy[0].text != line.text:
                samples.append((measurer.measure(copy[0].text).table, line.labels, HEARD_COUNTS))
    tables, meant, counts = zip(*samples, strict=True)
    kinds = [2 if label == NONE else int(label in training.commands) for label in labels]
    right = np.array([[label in wanted for label in labels] for wanted in meant])
    return fit_logit(np.array(tables), right, np.array(counts), kinds, PULL)


def _shipped_matcher() -> Matcher:
    training = load_training()
    return Matcher(training, shipped_weights(tuple(training.phrases)), learned_reader(training))


def _votes(reader: Reader, sentences: Mapping[str, Sequence[str]]) -> Votes:
    return fit_votes({label: [reader.plain(text) for text in texts] for label, texts in sentences.items()})


def _bands(
    training: TrainingSet, reader: Reader, weights: Weights, groups: Sequence[_Strangers], spoken: Sequence[Case]
) -> Bands:
    """The lowest thresholds that keep out what is out of scope, of strangers and of the spoken dev split."""
    outside: list[Match] = []
    for group in groups:
        matcher = Matcher(training, replace(weights, votes=group.votes), reader)
        outside += [matcher.match(line.case().alternatives) for line in group.lines if line.labels == (NONE,)]
    matcher = Matcher(training, weights, reader)
    overheard = [matcher.match(case.alternatives) for case in spoken if case.labels == (NONE,)]
    accept = max(
        _threshold([found.score for found in outside], MOST_ACCEPTED),
        _threshold([found.score for found in overheard], MOST_ACCEPTED_SPOKEN),
    )
    ask = _threshold([found.score + found.runner_up_score for found in outside], MOST_ASKED)
    return Bands(accept, min(accept, ask))


def _alarm_bands(layer: SafetyLayer, reader: Reader, weights: Weights, groups: Sequence[_Strangers]) -> AlarmBands:
    """The lowest thresholds that keep alarms from what strangers say harmlessly; prints what they catch of dev."""
    rules = SafetyScanner(layer)
    margins: list[float] = []
    for group in groups:
        votes = Suspicion(layer, reader, group.alarms, weights.alarm_bands)
        margins += [
            votes.strongest({line.text: 1.0})[0] for line in group.lines if not _is_grave(rules.scan([line.text]))
        ]
    bands = AlarmBands(_threshold(margins, MOST_RAISED, -150), _threshold(margins, MOST_RAISED_OR_ASKED, -150))
    votes = Suspicion(layer, reader, weights.alarms, bands)
    meant = [text for flag, text in read_red_flags(RED_FLAGS_DEV) if flag.startswith(("RF-E", "RF-U"))]
    ruled = [_is_grave(rules.scan([text])) for text in meant]
    for name, least in (("raised", bands.raised), ("or asked about", bands.asked)):
        caught = [known or votes.strongest({text: 1.0})[0] >= least for known, text in zip(ruled, meant, strict=True)]
        share, alone = (100 * sum(found) / len(meant) for found in (caught, ruled))
        print(f"dev, red flags {name}: {share:.1f} % (by the rules alone {alone:.1f})")
    return bands


def _is_grave(alarm: Alarm | None) -> bool:
    return alarm is not None and alarm.tier != "doctor"


def _threshold(values: Sequence[float], share: float, lowest: int = 20) -> float:
    """The lowest two-digit threshold, from `lowest` hundredths on, that at most `share` of `values` reach."""
    grid = [step / 100 for step in range(lowest, 200)]
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
        "",
        "[alarms] # by how much the votes for a red flag (alarms.tsv) exceed those for none",
        f"raised = {weights.alarm_bands.raised}",
        f"asked = {weights.alarm_bands.asked}",
    ]
    for kind in ("topic", "command", "refusal"):
        lines += ["", f"[{kind}]"]
        lines += [f'"{name}" = {value}' for name, value in getattr(weights, kind).items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
