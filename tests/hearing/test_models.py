"""The models on the disk: listing, checking, installing from a file and over a real connection, choosing."""

from __future__ import annotations

import functools
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from voice_skill.errors import EXIT_MISSING_PART, ModelError, UsageError
from voice_skill.hearing import integrity
from voice_skill.hearing.integrity import HASHES_FILE, find_damage, hash_files, sha256_of
from voice_skill.hearing.manifest import Manifest, load_manifest
from voice_skill.hearing.models import ModelStore
from voice_skill.hearing.recognizer import Recognizer, SpeechModel

CHECKOUT_MODELS = Path(__file__).resolve().parents[2] / "models"
UPSTREAM = "vosk-model-small-en-us-0.15"
BUNDLED = "foot-care-en"
EXTRA = "extra-en"
INSTALL_EXTRA = f"voice-skill model install {EXTRA}"
RESTORE_BUNDLED = f"git checkout -- models/{BUNDLED}"


def write_manifest(folder, archive_url, zipped, **changes):
    """A manifest like the real one: a model to be installed, preferred, and the bundled one."""
    archive = {
        "url": archive_url,
        "size": zipped.stat().st_size,
        "sha256": sha256_of(zipped),
        "max_unpacked": 50_000_000,
    } | changes
    bundled = (CHECKOUT_MODELS / "manifest.toml").read_text().split("[[models]]")[2]
    extra = "\n".join(f"{key} = {json.dumps(value)}" for key, value in archive.items())
    head = f'[[models]]\nname = "{EXTRA}"\ndescription = "for tests"\nlicence = "none"\n[models.archive]\n{extra}\n'
    (folder / "manifest.toml").write_text(f"{head}\n[[models]]{bundled}")


@pytest.fixture(scope="session")
def zipped(tmp_path_factory):
    """An archive as the Vosk project makes them; in it, a real model."""
    path = tmp_path_factory.mktemp("upstream") / f"{EXTRA}.zip"
    source = CHECKOUT_MODELS / BUNDLED
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(source.rglob("*")):
            archive.write(file, f"{EXTRA}/{file.relative_to(source)}")
    return path


@pytest.fixture
def bundled(tmp_path, zipped):
    """A checkout's `models/`, free to be damaged."""
    folder = tmp_path / "checkout" / "models"
    copytree(CHECKOUT_MODELS / BUNDLED, folder / BUNDLED)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    write_manifest(folder, "http://127.0.0.1:9/model.zip", zipped)
    return folder


@pytest.fixture
def installed(tmp_path):
    return tmp_path / "data" / "models"


@pytest.fixture
def store(bundled, installed):
    return ModelStore(bundled, installed)


def leftovers(installed):
    """What is there beside the lock and the memories."""
    return [path.name for path in installed.iterdir() if path.name != ".lock" and not path.name.startswith(".seen-")]


def states(store):
    return {status.entry.name: status.state for status in store.list_models()}


# --- the real manifest --------------------------------------------------------------------------------------------


def test_the_checkout_offers_the_upstream_model_and_holds_the_bundled_one(tmp_path):
    store = ModelStore(CHECKOUT_MODELS, tmp_path / "none")
    assert states(store) == {UPSTREAM: "not installed", BUNDLED: "bundled"}
    assert store.verify(BUNDLED).sound
    archive = store.manifest.entry(UPSTREAM).archive
    assert archive.url == f"https://alphacephei.com/vosk/models/{UPSTREAM}.zip"
    assert archive.size == 41_205_931
    assert archive.sha256 == "30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498"
    assert {model.licence for model in store.manifest.models} == {"Apache-2.0"}


def test_auto_takes_the_bundled_model_when_there_is_no_other(tmp_path):
    chosen = ModelStore(CHECKOUT_MODELS, tmp_path / "none").choose()
    assert (chosen.name, chosen.folder) == (BUNDLED, CHECKOUT_MODELS / BUNDLED)


HEAD = '[[models]]\nname = "a"\ndescription = ""\nlicence = ""\n'


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("models = [", "is wrong"),
        ("", "models"),
        (HEAD, "either an archive"),
        ('[[models]]\nname = "../a"\ndescription = ""\nlicence = ""\n', "models.0.name"),
        (f'{HEAD}files = [{{path="../x", size=1, sha256="{"0" * 64}"}}]', "leaves the model's"),
        ('[[models]]\nname = "a"\ncolour = "red"\n', "models.0"),
        ("\udcff", "is wrong"),
    ],
)
def test_a_broken_manifest_says_where(tmp_path, text, cause):
    path = tmp_path / "manifest.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError) as caught:
        load_manifest(path)
    assert "manifest.toml" in caught.value.cause
    assert cause in caught.value.cause
    assert caught.value.fix == "git checkout -- models/manifest.toml"


def test_a_missing_manifest_says_so(tmp_path):
    with pytest.raises(ModelError, match="can't be read"):
        ModelStore(tmp_path, tmp_path)


def test_names_are_unique():
    entry = {"name": "a", "description": "", "licence": "", "files": [{"path": "x", "size": 0, "sha256": "0" * 64}]}
    with pytest.raises(ValueError, match="twice"):
        Manifest.model_validate({"models": [entry, entry]})


# --- damaged folders: told before Vosk sees them, which would end this very process -----------------------------


def flip(path, at=-1000):
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def flip_secretly(path):
    """Other content, with the old size and the old date."""
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


DAMAGES = {
    "truncated": (lambda m: os.truncate(m / "am/final.mdl", 1000), "am/final.mdl has 1000 bytes instead of"),
    "empty": (lambda m: os.truncate(m / "graph/HCLr.fst", 0), "graph/HCLr.fst has 0 bytes"),
    "missing file": (lambda m: (m / "conf/mfcc.conf").unlink(), "conf/mfcc.conf is missing"),
    "missing folder": (lambda m: rmtree(m / "graph"), "is missing"),
    "nothing": (rmtree, "the folder is missing"),
    "a file": (lambda m: (rmtree(m), m.write_text("")), "the folder is missing"),
    "junk": (lambda m: flip(m / "am/final.mdl"), "am/final.mdl has changed"),
    "junk in the graph": (lambda m: flip(m / "graph/Gr.fst"), "graph/Gr.fst has changed"),
    "secret junk": (lambda m: flip_secretly(m / "am/final.mdl"), "am/final.mdl has changed"),
    "a folder for a file": (
        lambda m: ((m / "conf/mfcc.conf").unlink(), (m / "conf/mfcc.conf").mkdir()),
        "conf/mfcc.conf",
    ),
    "another graph beside it": (lambda m: (m / "graph/HCLG.fst").write_text("junk"), "graph/HCLG.fst doesn't belong"),
    "another folder beside it": (
        lambda m: ((m / "ivector").mkdir(), (m / "ivector/final.ie").touch()),
        "ivector/final.ie doesn't belong",
    ),
    "a link to a folder": (lambda m: (m / "rnnlm").symlink_to("/"), "rnnlm doesn't belong"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("checked_before", [True, False])
def test_a_damaged_model_is_named_with_its_repair(store, bundled, damage, checked_before):
    if checked_before:
        store.choose(BUNDLED)
    do, problem = DAMAGES[damage]
    do(bundled / BUNDLED)
    with pytest.raises(ModelError) as caught:
        store.choose(BUNDLED)
    assert problem in caught.value.cause
    assert caught.value.fix == RESTORE_BUNDLED
    assert caught.value.exit_code == EXIT_MISSING_PART
    assert states(store)[BUNDLED] == "damaged"
    assert problem in store.verify(BUNDLED).problem
    with pytest.raises(ModelError):
        store.choose("auto")
    with pytest.raises(ModelError):
        store.install(BUNDLED)


def test_a_text_at_the_top_harms_nobody(store, bundled):
    (bundled / BUNDLED / "README.md").write_text("edited")
    (bundled / BUNDLED / "MODEL_CARD.md").write_text("edited")
    assert store.choose(BUNDLED).name == BUNDLED


def test_what_was_checked_is_not_read_again(store, bundled, monkeypatch):
    read = []
    monkeypatch.setattr(integrity, "sha256_of", lambda path: read.append(path.name) or sha256_of(path))
    store.choose(BUNDLED)
    assert len(read) == 8
    store.choose(BUNDLED)
    assert len(read) == 8
    (bundled / BUNDLED / "conf/model.conf").touch()
    store.choose(BUNDLED)
    assert read[8:] == ["model.conf"]
    store.verify(BUNDLED)
    assert len(read) == 17


@pytest.mark.parametrize("memory", ["", "null", "[]", '{"am/final.mdl": 1}', "\0"])
def test_a_torn_memory_is_made_again(store, installed, memory):
    store.choose(BUNDLED)
    (seen,) = installed.glob(".seen-*")
    seen.write_text(memory)
    assert store.choose(BUNDLED).name == BUNDLED
    assert len(json.loads(seen.read_text())) == 8


def test_it_works_where_nothing_can_be_remembered(bundled, tmp_path):
    (tmp_path / "file").touch()
    assert ModelStore(bundled, tmp_path / "file").choose().name == BUNDLED


def test_damage_is_looked_for_in_any_folder(tmp_path):
    model = tmp_path / "model"
    (model / "deep").mkdir(parents=True)
    (model / "deep" / "file").write_text("content")
    files = hash_files(model)
    assert [file.path for file in files] == ["deep/file"]
    assert find_damage(model, files, tmp_path / "seen") is None


def test_unknown_names_list_the_known_ones(store):
    for use in (store.choose, store.verify, store.install):
        with pytest.raises(UsageError) as caught:
            use("english")
        assert BUNDLED in caught.value.fix
        assert EXTRA in caught.value.fix


# --- installing from a file ---------------------------------------------------------------------------------------


def test_install_from_a_file_and_hear_with_it(store, zipped, sounds):
    with pytest.raises(ModelError) as caught:
        store.choose(EXTRA)
    assert caught.value.fix == INSTALL_EXTRA
    model = store.install(EXTRA, from_file=zipped)
    assert states(store) == {EXTRA: "installed", BUNDLED: "bundled"}
    assert store.verify(EXTRA).sound
    assert store.choose() == model == store.choose(EXTRA)
    recognizer = Recognizer(SpeechModel(model))
    recognizer.accept(b"".join(sounds.speech("stop")))
    assert recognizer.finish().text == "stop"
    assert zipped.exists()


def test_only_the_model_is_left_behind(store, installed, zipped):
    store.install(EXTRA, from_file=zipped)
    assert leftovers(installed) == [EXTRA]


def test_a_damaged_one_is_named_passed_over_and_replaced(store, installed, zipped, caplog):
    store.install(EXTRA, from_file=zipped)
    flip(installed / EXTRA / "am/final.mdl")
    assert states(store)[EXTRA] == "damaged"
    with pytest.raises(ModelError) as caught:
        store.choose(EXTRA)
    assert caught.value.fix == INSTALL_EXTRA
    assert store.choose().name == BUNDLED
    assert INSTALL_EXTRA in caplog.text
    store.install(EXTRA, from_file=zipped)
    assert store.choose().name == EXTRA


@pytest.mark.parametrize("content", [None, "", "[]", '[{"path": "/etc/passwd", "size": 1, "sha256": "x"}]'])
def test_without_its_record_an_installed_model_is_damaged(store, installed, zipped, content):
    store.install(EXTRA, from_file=zipped)
    record = installed / EXTRA / HASHES_FILE
    record.unlink() if content is None else record.write_text(content)
    assert states(store)[EXTRA] == "damaged"


def test_a_sound_one_is_left_alone(store, zipped, tmp_path):
    store.install(EXTRA, from_file=zipped)
    assert store.install(EXTRA, from_file=tmp_path / "no such file").name == EXTRA


def test_another_file_is_refused(store, zipped, tmp_path):
    wrong = tmp_path / "wrong.zip"
    content = bytearray(zipped.read_bytes())
    content[100] ^= 1
    for bad in (bytes(content), bytes(content[:-1]), b""):
        wrong.write_bytes(bad)
        with pytest.raises(ModelError, match="is not the archive"):
            store.install(EXTRA, from_file=wrong)
    with pytest.raises(ModelError, match="can't be read"):
        store.install(EXTRA, from_file=tmp_path / "missing.zip")
    assert states(store)[EXTRA] == "not installed"


@pytest.mark.parametrize(
    ("members", "cause"),
    [({"../evil": "x"}, "leads out"), ({"readme": "x"}, "holds no Vosk model"), ({"am/final.mdl": "x" * 99}, "99")],
)
def test_a_zip_with_the_right_hash_may_still_not_do_harm(bundled, installed, tmp_path, members, cause):
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    write_manifest(bundled, "http://127.0.0.1:9/", evil, max_unpacked=50)
    store = ModelStore(bundled, installed)
    with pytest.raises(ModelError, match=cause):
        store.install(EXTRA, from_file=evil)
    assert states(store)[EXTRA] == "not installed"
    assert not (installed.parent / "evil").exists()
    assert leftovers(installed) == []


def test_nowhere_to_write(bundled, zipped, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="can't be written"):
        ModelStore(bundled, tmp_path / "file" / "models").install(EXTRA, from_file=zipped)


@pytest.fixture
def small_disk():
    """No file may grow beyond 1 MB: writing fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_while_unpacking(store, installed, zipped, small_disk):
    with pytest.raises(ModelError, match="disk is full"):
        store.install(EXTRA, from_file=zipped)
    assert leftovers(installed) == []


# --- installing over a connection ---------------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    """A model server with moods: the path says which."""

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, content))
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.served = 0
        self.go_on = threading.Event()

    def handle_error(self, *_):
        """A client that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    def __init__(self, content, *args):
        self.content = content
        super().__init__(*args)

    def do_GET(self):
        self.server.served += 1
        mood = self.path.strip("/")
        if mood.isdigit():
            self.send_error(int(mood))
            return
        body = {"wrong": bytes(len(self.content)), "page": b"<html>log in first</html>", "huge": self.content * 2}
        content = body.get(mood, self.content)
        self.send_response(200)
        if mood != "huge":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        if mood == "broken":
            self.close_connection = True
            return
        if mood == "stalled" and self.server.served == 1:
            self.server.go_on.wait(60)
        self.wfile.write(content[half:])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(zipped, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server(zipped.read_bytes()) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield running
        running.go_on.set()
        running.shutdown()


@pytest.fixture
def online(bundled, installed, zipped, server):
    """A store whose archive is at that path of the server."""

    def at(path, **changes):
        write_manifest(bundled, f"{server.url}/{path}", zipped, **changes)
        return ModelStore(bundled, installed)

    return at


def test_install_over_a_connection_tells_its_progress(online, zipped):
    told = []
    store = online("good")
    assert store.install(EXTRA, progress=lambda done, total: told.append((done, total))).name == EXTRA
    assert store.verify(EXTRA).sound
    size = zipped.stat().st_size
    assert told == sorted(told)
    assert told[-1] == (size, size)
    assert len(told) > 10


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("404", "HTTP status 404"),
        ("503", "HTTP status 503"),
        ("broken", "broke off after"),
        ("wrong", "SHA-256 differs"),
        ("page", "SHA-256 differs"),
        ("huge", "SHA-256 differs"),
    ],
)
def test_a_failed_download_says_why_and_what_next(online, installed, path, cause):
    store = online(path)
    with pytest.raises(ModelError) as caught:
        store.install(EXTRA)
    assert cause in caught.value.cause
    assert INSTALL_EXTRA in caught.value.fix
    assert "--from FILE" in caught.value.fix
    assert states(store)[EXTRA] == "not installed"
    assert leftovers(installed) == []
    assert store.choose().name == BUNDLED
    online("good").install(EXTRA)
    assert store.choose().name == EXTRA


def test_a_server_that_is_not_there(store):
    with pytest.raises(ModelError) as caught:
        store.install(EXTRA, connect_timeout_s=2)
    assert "127.0.0.1 can't be reached" in caught.value.cause
    assert "--from FILE" in caught.value.fix


def test_a_name_that_nobody_knows(bundled, installed, zipped, monkeypatch):
    for proxy in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    write_manifest(bundled, "http://models.invalid/model.zip", zipped)
    with pytest.raises(ModelError, match=r"address of models\.invalid can't be found"):
        ModelStore(bundled, installed).install(EXTRA, connect_timeout_s=1)


def test_a_full_disk_while_downloading(online, installed, small_disk):
    with pytest.raises(ModelError, match="disk is full"):
        online("good").install(EXTRA)
    assert leftovers(installed) == []


def test_an_interrupt_leaves_nothing_and_can_be_repeated(online, installed):
    def interrupt(_done, _total):
        raise KeyboardInterrupt

    store = online("good")
    with pytest.raises(KeyboardInterrupt):
        store.install(EXTRA, progress=interrupt)
    assert leftovers(installed) == []
    assert store.install(EXTRA).name == EXTRA


def test_a_killed_install_can_be_repeated(online, bundled, installed, server):
    store = online("stalled")
    program = (
        "import sys; from pathlib import Path; from voice_skill.hearing.models import ModelStore;"
        f"ModelStore(Path(sys.argv[1]), Path(sys.argv[2])).install('{EXTRA}')"
    )
    killed = subprocess.Popen([sys.executable, "-c", program, bundled, installed])
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in installed.glob(".new-*/*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert list(installed.glob(".new-*"))
    server.go_on.set()
    assert store.install(EXTRA).name == EXTRA
    assert not list(installed.glob(".new-*"))


def test_two_installs_at_once_download_once(online, server):
    store = online("stalled")
    done = []
    threads = [threading.Thread(target=lambda: done.append(store.install(EXTRA).name)) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    server.go_on.set()
    for thread in threads:
        thread.join(60)
    assert done == [EXTRA, EXTRA]
    assert server.served == 1
