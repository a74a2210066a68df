"""A download at the mercy of its server: each address is faulty in a way that servers on the network are."""

import errno
import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from datasets.pipeline import download as downloads
from datasets.pipeline.download import BLOCK, DownloadFailed, download

CONTENT = os.urandom(500_000)


class Server(BaseHTTPRequestHandler):
    """Answers with the method that the address names."""

    def do_GET(self):
        name = self.path.strip("/")
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        self.begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        getattr(self, name)()

    def log_message(self, *_):
        pass

    def head(self, code=200, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def part(self, begin, end=None):
        """The content from `begin`, as it should be sent, cut at `end`."""
        range_ = {"Content_Range": f"bytes {begin}-{len(CONTENT) - 1}/{len(CONTENT)}"} if begin else {}
        self.head(206 if begin else 200, Content_Length=len(CONTENT) - begin, **range_)
        self.wfile.write(CONTENT[begin:end])

    def first(self):
        return len(self.server.asked) == 1

    def whole(self):
        self.part(self.begin)

    def cuts(self):
        self.part(self.begin, self.begin + BLOCK + 10)

    def short_without_length(self):
        if not self.first():
            return self.part(self.begin)
        self.head()
        self.wfile.write(CONTENT[:300_000])

    def endless(self):
        self.head()
        while self.trickle(CONTENT):
            pass

    def drip(self):
        self.head(Content_Length=len(CONTENT))
        while self.trickle(b"x"):
            time.sleep(0.02)

    def flow(self):
        self.head(Content_Length=1 << 40)
        while self.trickle(bytes(BLOCK)):
            time.sleep(0.02)

    def trickle(self, block):
        try:
            self.wfile.write(block)
            self.wfile.flush()
        except OSError:
            return False
        return not self.server.ended.is_set()

    def other_range(self):
        self.part(0 if self.begin == 0 else 7, 200_000 if self.first() else None)

    def no_range(self):
        if self.first():
            return self.part(0, 200_000)
        if self.begin:
            self.head(206, Content_Length=len(CONTENT) - self.begin)
            return self.wfile.write(CONTENT[self.begin :])
        return self.part(0)

    def nothing_left(self):
        self.head(416, Content_Range=f"bytes */{len(CONTENT)}")

    def wait_seconds(self):
        self.head(429, Retry_After=7) if self.first() else self.whole()

    def wait_date(self):
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
        self.head(503, Retry_After=until) if self.first() else self.whole()

    def wait_long(self):
        self.head(429, Retry_After=4000)

    def wait_unsaid(self):
        self.head(429)

    def forbidden(self):
        self.head(403)

    def gone(self):
        self.head(410)

    def empty(self):
        self.head(204)

    def circle(self):
        self.head(302, Location="/circle", Content_Length=0)

    def broken(self):
        self.head(500)


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.asked, server.ended = [], threading.Event()
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.ended.set()
        server.shutdown()


@pytest.fixture
def slept(monkeypatch):
    """The pauses that a download makes, which take no time here."""
    pauses = []
    monkeypatch.setattr(downloads, "time", Clock(pauses))
    return pauses


class Clock:
    monotonic = staticmethod(time.monotonic)

    def __init__(self, pauses):
        self.sleep = pauses.append


@pytest.fixture
def fetched(server, slept, tmp_path):
    """A function that downloads an address to a file, and gives it."""

    def fetched(name, **options):
        download(f"http://127.0.0.1:{server.server_port}/{name}", tmp_path / "file", **options)
        return (tmp_path / "file").read_bytes()

    return fetched


@pytest.mark.parametrize("name", ["cuts", "short_without_length", "other_range", "no_range"])
def test_what_was_cut_is_made_whole(fetched, server, name):
    assert fetched(name, size=len(CONTENT)) == CONTENT
    if name == "cuts":  # more often than there are attempts, for each brought something
        assert server.asked[:3] == [None, f"bytes={BLOCK + 10}-", f"bytes={2 * (BLOCK + 10)}-"]
        assert len(server.asked) == -(-len(CONTENT) // (BLOCK + 10))


def test_a_range_that_was_not_asked_for_is_not_taken(fetched, server):
    fetched("other_range")
    assert server.asked == [None, "bytes=200000-", None]


def test_what_is_whole_already_is_not_asked_for_again(fetched, server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert fetched("nothing_left") == CONTENT and len(server.asked) == 1


@pytest.mark.parametrize(
    ("name", "said"), [("whole", "is 500000 bytes long, the card says 1000"), ("endless", "more than the 1000 bytes")]
)
def test_the_size_of_the_card_bounds_what_is_read(fetched, server, tmp_path, name, said):
    with pytest.raises(DownloadFailed, match=said):
        fetched(name, size=1000)
    assert len(server.asked) == 1 and not (tmp_path / "file").exists()


def test_a_size_that_nobody_says_is_bounded_too(fetched, monkeypatch):
    monkeypatch.setattr(downloads, "MOST_BYTES", 1 << 20)
    with pytest.raises(DownloadFailed, match="more than the 1048576 bytes"):
        fetched("endless")


def test_a_server_from_which_hardly_anything_comes_is_left(fetched):
    begun = time.monotonic()
    with pytest.raises(DownloadFailed, match=r"only \d+ bytes came in"):
        fetched("drip", silence=0.2, attempts=2)
    assert time.monotonic() - begun < 3


def test_a_download_as_a_whole_has_a_limit(fetched):
    begun = time.monotonic()
    with pytest.raises(DownloadFailed, match="not whole in the time that a download may take"):
        fetched("flow", whole=0.3)
    assert time.monotonic() - begun < 3
    with pytest.raises(DownloadFailed, match="not whole in the time .* the last: 500"):
        fetched("broken", whole=0.0)


@pytest.mark.parametrize(
    ("name", "said"), [("forbidden", "403"), ("gone", "410"), ("empty", "204"), ("circle", "30 redirects")]
)
def test_what_is_permanent_is_not_repeated(fetched, server, slept, name, said):
    with pytest.raises(DownloadFailed, match=said):
        fetched(name)
    assert not slept and (len(server.asked) == 1 or name == "circle")


@pytest.mark.parametrize(
    ("url", "said"), [("gopher://127.0.0.1/x", "No connection adapters"), ("http://nowhere.invalid/x", "no such host")]
)
def test_an_address_of_nothing_is_not_repeated(slept, tmp_path, monkeypatch, url, said):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DownloadFailed, match=said):
        download(url, tmp_path / "file")
    assert not slept


def test_a_server_that_fails_or_is_not_there_is_asked_a_few_times(fetched, slept, server, tmp_path):
    with pytest.raises(DownloadFailed, match="no whole file after 4 attempts, the last: 500"):
        fetched("broken")
    assert slept == [1, 2, 4] and len(server.asked) == 4
    with pytest.raises(DownloadFailed, match="the last: Connection refused"):
        download("http://127.0.0.1:1/x", tmp_path / "file")


def test_a_server_may_ask_to_wait(fetched, slept):
    assert fetched("wait_seconds") == CONTENT and slept == [7]


def test_a_server_may_ask_to_wait_until_a_date(fetched, slept):
    assert fetched("wait_date") == CONTENT and 10 < slept[0] <= 20


def test_a_server_may_not_ask_to_wait_for_an_hour(fetched, slept, server):
    with pytest.raises(DownloadFailed, match="asks to wait 4000 s"):
        fetched("wait_long")
    with pytest.raises(DownloadFailed, match="429"):
        fetched("wait_unsaid")
    assert slept == [1, 2, 4]


def test_a_full_disk_is_no_fault_of_the_server(server, slept):
    with pytest.raises(OSError) as full:
        download(f"http://127.0.0.1:{server.server_port}/whole", Path("/dev/full"))
    assert full.value.errno == errno.ENOSPC and len(server.asked) == 1 and not slept
