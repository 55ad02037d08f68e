"""How fast the box heals: the microphone of the real process is pulled and plugged in again, on the virtual sound card.

Counts what is said and shown, and when; a pull heals when the loss is told within 3 s and the return within 10 s, with
no restart. Not for how a loss is noticed (`tests/hearing`).
"""

from __future__ import annotations

import random
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from bench.figures import Table, percentile
from bench.reporting import Page, WriteTo, report
from fit.files import CHECKOUT

if TYPE_CHECKING:
    from assistant_process import RunningAssistant
    from rig import VirtualAudio

PULLS = 20
TOLD_WITHIN_S, BACK_WITHIN_S = 3.0, 10.0  # reference K3
GIVE_UP_S = 30.0
AWAY_S = (0.5, 6.0)  # how long it stays unplugged, drawn anew for each pull


def pull(card: VirtualAudio, assistant: RunningAssistant, away_s: float) -> tuple[float, float]:
    """Unplug the microphone, plug it in after `away_s`: seconds to the told loss, and from the plug to the return.

    Raises TimeoutError when one of them isn't told at all.
    """
    before, unplugged = len(assistant.exchanges), time.perf_counter()
    card.unplug_microphone()
    lost = assistant.wait_for(lambda e: e["key"] == "reply:microphone-lost", after=before, timeout=GIVE_UP_S)
    time.sleep(away_s)
    plugged = time.perf_counter()
    card.plug_in_microphone()
    back = assistant.wait_for(lambda e: e["key"] == "reply:microphone-back", after=before, timeout=GIVE_UP_S)
    return assistant.told_at(lost) - unplugged, assistant.told_at(back) - plugged


def measure(pulls: int = PULLS, seed: int = 7) -> list[Table]:
    """The table of pulls.

    Raises RuntimeError with the next step where the virtual sound card's programs are missing.
    """
    sys.path.insert(0, str(CHECKOUT / "tests"))
    from assistant_process import RunningAssistant
    from rig import VirtualAudio

    chance = random.Random(seed)
    losses: list[float] = []
    returns: list[float] = []
    with VirtualAudio() as card, RunningAssistant(card.env, "--kiosk", "--region", "UK") as assistant:
        assistant.ready()
        for _ in range(pulls):
            time.sleep(chance.uniform(0.0, 4.0))
            try:
                lost_s, back_s = pull(card, assistant, chance.uniform(*AWAY_S))
            except TimeoutError:
                lost_s = back_s = GIVE_UP_S
            losses.append(lost_s)
            returns.append(back_s)
    return [_table(losses, returns)]


def _table(losses: list[float], returns: list[float]) -> Table:
    table = Table("healing", "The microphone is pulled", ("what", "n", "in time", "p50", "longest"))
    for what, seconds, limit_s in (
        ("pulled: told", losses, TOLD_WITHIN_S),
        ("plugged in: hears again, and told", returns, BACK_WITHIN_S),
    ):
        good = sum(each <= limit_s for each in seconds)
        p50 = percentile(seconds, 0.5)
        table.add(
            what, len(seconds), f"{good}/{len(seconds)} within {limit_s:g} s", f"{p50:.1f} s", f"{max(seconds):.1f} s"
        )
        table.figures[what] = {
            "n": len(seconds),
            "in_time": good,
            "limit_s": limit_s,
            "p50_s": round(p50, 2),
            "max_s": round(max(seconds), 2),
        }
    healed = sum(lost <= TOLD_WITHIN_S and back <= BACK_WITHIN_S for lost, back in zip(losses, returns, strict=True))
    table.figures["healed"] = {"n": len(losses), "healed": healed}
    table.notes.append(
        f"{healed}/{len(losses)} pulls healed without a restart. Told: on the screen, as the voice begins."
    )
    return table


def main(
    pulls: Annotated[int, typer.Option(min=1, help="How often the microphone is pulled.")] = PULLS,
    write_to: WriteTo = None,
    page: Page = None,
) -> None:
    """Pull the microphone of a running kiosk, again and again, on the virtual sound card."""
    tables = measure(pulls)
    report("healing", tables, write_to, page)


if __name__ == "__main__":
    typer.run(main)
