"""Figures, their LaTeX and the case study."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import save_file

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from paper_tables import latex
from paper_tables.__main__ import main
from paper_tables.papers.casr.case_study import windows_users
from paper_tables.report import page
from paper_tables.spec.specification import specification
from paper_tables.write import write
from tests.paper_tables.made_results import TREATMENT, lastfm, ranks_with_hits, write_cell

TARGETS, outputs = specification("casr").TARGETS, specification("casr").outputs


def curve(results, figure):
    return pd.read_csv(results / "figures" / f"casr_{figure}.csv", na_values=["nan"])


def test_a_figures_points_come_from_their_cells(scale, results):
    write("casr", ["figure3"], scale, results)
    rows = curve(results, "figure3")
    found = rows[rows["strategy"] == "casr-d"].set_index("label")
    assert list(found.index) == [40, 100]
    assert found.loc[40, "mean"] == pytest.approx(45) and found.loc[100, "mean"] == pytest.approx(55)
    assert found.loc[40, "high"] - found.loc[40, "mean"] == pytest.approx(found.loc[40, "std"], rel=1e-4)
    assert (rows["plain_mean"] == 35).all()
    assert found["control_mean"].iloc[0] == pytest.approx(100 * 23 / 60, rel=1e-5)
    assert set(rows.loc[rows["strategy"] == "casr-m", "status"]) == {"not run"}


def test_kappa_one_is_the_plain_anchor_in_figure_5(scale, results):
    write("casr", ["figure5"], scale, results)
    rows = curve(results, "figure5").query("x == 1")
    assert (rows["mean"] == rows["plain_mean"]).all() and len(rows) == 3
    assert (rows["flags"] == "no sequence left in 2 of 2 seeds").all()


def test_a_figures_csv_has_no_text_that_pgfplots_stumbles_over(scale, results):
    cell = lastfm("narm", "casr-d", "stamp", "d-3")
    cell.folder(results).mkdir(parents=True)
    (cell.folder(results) / "result.json").write_text('{"status": "failed", "reason": "50% {of} a, \\"b\\"\\n#1_"}')
    write("casr", ["figure6"], scale, results)
    text = (results / "figures" / "casr_figure6.csv").read_text(encoding="utf-8")
    assert not set(text) & set('%{}#"\\')
    assert len({line.count(",") for line in text.splitlines()}) == 1


def test_a_figure_says_its_share_and_refuses_a_point_of_another_setting(scale, results):
    for file in results.glob("cells/casr/lastfm.loo/narm.casr-d.stamp*/result.json"):
        content = read_json(file)
        content["settings"]["treatment"]["share"] = 0.2
        write_json(file, content)
    write("casr", ["figure5"], scale, results)
    text = (results / "figures" / "casr_figure5.tex").read_text(encoding="utf-8")
    assert r"$r=20\,\%$ of the training samples" in text
    with pytest.raises(BadInput, match="share is 0.2, but figure3 wants"):
        write("casr", ["figure3"], scale, results)


def test_a_figure_marks_its_data(scale, results):
    about = {"counts": {}, "verified": False}
    write_json(results / "data" / "lastfm" / "data.json", about)
    write("casr", ["figure5", "sets"], scale, results)
    figure, sets = (results / file for file in ("figures/casr_figure5.tex", "tables/casr_sets.tex"))
    for text in (figure.read_text(encoding="utf-8"), sets.read_text(encoding="utf-8")):
        assert r"Last.fm$^\dagger$\textsuperscript{\textcolor{red}{\textbf{!!}}}" in text
        assert r"$\dagger$: unverified source" in text and "error of the audit" in text


@pytest.mark.parametrize("figure", ["figure3", "figure4", "figure5", "figure6"])
def test_pictures_are_written_even_where_nothing_was_run(scale, results, figure):
    files = write("casr", [figure], scale, results)
    assert [file.suffix for file in files] == [".csv", ".tex", ".pdf", ".png"]
    assert all(file.stat().st_size > 0 for file in files)
    assert files[3].read_bytes().startswith(b"\x89PNG")


def test_the_same_results_give_the_same_bytes(scale, results):
    first = {file: file.read_bytes() for file in write("casr", TARGETS, scale, results)}
    second = {file: file.read_bytes() for file in write("casr", TARGETS, scale, results)}
    assert first == second


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_latex_compiles(scale, results):
    case_study(results)
    write("casr", [*TARGETS, "document"], scale, results)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "casr.tex"]
    run = subprocess.run(command, cwd=results / "tables", capture_output=True, text=True, errors="replace")
    assert run.returncode == 0, run.stdout[-2000:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 % & more_of #1", r"50 \% \& more\_of \#1"),
        (r"C:\x^2 ~ {$}", r"C:\textbackslash{}x\textasciicircum{}2 \textasciitilde{} \{\$\}"),
        ("Amélie\nby 宮崎", "Amélie by ??"),
    ],
)
def test_text_from_outside_is_escaped(text, expected):
    assert latex.escape(text) == expected


def case_study(results, **settings) -> None:
    """Two users, of whom only the second has a sequence of every strategy for the last training sample: H for the last
    item of the history, D and M for the last but one. `settings`: of all three cells.
    """
    for strategy, sampler in (("casr-h", "stamp"), ("casr-d", "stamp"), ("casr-m", "stamp")):
        shutil.rmtree(lastfm("narm", strategy, sampler).folder(results), ignore_errors=True)
        cell = lastfm("narm", strategy, sampler)
        index = -1 if strategy == "casr-h" else -2
        hits = {"1": ranks_with_hits(20), "2": ranks_with_hits(22)}
        name = f"stamp.{strategy}{'.narm' if strategy == 'casr-m' else ''}"
        write_cell(results, cell, hits, settings={"index": index} | settings, pool=name)
        windows = np.array([0, 1] if strategy == "casr-h" else [1])
        pool = {
            "windows": windows,
            "starts": np.full(len(windows), 3 + index),  # the last sample has a history of three items
            "nearest": np.array([5, 6][-len(windows) :]),
            "labels": np.array([7, 8][-len(windows) :]),
            "confidence": np.full(len(windows), 0.5, dtype=np.float32),
            "priority": np.full(len(windows), 0.3),
            "rounds": np.ones(len(windows), dtype=np.int64),
            "changed": np.ones(len(windows), dtype=bool),
        }
        wrong = pool | {"nearest": pool["nearest"] - 4}
        write_pool(results, name, pool, index)
        write_pool(results, f"{name}.d-3", wrong, -3)
        write_pool(results, f"stamp.{strategy}.sasrec", wrong, index)  # of another anchor
    split = results / "splits" / "lastfm.loo"
    split.mkdir(parents=True)
    pairs = pd.DataFrame({"user": [0, 0, 0, 0, 1, 1, 1, 1], "item": [0, 1, 2, 3, 3, 2, 4, 1]})
    pairs.to_csv(split / "train.csv", index=False)
    titles = ["Zero", "One", "Two", "Three", "Four", "House", "Ever & After", None, "Eight"]
    items = pd.DataFrame(
        {"original": np.arange(9) + 100, "title": titles, "category": ["a"] * 5 + ["b", None, "c", "d"]}
    )
    items.to_parquet(results / "data" / "lastfm" / "items.parquet")


def write_pool(results, name: str, pool: dict, index: int) -> None:
    folder = results / "pools" / "casr" / "lastfm.loo" / name
    folder.mkdir(parents=True)
    save_file(pool, folder / "seed-1.safetensors")
    write_json(folder / "pool.json", {"settings": {"treatment": TREATMENT | {"index": index}}})


@pytest.mark.parametrize(
    ("settings", "shown"), [({}, 1), ({"kappa": 0.5}, 0), ({"share": 0.3}, 0), ({"share": 0.4}, 1)]
)
def test_the_case_study_shows_only_what_its_cell_kept(scale, results, settings, shown):
    case_study(results, **settings)
    write("casr", ["figure7"], scale, results)
    rows = pd.read_csv(results / "tables" / "casr_figure7.csv", keep_default_na=False)
    assert (rows["role"] == "M").sum() == shown and ("no user" in rows["reason"].iloc[0]) != shown


def test_the_case_study_reads_one_users_sequences(scale, results):
    case_study(results)
    write("casr", ["figure7"], scale, results)
    rows = pd.read_csv(results / "tables" / "casr_figure7.csv", keep_default_na=False)
    assert set(rows["user"]) == {1}
    assert list(zip(rows["role"], rows["title"], strict=True)) == [
        ("history", "Three"),
        ("replaced", "Two"),
        ("replaced", "Four"),
        ("next", "One"),
        ("H", "Ever & After"),
        ("D", "Ever & After"),
        ("M", "Ever & After"),
    ]
    assert list(rows["replaces"])[-3:] == ["Four", "Two", "Two"]
    assert list(rows["next_title"])[-3:] == ["Eight"] * 3 and list(rows["next_category"])[-1] == "d"
    assert r"Ever \& After" in (results / "tables" / "casr_figure7.tex").read_text(encoding="utf-8")


def test_a_case_study_refuses_a_pool_that_was_drawn_anew(scale, results):
    case_study(results)
    pool = results / "pools" / "casr" / "lastfm.loo" / "stamp.casr-h" / "pool.json"
    write_json(pool, {"settings": {"treatment": TREATMENT | {"index": -3}}})
    with pytest.raises(BadInput, match="no pool with the settings of narm.casr-h.stamp; run it again"):
        write("casr", ["figure7"], scale, results)


def test_a_case_study_without_a_user_says_so(scale, results):
    case_study(results)
    shutil.rmtree(results / "splits")
    (results / "splits" / "lastfm.loo").mkdir(parents=True)
    short = pd.DataFrame({"user": [0, 0, 1, 1], "item": [0, 1, 2, 3]})  # a history of one item has no last but one
    short.to_csv(results / "splits" / "lastfm.loo" / "train.csv", index=False)
    write("casr", ["figure7"], scale, results)
    [row] = pd.read_csv(results / "tables" / "casr_figure7.csv").to_dict("records")
    assert "no user" in row["reason"]


def test_the_case_study_says_what_was_not_run(scale, results):
    write("casr", ["figure7"], scale, results)
    [row] = pd.read_csv(results / "tables" / "casr_figure7.csv").to_dict("records")
    assert row["status"] == "not run" and "narm.casr-m.stamp not run" in row["reason"]


def test_windows_belong_to_the_users_that_the_engine_cuts_them_for():
    torch = pytest.importorskip("torch")
    from methods.engine.data.split import Split
    from methods.engine.data.windows import cut_windows

    lengths = np.array([0, 1, 2, 9, 8, 30, 17, 3])
    offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]))
    split = Split("x", torch.zeros(int(offsets[-1]), dtype=torch.int64), offsets, torch.zeros(1, dtype=torch.int64))
    assert windows_users(lengths, 8).tolist() == cut_windows(split, 8).users.tolist()


def test_cards_of_augmented_sets_are_averaged_over_seeds(scale, results):
    case_study(results)
    write("casr", ["sets"], scale, results)
    rows = pd.read_csv(results / "tables" / "casr_sets.csv").query("method == 'casr-m' and sampler == 'stamp'")
    [row] = rows[rows["anchor"] == "narm"].to_dict("records")
    assert (row["size"], row["same_category"], row["seeds"]) == (3, 0.25, 2)


def test_the_command_makes_a_target_and_names_its_files(scale, results, tmp_path, capsys):
    file = tmp_path / "fixture.yaml"
    file.write_text(yaml.safe_dump(scale), encoding="utf-8")
    for pages, final in ((results / "so_far", []), (results, ["--final"])):
        assert main(["casr", "table2", "--scale-file", str(file), "--results", str(results), *final]) == 0
        assert capsys.readouterr().out.split() == [str(path) for path in outputs("table2", pages)]
        assert (pages / "tables/casr_table2.tex").is_file()
    assert main(["casr", "table2", "--scale-file", str(tmp_path / "no.yaml"), "--results", str(results)]) == 2
    assert "no.yaml" in capsys.readouterr().err


HOSTILE = 'N$_{1 %} \\frac^<b>&"#~$ $'


def test_no_character_of_a_label_ends_tables_pictures_or_the_report(scale, results, cards):
    file = cards / "narm" / "card.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"label": HOSTILE}))
    written = [Path(file) for file in write("casr", [*TARGETS, "document"], scale, results)]
    texts = "".join(file.read_text(encoding="utf-8") for file in written if file.suffix == ".tex")
    assert HOSTILE not in texts and latex.escape(HOSTILE) in texts
    assert {file.stem for file in written if file.suffix == ".png"} >= {"casr_ranks", "casr_agreement", "casr_figure3"}
    shown = page.write(scale, results).read_text(encoding="utf-8")
    assert "<b>&" not in shown and r"N$_{1 %} \frac^&lt;b&gt;&amp;" in shown
