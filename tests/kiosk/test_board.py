"""The board between threads and browsers, with a real event loop and real threads."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

from voice_skill.kiosk.board import Board
from voice_skill.kiosk.view import View


def said(text):
    return lambda view: replace(view, caption=text)


def test_a_reader_gets_what_is_up_and_then_each_change():
    async def read():
        board = Board(View())
        views = board.views()
        first = await anext(views)
        threading.Thread(target=board.change, args=(said("one"),)).start()
        second = await asyncio.wait_for(anext(views), 5)
        await views.aclose()
        return first.caption, second.caption

    assert asyncio.run(read()) == ("", "one")


def test_a_slow_reader_gets_the_newest_and_holds_nobody_up():
    async def read():
        board = Board(View())
        views = board.views()
        await anext(views)
        began = time.perf_counter()
        for number in range(10_000):
            board.change(said(str(number)))
        took = time.perf_counter() - began
        newest = await asyncio.wait_for(anext(views), 5)
        await views.aclose()
        return newest.caption, took

    newest, took = asyncio.run(read())
    assert newest == "9999"
    assert took < 2


def test_what_is_the_same_is_told_to_nobody():
    async def read():
        board = Board(View())
        views = board.views()
        await anext(views)
        board.change(said(""))
        try:
            await asyncio.wait_for(anext(views), 0.2)
        except asyncio.TimeoutError:
            return "silent"

    assert asyncio.run(read()) == "silent"


def test_a_reader_whose_loop_has_ended_does_no_harm():
    board = Board(View())
    views = board.views()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(anext(views))
    loop.close()
    board.change(said("still there"))
    assert board.view.caption == "still there"


def test_closing_it_ends_every_reader():
    async def read():
        board = Board(View())
        views = board.views()
        await anext(views)
        threading.Timer(0.1, board.close).start()
        return [view async for view in views]

    assert asyncio.run(asyncio.wait_for(read(), 5)) == []


def test_changes_from_many_threads_all_count():
    board = Board(View(rate=0))
    threads = [
        threading.Thread(
            target=lambda: [board.change(lambda view: replace(view, rate=view.rate + 1)) for _ in range(500)]
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert board.view.rate == 2_000
