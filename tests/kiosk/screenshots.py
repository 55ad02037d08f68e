"""Pictures of the page in each state, for docs/: the real page in a real browser, with views of the real conversation.

Run by scripts/screenshots, for all of them or those that are named. Not a test: nobody compares pixels.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Collection
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page
from scenes import scenes
from served import SMALL, TALL, Box, browser

from voice_skill.kiosk.server import serve

COLOURS = 64
TALL_SHOWN = (540, 960)  # a wall is shown at half its size


def main(folder: Path, wanted: Collection[str] = ()) -> None:
    """Write docs/kiosk-NAME.png, all or the wanted ones, and say how much all weigh."""

    def take(page: Page, name: str, size: tuple[int, int] | None = None) -> None:
        if not wanted or name in wanted:
            _take(page, folder / f"kiosk-{name}.png", size)

    box = Box(scenes()["idle"])
    with browser() as chromium:
        with serve(box.app, 0) as box.address:
            page = _open(chromium, box, SMALL)
            for name, view in scenes().items():
                box.show(view)
                take(page, name)
            box.show(scenes()["speaking"])
            page.evaluate("() => { document.documentElement.dataset.theme = 'high' }")
            take(page, "high-contrast")
            page.evaluate("() => { document.documentElement.dataset.theme = 'light' }")
            for panel in ("Topics", "Settings"):
                page.get_by_role("button", name=panel).click()
                take(page, panel.lower())
            page.get_by_role("button", name="Settings").click()
            tall = _open(chromium, box, TALL)
            take(tall, "tall", TALL_SHOWN)
            box.board.close()
        page.wait_for_function("() => document.querySelector('#notice').textContent !== ''")
        page.get_by_role("button", name="Topics").click()
        page.get_by_role("button", name="Massage").click()
        take(page, "without-voice")
    pictures = sorted(folder.glob("kiosk-*.png"))
    print(f"{len(pictures)} pictures in {folder}, {sum(p.stat().st_size for p in pictures) // 1000} kB")


def _open(chromium: Browser, box: Box, size: tuple[int, int]) -> Page:
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(box.address)
    page.wait_for_selector("#topics button", state="attached")
    return page


def _take(page: Page, path: Path, size: tuple[int, int] | None = None) -> None:
    time.sleep(0.3)  # drawn, and its icon at rest
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
