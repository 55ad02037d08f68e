"""The healing bench: what counts as healed, and one real pull. The pulls themselves: tests/e2e/test_healing.py."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from bench import healing


def test_a_pull_heals_only_when_both_are_in_time():
    table = healing._table([0.4, 2.9, 3.1, 0.5], [1.0, 9.9, 2.0, 30.0])
    assert table.figures["healed"] == {"n": 4, "healed": 2}
    assert [row[2] for row in table.rows] == ["3/4 within 3 s", "3/4 within 10 s"]
    assert "2/4 pulls healed" in table.notes[0]


@pytest.mark.rig
@pytest.mark.timeout(180)
def test_one_pull_from_the_command_to_the_page(tmp_path):
    import typer

    page = tmp_path / "kiosk.md"
    page.write_text(
        "before\n\n<!-- scripts/bench healing: begin -->\nstale figures\n<!-- scripts/bench healing: end -->\n\nafter\n"
    )
    app = typer.Typer()
    app.command()(healing.main)
    done = CliRunner().invoke(app, ["--pulls", "1", "--json", str(tmp_path / "out.json"), "--page", str(page)])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "out.json").read_text())["figures"]["healing"]
    assert figures["healed"] == {"n": 1, "healed": 1}
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "1/1 pulls healed" in text
    assert "stale figures" not in text
