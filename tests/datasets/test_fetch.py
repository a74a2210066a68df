"""Downloads against a server on this machine that misbehaves as servers do."""

import gzip
import hashlib
import io
import os
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from datasets.pipeline import download as downloads
from datasets.pipeline.card import RawFile
from datasets.pipeline.checksums import inspect
from datasets.pipeline.errors import BadInput
from datasets.pipeline.fetch import OWN, fetch, load_fetched

RATINGS = b"1\t2\n" * 20_000 + os.urandom(300_000)


def archive_of(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/ratings.dat", content)
    return stream.getvalue()


ARCHIVE = archive_of(RATINGS)
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()
KEPT = "bytes=200000-"


class Source(BaseHTTPRequestHandler):
    """/good serves whole, and from a given byte where asked; the other addresses are faulty as their names say."""

    def do_GET(self):
        name = self.path.strip("/")
        served = self.server.served
        served.append((name, self.headers.get("Range")))
        first = sum(other == name for other, _ in served) == 1
        if name == "missing":
            return self.send_error(404)
        if name == "busy" and first:
            return self.send_error(503)
        content = {"wrong": archive_of(b"other"), "page": b"<!DOCTYPE html>Log in"}.get(name, ARCHIVE)
        begin = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        if name == "deaf":
            begin = 0
        if begin >= len(content):
            return self.send_error(416)
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if name in ("truncated", "deaf") and first:
            self.wfile.write(content[begin : begin + 200_000])
            return None
        if name == "slow" and first:
            self.wfile.write(content[:200_000])
            self.wfile.flush()
            self.server.ended.wait()
            return None
        self.wfile.write(content[begin:])

    def log_message(self, *_):
        pass


@pytest.fixture
def source(monkeypatch):
    monkeypatch.setattr(downloads.time, "sleep", lambda seconds: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Source)
    server.served, server.ended = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.address = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def card_of(make_card, source):
    """A card whose archive is at the given addresses of the server."""

    def make(*names, archive_sums=None, inner_sums=None, **changes):
        holds = [{"file": "ratings.dat", "other_names": ["ratings.txt"], **(inner_sums or {})}]
        entry = {"file": "tiny.zip", "urls": [f"{source.address}/{name}" for name in names], "holds": holds}
        return make_card(
            downloads=[entry | ({"sha256": [SHA256]} if archive_sums is None else archive_sums)], **changes
        )

    return make


def test_a_good_file_is_fetched_once_and_recorded(card_of, source, tmp_path):
    store = tmp_path / "store"
    record = fetch(card_of("good"), store)
    file = record["files"]["ratings.dat"]
    assert record["verified"] and record == load_fetched(card_of("good"), store)
    assert Path(file["path"]).read_bytes() == RATINGS and file["sha256"] == hashlib.sha256(RATINGS).hexdigest()
    assert file["member"] == "folder/ratings.dat" and file["archive"]["sums"]["sha256"] == SHA256
    fetch(card_of("good"), store)
    assert len(source.served) == 1


def test_a_project_that_was_moved_knows_its_files_again(card_of, source, tmp_path):
    fetch(card_of("good"), tmp_path / "store")
    (tmp_path / "store").rename(tmp_path / "moved")
    assert load_fetched(card_of("good"), tmp_path / "moved")["verified"]


@pytest.mark.parametrize("name", ["truncated", "busy"])
def test_a_broken_transfer_goes_on_where_it_stopped(card_of, source, tmp_path, name):
    assert fetch(card_of(name), tmp_path / "store")["verified"]
    assert [wanted for _, wanted in source.served] == [None, KEPT if name == "truncated" else None]


def test_a_server_that_knows_no_ranges_is_read_from_the_beginning(card_of, source, tmp_path):
    assert fetch(card_of("deaf"), tmp_path / "store")["verified"]
    assert len(source.served) == 2


def test_a_silent_server_is_left_and_asked_again(source, tmp_path):
    downloads.download(f"{source.address}/slow", tmp_path / "a.zip", silence=1.0)
    assert (tmp_path / "a.zip").read_bytes() == ARCHIVE
    assert source.served[:2] == [("slow", None), ("slow", KEPT)]


def test_a_part_left_by_a_killed_download_is_used(card_of, source, tmp_path):
    store = tmp_path / "store"
    (store / OWN).mkdir(parents=True)
    (store / OWN / "tiny.zip.part").write_bytes(ARCHIVE[:5_000])
    assert fetch(card_of("good"), store)["verified"]
    assert source.served == [("good", "bytes=5000-")]


@pytest.mark.parametrize("part", [b"not the beginning", ARCHIVE + b"more"])
def test_a_part_that_does_not_fit_is_thrown_away(card_of, source, tmp_path, part):
    store = tmp_path / "store"
    (store / OWN).mkdir(parents=True)
    (store / OWN / "tiny.zip.part").write_bytes(part)
    assert fetch(card_of("good"), store)["verified"]
    assert source.served[-1] == ("good", None)


def test_the_next_mirror_serves_where_one_fails(card_of, source, tmp_path):
    assert fetch(card_of("missing", "wrong", "good"), tmp_path / "store")["verified"]
    assert [name for name, _ in source.served] == ["missing", "wrong", "good"]


def test_a_wrong_checksum_everywhere_is_refused_with_both_sums(card_of, source, tmp_path):
    with pytest.raises(BadInput) as refusal:
        fetch(card_of("missing", "wrong"), tmp_path / "store")
    said = str(refusal.value)
    assert "404" in said and SHA256 in said and hashlib.sha256(archive_of(b"other")).hexdigest() in said
    assert "accept_unverified" in said
    assert os.listdir(tmp_path / "store") == [OWN] and os.listdir(tmp_path / "store" / OWN) == [".lock"]


def test_a_wrong_checksum_may_be_accepted_and_is_then_recorded(card_of, tmp_path):
    record = fetch(card_of("wrong"), tmp_path / "store", accept_unverified=True)
    assert record["verified"] is False
    assert Path(record["files"]["ratings.dat"]["path"]).read_bytes() == b"other"


def test_inner_checksums_verify_an_archive_without_one(card_of, tmp_path):
    blob = hashlib.sha1(b"blob %d\0" % len(RATINGS) + RATINGS).hexdigest()
    card = card_of("good", archive_sums={"size": len(ARCHIVE)}, inner_sums={"git_blob": [blob]})
    assert fetch(card, tmp_path / "store")["verified"]
    card = card_of("good", archive_sums={}, inner_sums={"git_blob": ["0" * 40]})
    with pytest.raises(BadInput, match="0" * 40):
        fetch(card, tmp_path / "other")


def test_one_of_several_known_sums_is_enough(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    right = hashlib.md5(b"x").hexdigest()
    assert inspect(tmp_path / "a", RawFile("a", md5=("0" * 32, right))).verified
    assert not inspect(tmp_path / "a", RawFile("a", md5=(right,), size=2)).verified
    assert not inspect(tmp_path / "a", RawFile("a", size=1)).verified


@pytest.mark.parametrize("place", ["tiny/ratings.dat", "ratings.txt", "elsewhere/ratings.dat"])
def test_a_persons_folder_serves_instead_of_the_network(card_of, source, tmp_path, place):
    file = tmp_path / "raw" / place
    file.parent.mkdir(parents=True)
    file.write_bytes(RATINGS)
    card = card_of("good", inner_sums={"sha256": [hashlib.sha256(RATINGS).hexdigest()]}, raw_folders=["elsewhere"])
    record = fetch(card, tmp_path / "store", raw=tmp_path / "raw")
    assert record["verified"] and record["files"]["ratings.dat"]["path"] == str(file)
    assert source.served == [] and not (tmp_path / "store" / "ratings.dat").exists()


def test_a_persons_archive_serves_instead_of_the_network(card_of, source, tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "tiny.zip").write_bytes(ARCHIVE)
    assert fetch(card_of("good"), tmp_path / "store", raw=tmp_path / "raw")["verified"]
    assert source.served == []


@pytest.mark.parametrize("name", ["ratings.dat", "tiny.zip"])
def test_a_persons_file_that_cannot_be_verified_needs_a_word(card_of, tmp_path, name):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / name).write_bytes(archive_of(b"other"))
    with pytest.raises(BadInput, match="accept_unverified"):
        fetch(card_of("good"), tmp_path / "store", raw=tmp_path / "raw")
    assert not fetch(card_of("good"), tmp_path / "store", raw=tmp_path / "raw", accept_unverified=True)["verified"]


def test_a_login_is_explained(make_card, tmp_path):
    card = make_card(login="Ask the owner.", downloads=[{"file": "a.zip", "holds": [{"file": "a"}]}])
    with pytest.raises(BadInput, match="Ask the owner"):
        fetch(card, tmp_path / "store")


def test_a_file_changed_since_is_noticed(card_of, tmp_path):
    card = card_of("good")
    with pytest.raises(BadInput, match="python -m datasets.pipeline fetch"):
        load_fetched(card, tmp_path / "store")
    file = Path(fetch(card, tmp_path / "store")["files"]["ratings.dat"]["path"])
    file.write_bytes(b"changed")
    with pytest.raises(BadInput, match="gone or changed"):
        load_fetched(card, tmp_path / "store")
    assert fetch(card, tmp_path / "store")["verified"] and file.read_bytes() == RATINGS


def test_a_card_that_wants_another_checksum_by_now_is_noticed(card_of, tmp_path):
    fetch(card_of("good"), tmp_path / "store")
    with pytest.raises(BadInput, match="not today's"):
        load_fetched(card_of("good", archive_sums={"sha256": ["0" * 64]}), tmp_path / "store")


@pytest.mark.parametrize("raw", [None, "elsewhere", "given/"])
def test_a_record_that_fits_stands_whatever_the_option_says(card_of, source, tmp_path, raw):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "tiny.zip").write_bytes(ARCHIVE)
    card, store = card_of("missing"), tmp_path / "store"
    record = fetch(card, store, raw=tmp_path / "given")
    written = (store / "fetched.json").stat().st_mtime_ns
    assert fetch(card, store, raw=raw and f"{tmp_path}/{raw}") == record
    assert (store / "fetched.json").stat().st_mtime_ns == written and source.served == []


def test_an_accepted_record_stands_with_the_same_word_and_is_made_anew_for_another_folder(card_of, tmp_path):
    for name, content in (("first", b"1"), ("second", b"2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ratings.dat").write_bytes(content)
    card, store = card_of("missing"), tmp_path / "store"
    first = fetch(card, store, raw=tmp_path / "first", accept_unverified=True)
    written = (store / "fetched.json").stat().st_mtime_ns
    assert fetch(card, store, accept_unverified=True) == first
    assert fetch(card, store, raw=tmp_path / "first", accept_unverified=True) == first
    assert (store / "fetched.json").stat().st_mtime_ns == written
    assert fetch(card, store, raw=tmp_path / "second", accept_unverified=True) != first
    kept = (store / "fetched.json").read_bytes()
    with pytest.raises(BadInput, match="no source gave it"):
        fetch(card, store)
    assert (store / "fetched.json").read_bytes() == kept


@pytest.mark.parametrize("name", ["tiny.zip", "ratings.dat"])
def test_what_a_person_has_put_into_the_store_is_never_touched(card_of, source, tmp_path, name):
    store = tmp_path / "store"
    store.mkdir()
    (store / name).write_bytes(b"a person's")
    with pytest.raises(BadInput) as refusal:
        fetch(card_of("good"), store)
    found = hashlib.sha256(b"a person's").hexdigest()
    assert found in str(refusal.value) and (SHA256 if name == "tiny.zip" else "no checksum") in str(refusal.value)
    assert (store / name).read_bytes() == b"a person's" and source.served == []


def test_an_archive_that_a_person_has_put_into_the_store_is_used_there(card_of, source, tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    (store / "tiny.zip").write_bytes(ARCHIVE)
    (store / "ratings.dat").write_bytes(RATINGS)
    file = fetch(card_of("good"), store)["files"]["ratings.dat"]
    assert file["path"] == str(store / "ratings.dat") and file["verified"] and source.served == []


@pytest.mark.parametrize("accept", [False, True])
def test_an_own_file_beside_the_archive_is_not_ignored(card_of, tmp_path, accept):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "tiny.zip").write_bytes(ARCHIVE)
    (tmp_path / "raw" / "ratings.dat").write_bytes(b"my own")
    with pytest.raises(BadInput, match="differs from folder/ratings.dat in .*tiny.zip, and either could be meant"):
        fetch(card_of("good"), tmp_path / "store", raw=tmp_path / "raw", accept_unverified=accept)


def test_two_files_of_a_persons_that_differ_are_refused_and_equal_ones_are_one(card_of, tmp_path):
    (tmp_path / "raw" / "tiny").mkdir(parents=True)
    (tmp_path / "raw" / "tiny" / "ratings.txt").write_bytes(RATINGS)
    (tmp_path / "raw" / "ratings.dat").write_bytes(RATINGS)
    card = card_of("missing", inner_sums={"sha256": [hashlib.sha256(RATINGS).hexdigest()]})
    assert fetch(card, tmp_path / "store", raw=tmp_path / "raw")["verified"]
    (tmp_path / "raw" / "ratings.dat").write_bytes(b"another")
    with pytest.raises(BadInput, match="could each be ratings.dat, and differ"):
        fetch(card, tmp_path / "other", raw=tmp_path / "raw")


def test_a_folder_that_is_none_is_named_before_the_network_is_asked(card_of, source, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for raw in ("nowhere", "file"):
        with pytest.raises(BadInput, match=f"{raw}: no folder"):
            fetch(card_of("good"), tmp_path / "store", raw=tmp_path / raw)
    with pytest.raises(BadInput, match="file: a file; the store"):
        fetch(card_of("good"), tmp_path / "file")
    assert source.served == []


def test_a_size_that_the_card_does_not_know_is_not_read(card_of, source, tmp_path):
    with pytest.raises(BadInput, match="the card says 1000: another file"):
        fetch(card_of("good", archive_sums={"size": 1000, "sha256": [SHA256]}), tmp_path / "store")


def test_a_web_page_is_called_one(card_of, tmp_path):
    with pytest.raises(BadInput, match="a web page and not the file"):
        fetch(card_of("page"), tmp_path / "store")


@pytest.mark.parametrize("name", ["../ratings.dat", "/tmp/ratings.dat", "a/b", "a;b", ""])
def test_a_name_on_a_card_is_no_path(card_of, make_card, name):
    with pytest.raises(BadInput, match="downloads.0"):
        make_card(downloads=[{"file": "a.zip", "holds": [{"file": name}]}])
    with pytest.raises(BadInput, match="downloads.0"):
        make_card(downloads=[{"file": name, "holds": [{"file": "a"}]}])


def test_a_download_that_is_the_file_itself_is_used_as_it_is(make_card, source, tmp_path):
    sums = {"sha256": [SHA256]}
    entry = {"file": "ratings.csv", "urls": [f"{source.address}/good"], "holds": [{"file": "ratings.csv", **sums}]}
    record = fetch(make_card(downloads=[entry]), tmp_path / "store")
    assert record["verified"] and Path(record["files"]["ratings.csv"]["path"]).read_bytes() == ARCHIVE


def test_of_files_that_are_all_optional_those_count_that_a_person_has(make_card, tmp_path):
    entries = [
        {"file": f"{name}.json.gz", "holds": [{"file": f"{name}.json", "optional": True}]} for name in ("one", "two")
    ]
    about, raw = make_card(downloads=entries, login="Take it from its page."), tmp_path / "raw"
    raw.mkdir()
    with pytest.raises(BadInput, match="none of its raw files is in .*raw. Take it from its page"):
        fetch(about, tmp_path / "store", raw=raw, accept_unverified=True)
    for name in ("one", "two"):
        (raw / f"{name}.json.gz").write_bytes(gzip.compress(name.encode()))
        record = fetch(about, tmp_path / "store", raw=raw, accept_unverified=True)
        assert list(record["files"]) == ["one.json", "two.json"][: 1 + (name == "two")]
