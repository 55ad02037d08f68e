"""What to expect on a Raspberry Pi, where none is at hand: an estimate from counted instructions.

Valgrind counts the machine instructions of each piece of work on this machine, with the vectors of a Pi (128 bits); a
Pi's clock and the range of instructions per clock cycle that its core may reach make times of them. An estimate, and
printed as one. Not for times of this machine (`cost.py`, `latency.py`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

import typer
from rich.console import Console

from bench.figures import Table
from bench.reporting import Page, WriteTo, report
from fit.files import CHECKOUT
from voice_skill.errors import MissingPartError, VoiceSkillError

# OpenBLAS of that machine computes with 128-bit vectors, as every Pi's does; one thread, for threads wait in loops.
_LIKE_A_PI = {"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")


@dataclass(frozen=True, slots=True)
class Board:
    """A Raspberry Pi. ghz: clock; per_cycle: instructions per cycle, from what slow and fast code may reach on such a
    core. Judgement, not measured: an in-order Cortex-A53 stalls often, an A72 and an A76 issue three and four at once.
    """

    name: str
    ghz: float
    per_cycle: tuple[float, float]

    def seconds(self, instructions: float) -> tuple[float, float]:
        """At best and at worst."""
        low, high = self.per_cycle
        return instructions / (self.ghz * 1e9 * high), instructions / (self.ghz * 1e9 * low)


BOARDS = (
    Board("Zero 2 W", 1.0, (0.5, 0.9)),
    Board("3 B+", 1.4, (0.5, 0.9)),
    Board("4", 1.8, (0.9, 1.5)),
    Board("5", 2.4, (1.5, 2.5)),
)

# Each piece of work: (what it is per, what makes it ready, the work itself). It is counted with and without the work.
_READY = {
    "gate": """
import numpy as np
from voice_skill.hearing.gate import GateSettings, VoiceGate
gate = VoiceGate(GateSettings(end_silence_ms=800))
room = np.random.default_rng(1).normal(0, 8, 16000 * 10).astype(np.int16).reshape(-1, 320)
gate.push(room[0].tobytes())
""",
    "decode": """
from pathlib import Path
from voice_skill.ears import open_ears
from voice_skill.settings import load_settings
ears = open_ears(load_settings())
clip = Path("content/demo/my toes are cramping.flac")
""",
    "understand": """
from voice_skill.events import Heard, Hypothesis
from voice_skill.settings import load_settings
from voice_skill.skill import Visit, build
settings = load_settings()
skill = build(settings)
said = ["my toes are cramping", "what causes foot cramps", "is it my shoes", "how long does this last", "louder please"]
Visit(skill, settings).on(Heard((Hypothesis("does heat help"),)))
""",
    "start": "",
}
_WORK = {
    "gate": "for frame in room:\n    list(gate.push(frame.tobytes()))",
    "decode": "ears.read(clip)",
    "understand": "for text in said:\n    Visit(skill, settings).on(Heard((Hypothesis(text),)))",
    "start": _READY["decode"] + _READY["understand"],
}
_UNITS = {"gate": 10.0, "understand": 5.0, "start": 1.0}  # seconds of sound, utterances, starts


def measure() -> list[Table]:
    """Instructions, and what they take on each board. Raises MissingPartError without valgrind."""
    if shutil.which("valgrind") is None:
        raise MissingPartError("valgrind isn't installed.", fix="sudo apt-get install valgrind")
    import soundfile

    seconds = soundfile.info(CHECKOUT / "content/demo/my toes are cramping.flac").duration
    units: Mapping[str, float] = {**_UNITS, "decode": seconds}
    counts = {name: (_count(name, work=True) - _count(name, work=False)) / units[name] for name in _READY}
    table = Table("pi", "Expected on a Raspberry Pi", ("what", "instructions", *(board.name for board in BOARDS)))
    shown = {
        "gate": ("listening to an empty room, of a core", _percent),
        "decode": ("recognizing, of a core while somebody speaks", _percent),
        "understand": ("understanding an utterance", _time),
        "start": ("loading content, matcher and speech model", _time),
    }
    for name, (what, words) in shown.items():
        table.add(what, f"{counts[name] / 1e6:.0f} million", *(words(*board.seconds(counts[name])) for board in BOARDS))
        table.figures[name] = round(counts[name])
    table.notes.append(
        "An estimate, from instructions counted here and from clocks and instructions per cycle ("
        + "; ".join(f"{b.name}: {b.ghz:g} GHz, {b.per_cycle[0]:g}-{b.per_cycle[1]:g}" for b in BOARDS)
        + "): no Pi was at hand. Instructions are of x86-64 with 128-bit vectors; a Pi needs about as many. A board "
        "that is hot and slows down takes longer. The sound system's own work comes on top: with PulseAudio 1 to 2 % "
        "of a fast core for each direction."
    )
    return [table]


def _count(name: str, *, work: bool) -> int:
    """Machine instructions of a Python process that gets ready for the work, and does it or not."""
    script = _READY[name] + (_WORK[name] if work else "")
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={folder}/counts"]
        done = subprocess.run(
            [*command, sys.executable, "-c", script],
            cwd=CHECKOUT,
            env={**os.environ, **_LIKE_A_PI, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
        )
    found = _COUNTED.search(done.stderr)
    if done.returncode or found is None:
        raise MissingPartError(f"valgrind could not run it: {done.stderr[-300:]}", fix="try: valgrind python3 -c pass")
    return int(found[1].replace(",", ""))


def _percent(best: float, worst: float) -> str:
    return f"{100 * best:.1f}-{100 * worst:.1f} %"


def _time(best: float, worst: float) -> str:
    return f"{best:.1f}-{worst:.1f} s" if worst >= 1 else f"{1000 * best:.0f}-{1000 * worst:.0f} ms"


def main(
    write_to: WriteTo = None,
    page: Page = None,
) -> None:
    """Estimate what it takes on Raspberry Pis (five minutes; needs valgrind)."""
    try:
        tables = measure()
    except VoiceSkillError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from error
    report("pi", tables, write_to, page)


if __name__ == "__main__":
    typer.run(main)
