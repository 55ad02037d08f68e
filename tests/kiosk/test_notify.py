"""What systemd is told, through a real datagram socket: by the parts, and by the real process on a virtual card."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import pytest
from assistant_process import RunningAssistant

from voice_skill.kiosk.health import Health
from voice_skill.kiosk.notify import Systemd, watched


class Manager:
    """A service manager's end of the socket; use as a context manager."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.environment = {"NOTIFY_SOCKET": address}
        self._news = threading.Condition()
        self.messages: list[tuple[float, str]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _read(self):
        while True:
            try:
                message = self._socket.recv(4096).decode()
            except OSError:
                return
            with self._news:
                self.messages += [(time.monotonic(), line) for line in message.split("\n")]
                self._news.notify_all()

    def wait_for(self, wanted, timeout=60.0, after=0.0):
        """When it was told a line that begins so, after that moment."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                found = next((at for at, line in self.messages if at > after and line.startswith(wanted)), None)
                if found is not None:
                    return found
                assert self._news.wait(deadline - time.monotonic()), (wanted, self.messages)

    def count(self, wanted, after=0.0):
        with self._news:
            return sum(line.startswith(wanted) for at, line in self.messages if at > after)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    address = str(tmp_path / "notify") if request.param == "path" else f"@voice-skill-test-{os.getpid()}-{id(request)}"
    with Manager(address) as manager:
        yield manager


def alive(health):
    health.loop()
    health.frame()
    health.sounded()


def test_ready_pings_and_stopping_are_told_in_order(manager):
    health = Health("model")
    with watched(health, Systemd(manager.environment | {"WATCHDOG_USEC": "1000000"})):
        manager.wait_for("STATUS=starting: microphone waiting, speaker waiting", 5)
        time.sleep(0.4)
        assert manager.count("READY") == manager.count("WATCHDOG") == 0
        alive(health)
        ready = manager.wait_for("READY=1", 5)
        manager.wait_for("WATCHDOG=1", 5)
        manager.wait_for("STATUS=ok: microphone ok, speaker ok", 5)
    stopping = manager.wait_for("STOPPING=1", 5)
    assert stopping > ready
    assert manager.count("READY") == 1


def test_pings_end_when_nothing_lives_and_come_back(tmp_path):
    with Manager(str(tmp_path / "s")) as manager:
        health = Health("model")
        with watched(health, Systemd(manager.environment | {"WATCHDOG_USEC": "1000000"})):
            alive(health)
            manager.wait_for("WATCHDOG=1", 5)
            silent = manager.wait_for("STATUS=stalled", 10)
            time.sleep(0.7)  # several pings' time
            assert manager.count("WATCHDOG", after=silent) == 0
            alive(health)
            manager.wait_for("WATCHDOG=1", 5, after=silent)
        assert manager.count("READY") == 1


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
        ({}, 0.0),
    ],
)
def test_only_a_watchdog_that_is_meant_for_us_gets_pings(environment, watchdog_s):
    assert Systemd(environment).watchdog_s == watchdog_s


def test_without_systemd_nothing_happens():
    threads = threading.active_count()
    with watched(Health("model"), Systemd({})):
        assert threading.active_count() == threads


def test_a_manager_that_is_gone_is_no_trouble(tmp_path):
    systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    systemd.tell("READY=1")
    with watched(Health("model"), systemd):
        pass


# --- the real process ----------------------------------------------------------------------------------------------


def kiosk(card, manager, watchdog_s=4):
    environment = {**card.env, **manager.environment, "WATCHDOG_USEC": str(watchdog_s * 1_000_000)}
    return RunningAssistant(environment, "--kiosk", "--region", "UK")


@pytest.fixture
def quiet_manager(tmp_path):
    with Manager(str(tmp_path / "notify")) as manager:
        yield manager


@pytest.mark.timeout(180)
def test_the_kiosk_is_ready_pings_and_stops(virtual_audio, quiet_manager):
    with virtual_audio.record() as recording, kiosk(virtual_audio, quiet_manager) as assistant:
        began = time.perf_counter()
        assistant.ready()
        ready = quiet_manager.wait_for("READY=1")
        assert ready > recording.wait_for_sound(began)  # both clocks are the same one on Linux
        since = time.monotonic()
        time.sleep(4)
        assert quiet_manager.count("WATCHDOG=1", after=since) >= 4
        assistant.signal(signal.SIGTERM)
        assert assistant.exit_code() == 0
        quiet_manager.wait_for("STOPPING=1", 5)


@pytest.mark.timeout(180)
def test_an_unplugged_microphone_does_not_get_the_kiosk_killed(virtual_audio, quiet_manager):
    with kiosk(virtual_audio, quiet_manager) as assistant:
        assistant.ready()
        quiet_manager.wait_for("READY=1")
        virtual_audio.unplug_microphone()
        quiet_manager.wait_for("STATUS=degraded: microphone lost", 20)
        since = time.monotonic()
        time.sleep(8)
        assert quiet_manager.count("WATCHDOG=1", after=since) >= 8
        virtual_audio.plug_in_microphone()
        quiet_manager.wait_for("STATUS=ok", 20, after=since)


@pytest.mark.timeout(180)
def test_a_frozen_sound_server_ends_the_pings(virtual_audio, quiet_manager):
    """Nothing inside the process can free a call that hangs in the sound library: systemd restarts it."""
    with kiosk(virtual_audio, quiet_manager) as assistant:
        assistant.ready()
        quiet_manager.wait_for("READY=1")
        virtual_audio.freeze()
        assistant.wait_for(lambda e: e["key"] == "reply:microphone-lost", timeout=20)
        quiet_manager.wait_for("STATUS=stalled", 30)
        since = time.monotonic()
        time.sleep(3)
        assert quiet_manager.count("WATCHDOG=1", after=since) == 0


@pytest.mark.timeout(180)
def test_a_stopped_process_does_not_ping_and_goes_on_when_it_may(virtual_audio, quiet_manager):
    with kiosk(virtual_audio, quiet_manager) as assistant:
        assistant.ready()
        quiet_manager.wait_for("READY=1")
        assistant.signal(signal.SIGSTOP)
        time.sleep(0.5)
        since = time.monotonic()
        time.sleep(3)
        assert quiet_manager.count("WATCHDOG=1", after=since) == 0
        assistant.signal(signal.SIGCONT)
        quiet_manager.wait_for("WATCHDOG=1", 10, after=since)
        time.sleep(3)
        assert not any("lost" in (e["key"] or "") for e in assistant.exchanges)


@pytest.mark.timeout(180)
def test_without_any_device_the_kiosk_announces_that_and_is_ready(virtual_audio, quiet_manager):
    virtual_audio.kill()
    with kiosk(virtual_audio, quiet_manager) as assistant:
        quiet_manager.wait_for("READY=1")
        quiet_manager.wait_for("STATUS=degraded: microphone lost, speaker lost", 20)
        virtual_audio.start()
        quiet_manager.wait_for("STATUS=ok", 30)
        assert {e["key"] for e in assistant.exchanges} >= {"reply:microphone-back", "reply:speaker-back"}
