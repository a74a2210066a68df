"""What follows an error: another attempt, or a result that says why; and the words for the terminal."""

import os
import subprocess
import sys

import pytest

from datasets.pipeline import code
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from workflow import progress
from workflow.cells.errors import NO_RETRY, told
from workflow.cells.failed import another_attempt, message, reason
from workflow.retry import take_failed_away


@pytest.mark.parametrize(
    ("code", "attempt", "again"),
    [
        (1, 1, True),
        (137, 2, True),  # killed: more memory may help
        (1, 3, False),
        (137, 3, False),
        (NO_RETRY, 1, False),
        (130, 3, True),  # Ctrl-C and the like end the run and leave no failed result
        (143, 3, True),
    ],
)
def test_attempts(code, attempt, again):
    assert another_attempt(code, attempt, attempts=3) is again


def test_a_reason_is_one_line_for_a_table(tmp_path):
    log = tmp_path / "cell.log"
    assert reason(1, log) == f"ended with code 1; see {log}"
    log.write_text("epoch 1\nerror: key 'x' is unknown\n\n")
    assert reason(NO_RETRY, log) == "key 'x' is unknown"
    log.write_text("error: an earlier one\nerror: a.zip: refused:\n  size 1\n  sha256 2\nReplace it.\n")
    assert reason(NO_RETRY, log) == "a.zip: refused: size 1 sha256 2 Replace it."
    assert message(log) == "a.zip: refused:\n  size 1\n  sha256 2\nReplace it."
    log.write_text("awk: cannot open train.csv\n")
    assert message(log) == reason(2, log) == "awk: cannot open train.csv"
    assert reason(137, log).startswith("killed, most likely for want of memory: run fewer jobs at once (--cores), ")
    assert reason(139, log) == f"ended with code 139; see {log}"


@pytest.mark.parametrize(
    ("wants", "advice"),
    [
        ("bytearray(1 << 60)", "--cores"),
        ("import numpy; numpy.ones(1 << 55)", "--cores"),
        ("import pyarrow; pyarrow.allocate_buffer(1 << 60)", "--cores"),
        ("import torch; torch.ones(1 << 55)", "--cores"),
        ("import torch; raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 20 GiB')", "slots_per_gpu"),
    ],
)
def test_want_of_memory_is_named_as_the_reason_with_what_to_do(tmp_path, wants, advice):
    log = tmp_path / "cell.log"
    with log.open("w") as said:
        ended = subprocess.run([sys.executable, "-c", wants], stderr=said)
    found = reason(ended.returncode, log)
    assert found.startswith("want of memory: ") and advice in found and str(log) in found and "\n" not in found


@pytest.mark.parametrize(
    ("error", "ends"),
    [(BadInput("x"), NO_RETRY), (FloatingPointError("x"), NO_RETRY), (KeyError("x"), NO_RETRY),
     (MemoryError(), 1), (RuntimeError("CUDA"), 1), (OSError(), 1)],
)  # fmt: skip
def test_only_what_may_end_better_is_tried_again(error, ends, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, told():
        raise error
    assert ended.value.code == ends
    (tmp_path / "log").write_text(capsys.readouterr().err)  # where the reason is found, after a traceback or without
    assert str(error) in reason(1, tmp_path / "log") and "error: " not in reason(1, tmp_path / "log")


def test_ctrl_c_is_one_word_and_no_failure(capsys):
    with pytest.raises(SystemExit) as ended, told():
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "stopped\n" and another_attempt(ended.value.code, attempt=3, attempts=3)


def test_a_syntax_error_names_its_file_and_line(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "methods" / "mine"
    folder.mkdir(parents=True)
    (folder / "model.py").write_text("import methods\n\ndef build(:\n")
    monkeypatch.setattr(code, "ROOT", tmp_path)
    with pytest.raises(BadInput, match=r"methods/mine/model\.py, line 3: invalid syntax"):
        code.source(folder / "model.py")
    with pytest.raises(SystemExit) as ended, told():
        compile((folder / "model.py").read_text(), "methods/mine/model.py", "exec")
    assert ended.value.code == NO_RETRY and "methods/mine/model.py, line 3: invalid" in capsys.readouterr().err


def test_retry_takes_failed_results_away_and_no_others(tmp_path):
    files = {
        "cells/casr/lastfm.loo/narm/result.json": "failed",
        "cells/casr/lastfm.loo/stamp/result.json": "done",
        "pools/casr/lastfm.loo/stamp.casr-d/pool.json": "failed",
        "tuning/casr/lastfm.loo/narm.json": "failed",
    }
    for name, status in files.items():
        write_json(tmp_path / name, {"status": status, "seeds": {"1": {"metrics": {}}}})
    seed = tmp_path / "cells/casr/lastfm.loo/narm/seed-1.json"
    write_json(seed, {"digest": "kept"})
    removed = take_failed_away(tmp_path)
    assert {str(file.relative_to(tmp_path)) for file in removed} == {n for n, s in files.items() if s == "failed"}
    assert seed.exists() and read_json(tmp_path / "cells/casr/lastfm.loo/stamp/result.json")["status"] == "done"


def test_progress_says_what_ended_how_many_are_done_and_what_is_left(world, monkeypatch):
    said = []
    monkeypatch.setattr(progress, "announce", said.append)
    result = world.run("narm")
    progress.report(world.scale, world.cell("narm"), result)
    total = len(progress.all_cells(world.scale))
    assert said[0].startswith(f"cell 1 of {total} · narm on synthetic.loo · validation NDCG@5 ")
    assert said[0].endswith("left")
    progress.report(world.scale, world.cell("stamp"), {"status": "failed", "reason": "killed"})
    assert "stamp on synthetic.loo · failed: killed" in said[1]


def test_words_for_the_terminal_go_past_the_log(monkeypatch, capfd):
    reader, writer = os.pipe()
    monkeypatch.setenv("WHATIFREC_TERMINAL", str(writer))
    progress.announce("cell 1 of 2")
    os.close(writer)
    assert os.read(reader, 100) == b"cell 1 of 2\n" and capfd.readouterr().out == ""
    monkeypatch.delenv("WHATIFREC_TERMINAL")
    progress.announce("cell 2 of 2")
    assert capfd.readouterr().out == "cell 2 of 2\n"
