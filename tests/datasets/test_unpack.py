import contextlib
import errno
import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from datasets.pipeline import unpack as unpacking
from datasets.pipeline.card import RawFile
from datasets.pipeline.errors import BadInput
from datasets.pipeline.unpack import SMALL, Unpacked, unpack

WANTED = (RawFile("ratings.dat"), RawFile("notes.txt", optional=True))


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path, *members):
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_takes_wanted_files_from_any_folder_of_a_zip(tmp_path):
    archive = zipped(tmp_path / "a.zip", {"ml/ratings.dat": b"1::2", "ml/other.dat": b"x", "ml/": b""})
    found = unpack(archive, WANTED, tmp_path / "out")
    assert found == {"ratings.dat": Unpacked(tmp_path / "out" / "ratings.dat", "ml/ratings.dat")}
    assert found["ratings.dat"].path.read_bytes() == b"1::2"
    assert os.listdir(tmp_path / "out") == ["ratings.dat"]


def test_takes_a_gz_and_a_tar(tmp_path):
    with gzip.open(tmp_path / "ratings.dat.gz", "wb") as file:
        file.write(b"one")
    assert unpack(tmp_path / "ratings.dat.gz", WANTED, tmp_path / "a")["ratings.dat"].path.read_bytes() == b"one"
    archive = tarred(tmp_path / "b.tar.gz", (tarfile.TarInfo("x/ratings.dat"), b"two"))
    assert unpack(archive, WANTED, tmp_path / "b")["ratings.dat"].path.read_bytes() == b"two"


@pytest.mark.parametrize("name", ["../ratings.dat", "/etc/ratings.dat", "a/../../ratings.dat", "C:\\ratings.dat"])
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(BadInput, match="outside"):
        unpack(zipped(tmp_path / "a.zip", {name: b"x"}), WANTED, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_archive_of_the_folder_itself_unpacks(tmp_path):
    folder = tarfile.TarInfo(".")
    folder.type = tarfile.DIRTYPE
    member = tarfile.TarInfo("./ratings.dat")
    member.size = 2
    with tarfile.open(tmp_path / "d.tar", "w") as archive:
        archive.addfile(folder)
        archive.addfile(member, io.BytesIO(b"ok"))
    unpack(tmp_path / "d.tar", WANTED, tmp_path / "out")
    assert (tmp_path / "out" / "ratings.dat").read_bytes() == b"ok"


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("ratings.dat")
    link.external_attr = 0o120777 << 16
    with pytest.raises(BadInput, match="link"):
        unpack(zipped(tmp_path / "a.zip", {link: b"/etc/passwd"}), WANTED, tmp_path / "out")
    member = tarfile.TarInfo("ratings.dat")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(BadInput, match="link"):
        unpack(tarred(tmp_path / "b.tar.gz", (member, b"")), WANTED, tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_a_bomb_is_refused_and_leaves_nothing(tmp_path, kind):
    content = bytes(20 * SMALL)
    if kind == "zip":
        archive = zipped(tmp_path / "a.zip", {"ratings.dat": content})
    else:
        archive = tmp_path / "ratings.dat.gz"
        archive.write_bytes(gzip.compress(content))
    with pytest.raises(BadInput, match="bomb"):
        unpack(archive, WANTED, tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize("kind", ["zip", "gz", "tar.gz"])
def test_a_truncated_archive_is_refused_and_leaves_nothing(tmp_path, kind):
    content = os.urandom(20_000)
    archive = tmp_path / f"ratings.dat.{kind}"
    if kind == "zip":
        zipped(archive, {"ratings.dat": content})
    elif kind == "gz":
        archive.write_bytes(gzip.compress(content))
    else:
        tarred(archive, (tarfile.TarInfo("ratings.dat"), content))
    archive.write_bytes(archive.read_bytes()[:9_000])
    with pytest.raises(BadInput, match=str(archive)):
        unpack(archive, WANTED, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_an_archive_without_the_wanted_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="ratings.dat is not in it"):
        unpack(zipped(tmp_path / "a.zip", {"notes.txt": b"x"}), WANTED, tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_two_members_that_could_be_the_file_are_named_and_refused(tmp_path, kind):
    names = ("MIND_dev/ratings.dat", "MIND_train/ratings.dat")
    archive = tmp_path / f"a.{kind}"
    if kind == "zip":
        zipped(archive, dict.fromkeys(names, b"x"))
    else:
        tarred(archive, *((tarfile.TarInfo(name), b"x") for name in names))
    with pytest.raises(BadInput, match="MIND_dev/ratings.dat and MIND_train/ratings.dat could each be ratings.dat"):
        unpack(archive, WANTED, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_zip_of_a_method_that_python_does_not_know_is_to_be_unpacked_by_hand(tmp_path):
    archive = deflate64(zipped(tmp_path / "a.zip", {"ratings.dat": b"x" * 100}))
    with pytest.raises(BadInput, match="ratings.dat is packed by deflate64.*unpack the right file by hand"):
        unpack(archive, WANTED, tmp_path / "out")


def deflate64(archive):
    """The zip, which says of its first member that it is packed by Deflate64."""
    content = bytearray(archive.read_bytes())
    for mark, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):  # in the member's own header, and in the directory
        content[content.index(mark) + place] = 9
    archive.write_bytes(content)
    return archive


def test_a_full_disk_is_no_fault_of_the_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "whole_file", lambda path: contextlib.nullcontext(Path("/dev/full")))
    with pytest.raises(OSError) as full:
        unpack(zipped(tmp_path / "a.zip", {"ratings.dat": b"x" * 100_000}), WANTED, tmp_path / "out")
    assert full.value.errno == errno.ENOSPC and not isinstance(full.value, BadInput)


def test_an_archive_that_cannot_be_opened_is_not_called_broken(tmp_path):
    with pytest.raises(FileNotFoundError):
        unpack(tmp_path / "a.zip", WANTED, tmp_path / "out")
    (tmp_path / "b.zip").mkdir()
    with pytest.raises(IsADirectoryError):
        unpack(tmp_path / "b.zip", WANTED, tmp_path / "out")
