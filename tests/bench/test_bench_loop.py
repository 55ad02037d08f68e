"""The loop bench: what its table says, and one real try. The canceller itself: tests/hearing/test_echo.py."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from bench import loop


def test_the_table_counts_what_was_heard_and_names_what_it_obeyed():
    silent = loop.Tried(tries=4, waits_s=[0.2, 0.3, 0.6], alone_s=630, obeyed=[])
    loud = loop.Tried(tries=4, waits_s=[0.5], alone_s=600, obeyed=["go back"])
    table = loop._table({-20.0: silent, 0.0: loud})
    assert table.rows == [
        ("-20 dB", "3 of 4", "300 ms", "600 ms", "10.5 minutes", "never"),
        ("+0 dB", "1 of 4", "500 ms", "500 ms", "10.0 minutes", "'go back'"),
    ]
    assert "300 ms (p50), 600 ms (p95)" in table.notes[0]


@pytest.mark.rig
@pytest.mark.timeout(180)
def test_one_level_from_the_command_to_the_page(tmp_path):
    page = tmp_path / "performance.md"
    app = typer.Typer()
    app.command()(loop.main)
    asked = ["--level", "-30", "--tries", "2", "--minutes", "0.1"]
    done = CliRunner().invoke(app, [*asked, "--json", str(tmp_path / "out.json"), "--page", str(page)])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "out.json").read_text())["figures"]["loop"]["-30 dB"]
    assert figures["heard"]["total"] == 2
    assert figures["alone_s"] >= 6
    assert "<!-- scripts/bench loop: begin -->" in page.read_text()
