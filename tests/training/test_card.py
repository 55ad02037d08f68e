"""Designs to compare, and a model put in the place of the bundled one."""

import hashlib
import shutil
from pathlib import Path

import pytest
import tomllib

from training import card, compare
from training.compare import Outcome
from voice_skill.errors import MissingPartError

ROOT = Path(__file__).parents[2]


def test_every_design_differs_from_the_others() -> None:
    designs = compare.designs()
    assert len(designs) >= 6
    assert len({part.model_dump_json() for part in designs.values()}) == len(designs)
    assert len({part.steps for part in designs.values()}) == 1  # or the comparison would be unfair


def test_the_table_shows_the_best_design_first() -> None:
    worse = Outcome("worse", 1.5, {"voices": 0.3}, {"clean": 0.2, "spoilt": 0.4}, -2.0, 3.0)
    better = Outcome("better", 1.2, {"voices": 0.2}, {"clean": 0.1, "spoilt": 0.3}, -1.0, 3.2)
    lines = compare.table([worse, better]).splitlines()
    assert lines[0].startswith("| design | loss | phone errors | word errors, clean | word errors, spoilt |")
    assert lines[2] == "| better | 1.20 | 20.0 % | 10.0 % | 30.0 % | -1 | 3.2 |"
    assert lines[3].startswith("| worse |")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "models" / "foot-care-en", tmp_path / "models" / "foot-care-en")
    shutil.copy(ROOT / "models" / "manifest.toml", tmp_path / "models")
    model = tmp_path / "model"
    shutil.copytree(ROOT / "models" / "foot-care-en", model)
    (model / "conf" / "model.conf").write_text("--beam=9\n")
    (model / "am" / "new.stats").write_bytes(b"new")
    return tmp_path


def test_a_published_model_is_what_the_manifest_says(checkout: Path) -> None:
    bundled, manifest = checkout / "models" / "foot-care-en", checkout / "models" / "manifest.toml"
    before = tomllib.loads(manifest.read_text())
    card.publish(checkout / "model", bundled, manifest)
    after = tomllib.loads(manifest.read_text())
    assert after["models"][0] == before["models"][0]
    files = after["models"][1]["files"]
    assert {f["path"] for f in files} >= {"am/new.stats", "conf/model.conf", "graph/HCLr.fst"}
    for file in files:
        content = (bundled / file["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size"], file["sha256"])


def test_a_model_without_a_card_isnt_published(checkout: Path) -> None:
    (checkout / "model" / card.NAME).unlink()
    with pytest.raises(MissingPartError, match=card.NAME):
        card.publish(checkout / "model", checkout / "models" / "foot-care-en", checkout / "models" / "manifest.toml")
    assert (checkout / "models" / "foot-care-en" / "am" / "final.mdl").exists()
