"""A whole Vosk folder from trained weights and the texts: acoustic model, language model, graph, decoder options.

The last step of making a model, and the only one to know both its sound and its words. Its parts are `export.py`,
`ngram.py` and `graph.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from training import export, graph, ngram
from training.export import DecoderOptions
from training.graph import UNKNOWN, GraphOptions, Pronunciations
from training.kaldi import Array
from training.lexicon import PHONES
from training.ngram import NGramModel
from training.recipe import GraphPart, Recipe
from training.speech.plan import read_sentences
from voice_skill.errors import MissingPartError

# One model of all sentences knows more phrases than each kind's own; the kinds' say how likely each kind is. On wording
# of others, shares of 0.5 to 0.9 gave the lowest perplexity: 51 (58 with none), on commands 36 (58 with none).
JOINT_SHARE: Final = 0.7
FLOOR_WEIGHT: Final = 0.03  # of general English word frequencies beside the other parts, whose weights add up to 1
UNKNOWN_SHARE: Final = 0.05  # of running English text that is outside ten thousand words, roughly
FLOOR_END: Final = 0.1  # a sentence of nine words


def build_model(
    recipe: Recipe,
    template: Path,
    weights: Mapping[str, Array],
    text_dir: Path,
    out_dir: Path,
    *,
    mean: Array | None = None,
    log_priors: Array | None = None,
) -> None:
    """Make the Vosk folder `out_dir`: `am/`, `conf/` and `graph/`.

    Args:
        recipe: its `graph` part, and `train.units`.
        template, weights, log_priors: see `export.write_acoustic_model`.
        text_dir: with `sentences.tsv` and `lexicon.txt`.
        mean: the average feature frame, when the network was trained on mean-normalised features.

    Raises:
        MissingPartError: the texts, or OpenFst's programs, are missing.
        ModelError, UsageError: template and weights don't fit.
    """
    write_words(recipe, text_dir, out_dir)
    export.write_acoustic_model(template, weights, out_dir, recipe.graph.blank_bias, log_priors)
    if mean is not None:
        export.write_mean_normalisation(out_dir, mean)


def write_words(recipe: Recipe, text_dir: Path, out_dir: Path) -> None:
    """Make `graph/` and `conf/` only: other words for an acoustic model that stays. Arguments and errors as above."""
    lexicon = read_lexicon(text_dir / "lexicon.txt")
    sentences: defaultdict[str, list[list[str]]] = defaultdict(list)
    for sentence in read_sentences(text_dir / "sentences.tsv"):
        sentences[sentence.kind].append(sentence.text.split())
    words = language_model(recipe.graph, sentences, lexicon)
    options = GraphOptions(
        inventory=recipe.train.units, unk_cost=recipe.graph.unk_cost, word_cost=recipe.graph.word_cost
    )
    graph.write_graph(out_dir, PHONES, lexicon, lexicon, words, options)
    part = recipe.graph
    export.write_conf(
        out_dir,
        DecoderOptions(
            beam=part.beam,
            lattice_beam=part.lattice_beam,
            max_active=part.max_active,
            acoustic_scale=part.acoustic_scale,
        ),
    )


def language_model(
    part: GraphPart, sentences: Mapping[str, Sequence[Sequence[str]]], vocabulary: Iterable[str]
) -> NGramModel:
    """The kinds' models mixed as the recipe says, with one of all sentences and general word frequencies.

    Words outside the vocabulary are `[unk]`.

    Args:
        sentences: kind -> sentences, split into words.
    """
    known = {*vocabulary, UNKNOWN}
    said = {
        kind: [[w if w in known else UNKNOWN for w in sentence] for sentence in sentences[kind]]
        for kind, weight in part.weights.items()
        if weight > 0 and sentences.get(kind)
    }
    total = sum(part.weights[kind] for kind in said)
    parts = [(FLOOR_WEIGHT, ngram.unigram(word_frequencies(known), FLOOR_END))]
    if said:
        parts += [(JOINT_SHARE, ngram.estimate([s for kind in said.values() for s in kind], known, part.order))]
    for kind, its_own in said.items():
        share = (1 - JOINT_SHARE) * part.weights[kind] / total
        parts.append((share, ngram.estimate(its_own, known, part.order)))
    return ngram.prune(ngram.mix(parts), part.prune)


def word_frequencies(words: Iterable[str]) -> dict[str, float]:
    """How often each word is used in general English, `[unk]` for all others; they add up to 1."""
    import wordfreq  # slow to import

    rarest = wordfreq.zipf_to_freq(2.0)  # once in ten million words: names and words of our own
    found = {w: max(wordfreq.word_frequency(w, "en"), rarest) for w in sorted(words) if w != UNKNOWN}
    scale = (1 - UNKNOWN_SHARE) / sum(found.values())
    return {**{word: frequency * scale for word, frequency in found.items()}, UNKNOWN: UNKNOWN_SHARE}


def read_lexicon(file: Path) -> Pronunciations:
    """Word -> its pronunciations, of lines `word PH PH …`. Raises MissingPartError without the file."""
    lexicon: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise MissingPartError(f"{file} can't be read: {error.strerror}", fix="python -m training text") from error
    for line in lines:
        word, *phones = line.split()
        lexicon[word].append(tuple(phones))
    return dict(lexicon)
