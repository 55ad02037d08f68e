"""What the page's server answers, and to whom: this machine's own browser, from our own page, and nobody else.

A Starlette application without a socket. Not for serving it (`server.py`).
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voice_skill.article.schema import COMMAND_IDS, REQUEST_IDS
from voice_skill.kiosk.board import Board
from voice_skill.kiosk.booklet import STATIC, Booklet
from voice_skill.kiosk.view import View

HOSTS = ["127.0.0.1", "localhost"]
BEAT_S = 3.0  # the page takes us for dead when it hears nothing for a few of these
MAX_PRESS_BYTES = 200
_OWN = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'"
HEADERS = {
    "Content-Security-Policy": f"{_OWN}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Press = Callable[[str], None]
Health = Callable[[], dict[str, object]]


def make_app(board: Board, booklet: Booklet, press: Press, health: Health) -> Starlette:
    """The application. `press` is called with the name of each button; `health`'s "ok" decides between 200 and 503."""
    content = booklet.as_json()
    page = booklet.page()
    known = {"talk", *COMMAND_IDS, *REQUEST_IDS, *(f"topic:{entry['id']}" for entry in content["entries"])}

    async def show(_request: Request) -> Response:
        return HTMLResponse(page)

    async def read(_request: Request) -> Response:
        return JSONResponse(content)

    async def worker(_request: Request) -> Response:
        return FileResponse(STATIC / "worker.js")  # from the top, so that it may answer for the page itself

    async def follow(_request: Request) -> Response:
        return EventSourceResponse(
            _news(board), ping=BEAT_S, ping_message_factory=lambda: ServerSentEvent("", event="beat")
        )

    async def pressed(request: Request) -> Response:
        name = _name(await _body(request))
        if name not in known:
            return PlainTextResponse('send {"name": NAME}, with the name of a button', status_code=400)
        press(name)
        return Response(status_code=204)

    async def healthy(_request: Request) -> Response:
        found = health()
        return JSONResponse(found, status_code=200 if found.get("ok") else 503)

    return Starlette(
        routes=[
            Route("/", show),
            Route("/content.json", read),
            Route("/worker.js", worker),
            Route("/events", follow),
            Route("/press", pressed, methods=["POST"]),
            Route("/health", healthy),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guard), Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
    )


class Guard:
    """Turns away what another page has sent, and tells the browser to be as strict."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["Cache-Control"] = "no-store" if scope["path"] in ("/events", "/health") else "no-cache"
            await send(message)

        if _from_elsewhere(Headers(scope=scope), scope["method"]):
            refusal = PlainTextResponse("only this kiosk's own page may do that", status_code=403)
            await refusal(scope, receive, strictly)
        else:
            await self._app(scope, receive, strictly)


def _from_elsewhere(headers: Headers, method: str) -> bool:
    """Whether another site's page is behind the request; it may link to us, and no more."""
    if headers.get("origin", "null") not in ("null", f"http://{headers.get('host', '')}"):
        return True
    if method in ("GET", "HEAD"):
        return False
    return headers.get("origin") == "null" or headers.get("sec-fetch-site", "same-origin") != "same-origin"


async def _news(board: Board) -> AsyncIterator[ServerSentEvent]:
    async for view in board.views():
        yield ServerSentEvent(json.dumps(_as_json(view), ensure_ascii=False), event="view")


def _as_json(view: View) -> dict[str, Any]:
    """The view's fields; moments as the seconds since or until then, which the page counts on from."""
    fields, now_s = asdict(view), time.monotonic()
    since, end = fields.pop("timer_since_s"), fields.pop("ends_at_s")
    return fields | {
        "timer_s": None if since is None else max(0.0, now_s - since),
        "ends_in_s": None if end is None else max(0.0, end - now_s),
    }


async def _body(request: Request) -> bytes:
    """The first bytes of the request, no more than a press takes."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_PRESS_BYTES:
            return b""
    return body


def _name(body: bytes) -> str:
    """The button's name in the body of a press; "" where there is none."""
    try:
        sent: object = json.loads(body)
    except ValueError:
        return ""
    name: object = sent.get("name") if isinstance(sent, dict) else None  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
    return name if isinstance(name, str) else ""
