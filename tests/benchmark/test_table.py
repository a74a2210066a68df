"""The table is whole: every row in it, with its machine; rows of other benchmarks stay."""

import pytest

from datasets.pipeline.errors import BadInput
from workflow.benchmark import table
from workflow.benchmark.growth import AXES, WHAT, exponent
from workflow.benchmark.measured import Bar, Measured, Row, failed
from workflow.benchmark.page import MACHINE as MACHINE_COLUMNS

MACHINE = {name: name for name in MACHINE_COLUMNS} | {"memory_gib": 8.0, "load_average": 0.5, "measured": "2026-01-01"}


def flat(*rows):
    return [{**row.flat(), **MACHINE} for row in rows]


def trained(benchmark="training", method="narm", **changes):
    content = {
        "benchmark": benchmark, "what": f"{benchmark} {method}", "data": "lastfm", "source": "real",
        "unit": "targets/s", "ours": Measured((90.0, 100.0, 110.0), 300.0, 0.1),
        "other": Measured((20.0, 25.0), 900.0, 0.2),
        "other_name": "RecBole", "floor": Measured((200.0,)), "floor_name": "products", "more": True,
        "bar": Bar("ratio", 3), "method": method,
    }  # fmt: skip
    return Row(**(content | changes))


def fits(ndcg, side):
    """Two seeds of NARM, around a value."""
    about = {"method": "narm", "data": "lastfm", "source": "real, of paper", "side": side, "epochs": 30}
    settings = '{"dropout":0.75,"max_length":20}'
    return [
        {**about, "seed": seed, "ndcg": ndcg + change, "settings": settings} for seed, change in ((1, 0.01), (2, -0.01))
    ]


@pytest.fixture
def written(tmp_path):
    rows = [
        trained(),
        failed("search", "search D", "out of | memory"),
        *(Row("growth", f"{WHAT}users", f"{n:,} users", "synthetic", "s", Measured((n / 100,))) for n in (500, 1000)),
        Row("growth", "exponent of users", "", "synthetic", "exponent", Measured((1.0,))),
    ]
    table.save(tmp_path / table.FITS, fits(6.1, "windows") + fits(6.0, "RecBole"))
    table.write(tmp_path, flat(*rows), ["training", "search", "growth"])
    return tmp_path


def test_every_row_has_every_column(written):
    rows = table.read(written / table.CSV)
    assert len(rows) == 5
    assert all(None not in row.values() and set(row) == set(rows[0]) for row in rows)
    assert set(flat(trained())[0]) <= set(rows[0])


def test_ratio_and_bar_are_those_of_the_medians(written):
    row = table.read(written / table.CSV)[0]
    assert float(row["ratio"]) == pytest.approx(100 / 22.5, rel=1e-5)
    assert float(row["of_floor"]) == pytest.approx(2.0)
    assert row["met"] == "yes" and row["bar"] == "at least 3 times as good"
    assert (row["parity_ours"], row["parity_other"]) == ("6.1", "6")


def test_the_page_shows_every_row_the_failed_ones_too(written):
    text = (written / table.MARKDOWN).read_text()
    speed, accuracy = text.split("## Accuracy")
    lines = [line for line in speed.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 5
    assert "| 100 (20 %) " in lines[2] and "| 22.5 (22 %), RecBole " in lines[2]
    assert "| 6.1 / 6 (dropout 0.75) " in lines[2]
    assert "| 3 / 2 " in lines[2]  # runs of the sides
    assert not any("not measured" in line for line in lines if "users" in line)
    assert any("failed: out of / memory" in line for line in lines)
    (line,) = [line for line in accuracy.splitlines() if line.startswith("| NARM")]
    assert "NARM (dropout 0.75)" in line and "6.10 ± 0.01 (2)" in line and "6.00 ± 0.01 (2)" in line
    assert "+0.06 to +0.14" in line and "| yes " in line
    assert "versions" in text and "load average" in text and "- lastfm: real" in text


def test_the_picture_is_drawn(written):
    assert (written / table.PICTURE).read_bytes().startswith(b"\x89PNG")


def test_another_benchmark_leaves_the_rows_of_the_first(written):
    newer = flat(failed("search", "search M", "stopped"))
    table.write(written, newer, ["search"])
    rows = table.read(written / table.CSV)
    assert [row["what"] for row in rows if row["benchmark"] == "search"] == ["search M"]
    assert len(rows) == 5 and float(rows[0]["ours"]) == 100.0


def test_without_fits_there_is_no_accuracy(written):
    (written / table.FITS).unlink()
    table.write(written, [], [])
    assert not (written / table.ACCURACY).exists() and "Accuracy" not in (written / table.MARKDOWN).read_text()


def test_a_broken_line_is_named_before_anything_is_measured(written):
    with open(written / table.FITS, "a") as file:
        file.write("<<<<<<< HEAD\n")
    with pytest.raises(BadInput, match=r"fits.csv, line 6: not 8 columns"):
        table.write(written, [], [])


def test_a_table_of_failures_alone_is_a_table(tmp_path):
    table.write(tmp_path, flat(failed("ranking", "ranking", "no data")), ["ranking"])
    text = (tmp_path / table.MARKDOWN).read_text()
    assert "failed" in text and table.PICTURE not in text and not (tmp_path / table.PICTURE).exists()  # nothing to draw


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_an_exponent_is_that_of_the_power_law(power):
    sizes = AXES["users"]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)
