"""Teaching the sentence network: it learns what it is taught, as the program will read it."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_network import FLAGS, LABELS, tiny_network

from fit.corpus import Lesson
from fit.network import fixed_of, outputs, padded, read_encoder
from fit.teaching import CHUNK, coached, taught_again, teach, worn
from voice_skill.understanding.network import (
    LONGEST,
    NetworkWeights,
    SentenceNetwork,
    parse_network,
    written_network,
)

LESSONS = [
    Lesson("warm", ("heat",), ("no",)),
    Lesson("hot steam", ("heat",), ("no",)),
    Lesson("rub the toe", ("massage",), ("no",)),
    Lesson("press toes", ("massage",), ("no",)),
    Lesson("a song", ("none",), ("no",)),
    Lesson("my chest", (), ("RF-E1",)),
] * 8


def assert_learnt(network: NetworkWeights) -> None:
    assert (network.labels, network.flags, network.trained_on) == (LABELS, FLAGS, "these")
    reader = SentenceNetwork(network, LABELS)
    for lesson in LESSONS[:5]:
        assert LABELS[int(reader.read([lesson.text])[0].labels.argmax())] in lesson.labels
    assert reader.read(["my chest"])[0].flags["RF-E1"] > reader.read(["warm"])[0].flags["RF-E1"] + 1


def test_it_learns_and_the_program_reads_what_it_learnt() -> None:
    told: list[tuple[int, int]] = []
    (network,) = teach(
        tiny_network(taught=False),
        LESSONS,
        LABELS,
        FLAGS,
        trained_on="these",
        epochs=200,
        progress=lambda *steps: told.append(steps),
    )
    done, steps = told[-1]
    assert done == steps
    assert steps % CHUNK == 0
    assert_learnt(network)


def test_members_differ_and_a_coached_network_learns_from_them() -> None:
    start = tiny_network(taught=False)
    one, other = teach(start, LESSONS, LABELS, FLAGS, trained_on="these", epochs=40, members=2)
    assert not np.allclose(one.ends["out.weight"], other.ends["out.weight"])
    small = coached(start, LESSONS, LABELS, FLAGS, trained_on="these", layers=1, epochs=200, coach_epochs=200)
    assert len(small.layers) == 1
    assert_learnt(small)


def test_coaches_are_heeded() -> None:
    def wrong(lesson: Lesson) -> Lesson:
        return replace(lesson, labels=("massage",)) if lesson.text == "warm" else lesson

    start = tiny_network(taught=False)
    coaches = teach(start, list(map(wrong, LESSONS)), LABELS, FLAGS, trained_on="others", epochs=200)
    (heeding,) = teach(start, LESSONS, LABELS, FLAGS, trained_on="these", epochs=200, coaches=coaches)
    chances = np.exp(SentenceNetwork(heeding, LABELS).read(["warm"])[0].labels)
    assert chances[LABELS.index("massage")] > chances[LABELS.index("heat")]


def test_taught_again_it_knows_what_it_knew_and_has_room_for_what_is_new() -> None:
    (before,) = teach(tiny_network(taught=False), LESSONS, LABELS, FLAGS, trained_on="others", epochs=200)
    before = parse_network(written_network(before))  # as it is shipped
    again = taught_again(before, LESSONS, ("cold", *LABELS), FLAGS, trained_on="these")
    assert again.trained_on == "these"
    was, now = SentenceNetwork(before, LABELS), SentenceNetwork(again, LABELS)
    for lesson in LESSONS[:5]:
        assert now.read([lesson.text])[0].labels.argmax() == was.read([lesson.text])[0].labels.argmax()
    assert "cold" in again.labels
    assert not np.allclose(again.layers[0]["take.bias"], before.layers[0]["take.bias"])


def test_a_worn_sentence_keeps_its_ends_and_its_order() -> None:
    numbers = jnp.tile(jnp.arange(100, 120), (200, 1))
    lengths = jnp.full(200, 15)
    worn_numbers, given = map(np.asarray, worn(numbers, lengths, 7, jax.random.PRNGKey(1)))
    rows = [row[there].tolist() for row, there in zip(worn_numbers, given, strict=True)]
    assert all((row[0], row[-1]) == (100, 114) for row in rows)
    assert all(sorted(set(row) - {7}) == [n for n in row if n != 7] for row in rows)
    assert any(7 in row for row in rows)
    assert min(map(len, rows)) < max(map(len, rows)) == 15
    assert all(there[: len(row)].all() for row, there in zip(rows, given, strict=True))


def test_what_teaches_computes_as_the_program_does() -> None:
    weights = tiny_network()
    reader = SentenceNetwork(weights, LABELS)
    texts = ["toes cramping", "hot", "rub my toe please"]
    numbers, given = padded([reader.numbers(text) for text in texts])
    params = {"ends": weights.ends, "layers": list(weights.layers)}
    sums = np.asarray(outputs(params, fixed_of(weights), numbers, given))[:, : len(LABELS)]
    chances = np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True)
    for row, reading in zip(chances, reader.read(texts), strict=True):
        assert np.exp(reading.labels) == pytest.approx(row, abs=1e-3)


def test_an_encoder_is_read_from_its_files(tmp_path) -> None:
    width, inner = 24, 48
    draw = np.random.default_rng(1)
    sizes = {"attention.self.query": (width, width), "attention.self.key": (width, width)}
    sizes |= {"attention.self.value": (width, width), "attention.output.dense": (width, width)}
    sizes |= {"intermediate.dense": (inner, width), "output.dense": (width, inner)}
    numbers = {f"embeddings.{name}_embeddings.weight": (rows, width) for name, rows in (("position", 64), ("word", 5))}
    numbers["embeddings.token_type_embeddings.weight"] = (2, width)
    for part, (outs, ins) in sizes.items():
        numbers |= {f"encoder.layer.0.{part}.weight": (outs, ins), f"encoder.layer.0.{part}.bias": (outs,)}
    for part in (
        "embeddings.LayerNorm",
        "encoder.layer.0.attention.output.LayerNorm",
        "encoder.layer.0.output.LayerNorm",
    ):
        numbers |= {f"{part}.weight": (width,), f"{part}.bias": (width,)}
    made = {name: draw.normal(size=shape).astype(np.float32) for name, shape in numbers.items()}
    save_file(made, tmp_path / "model.safetensors")
    (tmp_path / "vocab.txt").write_text("[PAD]\n[CLS]\n[SEP]\ntoe\n\u00e9\n", encoding="utf-8")
    encoder = read_encoder(tmp_path, layers=1)
    assert encoder.pieces == ("[CLS]", "[SEP]", "toe")
    assert encoder.places.shape == (LONGEST, width)
    assert encoder.layers[0]["look.weight"].shape == (width, 3 * width)
    assert encoder.layers[0]["narrow.weight"].shape == (inner, width)
    toe = encoder.words.rows(2)
    assert toe == pytest.approx(made["embeddings.word_embeddings.weight"][3], abs=0.03)
