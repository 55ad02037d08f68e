"""Kaldi's files read, written and changed; weights into a Vosk folder; what the real Vosk then computes from sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tones import BUNDLED, likelihood, write_model

from training import build, decode, export, features, kaldi, topology
from training.recipe import GraphPart, Recipe
from voice_skill.errors import MissingPartError, ModelError, UsageError

AUDIO = Path(__file__).parents[1] / "audio"
TEXT = {
    "sentences.tsv": "0\tcommand\tstop talking now\n1\tcommand\tstop now\n2\tcommand\tkeep talking\n",
    "lexicon.txt": "stop S T AA P\ntalking T AO K IH NG\nnow N AW\nkeep K IY P\n",
}


@pytest.fixture(scope="module")
def bundled():
    return kaldi.read(BUNDLED)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_what_is_read_is_written(bundled):
    assert bundled.to_bytes() == BUNDLED.read_bytes()


def test_fields_have_their_kinds(bundled):
    layer = bundled.components["tdnnf15.linear"]
    assert layer.type == "TdnnComponent"
    assert layer.fields["<TimeOffsets>"] == (-3, 0)
    assert layer.fields["<UseNaturalGradient>"] is True
    assert layer.fields["<RankInOut>"] == (20, 32)
    assert layer.array("<LinearParams>").shape == (64, 1536)
    assert bundled.components["tdnn1.batchnorm"].number("<TargetRms>") == 1.0
    with pytest.raises(KeyError):
        layer.array("<StatsMean>")


def test_changed_arrays_come_back_and_nothing_else_changes(bundled):
    bias = np.arange(768, dtype=np.float32)
    changed = kaldi.parse(bundled.with_arrays({"tdnn1.affine/<BiasParams>": bias}).to_bytes())
    assert changed.config == bundled.config
    for key, array in bundled.arrays().items():
        np.testing.assert_array_equal(changed.array(key), bias if key == "tdnn1.affine/<BiasParams>" else array)


def test_arrays_may_change_their_size(bundled):
    weights = {"output.affine/<LinearParams>": np.ones((79, 64), np.float32)}
    assert kaldi.parse(bundled.with_arrays(weights).to_bytes()).array("output.affine/<LinearParams>").shape == (79, 64)


@pytest.mark.parametrize("content", [b"", b"text", b"\0Bnothing", None])
def test_other_files_are_refused_with_their_name(tmp_path, content):
    file = tmp_path / "final.mdl"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=r"final\.mdl"):
        kaldi.read(file)


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.999])
def test_torn_files_are_refused(tmp_path, share):
    file = tmp_path / "final.mdl"
    file.write_bytes(BUNDLED.read_bytes()[: int(share * BUNDLED.stat().st_size)])
    with pytest.raises(ModelError):
        kaldi.read(file)


# --- weights into the file --------------------------------------------------------------------------------------------


def with_ivectors(bundled):
    """The bundled network as a training run of Kaldi would have left it: an i-vector input and a second output."""
    transform = bundled.array("lda/<LinearParams>")
    wide = np.concatenate([transform, np.ones((len(transform), 100), np.float32)], 1)
    config = ["input-node name=ivector dim=100"]
    for line in bundled.config:
        if " name=lda " in line:
            config.append(line[:-1] + ", ReplaceIndex(ivector, t, 0))")
        elif "output.logsm" not in line:
            config.append(line)
    config += [
        "output-node name=output input=output.affine objective=linear",
        "component-node name=output-xent.affine component=output-xent.affine input=prefinal-l",
        "output-node name=output-xent input=output-xent.affine objective=linear",
    ]
    components = {**bundled.components, "output-xent.affine": bundled.components["output.affine"]}
    del components["output.logsm"]
    return replace(bundled, config=tuple(config), components=components).with_arrays({"lda/<LinearParams>": wide})


def test_ivectors_and_the_second_output_go(bundled):
    made = export.acoustic_model(with_ivectors(bundled), {})
    assert made.config == bundled.config
    assert list(made.components) == list(bundled.components)
    assert made.to_bytes() == export.acoustic_model(bundled, {}).to_bytes()


def test_blank_bias_and_priors_move_the_output_layers_bias(bundled):
    before = bundled.array("output.affine/<BiasParams>")
    priors = np.linspace(-5, 0, 40).astype(np.float32)
    after = export.acoustic_model(bundled, {}, -2.5, priors).array("output.affine/<BiasParams>")
    np.testing.assert_allclose(after[1:], (before - priors)[1:], rtol=1e-6)
    assert after[0] == pytest.approx(before[0] - priors[0] - 2.5)


@pytest.mark.parametrize(
    ("weights", "priors"),
    [
        ({"tdnn1.affine/<BiasParams>": np.zeros(7, np.float32)}, None),
        ({"tdnn99.affine/<BiasParams>": np.zeros(768, np.float32)}, None),
        ({"output.affine/<LinearParams>": np.zeros((79, 64), np.float32)}, None),
        ({"output.affine/<LinearParams>": np.zeros((40, 65), np.float32)}, None),
        ({}, np.zeros(39)),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, weights, priors):
    with pytest.raises(UsageError, match="don't fit"):
        export.write_acoustic_model(BUNDLED, weights, tmp_path, log_priors=priors)
    assert not (tmp_path / "am").exists()


# --- the folder -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folder")
    for name, text in TEXT.items():
        (folder / name).write_text(text)
    recipe = Recipe(graph=GraphPart(blank_bias=0.0))  # the bundled weights have it in them
    build.build_model(recipe, BUNDLED, {}, folder, folder / "model")
    return folder


def test_a_whole_folder_hears_a_recorded_sentence(folder):
    (clip,) = AUDIO.glob("stop talking now__*.flac")
    (heard,) = decode.decode(folder / "model", [(clip, "stop talking now")])
    assert heard.heard == "stop talking now"
    assert heard.errors == 0
    total = decode.score([heard, replace(heard, heard="stop talk")])
    assert (total.words, total.errors, total.exact) == (6, 2, 1)
    assert total.word_error_rate == pytest.approx(1 / 3)
    assert 0 < total.real_time_factor < 1


def test_positions_give_a_folder_that_loads(folder, bundled):
    matrix, bias = (bundled.array(f"output.affine/{token}") for token in ("<LinearParams>", "<BiasParams>"))
    grown = {
        "output.affine/<LinearParams>": np.concatenate([matrix, matrix[1:]]),
        "output.affine/<BiasParams>": np.concatenate([bias, bias[1:]]),
    }
    recipe = Recipe.model_validate({"graph": {"blank_bias": 0.0}, "train": {"units": "positions"}})
    build.build_model(recipe, BUNDLED, grown, folder, folder / "positions")
    (clip,) = AUDIO.glob("stop talking now__*.flac")
    (heard,) = decode.decode(folder / "positions", [(clip, "stop talking now")])
    assert heard.heard == "stop talking now"


def test_without_texts_the_fix_is_a_stage(tmp_path):
    with pytest.raises(MissingPartError, match=r"lexicon\.txt"):
        build.build_model(Recipe(), BUNDLED, {}, tmp_path, tmp_path / "model")


def test_words_outside_the_vocabulary_are_unknown():
    model = build.language_model(GraphPart(prune=0), {"about": [["my", "toe"], ["my", "xyz"]]}, ["my", "toe"])
    assert model.probability(("my",), "[unk]") == pytest.approx(model.probability(("my",), "toe"), rel=0.2)
    assert model.vocabulary == {"my", "toe", "[unk]", "</s>"}


# --- what Vosk computes -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sums(tmp_path_factory):
    """A model whose log-likelihood is a sum over the frames it scores, one in three, of two cepstra."""
    folder = write_model(tmp_path_factory.mktemp("sums"), ["far"], {"far": [("AA",)]})
    weights = np.zeros((5, 40), np.float32)
    weights[1, [0, 3]] = 0.01, 0.02
    layer = {"lda/<LinearParams>": weights, "lda/<BiasParams>": np.array([-1000, 0, -1000, -1000, -1000], np.float32)}
    tones = kaldi.read(folder / "am" / "final.mdl")
    config = ("input-node name=input dim=40", tones.config[1], "output-node name=output input=lda objective=linear")
    bare = replace(tones, config=config, components={"lda": tones.components["lda"]}).with_arrays(layer)
    (folder / "am" / "final.mdl").write_bytes(bare.to_bytes())
    return folder, weights[1]


@pytest.mark.parametrize("normalised", [False, True])
def test_vosk_sees_the_very_frames_that_training_makes(sums, normalised):
    folder, weights = sums
    mean = np.random.default_rng(0).normal(0, 5, 40) + np.eye(40)[0] * 80
    stats = folder / "am" / "global_cmvn.stats"
    stats.unlink(missing_ok=True)
    if normalised:
        export.write_mean_normalisation(folder, mean)
    rng = np.random.default_rng(1)
    loudness = np.repeat(rng.uniform(50, 5000, 200), 800)
    sound = (rng.normal(size=160_000) * loudness).clip(-32768, 32767).astype(np.int16)

    rest = []
    for seconds in (0.1, 1, 5, 10):  # before, while and after the window of 600 frames fills up
        samples = sound[: int(seconds * 16_000)]
        frames = features.mfcc(samples.astype(np.float32))
        seen = features.mean_normalise(frames, mean) if normalised else frames
        rest.append(likelihood(folder, samples.tobytes()) - float((seen[::3] @ weights).sum()))
    assert rest == pytest.approx([rest[0]] * 4, abs=2e-3), "only the graph's cost, the same for all"


def test_decoder_options_reach_the_file(tmp_path):
    export.write_conf(tmp_path, export.DecoderOptions(beam=9.5, max_active=1234, acoustic_scale=0.8))
    lines = (tmp_path / "conf" / "model.conf").read_text().splitlines()
    assert {"--beam=9.5", "--max-active=1234", "--acoustic-scale=0.8", "--frame-subsampling-factor=3"} <= set(lines)
    assert f"--endpoint.silence-phones={topology.SILENCE_PHONE}" in lines
    assert f"--frames-per-chunk={export.CHUNK_FRAMES}" in lines
    assert "--dither=0" in (tmp_path / "conf" / "mfcc.conf").read_text().splitlines()
