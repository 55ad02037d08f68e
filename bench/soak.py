"""What the assistant costs while it runs for hours: memory, processor, threads, file handles, sound that was lost.

The real process on the virtual sound card is left alone, and asked something by voice every two minutes. Whether it
answers rightly is for others to measure.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from bench.figures import Table, percentile
from bench.reporting import Page, WriteTo, report
from fit.files import CHECKOUT

if TYPE_CHECKING:
    from assistant_process import RunningAssistant
    from rig import VirtualAudio

MINUTES = 60.0
EVERY_S = 120.0  # between two visitors (reference K13)
SAMPLE_S = 5.0
SETTLED_AFTER_S = 600.0  # by then all sentences are rendered; the slope of the memory is taken from there on
IDLE_AFTER_VISIT_S = 15.0  # by then a visitor's turn is over
QUESTION = CHECKOUT / "content" / "demo" / "my toes are cramping.flac"
PICTURE = "performance-soak.svg"
_TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process. at_s: since it began to listen; cpu_s: spent so far; idle: nobody is visiting."""

    at_s: float
    cpu_s: float
    rss_mb: float
    threads: int
    handles: int
    idle: bool


@dataclass(slots=True)
class Log:
    """What was seen. waits_s: of each visitor who was answered, from the end of the question to the first sound."""

    start_s: float = 0.0
    samples: list[Sample] = field(default_factory=list[Sample])
    waits_s: list[float] = field(default_factory=list[float])
    visitors: int = 0
    lost_sound: list[str] = field(default_factory=list[str])


def measure(minutes: float, picture: Path | None, progress: Progress, every_s: float = EVERY_S) -> list[Table]:
    """The tables; `picture`: where memory over time is drawn (SVG).

    Raises RuntimeError with the next step where the virtual sound card's programs are missing.
    """
    sys.path.insert(0, str(CHECKOUT / "tests"))
    from assistant_process import RunningAssistant
    from rig import VirtualAudio

    log = Log()
    task = progress.add_task("soak", total=minutes * 60)
    with tempfile.TemporaryDirectory() as state, VirtualAudio() as card:
        begin = time.perf_counter()
        with RunningAssistant({**card.env, "XDG_STATE_HOME": state}) as assistant:
            log.start_s = assistant.ready() - begin
            with card.record() as recording:  # it doesn't listen while it greets
                recording.wait_for_silence(time.perf_counter(), lasting=1.5)
            began = time.monotonic()
            while (now_s := time.monotonic() - began) < minutes * 60:
                due = log.visitors * every_s <= now_s
                if due:
                    log.visitors += 1
                    _visit(card, assistant, log)
                quiet_s = time.monotonic() - began - (log.visitors - 1) * every_s
                log.samples.append(_look(assistant.pid, time.monotonic() - began, quiet_s > IDLE_AFTER_VISIT_S))
                progress.update(task, completed=time.monotonic() - began)
                time.sleep(SAMPLE_S)
            assistant.press("q")
            assistant.exit_code()
        for file in Path(state).rglob("voice-skill.log*"):
            log.lost_sound += [line for line in file.read_text().splitlines() if "sound was lost" in line]
    if picture is not None:
        _draw(log.samples, picture)
    return [_table(log, minutes)]


def _visit(card: VirtualAudio, assistant: RunningAssistant, log: Log) -> None:
    """Asks, listens for a moment, wants the next step, and silences it."""
    before = len(assistant.exchanges)
    with card.record() as recording:
        card.play(QUESTION)
        asked = time.perf_counter()
        try:
            assistant.wait_for(lambda each: each["action"] == "answer", after=before, timeout=10)
            log.waits_s.append(recording.wait_for_sound(after=asked, timeout=10) - asked)
        except TimeoutError:
            return
        time.sleep(3)
        for key in "ns":
            assistant.press(key)
            time.sleep(2)


def _look(pid: int, at_s: float, idle: bool) -> Sample:
    """The process as the kernel sees it."""
    home = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (home / "status").read_text().splitlines())
    times = (home / "stat").read_text().rpartition(")")[2].split()
    return Sample(
        at_s,
        (int(times[11]) + int(times[12])) / _TICKS_S,
        int(status["VmRSS"].split()[0]) / 1024,
        int(status["Threads"]),
        len(list((home / "fd").iterdir())),
        idle,
    )


def _table(log: Log, minutes: float) -> Table:
    table = Table("soak", f"{minutes:.0f} minutes on the virtual sound card", ("what", "figure"))
    settled = [sample for sample in log.samples if sample.at_s >= min(SETTLED_AFTER_S, minutes * 20)]
    first, last = settled[0], settled[-1]
    slope = 0.0
    if len(settled) > 2:
        slope = float(np.polyfit([s.at_s / 3600 for s in settled], [s.rss_mb for s in settled], 1)[0])
    idle = idle_share(settled)
    half = len(log.waits_s) // 2
    drift = percentile(log.waits_s[half:], 0.5) / percentile(log.waits_s[:half], 0.5) if half else 1.0
    rows: dict[str, tuple[str, float]] = {
        "start to listening": (f"{log.start_s:.1f} s", log.start_s),
        "memory, settled": (f"{first.rss_mb:.0f} MB RSS", first.rss_mb),
        "memory, at the end": (f"{last.rss_mb:.0f} MB RSS", last.rss_mb),
        "memory, slope": (f"{slope:+.1f} MB an hour", slope),
        "processor, nobody there": (f"{100 * idle:.1f} % of a core", 100 * idle),
        "processor, all in all": (f"{100 * last.cpu_s / last.at_s:.1f} % of a core", 100 * last.cpu_s / last.at_s),
        "threads, settled and at the end": (f"{first.threads}, {last.threads}", last.threads - first.threads),
        "file handles, settled and at the end": (f"{first.handles}, {last.handles}", last.handles - first.handles),
        "visitors answered": (f"{len(log.waits_s)} of {log.visitors}", len(log.waits_s)),
        "wait for the first sound, second half to first": (f"{drift:.2f} x", drift),
        "sound lost": ("; ".join(log.lost_sound) or "none", len(log.lost_sound)),
    }
    for what, (shown, number) in rows.items():
        table.add(what, shown)
        table.figures[what] = round(number, 3)
    table.notes.append(
        "A visitor every two minutes asks by voice, wants the next step by key, and silences it. The processor's share "
        "includes PortAudio and the sound server's client, which take most of it here. Settled: after ten minutes."
    )
    return table


def idle_share(samples: Sequence[Sample]) -> float:
    """Share of one core that it takes between two samples while nobody is there; NaN when there are no two in a row."""
    pairs = [(a, b) for a, b in pairwise(samples) if a.idle and b.idle]
    spent = sum(b.cpu_s - a.cpu_s for a, b in pairs)
    passed = sum(b.at_s - a.at_s for a, b in pairs)
    return spent / passed if passed else float("nan")


def _draw(samples: Sequence[Sample], picture: Path) -> None:
    """Memory over time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([s.at_s / 60 for s in samples], [s.rss_mb for s in samples], color="#3b6ea5")
    axes.set_ylim(0, 1.25 * max(s.rss_mb for s in samples))
    axes.set_xlabel("minutes", fontsize=8)
    axes.set_ylabel("MB RSS", fontsize=8)
    figure.savefig(picture, format="svg", metadata={"Date": None})


def main(
    minutes: Annotated[float, typer.Option(help="How long it runs.")] = MINUTES,
    write_to: WriteTo = None,
    page: Page = None,
) -> None:
    """Let the assistant run for an hour, and see what that costs."""
    with Progress(console=Console(stderr=True)) as progress:
        tables = measure(minutes, page.parent / PICTURE if page else None, progress)
    report("soak", tables, write_to, page, f"![Memory over time: the table says where it begins and ends]({PICTURE})")


if __name__ == "__main__":
    typer.run(main)
