"""What the commands say of errors: a message for a person comes last, in a log after the traceback."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from datasets.pipeline.errors import BadInput, Unreadable, explained, reading, tell
from datasets.pipeline.files import whole_file

ROOT = Path(__file__).parents[2]


def command(*arguments, **options):
    """The exit status of a step, and what it said on standard error."""
    run = [sys.executable, "-m", "datasets.pipeline", *map(str, arguments)]
    ended = subprocess.run(run, cwd=ROOT, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, **options)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("step", [["audit", "--dataset", "lastfm"], ["split", "--split", "lastfm.loo"]])
def test_a_step_before_prepare_names_the_command_that_is_missing(tmp_path, step):
    status, said = command(*step, "--results", tmp_path)
    assert status == 2 and said.count("\n") == 1, said
    assert (
        f"data.json: not there; run first: python -m datasets.pipeline prepare --dataset lastfm --results {tmp_path}"
        in said
    )


def test_a_store_or_results_that_are_a_file_are_named(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"")
    status, said = command("fetch", "--dataset", "lastfm", "--store", file)
    assert status == 2 and said == f"error: {file}: a file; the store of raw files (option --store) must be a folder\n"
    status, said = command("prepare", "--dataset", "synthetic", "--results", file)
    assert (
        status == 1 and f"error: {file}/data/synthetic: a file stands where a folder is needed" in said.splitlines()[-1]
    )


def test_an_error_of_the_system_is_put_into_words(tmp_path):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError) as caught, whole_file(tmp_path / "a.parquet"):
        raise full
    said = explained(caught.value)
    assert said.startswith(f"{tmp_path}/a.parquet: the disk is full; free some space")
    assert explained(PermissionError(errno.EACCES, "no", "/x/y")).startswith("/x/y: access is not allowed")
    assert explained(MemoryError()).startswith("not enough memory")


@pytest.mark.parametrize(
    ("error", "again", "traced", "said"),
    [
        (BadInput("key x is unknown"), False, False, "error: key x is unknown"),
        (KeyError("x"), False, True, "error: KeyError: 'x'; the traceback says where"),
        (Unreadable("a.csv: cannot be read"), False, True, "error: a.csv: cannot be read"),
        (RuntimeError("CUDA"), True, True, "error: RuntimeError: CUDA; the traceback says where"),
        (MemoryError(), True, True, "error: not enough memory"),
    ],
)
def test_the_message_comes_last_and_the_traceback_before_it_in_a_log_only(
    capsys, monkeypatch, error, again, traced, said
):
    assert tell(error) is again
    log = capsys.readouterr().err
    assert log.splitlines()[-1].startswith(said) and (type(error).__name__ in log) >= traced
    assert log.count("\n") > 1 or not traced
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    tell(error)
    assert capsys.readouterr().err.splitlines()[0].startswith(said)


def test_an_error_of_a_library_gets_the_files_that_it_read():
    with (
        pytest.raises(Unreadable, match=r"a.csv, b.csv: cannot be read \(ValueError: out of range\)"),
        reading("a.csv", "b.csv"),
    ):
        raise ValueError("out of\nrange")
    for passing in (BadInput("x"), FileNotFoundError(2, "x"), MemoryError()):
        with pytest.raises(type(passing)), reading("a.csv"):
            raise passing


def test_a_reader_that_has_seen_enough_is_no_error():
    listing = subprocess.Popen(
        [sys.executable, "-u", "-m", "datasets.pipeline", "list"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    listing.stdout.close()
    assert listing.stderr.read() == b"" and listing.wait() == -signal.SIGPIPE
