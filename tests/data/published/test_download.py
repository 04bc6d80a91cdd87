import gzip
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from handgrad.data.published import download
from handgrad.data.published.download import PublishedFile, cache_folder, fetch_set
from handgrad.errors import DataError, DownloadError

RAW = b"\0\0\x08\x01" + (256 * 40).to_bytes(4, "big") + bytes(range(256)) * 40  # an IDX file
SENT = gzip.compress(RAW, mtime=0)
BY_RAW = PublishedFile("a.gz", "sha256", hashlib.sha256(RAW).hexdigest())
BY_FILE = PublishedFile("b.gz", "md5", hashlib.md5(SENT, usedforsecurity=False).hexdigest())


class Mirror(BaseHTTPRequestHandler):
    """A mirror whose mood is the first part of the path."""

    def do_GET(self) -> None:
        """Answer by mood."""
        mood = self.path.split("/")[1]
        self.server.asked.append(self.path)
        if mood == "forbidden":
            self.send_error(403)
            return
        content = {"wrong": b"<html>Sign in</html>", "endless": bytes(2**16)}.get(mood, SENT)
        if mood == "recompressed":
            content = gzip.compress(RAW, 1, mtime=9)
        self.send_response(200)
        if mood != "endless":
            self.send_header("Content-Length", "nonsense" if mood == "headers" else str(len(content)))
        self.end_headers()
        if mood == "slow":
            self.server.done.wait(5)
        if mood == "stalling":
            self.wfile.write(content[:100])
            self.wfile.flush()
            self.server.done.wait(5)
        try:
            self.wfile.write(content[: len(content) // 2] if mood == "cut" else content)
            while mood == "endless":
                self.wfile.write(content)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server(cache) -> Iterator[ThreadingHTTPServer]:
    """Run a mirror on this machine."""
    assert not cache.exists()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.asked, server.done = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.done.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def address(server):
    """Return a function from a mood to a mirror's address."""
    return lambda mood: f"http://127.0.0.1:{server.server_port}/{mood}/"


@pytest.mark.parametrize("file", [BY_RAW, BY_FILE])
def test_a_good_mirror(server, address, tmp_path, file):
    """The published file is there afterwards, alone, its progress was told, and it is not fetched twice."""
    told = []
    for _ in range(2):
        fetch_set("set", [file], [address("good")], tmp_path / "new" / "set", lambda *step: told.append(step))
    assert [path.name for path in (tmp_path / "new" / "set").iterdir()] == [file.name]
    assert (tmp_path / "new" / "set" / file.name).read_bytes() == SENT
    assert told[-1] == (file.name, len(SENT), len(SENT))
    assert server.asked == [f"/good/{file.name}"]


def test_another_compression_of_the_same_bytes_is_the_published_file(address, tmp_path):
    """Where the digest is of the raw bytes, a mirror may compress as it likes."""
    fetch_set("set", [BY_RAW], [address("recompressed")], tmp_path)
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == RAW


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        ("slow", "sent nothing for 0.3 seconds"),
        ("stalling", "sent nothing for 0.3 seconds"),
        ("cut", "closed the connection early"),
        ("wrong", "sent bytes that differ from the published ones"),
        ("forbidden", "answered HTTP 403"),
        ("headers", "answered with broken headers"),
    ],
)
def test_a_bad_mirror_is_named_and_leaves_nothing(refused, address, tmp_path, mood, reason):
    """Whatever is wrong is said in a few words, and no part of a file is kept."""
    start = time.monotonic()
    with refused(DownloadError, f"{address(mood)}a.gz {reason}", "`handgrad data fetch set`"):
        fetch_set("set", [BY_RAW], [address(mood)], tmp_path, timeout=0.3)
    assert time.monotonic() - start < 3
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mood", ["slow", "cut", "wrong", "forbidden", "headers", "gone"])
def test_the_second_mirror_helps_out(address, tmp_path, mood):
    """After a mirror that fails in any way the next one is asked."""
    first = "http://127.0.0.1:9/" if mood == "gone" else address(mood)
    fetch_set("set", [BY_RAW, BY_FILE], [first, address("good")], tmp_path, timeout=0.3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gz", "b.gz"]


@pytest.mark.usefixtures("cache")
def test_a_mirror_that_refuses_connections(refused, tmp_path):
    """Where nobody listens, that is said."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with refused(DownloadError, f"{gone}a.gz could not be reached; {gone}a.gz could not be reached"):
        fetch_set("set", [BY_RAW], [gone, gone], tmp_path)


def test_an_endless_file_is_given_up(refused, address, tmp_path, monkeypatch):
    """No mirror fills the disk, and none keeps us for ever."""
    monkeypatch.setattr(download, "MAX_FILE", 2**20)
    with refused(DownloadError, "sent more than 1048576 bytes"):
        fetch_set("set", [BY_RAW], [address("endless")], tmp_path)
    monkeypatch.setattr(download, "DEADLINE", -1.0)
    with refused(DownloadError, "took longer than -1 seconds"):
        fetch_set("set", [BY_RAW], [address("good")], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [b"", b"junk", SENT[:-10], SENT[:50] + b"X" + SENT[51:]])
def test_a_damaged_file_is_fetched_anew(address, tmp_path, damage):
    """What lies in the cache is compared with its digest, never trusted."""
    (tmp_path / "a.gz").write_bytes(damage)
    fetch_set("set", [BY_RAW], [address("good")], tmp_path)
    assert (tmp_path / "a.gz").read_bytes() == SENT


@pytest.mark.parametrize("promised", [2**26, 1], ids=["promised", "beyond the promise"])
def test_a_bomb_is_read_no_further_than_its_bound(promised, address, tmp_path, little_memory, monkeypatch):
    """A compressed file that expands beyond any published one is replaced, and never expanded in memory."""
    monkeypatch.setattr(download, "MAX_FILE", 2**20)
    header = b"\0\0\x08\x01" + promised.to_bytes(4, "big")
    (tmp_path / "a.gz").write_bytes(gzip.compress(header + bytes(2**26)))
    with little_memory():
        fetch_set("set", [BY_RAW], [address("good")], tmp_path)
    assert (tmp_path / "a.gz").read_bytes() == SENT


@pytest.mark.parametrize("file", [BY_RAW, BY_FILE])
def test_the_arrays_are_returned(address, tmp_path, file):
    """The numbers in the file are returned, whether it was downloaded now or before."""
    for mood in ("good", "gone"):
        (array,) = fetch_set("set", [file], [address(mood)], tmp_path)
        assert array.tolist() == list(range(256)) * 40


def test_a_cache_that_cannot_be_made_is_a_data_error(refused, address, tmp_path):
    """A file in the place of the folder is named."""
    (tmp_path / "set").write_text("a file")
    with refused(DataError, "cannot be created", "HANDGRAD_CACHE"):
        fetch_set("set", [BY_RAW], [address("good")], tmp_path / "set")


def test_the_cache_folder_is_the_systems_or_the_users(cache, monkeypatch):
    """HANDGRAD_CACHE goes before the system's place."""
    assert cache_folder() == cache
    monkeypatch.delenv("HANDGRAD_CACHE")
    assert "handgrad" in str(cache_folder())


def test_a_user_without_a_name_and_a_home_has_a_cache():
    """As in a container that runs with an unknown user number: a folder among the temporary files."""
    program = (
        "import os, numpy, pooch; from handgrad.data.published.download import cache_folder; "
        "os.getuid = lambda: 54321; print(cache_folder())"  # becoming another user would take root
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, "HANDGRAD_CACHE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == str(Path(tempfile.gettempdir()) / "handgrad-cache")
