"""Language models: probabilities that add up, backing off, hand-computed cases, mixing, pruning, perplexity."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.ngram import END, START, NGramModel, estimate, mix, perplexity, prune, unigram

WORDS = ("a", "b", "c")
TEXT = ["a b", "a b", "a c", "b", "a b c", "c c a b", "b a", "c"]
CORPORA = st.lists(st.lists(st.sampled_from(WORDS), max_size=5), min_size=1, max_size=12)


def split(text):
    return [line.split() for line in text]


def mass(model: NGramModel, context):
    return sum(model.probability(context, word) for word in model.vocabulary)


def contexts(model: NGramModel):
    return [*model.seen, ("b", "c", "a"), ("never", "heard")]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_context_sums_to_one(order):
    model = estimate(split(TEXT), WORDS, order)
    assert [mass(model, context) for context in contexts(model)] == pytest.approx([1] * len(contexts(model)))


@settings(deadline=None, max_examples=40)
@given(CORPORA, CORPORA, st.integers(1, 4), st.sampled_from([0.0, 1e-4, 0.01, 1.0]))
def test_mixed_and_pruned_models_still_sum_to_one(one, other, order, threshold):
    model = prune(mix([(3, estimate(one, WORDS, order)), (1, estimate(other, WORDS, 2))]), threshold)
    for context in contexts(model):
        assert mass(model, context) == pytest.approx(1)
    assert all(model.probability((), word) > 0 for word in (*WORDS, END))


def test_a_bigram_computed_by_hand():
    # counts too few to estimate discounts: 0.75 each. Bigrams: <s>a 2, ab 1, ac 1, b</s> 1, c</s> 1
    model = estimate(split(["a b", "a c"]), WORDS, 2)
    # in how many contexts: a 1, b 1, c 1, </s> 2, of 5 in all; 4 x 0.75 go to the uniform 1/4
    alone = {"a": 0.25 / 5 + 0.6 / 4, "b": 0.25 / 5 + 0.6 / 4, "c": 0.25 / 5 + 0.6 / 4, END: 1.25 / 5 + 0.6 / 4}
    assert {word: model.probability((), word) for word in alone} == pytest.approx(alone)
    assert model.probability(("a",), "b") == pytest.approx((1 - 0.75) / 2 + 0.75 * alone["b"])
    assert model.probability((START,), "a") == pytest.approx((2 - 0.75) / 2 + 0.375 * alone["a"])
    assert model.probability(("a",), "a") == pytest.approx(0.75 * alone["a"]), "not seen: the context's rest"


def test_a_word_counts_for_the_contexts_it_has_not_for_how_often_it_comes():
    # "francisco" is frequent but only ever follows "san"; "oak" is as frequent and follows many words
    text = ["san francisco"] * 6 + [f"{w} oak" for w in ("a", "b", "c", "d", "e", "f")]
    words = {word for line in text for word in line.split()}
    model = estimate(split(text), words, 2)
    assert model.probability((), "oak") > 3 * model.probability((), "francisco")


def test_longer_contexts_are_used_where_they_are_known_and_left_where_not():
    model = estimate(split(TEXT), WORDS, 3)
    assert model.context(["c", "a", "b"]) == ("a", "b")
    assert model.context(["x", "b"]) == ("b",)
    assert model.probability(("c", "a", "b"), "c") == model.probability(("a", "b"), "c")
    assert model.probability(("x",), "c") == model.probability((), "c")


def test_words_outside_the_vocabulary():
    model = estimate(split(TEXT), [*WORDS, "[unk]"], 2)
    with pytest.raises(KeyError):
        perplexity(model, [["x"]])
    assert perplexity(model, [["x"]], "[unk]") == perplexity(model, [["[unk]"]])


def test_perplexity_of_a_uniform_model_is_its_number_of_words():
    model = unigram(dict.fromkeys(WORDS, 7.0), end=0.25)
    assert perplexity(model, [["a", "b"], ["c"]]) == pytest.approx(4)


def test_a_mixture_weighs_its_parts():
    one, other = unigram({"a": 1, "b": 3}, 0.2), unigram({"a": 3, "b": 1}, 0.4)
    mixed = mix([(3, one), (1, other)])
    assert mixed.probability((), "a") == pytest.approx(0.75 * 0.2 + 0.25 * 0.45)
    assert mixed.probability((), END) == pytest.approx(0.75 * 0.2 + 0.25 * 0.4)


def test_a_mixture_is_better_on_both_kinds_than_the_wrong_part():
    one, other = split(["a b c", "a b", "a b c c"] * 3), split(["c b a", "b a", "c c b a"] * 3)
    models = [estimate(text, WORDS, 3) for text in (one, other)]
    mixed = mix([(1, model) for model in models])
    assert perplexity(models[0], one) < perplexity(mixed, one) < perplexity(models[1], one)


def test_pruning_takes_what_tells_least_first():
    model = estimate(split(TEXT * 3), WORDS, 3)
    sizes = [sum(prune(model, threshold).size) for threshold in (0, 1e-3, 1e-2, 1e-1, 10)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[2] > sizes[-1] == len(model.vocabulary), "in the end only single words are left"
    likely = [perplexity(prune(model, threshold), split(TEXT)) for threshold in (0, 1e-2, 10)]
    assert likely == sorted(likely)


def test_pruning_changes_perplexity_by_little_more_than_it_says():
    text = split(TEXT * 5)
    model = estimate(text, WORDS, 2)
    pruned = prune(model, 0.01)
    gone = sum(model.size) - sum(pruned.size)
    assert gone > 0
    expected = sum(
        p * sum(q * math.log(q / pruned.probability(c, w)) for w in model.vocabulary for q in [model.probability(c, w)])
        for c in model.seen
        if c
        for p in [1.0 if c == (START,) else model.probability((), c[0])]
    )
    assert 0 <= math.expm1(expected) <= 0.01 * gone * 1.5


def test_what_a_longer_context_needs_is_kept():
    model = prune(estimate(split(TEXT * 3), WORDS, 4), 0.02)
    for context in model.seen:
        if len(context) > 1 or (context and context[0] != START):
            assert context[-1] in model.seen[context[:-1]], f"{context} can't be reached"
