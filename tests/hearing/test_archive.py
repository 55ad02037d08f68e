"""No zip, however made, writes outside its folder or more than allowed."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest

from voice_skill.hearing.archive import MAX_FILES, UnsafeArchiveError, unpack


def entry(name, mode=0):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def make(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "outer" / "inner"
    folder.mkdir(parents=True)
    return folder


def test_files_and_folders_come_out(tmp_path, into):
    archive = make(tmp_path / "a.zip", [("m/", ""), ("m/am/final.mdl", "model"), ("m/empty", ""), ("./m/dot", "x")])
    unpack(archive, into, 100)
    assert {path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file()} == {
        "m/am/final.mdl",
        "m/empty",
        "m/dot",
    }
    assert (into / "m/am/final.mdl").read_text() == "model"


@pytest.mark.parametrize(
    ("members", "cause"),
    [
        ([("../evil", "x")], "leads out"),
        ([("m/../../evil", "x")], "leads out"),
        ([("/evil", "x")], "leads out"),
        ([("//evil", "x")], "leads out"),
        ([("C:/evil", "x")], "leads out"),
        ([("..\\evil", "x")], "leads out"),
        ([("fine", "x"), ("../evil", "x")], "leads out"),
        ([(entry("link", stat.S_IFLNK | 0o777), "/etc/passwd")], "link or a device"),
        ([(entry("pipe", stat.S_IFIFO), "")], "link or a device"),
        ([(entry("disk", stat.S_IFBLK), "")], "link or a device"),
        ([("bomb", "0" * 1_000_000)], "would unpack to 1000000 bytes"),
        ([("a", "0" * 600), ("b", "0" * 600)], "would unpack to 1200 bytes"),
        ([(f"{number}", "") for number in range(MAX_FILES + 1)], "holds 1001 files"),
        ([("a", "1"), ("./a", "2")], "comes twice"),
        ([("a", "1"), ("a/b", "2")], "comes twice"),
    ],
)
def test_evil_archives_write_nothing_outside(tmp_path, into, members, cause):
    archive = make(tmp_path / "a.zip", members)
    with pytest.raises(UnsafeArchiveError, match=cause):
        unpack(archive, into, 1_000)
    assert list(into.parent.iterdir()) == [into]
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "outer"}


def lying_about_its_size():
    buffer = io.BytesIO()
    make(buffer, [("a", "0" * 5_000)])
    content = bytearray(buffer.getvalue())
    for header, field in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(header) + field
        content[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(content)


def encrypted():
    buffer = io.BytesIO()
    make(buffer, [("a", "secret")])
    content = bytearray(buffer.getvalue())
    for header, field in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + field] |= 1
    return bytes(content)


def corrupt():
    buffer = io.BytesIO()
    make(buffer, [("a", "content " * 100)])
    content = bytearray(buffer.getvalue())
    content[40] ^= 0xFF
    return bytes(content)


def whole():
    buffer = io.BytesIO()
    make(buffer, [("a", "content")])
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "no sound zip"),
        (b"plain text", "no sound zip"),
        (whole()[:-10], "no sound zip"),
        (corrupt(), "no sound zip"),
        (lying_about_its_size(), "no sound zip"),
        (encrypted(), "encrypted"),
    ],
    ids=["empty", "text", "cut off", "corrupt", "lying", "encrypted"],  # not the bytes: they hold the time of day
)
def test_damaged_archives_are_told(tmp_path, into, content, cause):
    archive = tmp_path / "a.zip"
    archive.write_bytes(content)
    with pytest.raises(UnsafeArchiveError, match=cause):
        unpack(archive, into, 1_000)
    assert sum(path.stat().st_size for path in into.rglob("*")) <= 1_000
