"""The kiosk's screen: what the assistant tells it goes up on the board, and to the screen beside it, the terminal.

A `parts.Screen`. Not for what a view holds (`view.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from voice_skill.conversation.state import State
from voice_skill.kiosk import view as views
from voice_skill.kiosk.board import Board
from voice_skill.kiosk.view import Composer
from voice_skill.parts import Screen
from voice_skill.skill import Exchange


class PageScreen:
    """Shows a running visit on the page, and on `beside` as well."""

    def __init__(self, board: Board, composer: Composer, beside: Screen) -> None:
        self._board = board
        self._composer = composer
        self._beside = beside

    def preparing(self, done: int, total: int) -> None:
        """How many sentences are ready; nobody before the page needs to know."""
        self._beside.preparing(done, total)

    def listening(self, *, asked: bool = False) -> None:
        """Ready for the next utterance; what the page shows of it, `now` tells."""
        if asked:
            self._board.change(views.asked)
        self._beside.listening(asked=asked)

    def hearing(self, text: str) -> None:
        """What has been understood so far; "" when it came to nothing."""
        self._board.change(lambda view: views.hearing(view, text))
        self._beside.hearing(text)

    def heard(self, text: str) -> None:
        """An utterance has ended; what it means isn't known yet."""
        self._board.change(lambda view: views.heard(view, text))
        self._beside.heard(text)

    def saying(self, sentence: str) -> None:
        """The voice has begun this sentence."""
        self._board.change(lambda view: views.saying(view, sentence))
        self._beside.saying(sentence)

    def now(self, state: State) -> None:
        """How the conversation stands, after whatever has happened."""
        self._board.change(lambda view: self._composer.standing(view, state))
        self._beside.now(state)

    def exchange(self, exchange: Exchange, timings_ms: Mapping[str, float] | None = None) -> None:
        """What was heard, and what is said."""
        self._board.change(lambda view: self._composer.decided(view, exchange.effects))
        self._beside.exchange(exchange, timings_ms)

    def notice(self, text: str) -> None:
        """Something about the machine; the page shows only what those before it can mend, and `now` tells that."""
        self._beside.notice(text)
