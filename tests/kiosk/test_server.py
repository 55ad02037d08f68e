"""The page's server over a real socket: what it answers, and whom it turns away."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from dataclasses import replace

import httpx
import pytest
from scenes import BOOKLET, scenes
from served import Box

from voice_skill.errors import EXIT_MISSING_PART, MissingPartError
from voice_skill.kiosk.server import serve

SCENES = scenes()


@pytest.fixture(scope="module")
def served():
    box = Box(SCENES["idle"])
    with serve(box.app, 0) as address:
        box.address = address
        yield box


@pytest.fixture
def box(served):
    served.pressed.clear()
    served.health = {"ok": True, "microphone": "ok"}
    served.board.change(lambda _view: SCENES["idle"])
    return served


@pytest.fixture
def client(box):
    with httpx.Client(base_url=box.address, timeout=5) as client:
        yield client


def events(response, count, event="view"):
    """The next so many events of that kind."""
    found, kind = [], ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: ") and kind == event:
            found.append(json.loads(line.removeprefix("data: ")))
            if len(found) == count:
                break
    return found


def test_the_page_is_whole(client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "{{" not in page.text
    assert "Emergency? Call 911" in page.text
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert client.get(path).status_code == 200, path


def test_nothing_on_the_page_comes_from_elsewhere_or_is_inline(client):
    page = client.get("/").text
    assert not re.findall(r"https?://(?!www\.w3\.org)", page)
    assert not re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=|javascript:", page)


def test_all_steps_can_be_read_without_the_voice(client):
    content = client.get("/content.json").json()
    assert len(content["entries"]) == len(BOOKLET._replies.entries)
    heat = next(entry for entry in content["entries"] if entry["id"] == "heat")
    assert heat["steps"][0]["drawing"] == "heat"
    assert heat["steps"][0]["cautions"] == ["Safety note: no heat with diabetes, numbness or poor blood flow."]


def test_the_worker_keeps_every_file_of_the_page(client):
    kept = client.get("/worker.js").text
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get("/").text):
        assert path in kept or path.removesuffix(".js").removeprefix("/static/") in kept
    for script in re.findall(r'from "\./(\w+)\.js"', client.get("/static/main.js").text):
        assert f'"{script}"' in kept


def test_a_snapshot_comes_first_then_changes(box, client):
    with client.stream("GET", "/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        assert events(response, 1)[0]["state"] == "idle"
    with client.stream("GET", "/events") as response:
        threading.Timer(0.2, lambda: box.board.change(lambda _view: SCENES["speaking"])).start()
        before = time.monotonic()
        seen = events(response, 2)
        assert [view["state"] for view in seen] == ["idle", "speaking"]
        assert time.monotonic() - before < 1.0


def test_it_beats_so_that_the_page_knows_it_is_there(client):
    with client.stream("GET", "/events") as response:
        kinds = [line for line in _lines(response, 12) if line.startswith("event: ")]
    assert "event: beat" in kinds


def _lines(response, count):
    for line, _ in zip(response.iter_lines(), range(count), strict=False):
        yield line
        if line == "event: beat":
            return


def test_the_timer_is_sent_as_seconds_so_far(box, client):
    box.board.change(lambda view: replace(view, timer_since_s=time.monotonic() - 90))
    with client.stream("GET", "/events") as response:
        assert events(response, 1)[0]["timer_s"] == pytest.approx(90, abs=2)


@pytest.mark.parametrize("name", ["talk", "next", "stop", "louder", "start-timer", "relieved", "topic:heat", "yes"])
def test_a_press_reaches_whoever_waits_for_it(box, client, name):
    assert client.post("/press", json={"name": name}).status_code == 204
    assert box.pressed == [name]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"next"', b'{"name": 3}', b'{"name": "quit"}', b'{"name": "topic:moon"}', b"x" * 10_000]
)
def test_what_is_no_button_is_refused(box, client, body):
    answer = client.post("/press", content=body)
    assert answer.status_code == 400
    assert "name of a button" in answer.text
    assert not box.pressed


@pytest.mark.parametrize("path", ["/", "/content.json", "/static/main.js", "/worker.js", "/health", "/nowhere"])
def test_every_answer_tells_the_browser_to_be_strict(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] in ("no-cache", "no-store")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", ""])
def test_another_host_name_is_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:1"])
def test_its_own_names_are_not(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_press_from_another_page_is_refused(box, client, headers):
    assert client.post("/press", json={"name": "next"}, headers=headers).status_code == 403
    assert not box.pressed


def test_another_page_cannot_read_the_talk(client):
    assert client.get("/events", headers={"Origin": "http://evil.example"}).status_code == 403


def test_a_press_from_the_page_itself_is_not(box, client):
    own = {"Origin": box.address.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert client.post("/press", json={"name": "next"}, headers=own).status_code == 204


def test_health(box, client):
    assert (client.get("/health").status_code, client.get("/health").json()["microphone"]) == (200, "ok")
    box.health = {"ok": False}
    assert client.get("/health").status_code == 503


def test_only_this_machine_can_reach_it(box):
    port = int(box.address.rsplit(":", 1)[1].rstrip("/"))
    with socket.socket(socket.AF_INET) as other:
        other.bind(("127.0.0.2", port))  # would be taken if the page listened on every address


def test_a_taken_port_is_an_error_that_says_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MissingPartError, match=f"port {port}") as raised, serve(Box(SCENES["idle"]).app, port):
            pass
    assert raised.value.exit_code == EXIT_MISSING_PART
    assert "--port" in raised.value.fix


def test_it_ends_at_once_though_a_page_is_still_open():
    box = Box(SCENES["idle"])
    with serve(box.app, 0) as address:
        stream = httpx.stream("GET", f"{address}events", timeout=5)
        response = stream.__enter__()
        assert events(response, 1)
        began = time.monotonic()
    assert time.monotonic() - began < 2.5
    with pytest.raises(httpx.HTTPError):
        httpx.get(address, timeout=1)
    stream.__exit__(None, None, None)


def test_a_server_that_fails_comes_up_again(monkeypatch):
    import uvicorn

    run = uvicorn.Server.run
    failures = iter([RuntimeError("the loop broke")])

    def broken(self, sockets=None):
        for failure in failures:
            raise failure
        run(self, sockets)

    monkeypatch.setattr(uvicorn.Server, "run", broken)
    with serve(Box(SCENES["idle"]).app, 0) as address:
        assert httpx.get(address, timeout=10).status_code == 200
