"""The command line: parses, calls, prints. What the commands do lives in the modules they import, when they are called.

Exit codes: 0 fine, 1 answered with an error, 2 usage, 3 a part is missing (the repair is on stderr).
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from voice_skill import __version__
from voice_skill.errors import EXIT_ANSWERED_WITH_ERROR, EXIT_MISSING_PART, ModelError, VoiceSkillError
from voice_skill.printing import complain, print_json, show, tell

log = logging.getLogger(__name__)
# Nearly all objects are content that stays: looking through them again and again took a fifth of every start.
GC_THRESHOLD = 100_000


app = typer.Typer(
    name="voice-skill",
    help="Talks you through a foot cramp. Offline: nothing you say leaves this machine or is kept.\n\n"
    "Start with: voice-skill run (by voice), voice-skill chat (typed).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
model_app = typer.Typer(help="Speech models: what is there, install another, choose.", no_args_is_help=True)
content_app = typer.Typer(help="The article and the safety layer, for authors.", no_args_is_help=True)
app.add_typer(model_app, name="model")
app.add_typer(content_app, name="content")

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line instead of text.")]
MicrophoneOption = Annotated[str | None, typer.Option(help="Part of the microphone's name (see: voice-skill devices).")]
SpeakerOption = Annotated[str | None, typer.Option(help="Part of the speaker's name (see: voice-skill devices).")]
RateOption = Annotated[int | None, typer.Option(help="How fast to speak, words per minute (110-400).")]
RegionOption = Annotated[str | None, typer.Option(help="Whose emergency numbers: US, UK or EU.")]
ModelOption = Annotated[str | None, typer.Option(help="Speech model (see: voice-skill model list).")]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"voice-skill {__version__}")
        raise typer.Exit


@app.callback()
def options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log on stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Options of every command."""
    from voice_skill.logs import start_log

    start_log(verbose=verbose)


@app.command()
def run(
    microphone: MicrophoneOption = None,
    speaker: SpeakerOption = None,
    push_to_talk: Annotated[
        bool, typer.Option("--push-to-talk", "-p", help="Listen only after the space bar; else always.")
    ] = False,
    rate: RateOption = None,
    region: RegionOption = None,
    kiosk: Annotated[
        bool, typer.Option("--kiosk", help="A public device: needs a region; a visit ends after a minute.")
    ] = False,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Listen and answer aloud, until Ctrl-C or the key q. Any key stops the voice.

    Without a microphone or a speaker: says so, plays the demo, and goes on with the typed chat.
    """
    from voice_skill.running import run_assistant

    run_assistant(
        _settings(
            microphone=microphone,
            speaker=speaker,
            listen="push" if push_to_talk else None,
            rate=rate,
            region=region,
            kiosk=kiosk or None,
            model=model,
        ),
        as_json=as_json,
    )


@app.command()
def kiosk(
    microphone: MicrophoneOption = None,
    speaker: SpeakerOption = None,
    push_to_talk: Annotated[
        bool, typer.Option("--push-to-talk", "-p", help="Listen only after the Talk button; else always.")
    ] = False,
    rate: RateOption = None,
    region: RegionOption = None,
    model: ModelOption = None,
    port: Annotated[int | None, typer.Option(help="Where the page is served on this machine; 8765 when unset.")] = None,
    as_json: JsonOption = False,
) -> None:
    """A public device: like run, and a page for a screen, with buttons for all that can be said.

    Refuses to start until its region is set. A microphone or a speaker that is missing is waited for.
    """
    from voice_skill.kiosk.running import run_kiosk

    listen = "push" if push_to_talk else None
    asked = {"microphone": microphone, "speaker": speaker, "listen": listen, "rate": rate, "region": region}
    run_kiosk(_settings(**asked, model=model, port=port, kiosk=True), as_json=as_json)


@app.command()
def chat(
    speak: Annotated[bool, typer.Option("--speak", "-s", help="Also say the answers aloud.")] = False,
    speaker: SpeakerOption = None,
    rate: RateOption = None,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """The same skill, typed. Ends with "goodbye" or Ctrl-D."""
    from voice_skill.chat import run_chat

    run_chat(_settings(speaker=speaker, rate=rate, region=region), speak=speak, as_json=as_json)


@app.command()
def ask(
    questions: Annotated[
        list[str], typer.Argument(help="Questions in quotes; - reads one per line; with --audio: files.")
    ],
    audio: Annotated[bool, typer.Option("--audio", "-a", help="The arguments are WAV, FLAC or OGG files.")] = False,
    speak: Annotated[bool, typer.Option("--speak", "-s", help="Also say the answers aloud.")] = False,
    region: RegionOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """One answer per question; each is a visit of its own.

    voice-skill ask "my toes are cramping"
    """
    from voice_skill.asking import ask_all

    failed = False
    for answer in ask_all(_settings(region=region, model=model), questions, audio=audio, speak=speak):
        if isinstance(answer, VoiceSkillError):
            failed = True
            if as_json:
                print_json({"error": answer.cause, "fix": answer.fix})
            complain(answer)
        elif as_json:
            print_json(answer.as_json())
        else:
            exchange = answer.exchange
            if audio and exchange.decided is not None:
                print(f"I heard: {exchange.decided.heard or '(nothing)'}")
            print(exchange.said.text if exchange.said else "(silence)", flush=True)
    if failed:
        raise typer.Exit(EXIT_ANSWERED_WITH_ERROR)


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="What somebody says, in quotes.")],
) -> None:
    """Why a sentence is taken for what it is taken for: for authors of content."""
    from voice_skill.events import Hypothesis
    from voice_skill.skill import build
    from voice_skill.understanding.explain import explain as explained
    from voice_skill.understanding.explain import explain_alarm
    from voice_skill.understanding.interpret import Context

    understanding = build(_settings()).understanding
    understood = understanding.interpret((Hypothesis(text),), Context())
    alarm = explain_alarm(understanding.scanner.scan([text]), understood.alarm)
    if alarm is not None:
        print(alarm)
    print(explained(understood.match))


@app.command()
def demo(
    write_to: Annotated[Path | None, typer.Option("--out", "-o", help="Write the talk to this WAV file.")] = None,
    speaker: SpeakerOption = None,
    model: ModelOption = None,
) -> None:
    """Needs no microphone: a recorded voice asks, the skill hears it and answers."""
    from voice_skill.demo import run_demo

    run_demo(_settings(speaker=speaker, model=model), write_to=write_to)


@app.command()
def doctor(
    quick: Annotated[bool, typer.Option("--quick", help="Don't record from the microphone.")] = False,
    microphone: MicrophoneOption = None,
    speaker: SpeakerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check every part and say how to mend what fails. Exits with 3 when a part is missing."""
    from voice_skill.doctor import examine

    failed = False
    for check in examine(_settings(microphone=microphone, speaker=speaker), quick=quick):
        failed = failed or check.verdict == "fail"
        if as_json:
            print_json(check.as_json())
            continue
        colour = {"ok": "green", "warn": "yellow", "fail": "red"}[check.verdict]
        show(f"[{colour}]{check.verdict:4}[/{colour}] ", end="")
        show(f"{check.part}: {check.finding}", markup=False, soft_wrap=True)
        if check.fix:
            show(f"       -> {check.fix}", markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(EXIT_MISSING_PART)


@app.command()
def devices(as_json: JsonOption = False) -> None:
    """List microphones and speakers, by the names that --microphone and --speaker take."""
    from voice_skill.hearing.devices import list_devices

    found = list_devices()
    for device in found:
        print_json(device.as_json()) if as_json else show(str(device), markup=False)
    if not found:
        tell("No sound device was found. Plug one in, then: voice-skill doctor")
        raise typer.Exit(EXIT_MISSING_PART)


@app.command()
def voices(
    name: Annotated[str | None, typer.Argument(help="Speak with this one from now on, e.g. gmw/en-us+f3.")] = None,
    rate: RateOption = None,
    sample: Annotated[bool, typer.Option("--sample", "-s", help="Let it say two sentences.")] = False,
    every: Annotated[bool, typer.Option("--all", help="List other languages' voices, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the voices, hear one, or choose one and how fast it speaks."""
    from voice_skill import voice_commands

    if sample:
        show(voice_commands.play_sample(_settings(), name, rate), markup=False, soft_wrap=True)
    elif name is not None:
        show(voice_commands.use_voice(name, rate), markup=False, soft_wrap=True)
    else:
        for line in voice_commands.describe_voices(_settings(), every=every):
            print_json(line) if as_json else show(line["line"], markup=False, soft_wrap=True)


@app.command()
def region(
    name: Annotated[str | None, typer.Argument(help="US, UK, EU or generic; shown when left out.")] = None,
) -> None:
    """Choose whose emergency numbers are named, from now on, or show whose they are."""
    from voice_skill.region_command import describe_region, use_region

    show(describe_region(_settings()) if name is None else use_region(name), markup=False, soft_wrap=True)


@app.command()
def bench(
    write_to: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the figures go, as JSON; build/bench.json when left out.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Write the tables to this Markdown file.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this part: typed, spoken, cost or latency.")] = None,
) -> None:
    """Measure accuracy, false accepts, speed and memory on the development corpora of the checkout."""
    from voice_skill.settings import CHECKOUT

    sys.path.insert(0, str(CHECKOUT))  # the benchmark is a developer's tool beside the package
    from bench.report import run_bench

    run_bench(write_to=write_to, page=page, only=only or [])


@model_app.command("list")
def model_list(as_json: JsonOption = False) -> None:
    """Which models there are, and which one is used."""
    from voice_skill.model_commands import describe_models

    for line in describe_models(_settings()):
        print_json(line) if as_json else show(line["line"], markup=False, soft_wrap=True)


@model_app.command("install")
def model_install(
    name: str,
    from_file: Annotated[Path | None, typer.Option("--from", help="A zip that was downloaded elsewhere.")] = None,
    connect_timeout: Annotated[float, typer.Option(help="Seconds to wait for the server to answer.")] = 10.0,
    brief: Annotated[
        bool, typer.Option("--brief", help="When it fails, print the cause on one line and no advice.")
    ] = False,
) -> None:
    """Download a model (or take it from a file), check it against its hash, and unpack it."""
    from voice_skill.model_commands import install_model

    try:
        line = install_model(_settings(), name, from_file=from_file, connect_timeout_s=connect_timeout)
    except ModelError as error:
        if not brief:
            raise
        print(error.cause)
        raise typer.Exit(error.exit_code) from None
    show(line, markup=False, soft_wrap=True)


@model_app.command("verify")
def model_verify(name: Annotated[str | None, typer.Argument(help="One model; all when left out.")] = None) -> None:
    """Check every file of the installed models against its hash."""
    from voice_skill.model_commands import verify_models

    for line in verify_models(_settings(), name):
        show(line, markup=False, soft_wrap=True)


@model_app.command("use")
def model_use(name: Annotated[str, typer.Argument(help="A model's name, or auto for the best one installed.")]) -> None:
    """Choose the model to hear with, from now on."""
    from voice_skill.model_commands import use_model

    show(use_model(_settings(), name), markup=False, soft_wrap=True)


@content_app.command("check")
def content_check(
    folder: Annotated[Path | None, typer.Argument(help="The content folder; the installed one when left out.")] = None,
) -> None:
    """Check the content files: shapes, sources, lengths, and rules between files. Exits with 1 when one is broken.

    Warns of phrases that mean two things or are taken for another, of words that the speech model doesn't know, and of
    entries with few phrases.
    """
    from voice_skill.checking import check_content

    checked = check_content(folder, _settings())
    for line in (*checked.findings, *(f"warning: {warning}" for warning in checked.warnings)):
        tell(line, markup=False, soft_wrap=True)
    if checked.findings:
        raise typer.Exit(EXIT_ANSWERED_WITH_ERROR)
    show(checked.summary, soft_wrap=True)


def main() -> None:
    """The entry point: no user ever sees a traceback, nor the chatter of C libraries."""
    gc.set_threshold(GC_THRESHOLD)
    if not {"-v", "--verbose"} & set(sys.argv):
        from voice_skill.logs import hush_native_code

        hush_native_code()
    try:
        app()
    except VoiceSkillError as error:
        complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # "voice-skill ... | head" is nobody's fault
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_ANSWERED_WITH_ERROR)
    except Exception as error:
        from voice_skill.logs import start_log

        place = start_log()
        log.exception("unexpected")
        tell(f"Something unexpected went wrong: {type(error).__name__}: {error}", markup=False)
        tell(f"  -> the details are in {place or 'no log: its folder is not writable'}", markup=False)
        sys.exit(EXIT_ANSWERED_WITH_ERROR)


def _settings(**overrides: Any) -> Any:
    from voice_skill.settings import load_settings

    return load_settings(**overrides)


if __name__ == "__main__":
    main()
