"""Decoding graphs with the real OpenFst and the real Vosk, on a model whose phones are tones."""

from __future__ import annotations

import pytest
from tones import ENGLISH, GRAPH_SCALE, LEXICON, PHONES, hear, likelihood, say, write_model

from training import graph, ngram, topology
from training.graph import GraphOptions
from voice_skill.errors import MissingPartError

ONE, ONLY, TWO, THREE, FOUR, OTHER_FOUR = (
    ("AA", "IY"),
    ("AA", "IY", "S"),
    ("UW", "S"),
    ("S", "IY", "UW"),
    ("IY", "AA"),
    ("UW", "AA"),
)
STRANGE = ("S", "AA", "IY", "S", "AA")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("tones"))


@pytest.mark.parametrize(
    ("spoken", "text"),
    [
        ([ONE], "one"),
        ([ONLY], "only"),
        ([THREE, THREE], "three three"),
        ([FOUR, OTHER_FOUR], "four four"),
        ([], ""),
    ],
)
def test_words_are_heard_in_every_pronunciation_and_beginnings_are_not_taken_for_the_whole(model, spoken, text):
    assert hear(model, say(*spoken)) == text


def test_words_that_sound_alike_are_told_apart_by_the_language_model(model):
    assert hear(model, say(ONE, TWO)) == "one two"
    assert hear(model, say(TWO, ONE)) == "too one"


def test_other_words_are_unknown(model):
    assert hear(model, say(ONE, STRANGE, THREE)) == "one [unk] three"


def test_unknown_words_can_be_too_dear(tmp_path):
    dear = write_model(tmp_path, options=GraphOptions(unk_cost=200))
    assert "[unk]" not in hear(dear, say(ONE, STRANGE, THREE))


def test_a_strange_sequence_of_phones_is_dearer_than_a_usual_one(tmp_path):
    # both have three phones; the one as in `ENGLISH` must be the likelier unknown word, whatever its tones
    only_unknown = write_model(tmp_path, sentences=["[unk]"], lexicon={"far": [("UW", "UW", "UW", "UW", "UW", "UW")]})
    usual, odd = say(("IY", "S", "AA")), say(("UW", "AA", "S"))
    assert hear(only_unknown, usual) == hear(only_unknown, odd) == "[unk]"
    assert likelihood(only_unknown, usual) > likelihood(only_unknown, odd) + 0.5


def test_a_closed_grammar_hears_its_words_and_nothing_else(model):
    grammar = ["one", "three", "[unk]"]
    assert hear(model, say(ONE), grammar) == "one"
    assert hear(model, say(THREE), grammar) == "three"
    assert hear(model, say(FOUR), grammar) == "[unk]"


def test_with_positions_a_phone_at_a_words_end_is_another_output(tmp_path):
    model = write_model(tmp_path, options=GraphOptions(inventory="positions"))
    assert hear(model, say(ONE, THREE, positions=True)) == "one three"
    assert hear(model, say(ONE, positions=False)) != "one"


def test_words_cost_what_they_are_told_to(tmp_path, model):
    dear = write_model(tmp_path, options=GraphOptions(word_cost=1.5))
    sound = say(ONE, THREE)
    assert hear(dear, sound) == "one three"
    assert likelihood(dear, sound) == pytest.approx(likelihood(model, sound) - 2 * 1.5 * GRAPH_SCALE, abs=0.01)


def test_the_cost_of_a_sentence_is_the_language_models(tmp_path):
    model = write_model(tmp_path, sentences=["one three", "one four", "three"])
    words = ngram.estimate([s.split() for s in ("one three", "one four", "three")], [*LEXICON, "[unk]"], 2)
    difference = likelihood(model, say(ONE, THREE)) - likelihood(model, say(THREE, ONE))
    expected = words.log_probability(["one", "three"]) - words.log_probability(["three", "one"])
    assert difference == pytest.approx(GRAPH_SCALE * expected, abs=0.1), "the same tones, in another order"


def test_the_same_input_makes_the_same_files(tmp_path):
    first, second = (write_model(tmp_path / name) for name in "ab")
    for file in ("HCLr.fst", "Gr.fst", "words.txt", "disambig_tid.int"):
        assert (first / "graph" / file).read_bytes() == (second / "graph" / file).read_bytes()
    assert str(tmp_path).encode() not in (first / "graph" / "Gr.fst").read_bytes()


def write(tmp_path, lexicon, vocabulary):
    words = ngram.unigram(dict.fromkeys(vocabulary, 1.0), 0.5)
    graph.write_graph(tmp_path, PHONES, lexicon, ENGLISH, words, GraphOptions())


def test_a_word_without_pronunciation_or_without_probability_is_named(tmp_path):
    with pytest.raises(ValueError, match="six"):
        write(tmp_path, LEXICON, [*LEXICON, "[unk]", "six"])
    with pytest.raises(ValueError, match="four"):
        write(tmp_path, LEXICON, ["one", "only", "two", "too", "three", "[unk]"])


def test_a_phone_that_the_network_lacks_is_named(tmp_path):
    with pytest.raises(ValueError, match="ZH"):
        write(tmp_path, {"one": [("ZH",)]}, ["one", "[unk]"])


@pytest.mark.parametrize("missing", ["programs", "plugin"])
def test_without_openfst_the_fix_is_a_command(tmp_path, monkeypatch, missing):
    if missing == "programs":
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        monkeypatch.setattr(graph, "_PLUGIN_FOLDERS", (f"{tmp_path}/*",))
    with pytest.raises(MissingPartError) as caught:
        write(tmp_path, LEXICON, [*LEXICON, "[unk]"])
    assert "apt-get install libfst-tools" in caught.value.fix


def test_transition_ids_lead_to_their_outputs():
    for inventory in ("phones", "positions"):
        outputs = topology.output_count(inventory, 39)
        tuples = topology.transition_model(outputs).tuples
        pdfs = [0]  # by transition id
        for phone, state, pdf, _ in tuples:
            pdfs += [pdf] * (2 if phone == topology.SILENCE_PHONE or state == 1 else 3)
        assert pdfs[topology.SILENCE] == topology.BLANK
        for output in range(1, outputs):
            ids = topology.unit_ids(output)
            assert [pdfs[ids.first], pdfs[ids.more], pdfs[ids.blank]] == [output, output, topology.BLANK]
    assert topology.output_of("positions", 39, 5, word_final=True) == 44
    with pytest.raises(ValueError, match="blank"):
        topology.unit_ids(topology.BLANK)
