"""The command line as a person or a script meets it: each command in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from assistant_process import RunningAssistant
from typer.testing import CliRunner

from bench import corpora
from voice_skill import __version__, cli
from voice_skill.logs import start_log

CHECKOUT = Path(__file__).resolve().parent.parent.parent
QUESTION = CHECKOUT / "content" / "demo" / "my toes are cramping.flac"


def run(*arguments, stdin="", env=None, cwd=CHECKOUT):
    command = [sys.executable, "-m", "voice_skill", *map(str, arguments)]
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        env=os.environ | (env or {}),
        cwd=cwd,
        timeout=110,
        check=False,
    )


def answers(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_version_and_help():
    assert run("--version").stdout == f"voice-skill {__version__}\n"
    shown = run("--help").stdout
    for command in (
        "run",
        "kiosk",
        "chat",
        "ask",
        "explain",
        "demo",
        "doctor",
        "devices",
        "region",
        "model",
        "content",
        "bench",
    ):
        assert f" {command} " in shown


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "chat",
        "ask",
        "demo",
        "doctor",
        "devices",
        "region",
        "bench",
        "model install",
        "model use",
        "content check",
    ],
)
def test_every_command_explains_itself(command):
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 5


def test_shell_completion():
    done = run(env={"_VOICE_SKILL_COMPLETE": "complete_bash", "COMP_WORDS": "voice-skill mo", "COMP_CWORD": "1"})
    shown = run("--show-completion", "bash")
    assert "voice-skill" in shown.stdout or "model" in done.stdout


def test_one_answer_per_question():
    done = run("ask", "my toes are cramping", "what's the weather")
    first, second = done.stdout.splitlines()
    assert done.returncode == 0
    assert "Step 1 of 4." in first
    assert "only know about foot cramps" in second


def test_the_json_contract():
    done = run("ask", "--json", "my toes are cramping")
    (answer,) = answers(done)
    assert answer["heard"] == "my toes are cramping"
    assert answer["alternatives"] == ["my toes are cramping"]
    assert answer["action"] == "answer"
    assert answer["entry"] == "relief-now"
    assert 0 < answer["score"] <= 1
    assert answer["key"] == "entry:relief-now:1"
    assert "Step 1 of 4." in answer["say"]
    assert set(answer["timings_ms"]) == {"load", "decode", "understand", "render"}
    assert "file" not in answer


def test_questions_from_standard_input_are_fresh_visits():
    done = run("ask", "--json", "-", stdin="does heat help\n\nnext\nstop\n")
    actions = [(answer["action"], answer["entry"]) for answer in answers(done)]
    assert actions == [("answer", "heat"), ("command", "next"), ("command", "stop")]


def test_a_recording_goes_the_way_of_the_microphone():
    done = run("ask", "--json", "--audio", QUESTION)
    (answer,) = answers(done)
    assert answer["entry"] == "relief-now"
    assert answer["file"] == str(QUESTION)
    assert answer["segments"] == 1
    assert 1 < answer["audio_s"] < 10
    assert answer["timings_ms"]["decode"] > 0
    assert done.stderr == ""


def test_a_bad_recording_is_named_and_the_others_are_answered(tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_text("this is no sound")
    done = run("ask", "--json", "--audio", broken, tmp_path / "missing.wav", QUESTION)
    assert done.returncode == 1
    first, second, third = answers(done)
    assert "broken.wav" in first["error"]
    assert "missing.wav" in second["error"]
    assert third["entry"] == "relief-now"
    assert "broken.wav" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["ask"], 2, "Missing argument"),
        (["sing"], 2, "No such command"),
        (["run", "--region", "Mars"], 2, "US"),
        (["run", "--rate", "5000"], 2, "450"),
        (["region", "Mars"], 2, "US, UK, EU, generic"),
        (["model", "use", "nonsense"], 2, "nonsense"),
        (["model", "install", "nonsense"], 2, "nonsense"),
        (["bench", "--only", "nonsense"], 2, "typed"),
    ],
)
def test_wrong_use_is_explained(arguments, code, says):
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_settings_file_is_named(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("rate = [")
    done = run("ask", "heat", env={"VOICE_SKILL_CONFIG": str(file)})
    assert done.returncode == 2
    assert str(file) in done.stderr
    file.write_text("colour = 'blue'\n")
    done = run("ask", "heat", env={"VOICE_SKILL_CONFIG": str(file)})
    assert done.returncode == 2
    assert "colour" in done.stderr


def test_explain_names_the_words_that_decided():
    shown = run("explain", "my toes are cramping and i have chest pain").stdout
    assert "RF-E1" in shown
    assert "chest" in shown
    assert "cramp" in shown


def test_the_benchmark_prints_tables_and_writes_figures(tmp_path, monkeypatch):
    """On a part of its sentences: all of them take a minute or two."""
    for name in ("unseen", "written_flags", "typed_cases", "refused_cases", "flagged_cases"):
        whole = getattr(corpora, name)
        monkeypatch.setattr(corpora, name, lambda *files, whole=whole: whole(*files)[::15])
    file, page = tmp_path / "figures.json", tmp_path / "page.md"
    arguments = ["bench", "--only", "typed", "--out", str(file), "--page", str(page)]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    assert "Typed, red flags" in done.output
    figures = json.loads(file.read_text())["figures"]
    assert figures["typed"]["commands"]["right"]["percent"] > 80
    assert figures["red-flags"]["emergency"]["raised"]["percent"] > 99
    assert "## Typed, wording in view" in page.read_text()


def test_the_region_decides_the_number():
    say = {
        region: answers(run("ask", "--json", "--region", region, "chest pain"))[0]["say"]
        for region in ("US", "UK", "EU")
    }
    assert "911" in say["US"]
    assert "999" in say["UK"]
    assert "112" in say["EU"]
    by_locale = answers(run("ask", "--json", "chest pain", env={"LC_ALL": "en_GB.UTF-8"}))[0]["say"]
    assert by_locale == say["UK"]


def test_a_kiosk_starts_when_its_region_was_chosen_and_not_before(tmp_path):
    config = {"VOICE_SKILL_CONFIG": str(tmp_path / "settings.toml"), "LC_ALL": "en_GB.UTF-8"}
    refused = run("run", "--kiosk", env=config)
    assert refused.returncode == 3
    assert "region isn't set" in refused.stderr
    assert "-> set it: voice-skill region US" in refused.stderr
    assert refused.stdout == ""
    by_variable = run("ask", "chest pain", env=config | {"VOICE_SKILL_KIOSK": "1"})
    assert by_variable.returncode == 3
    checks = {
        c["part"]: c for c in answers(run("doctor", "--quick", "--json", env=config | {"VOICE_SKILL_KIOSK": "1"}))
    }
    assert checks["emergency number"]["verdict"] == "fail"
    assert run("region", "EU", env=config).returncode == 0
    assert run("region", env=config).stdout == "EU (set)\n"
    with RunningAssistant(config, "--kiosk") as assistant:  # without any device it waits for them
        for part in ("microphone", "speaker"):
            assistant.wait_for(lambda e, part=part: e["key"] == f"reply:{part}-lost", timeout=60)
        assistant.signal(signal.SIGTERM)
        assert assistant.exit_code() == 0


def test_models_are_listed_verified_and_chosen(tmp_path):
    listed = run("model", "list").stdout
    assert "foot-care-en" in listed
    assert "vosk-model-small-en-us-0.15" in listed
    assert run("model", "verify").returncode == 0
    config = {"VOICE_SKILL_CONFIG": str(tmp_path / "settings.toml")}
    assert run("model", "use", "foot-care-en", env=config).returncode == 0
    assert 'model = "foot-care-en"' in (tmp_path / "settings.toml").read_text()
    done = run("model", "use", "vosk-model-small-en-us-0.15", env=config)
    assert done.returncode == 3
    assert "model install" in done.stderr


def test_chat_on_a_pipe():
    done = run("chat", "--json", stdin="my foot is cramping\nnext\ngoodbye\nnot read\n")
    keys = [exchange["key"] for exchange in answers(done)]
    assert keys == ["reply:ready", "entry:relief-now:1", "entry:relief-now:2", "command:goodbye"]
    assert done.returncode == 0


def test_the_demo_is_written_to_a_file_without_any_sound_card(tmp_path):
    import soundfile

    file = tmp_path / "demo.wav"
    done = run("demo", "--out", file)
    assert done.returncode == 0, done.stderr
    assert "my toes are cramping" in done.stdout
    assert soundfile.info(file).duration > 8


def test_devices_without_a_sound_card():
    done = run("devices")
    assert done.returncode == 3
    assert "doctor" in done.stderr


def test_doctor_names_what_is_missing_and_how_to_mend_it():
    done = run("doctor", "--json")
    checks = {check["part"]: check for check in answers(done)}
    assert done.returncode == 3
    assert checks["speech model"]["verdict"] == "ok"
    assert checks["voice"]["verdict"] == "ok"
    assert checks["microphone"]["verdict"] == "fail"
    assert checks["microphone"]["fix"]
    assert {"content", "speaker", "disk", "clock"} <= set(checks)


def test_a_quick_doctor_only_warns_of_missing_devices():
    done = run("doctor", "--quick", "--json")
    verdicts = {check["part"]: check["verdict"] for check in answers(done)}
    assert done.returncode == 0
    assert verdicts["microphone"] == verdicts["speaker"] == "warn"


def test_run_without_sound_and_without_a_terminal_plays_the_demo_and_ends():
    done = run("run")
    assert done.returncode == 0, done.stderr
    assert "microphone" in done.stderr
    assert "my toes are cramping" in done.stdout


NO_ESPEAK = """
import ctypes
real = ctypes.cdll.LoadLibrary
def load(name):
    if "espeak" in name:
        raise OSError(name + ": cannot open shared object file")
    return real(name)
ctypes.cdll.LoadLibrary = load
"""


def test_a_missing_espeak_is_named_with_its_package(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(NO_ESPEAK)
    machine = {"PYTHONPATH": str(tmp_path)}
    for command in (["run"], ["demo"], ["ask", "--speak", "heat"]):
        done = run(*command, env=machine)
        assert done.returncode == 3, command
        assert "apt-get install -y espeak-ng" in done.stderr
        assert "Traceback" not in done.stderr
    checks = {check["part"]: check for check in answers(run("doctor", "--quick", "--json", env=machine))}
    assert checks["voice"]["verdict"] == "fail"
    assert run("ask", "heat", env=machine).returncode == 0


def test_an_unforeseen_failure_leaves_one_line_and_a_log(monkeypatch, capsys):
    def fail():
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(sys, "argv", ["voice-skill", "--verbose"])  # leaves this process's stderr alone
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    shown = capsys.readouterr().err
    assert "ZeroDivisionError: a bug" in shown
    assert "Traceback" not in shown
    log = Path(start_log())
    assert "Traceback" in log.read_text()
