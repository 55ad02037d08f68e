"""The installer of a box, into a folder; its services as systemd reads them; and the browser it starts."""

from __future__ import annotations

import configparser
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from voice_skill.settings import tomllib

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "scripts/install-kiosk"
UNIT = ROOT / "kiosk/voice-skill-kiosk.service"
SCREEN = ROOT / "kiosk/voice-skill-screen.service"


def run(*arguments, path=None, stdin=subprocess.DEVNULL):
    environment = {"PATH": path or os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [INSTALL, *map(str, arguments)], stdin=stdin, env=environment, capture_output=True, text=True, check=False
    )


def tree(folder):
    """Every file below a folder: its mode and what it holds."""
    return {
        str(path.relative_to(folder)): (stat.S_IMODE(path.lstat().st_mode), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def no_system(tmp_path):
    """A PATH on which whatever changes the running system only leaves a note."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("systemctl", "apt-get", "useradd", "usermod", "groupadd", "userdel", "udevadm", "sudo"):
        (folder / name).write_text(f"#!/bin/sh\necho {name} >>{tmp_path}/touched\n")
        (folder / name).chmod(0o755)
    yield f"{folder}:{os.environ['PATH']}"
    assert not (tmp_path / "touched").exists()


def test_two_installations_into_a_folder_are_the_same_and_complete(tmp_path, no_system):
    box = tmp_path / "box"
    assert run("--region", "UK", "--root", box, path=no_system).returncode == 0
    first = tree(box)
    again = run("--root", box, path=no_system)  # the region is kept
    assert again.returncode == 0, again.stderr
    assert tree(box) == first
    assert {name for name in first if name.startswith("etc/")} == {
        "etc/systemd/journald.conf.d/voice-skill.conf",
        "etc/systemd/system.conf.d/voice-skill.conf",
        "etc/systemd/system/voice-skill-kiosk.service",
        "etc/systemd/system/voice-skill-screen.service",
        "etc/udev/rules.d/60-voice-skill.rules",
        "etc/voice-skill/settings.toml",
    }
    assert first["opt/voice-skill/voice_skill/cli.py"][1] == (ROOT / "voice_skill/cli.py").read_bytes()
    assert all(mode & 0o022 == 0 and mode & 0o044 == 0o044 for mode, _ in first.values())
    assert not [name for name in first if "__pycache__" in name]


def test_a_newer_program_replaces_the_older_whole(tmp_path, no_system):
    box = tmp_path / "box"
    run("--region", "US", "--root", box, path=no_system)
    (box / "opt/voice-skill/voice_skill/gone.py").write_text("old")
    run("--root", box, path=no_system)
    assert not (box / "opt/voice-skill/voice_skill/gone.py").exists()


def test_other_settings_stay_when_the_region_changes(tmp_path, no_system):
    box = tmp_path / "box"
    settings = box / "etc/voice-skill/settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('volume = 0.9\nregion = "US"\n\n[buttons]\ntalk = 17\n')
    run("--region", "EU", "--root", box, path=no_system)
    assert tomllib.loads(settings.read_text()) == {"region": "EU", "volume": 0.9, "buttons": {"talk": 17}}


def test_without_a_region_nothing_is_written(tmp_path, no_system):
    done = run("--root", tmp_path / "box", path=no_system)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "  -> repeat it with --region US, UK, EU or generic"
    assert not (tmp_path / "box").exists()


def test_it_all_goes_away_again(tmp_path, no_system):
    box = tmp_path / "box"
    run("--region", "UK", "--root", box, path=no_system)
    for _ in range(2):
        done = run("--uninstall", "--root", box, path=no_system)
        assert done.returncode == 0, done.stderr
        assert tree(box) == {}


def test_without_a_screen_there_is_no_browser(tmp_path, no_system):
    run("--region", "UK", "--no-screen", "--root", tmp_path / "box", path=no_system)
    assert not (tmp_path / "box/etc/systemd/system/voice-skill-screen.service").exists()
    assert (tmp_path / "box/etc/systemd/system/voice-skill-kiosk.service").exists()


@pytest.mark.parametrize("options", [["--region", "UK"], ["--uninstall"]])
def test_a_dry_run_shows_every_command_and_does_none(no_system, options):
    done = run("--dry-run", *options, path=no_system)
    assert done.returncode == 0, done.stderr
    wanted = {
        "--region": (
            *("apt-get install", "useradd --system", "usermod", "cp -R", "settings.toml", "scripts/setup"),
            *("/etc/udev/rules.d", "journald", "daemon-reload", "systemctl enable voice-skill-kiosk.service"),
            "systemctl restart voice-skill-screen.service",
        ),
        "--uninstall": ("rm -rf", "/etc/voice-skill", "/var/cache/voice-skill", "userdel", "daemon-reload"),
    }
    for command in wanted[options[0]]:
        assert command in done.stderr, command
    assert done.stdout == ""
    assert not Path("/etc/voice-skill").exists()


def test_the_system_is_changed_in_this_order(tmp_path):
    """A dry run tells each step; the steps that need one another are in order."""
    lines = run("--dry-run", "--region", "UK").stderr
    steps = ("env", "make_user", "copy_parts", "write_settings", "set_up", "udevadm", "systemctl daemon-reload")
    places = [lines.index(f"would run: {step}") for step in steps]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "options",
    [["--region"], ["--region", "Mars"], ["--root"], ["--root", "here"], ["--all"], ["--region", "--dry-run"]],
)
def test_a_wrong_option_shows_the_usage(options):
    done = run(*options)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: scripts/install-kiosk")


def test_only_root_may(tmp_path):
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    done = run("--region", "UK", path=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 3
    assert done.stderr.endswith("  -> sudo scripts/install-kiosk --region UK\n")


# --- what systemd makes of it --------------------------------------------------------------------------------------


def analyze(*arguments):
    assert shutil.which("systemd-analyze"), "systemd-analyze is missing: run scripts/setup --test"
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def unit(path):
    parser = configparser.ConfigParser(strict=False, delimiters=("=",), interpolation=None)
    parser.optionxform = str
    parser.read_string(path.read_text())
    return parser


@pytest.mark.parametrize("path", [UNIT, SCREEN], ids=lambda path: path.name)
def test_systemd_understands_the_unit(tmp_path, path):
    """With another program: this one is where the unit says only on a box."""
    copy = tmp_path / path.name
    copy.write_text(path.read_text().replace(unit(path)["Service"]["ExecStart"], "/bin/true"))
    (tmp_path / UNIT.name).write_text(UNIT.read_text().replace(unit(UNIT)["Service"]["ExecStart"], "/bin/true"))
    done = analyze("verify", copy)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_units_exposure_is_low():
    done = analyze("security", "--offline=true", "--threshold=40", UNIT)
    assert done.returncode == 0, done.stdout
    print(done.stdout.splitlines()[-1])


def test_the_threshold_means_something(tmp_path):
    naked = tmp_path / "naked.service"
    naked.write_text("[Service]\nExecStart=/bin/true\n")
    assert analyze("security", "--offline=true", "--threshold=40", naked).returncode != 0


def test_the_unit_keeps_its_promises():
    service = unit(UNIT)["Service"]
    expected = {
        "Type": "notify",
        "WatchdogSec": "20",
        "Restart": "always",
        "RestartSec": "2",
        "StandardOutput": "null",  # what is said goes there
        "IPAddressDeny": "any",
        "IPAddressAllow": "localhost",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        "DevicePolicy": "closed",
    }
    assert {name: service[name] for name in expected} == expected
    assert unit(UNIT)["Unit"]["StartLimitIntervalSec"] == "0"
    assert "SystemCallFilter=@system-service" in UNIT.read_text()
    assert service["ExecStart"].startswith("/opt/voice-skill/.venv/bin/voice-skill kiosk")


# --- the browser ---------------------------------------------------------------------------------------------------


def show_page(tmp_path, *arguments, browsers=("chromium",), settings=""):
    for name in browsers:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "settings.toml").write_text(settings)
    for tool in ("bash", "env", "sed"):
        (tmp_path / tool).unlink(missing_ok=True)
        (tmp_path / tool).symlink_to(shutil.which(tool))
    environment = {"PATH": str(tmp_path), "HOME": "/run/box", "VOICE_SKILL_CONFIG": str(tmp_path / "settings.toml")}
    return subprocess.run(
        [ROOT / "kiosk/show-page", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_the_browser_shows_the_page_and_nothing_else(tmp_path):
    done = show_page(tmp_path, "--print")
    words = done.stdout.split()
    assert words[:2] == ["cage", "--"]
    assert {"--kiosk", "--incognito", "--noerrdialogs", "--app=http://127.0.0.1:8765/"} <= set(words)
    assert "--overscroll-history-navigation=0" in words
    assert "-s" not in words  # no switching to another console
    assert "--user-data-dir=/run/box/browser" in words


def test_another_port_and_another_name_of_chromium_are_found(tmp_path):
    done = show_page(tmp_path, "--print", browsers=("chromium-browser",), settings='region = "UK"\nport = 9000\n')
    assert "chromium-browser --kiosk --app=http://127.0.0.1:9000/ " in done.stdout


def test_a_missing_browser_is_named(tmp_path):
    done = show_page(tmp_path, browsers=())
    assert done.returncode == 3
    assert "apt-get install -y chromium" in done.stderr


# --- for real, in a mount namespace whose changes are forgotten ----------------------------------------------------

REAL = """
set -eu
scratch=$1; root=$2
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/bin"
for folder in etc opt var; do
  mkdir -p "$scratch/$folder/up" "$scratch/$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$scratch/$folder/up,workdir=$scratch/$folder/work" "/$folder"
done
for name in systemctl apt-get udevadm useradd usermod groupadd userdel; do
  printf '#!/bin/sh\\necho "%s $*"\\n' "$name" >"$scratch/bin/$name"
  chmod +x "$scratch/bin/$name"
done
export PATH="$scratch/bin:$PATH"
"$root/scripts/install-kiosk" --region UK
"$root/scripts/install-kiosk"
echo "python $(readlink -f /opt/voice-skill/.venv/bin/python)"
find /opt/voice-skill -type f ! -perm -o=r -printf 'unreadable %p\\n'
cd /
env -i PATH=/usr/bin:/bin HOME="$scratch" VOICE_SKILL_CONFIG=/etc/voice-skill/settings.toml VOICE_SKILL_KIOSK=true \\
  VOICE_SKILL_DATA_DIR=/var/lib/voice-skill VOICE_SKILL_CACHE_DIR="$scratch/cache" PYTHONDONTWRITEBYTECODE=1 \\
  /opt/voice-skill/.venv/bin/voice-skill ask "i have chest pain"
"$root/scripts/install-kiosk" --uninstall
ls -d /opt/voice-skill /etc/voice-skill /var/lib/voice-skill 2>&1 || true
"""


@pytest.mark.registry
@pytest.mark.timeout(300)
def test_a_real_installation_answers_and_goes_away_again(tmp_path):
    """Everything but systemd, apt-get and the user, which are stand-ins that tell what they were asked."""
    mine = [] if os.getuid() == 0 else ["--map-root-user"]
    command = ["unshare", *mine, "--mount", "bash", "-c", REAL, "real", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    assert "python /usr/bin/python3" in done.stdout  # not one out of a home folder
    assert "unreadable" not in done.stdout
    assert "Call 999 now" in done.stdout
    assert done.stderr.count("set-up: ready") == 1  # the second time there was nothing to do
    assert done.stderr.count("set-up: up to date") == 1
    called = done.stdout.splitlines()
    assert "systemctl enable voice-skill-kiosk.service" in called
    assert "systemctl disable --now voice-skill-kiosk.service" in called
    assert done.stdout.count("No such file or directory") == 3
