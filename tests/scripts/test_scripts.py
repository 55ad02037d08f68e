"""The scripts a person types, on machines that don't exist: apt-get, sudo and uv are stand-ins that note calls."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from assistant_process import hear_ctrl_c

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.read_bytes().startswith(b"#!/usr/bin/env bash"))
SHIPPED = ("scripts", "pyproject.toml", "requirements.lock", "requirements-test.lock")

TOOLS = (
    *("bash", "cat", "chmod", "cut", "dirname", "env", "find", "flock", "grep", "id", "mkdir", "mktemp", "mv"),
    *("readlink", "rm", "sed", "sh", "sha256sum", "timeout", "touch", "true"),
)
RUN_PACKAGES = ["libportaudio2", "libatomic1", "libspeexdsp1", "espeak-ng"]
TEST_PACKAGES = [
    *RUN_PACKAGES,
    "libasound2-plugins",
    "pulseaudio-utils",
    "chromium",
    "flite",
    "libfst-tools",
    "systemd",
    "libfst22-plugins-base",
    "pulseaudio",
]
INSTALL = "apt-get install --yes --no-remove --no-install-recommends"


class Machine:
    """A checkout, and a PATH that holds nothing but plain tools and stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a check out"
        self.calls_file = folder / "calls"
        self.bin = folder / "bin"
        self.home = folder / "home"
        self.bin.mkdir()
        self.home.mkdir()
        for name in SHIPPED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            self.root.mkdir(exist_ok=True)
            copy(ROOT / name, self.root / name)
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, tool
            (self.bin / tool).symlink_to(found)
        (self.bin / "python3").symlink_to(os.path.realpath(sys.executable))
        self.stand_in("apt-get")
        self.stand_in("apt-cache", "printf 'libfst22\\nlibfst9-plugins-base\\nlibfst22-plugins-base\\n'")
        self.stand_in("dpkg")
        self.stand_in("uv")
        self.stand_in("id", "echo 1000")
        self.installed(*RUN_PACKAGES)

    def stand_in(self, name: str, script: str = "", folder: Path | None = None) -> None:
        """A program that writes down its call and then runs `script`."""
        path = (folder or self.bin) / name
        path.unlink(missing_ok=True)
        path.write_text(f'#!{self.bin}/bash\necho {name} "$@" >>"{self.calls_file}"\n{script}\n')
        path.chmod(0o755)

    def installed(self, *packages: str) -> None:
        """Which of the distribution's packages dpkg knows as installed."""
        known = "|".join(packages) or "-"
        self.stand_in("dpkg-query", f'[[ "${{@: -1}}" =~ ^({known})$ ]] && printf installed')

    def with_sudo(self) -> None:
        """The person may use sudo without a password."""
        self.stand_in("sudo", '[[ $1 == -n ]] && exit; "$@"')

    def with_root(self) -> None:
        """The person is root."""
        self.stand_in("id", "echo 0")

    def run(self, script: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script if script.startswith("/") else self.root / "scripts" / script, *arguments],
            cwd=cwd or "/",
            env={"PATH": str(self.bin), "HOME": str(self.home), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            preexec_fn=hear_ctrl_c,
        )

    def calls(self, name: str = "") -> list[str]:
        """The stand-ins' calls so far, each as one line, without the questions to dpkg and id."""
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        return [line for line in lines if not line.startswith(("dpkg-query", "id ")) and line.startswith(name)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci/run"], ids=lambda path: path.name)
def test_scripts_are_short_strict_and_can_be_started(script: Path) -> None:
    text = script.read_text()
    assert os.access(script, os.X_OK)
    assert "\nset -euo pipefail\n" in text
    assert subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False).stderr == ""


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock", "scripts/bootstrap.lock"])
def test_locks_pin_hashes_and_name_no_server(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert all(re.match(r"[a-z0-9.-]+==\S+", requirement) for requirement in requirements)
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_without_root_and_sudo_the_one_command_is_named(machine: Machine) -> None:
    machine.installed("libatomic1", "libspeexdsp1")
    done = machine.run("setup")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == (f"  -> sudo apt-get update && sudo {INSTALL} libportaudio2 espeak-ng")
    assert machine.calls() == []


def test_sudo_that_wants_a_password_is_not_waited_for_without_a_terminal(machine: Machine) -> None:
    machine.installed()
    machine.stand_in("sudo", "exit 1")
    done = machine.run("setup")
    assert done.returncode == 3
    assert machine.calls() == ["sudo -n true"]


@pytest.mark.parametrize("role", ["root", "sudo"])
def test_only_what_is_missing_is_installed_and_nothing_removed(machine: Machine, role: str) -> None:
    machine.installed("libatomic1", "libspeexdsp1", "espeak-ng")
    getattr(machine, f"with_{role}")()
    assert machine.run("setup").returncode == 0
    update, install = machine.calls("apt-get")
    assert update.endswith(" update")
    assert install.startswith(INSTALL)
    assert [word for word in install.split() if word in TEST_PACKAGES] == ["libportaudio2"]
    assert bool(machine.calls("sudo")) == (role == "sudo")


def test_nothing_missing_means_no_apt_get(machine: Machine) -> None:
    done = machine.run("setup")
    assert done.returncode == 0, done.stderr
    assert machine.calls("apt-get") == []


def test_when_apt_get_fails_its_words_and_the_command_are_shown(machine: Machine) -> None:
    machine.installed(*RUN_PACKAGES[:-1])
    machine.with_root()
    machine.stand_in("apt-get", '[[ $* != *install* ]] || { echo "E: no space left"; exit 100; }')
    done = machine.run("setup")
    assert done.returncode == 3
    assert "E: no space left" in done.stderr
    assert done.stderr.endswith(f"  -> apt-get update && {INSTALL} espeak-ng\n")


def test_old_package_lists_are_better_than_none(machine: Machine) -> None:
    machine.installed(*RUN_PACKAGES[:-1])
    machine.with_root()
    machine.stand_in("apt-get", "[[ $* != *update* ]]")
    done = machine.run("setup")
    assert done.returncode == 0
    assert "going on with the old ones" in done.stderr


def test_the_tests_need_more(machine: Machine) -> None:
    machine.with_root()
    assert machine.run("setup", "--test").returncode == 0
    assert machine.calls("apt-get install")[0].endswith(" ".join(["", *TEST_PACKAGES[len(RUN_PACKAGES) :]]))


def test_a_pipewire_desktop_keeps_its_sound_server(machine: Machine) -> None:
    machine.installed(*TEST_PACKAGES[:-1], "pipewire-pulse", "libdepends")
    machine.stand_in("apt-cache", 'printf "pulseaudio\\n  Depends: libdepends\\n  Depends: <virtual>\\n"')
    machine.stand_in("apt-get", "echo >pulseaudio_1_all.deb")
    machine.stand_in("dpkg-deb")
    done = machine.run("setup", "--test")
    assert done.returncode == 0, done.stderr
    assert [call for call in machine.calls("apt-get") if "download" not in call] == []
    assert machine.calls("dpkg-deb")[0].endswith(" .venv/pulseaudio")
    assert os.access(machine.root / ".venv/bin/pulseaudio", os.X_OK)


@pytest.mark.parametrize(("option", "lacking"), [("", "espeak-ng"), ("--test", "PulseAudio")])
def test_a_system_without_apt_get_is_told_what_it_lacks(machine: Machine, option: str, lacking: str) -> None:
    (machine.bin / "apt-get").unlink()
    machine.stand_in("ldconfig")
    done = machine.run("setup", *filter(None, [option]))
    assert done.returncode == 3
    assert "no apt-get" in done.stderr
    assert lacking in done.stderr
    assert "PortAudio" in done.stderr


def test_a_system_without_apt_get_but_with_everything_goes_on(machine: Machine) -> None:
    (machine.bin / "apt-get").unlink()
    machine.stand_in("ldconfig", "echo libportaudio.so.2; echo libspeexdsp.so.1")
    machine.stand_in("espeak-ng")
    assert machine.run("setup").returncode == 0


def test_a_python_that_is_too_old_is_said(machine: Machine) -> None:
    machine.with_root()
    machine.stand_in("python3", '[[ $1 != --version ]] || echo "Python 3.9.2"; exit 1')
    done = machine.run("setup")
    assert done.returncode == 3
    assert "Python 3.10 or newer" in done.stderr
    assert machine.calls("apt-get install")[0].endswith(" python3-venv")


def test_the_second_run_does_nothing(machine: Machine) -> None:
    first = machine.run("setup")
    assert "ready" in first.stderr
    fetched = machine.calls("uv pip")
    assert [call.split()[2] for call in fetched] == ["sync", "install"]
    assert fetched[0].endswith(" requirements.lock")
    second = machine.run("setup")
    assert second.stderr == "set-up: up to date\n"
    assert machine.calls("uv pip") == fetched


def test_test_packages_stay_when_the_assistant_is_set_up(machine: Machine) -> None:
    machine.installed(*TEST_PACKAGES)
    machine.run("setup", "--test")
    assert machine.calls("uv pip sync")[-1].endswith(" requirements-test.lock")
    assert "up to date" in machine.run("setup").stderr
    with (machine.root / "requirements-test.lock").open("a") as lock:
        lock.write("# newer\n")
    assert "ready" in machine.run("setup").stderr
    assert machine.calls("uv pip sync")[-1].endswith(" requirements-test.lock")
    assert len(machine.calls("uv pip sync")) == 2


def test_an_interrupted_set_up_is_done_again_from_the_start(machine: Machine) -> None:
    machine.stand_in("uv", "if [[ $* == *sync* ]]; then touch .venv/half-a-package; kill -INT $$; fi")
    assert machine.run("setup").returncode != 0
    machine.stand_in("uv")
    assert "ready" in machine.run("setup").stderr
    assert not (machine.root / ".venv/half-a-package").exists()


def test_two_set_ups_wait_for_each_other(machine: Machine) -> None:
    lock = os.open(machine.root, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    command = [machine.root / "scripts/setup"]
    waiting = subprocess.Popen(command, env={"PATH": str(machine.bin)}, stderr=subprocess.PIPE, text=True)
    assert waiting.stderr
    assert "waiting for another set-up" in waiting.stderr.readline()
    assert machine.calls() == []
    os.close(lock)
    assert "set-up: ready" in waiting.stderr.read()
    assert waiting.wait(timeout=60) == 0


def test_set_up_works_through_a_link_from_anywhere(machine: Machine, tmp_path: Path) -> None:
    link = tmp_path / "set up"
    link.symlink_to(machine.root / "scripts/setup")
    assert machine.run(str(link), cwd=tmp_path).returncode == 0
    assert (machine.root / ".venv").is_dir()


def test_a_moved_checkout_is_set_up_anew(machine: Machine) -> None:
    machine.run("setup")
    machine.root = machine.root.rename(machine.root.with_name("elsewhere"))
    assert "ready" in machine.run("setup").stderr


def test_the_better_model_is_tried_once_and_only_for_the_assistant(machine: Machine) -> None:
    machine.installed(*TEST_PACKAGES)
    machine.run("setup", "--test")
    machine.stand_in("voice-skill", "exit 3", folder=machine.root / ".venv/bin")
    first, second = machine.run("setup"), machine.run("setup")
    assert first.returncode == second.returncode == 0
    assert "going on with the bundled model" in first.stderr
    assert second.stderr == "set-up: up to date\n"
    assert machine.calls("voice-skill") == [
        "voice-skill model install vosk-model-small-en-us-0.15 --connect-timeout 4 --brief"
    ]


@pytest.mark.parametrize(
    "options", [["--tset"], ["--region"], ["--region", "Mars"], ["--region", "--test"], ["--test", "more"], [""]]
)
def test_a_wrong_option_shows_the_usage_before_anything_is_done(machine: Machine, options: list[str]) -> None:
    machine.installed()
    machine.with_root()
    done = machine.run("setup", *options)
    assert (done.returncode, done.stderr) == (2, "usage: scripts/setup [--test] [--region US|UK|EU|generic]\n")
    assert machine.calls() == []
    assert not (machine.root / ".venv").exists()


@pytest.mark.parametrize("options", [["--region", "UK"], ["--test", "--region", "UK"], ["--region", "UK", "--test"]])
def test_the_region_is_written_when_all_is_ready(ready: Machine, options: list[str]) -> None:
    ready.stand_in("voice-skill", "echo from now on: UK", folder=ready.root / ".venv/bin")
    done = ready.run("setup", *options)
    assert done.returncode == 0, done.stderr
    assert ready.calls() == ["voice-skill region UK"]
    assert done.stderr.splitlines() == ["set-up: up to date", "set-up: from now on: UK"]


def test_a_region_that_cannot_be_written_is_no_success(ready: Machine) -> None:
    ready.stand_in("voice-skill", "echo disk full >&2; exit 2", folder=ready.root / ".venv/bin")
    done = ready.run("setup", "--region", "EU")
    assert done.returncode == 3
    assert "disk full" in done.stderr
    assert "the region could not be set" in done.stderr


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A machine that is set up for tests, its environment full of stand-ins."""
    machine.installed(*TEST_PACKAGES)
    machine.run("setup", "--test")
    for program in ("voice-skill", "ruff", "pyright", "lint-imports", "pytest"):
        machine.stand_in(program, folder=machine.root / ".venv/bin")
    machine.run("setup")
    machine.calls_file.unlink()
    return machine


@pytest.mark.parametrize(
    ("script", "arguments", "call"),
    [
        ("run", [], "voice-skill run"),
        ("run", ["--push-to-talk", "--rate", "150"], "voice-skill run --push-to-talk --rate 150"),
        ("run", ["--check"], "voice-skill doctor --quick"),
        ("bench", ["--json", "out.json"], "voice-skill bench --json out.json"),
    ],
)
def test_run_and_bench_hand_over(ready: Machine, script: str, arguments: list[str], call: str) -> None:
    assert ready.run(script, *arguments).returncode == 0
    assert ready.calls() == [call]


def test_run_gives_the_assistants_exit_code(ready: Machine) -> None:
    ready.stand_in("voice-skill", "exit 3", folder=ready.root / ".venv/bin")
    assert ready.run("run").returncode == 3


LINTERS = ["ruff check .", "ruff format --check .", "pyright", "lint-imports --no-logo"]


@pytest.mark.parametrize(
    ("failing", "code"), [("", 0), ("pytest", 5), ("ruff", 1), ("pyright", 1), ("lint-imports", 1)]
)
def test_test_lints_and_tests_and_tells_the_worst(ready: Machine, failing: str, code: int) -> None:
    if failing:
        ready.stand_in(failing, "exit 5", folder=ready.root / ".venv/bin")
    done = ready.run("test", "tests/hearing", "-x")
    assert done.returncode == code
    assert ready.calls() == [*LINTERS, "pytest tests/hearing -x"]


def test_set_up_of_this_very_checkout_has_nothing_to_do_twice() -> None:
    def set_up() -> str:
        command = [ROOT / "scripts/setup", "--test"]
        return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=100, check=True).stderr

    set_up()
    assert set_up().endswith("set-up: up to date\n")
