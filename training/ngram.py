"""N-gram language models: estimated per kind of sentence, mixed, pruned. Pure arithmetic on words; the same for phones.

A model is kept in the backing-off form that a decoding graph wants: a probability for each n-gram seen, and for each
context the weight at which its shorter context answers for the rest. Not for writing graphs (`graph.py`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

START: Final = "<s>"
END: Final = "</s>"

Context = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NGramModel:
    """A backing-off model.

    order: words of the longest n-grams. seen: context -> word -> probability, the empty context with every word.
    backoff: context -> weight of the context without its first word, for the words not seen after it.
    """

    order: int
    seen: Mapping[Context, Mapping[str, float]]
    backoff: Mapping[Context, float]

    @property
    def vocabulary(self) -> frozenset[str]:
        """All words, and the end of a sentence."""
        return frozenset(self.seen[()])

    @property
    def size(self) -> tuple[int, ...]:
        """How many n-grams of each length, from 1."""
        sizes = [0] * self.order
        for context, words in self.seen.items():
            sizes[len(context)] += len(words)
        return tuple(sizes)

    def context(self, words: Sequence[str]) -> Context:
        """The longest context known at the end of `words`."""
        context = tuple(words[max(0, len(words) - self.order + 1) :])
        while context and context not in self.seen:
            context = context[1:]
        return context

    def probability(self, context: Sequence[str], word: str) -> float:
        """Of `word` after `context` (any length). Raises KeyError for a word outside the vocabulary."""
        known, weight = self.context(context), 1.0
        while known:
            if word in self.seen[known]:
                return weight * self.seen[known][word]
            weight *= self.backoff[known]
            known = self.context(known[1:])
        return weight * self.seen[()][word]

    def log_probability(self, sentence: Sequence[str]) -> float:
        """Natural logarithm, the end of the sentence included. Raises KeyError as `probability` does."""
        words = [START, *sentence, END]
        return sum(math.log(self.probability(words[:i], words[i])) for i in range(1, len(words)))


def perplexity(model: NGramModel, sentences: Iterable[Sequence[str]], unknown: str | None = None) -> float:
    """Of the model over sentences, their ends included; words outside the vocabulary count as `unknown`.

    Raises KeyError for such a word when there is no `unknown`.
    """
    vocabulary = model.vocabulary
    total, count = 0.0, 0
    for sentence in sentences:
        words = [w if unknown is None or w in vocabulary else unknown for w in sentence]
        total += model.log_probability(words)
        count += len(words) + 1
    return math.exp(-total / max(count, 1))


def estimate(sentences: Iterable[Sequence[str]], vocabulary: Iterable[str], order: int) -> NGramModel:
    """Interpolated Kneser-Ney with three discounts (Chen and Goodman, 1999) over all sentences alike.

    Args:
        sentences: words of the vocabulary. An equal sentence counts as often as it occurs.
        vocabulary: every word that may be said; each gets a probability. The sentence's end is added.
        order: 1 or more.
    """
    counts: list[dict[Context, Counter[str]]] = [defaultdict(Counter) for _ in range(order)]
    for sentence in sentences:
        words = (START, *sentence, END)
        for i in range(1, len(words)):
            for n in range(min(order, i + 1)):
                counts[n][words[i - n : i]][words[i]] += 1
    for n in range(order - 1):  # shorter n-grams count in how many contexts they occur, unless at a sentence's start
        shorter: dict[Context, Counter[str]] = defaultdict(Counter)
        for context, followers in counts[n + 1].items():
            shorter[context[1:]].update(followers.keys())
        for context, followers in counts[n].items():
            if context[:1] != (START,):
                followers.clear()
                followers.update(shorter[context])

    words = sorted({*vocabulary, END})
    seen: dict[Context, dict[str, float]] = {}
    backoff: dict[Context, float] = {}
    uniform = 1 / len(words)
    model = NGramModel(order, seen, backoff)  # grows below, shorter contexts first
    for n, contexts in enumerate(counts):
        discounts = _discounts(contexts.values())
        for context, followers in contexts.items():
            total = followers.total()
            taken = sum(discounts[min(count, 3)] for count in followers.values())
            rest = taken / total
            lower = {w: uniform if n == 0 else model.probability(context[1:], w) for w in followers}
            seen[context] = {
                w: (count - discounts[min(count, 3)]) / total + rest * lower[w] for w, count in followers.items()
            }
            backoff[context] = rest
        if n == 0:
            rest = backoff.pop((), 1.0)
            seen[()] = {word: seen.get((), {}).get(word, rest * uniform) for word in words}
    return model


def unigram(frequencies: Mapping[str, float], end: float) -> NGramModel:
    """A model that knows only how frequent words are. end: probability that a sentence ends after any word."""
    total = sum(frequencies.values())
    return NGramModel(1, {(): {**{w: (1 - end) * f / total for w, f in frequencies.items()}, END: end}}, {})


def mix(parts: Sequence[tuple[float, NGramModel]]) -> NGramModel:
    """One model whose probability of every n-gram seen by a part is the parts' weighted mean.

    Args:
        parts: (weight, model); weights above 0, in any measure; vocabularies alike.
    """
    total = sum(weight for weight, _ in parts)
    shares = [(weight / total, model) for weight, model in parts]
    order = max(model.order for _, model in parts)
    grams: dict[Context, set[str]] = defaultdict(set)
    for _, model in shares:
        for context, followers in model.seen.items():
            grams[context].update(followers)
    seen = {
        context: {w: sum(share * model.probability(context, w) for share, model in shares) for w in sorted(followers)}
        for context, followers in sorted(grams.items(), key=lambda item: (len(item[0]), item[0]))
    }
    return _with_backoffs(order, seen)


def prune(model: NGramModel, threshold: float) -> NGramModel:
    """Without the n-grams whose loss changes the model's perplexity by less than `threshold`, relatively.

    Relative-entropy pruning (Stolcke, 1998), longest n-grams first; what a kept longer n-gram needs stays.
    """
    if threshold <= 0:
        return model
    seen = {context: dict(followers) for context, followers in model.seen.items()}
    for n in range(model.order - 1, 0, -1):
        for context in [c for c in seen if len(c) == n]:
            for word in _losers(model, context, threshold):
                if (*context, word) not in seen:
                    del seen[context][word]
            if not seen[context]:
                del seen[context]
    return _with_backoffs(model.order, seen)


def _losers(model: NGramModel, context: Context, threshold: float) -> list[str]:
    """Words whose n-gram after the context may go."""
    followers, weight = model.seen[context], model.backoff[context]
    often = 1.0
    for i in range(len(context)):
        if (i, context[i]) != (0, START):
            often *= model.probability(context[:i], context[i])
    lower = {w: model.probability(context[1:], w) for w in followers}
    left, left_lower = max(0.0, 1 - sum(followers.values())), max(0.0, 1 - sum(lower.values()))
    losers: list[str] = []
    for word, p in followers.items():
        new_weight = (left + p) / (left_lower + lower[word])
        change = p * (math.log(lower[word]) + math.log(new_weight) - math.log(p))
        if left > 1e-12 and weight > 0:  # else every word was seen in this context
            change += left * (math.log(new_weight) - math.log(weight))
        if math.expm1(-often * change) < threshold:
            losers.append(word)
    return losers


def _with_backoffs(order: int, seen: Mapping[Context, Mapping[str, float]]) -> NGramModel:
    """The model with weights that make every context sum to one."""
    backoff: dict[Context, float] = {}
    model = NGramModel(order, seen, backoff)
    for context in sorted(seen, key=len):
        if context:
            lower = sum(model.probability(context[1:], w) for w in seen[context])
            left = 1 - sum(seen[context].values())
            backoff[context] = max(left, 0.0) / (1 - lower) if 1 - lower > 1e-12 else 0.0
    return model


def _discounts(followers: Iterable[Counter[str]]) -> tuple[float, float, float, float]:
    """What to take from counts 0, 1, 2, and 3 or more. Where too little was seen to tell, 0.75 of each."""
    of_count = Counter(min(count, 4) for counter in followers for count in counter.values())
    if not all(of_count[c] for c in (1, 2, 3, 4)):
        return 0.0, 0.75, 0.75, 0.75
    y = of_count[1] / (of_count[1] + 2 * of_count[2])
    found = [c - (c + 1) * y * of_count[c + 1] / of_count[c] for c in (1, 2, 3)]
    # counts-of-counts of made-up sentences aren't always falling: keep what can be a discount
    return 0.0, *(min(max(d, 0.1), c - 0.05) for c, d in zip((1, 2, 3), found, strict=True))  # type: ignore[return-value]
