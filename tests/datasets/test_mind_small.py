import hashlib
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datasets.mind_small.parse import parse, read_lists
from datasets.pipeline import tables
from datasets.pipeline.audit import audit
from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.fetch import fetch
from datasets.pipeline.list_audit import inspect_lists
from datasets.pipeline.prepare import prepare
from datasets.pipeline.split import make_split

ROWS = [
    "1\tU13740\t11/11/2019 9:05:58 AM\tN55189 N42782\tN55689-1 N35729-0",
    "2\tU91836\t11/12/2019 12:11:30 PM\t\tN20678-0",
    "3\tU13740\t11/14/2019 7:01:48 AM\tN1\tN35729-1 N20678-0 N55689-1",
]
NEWS = 'N55689\tsports\tfootball_nfl\tCharles "Rogers"\t\thttps://a\t[]\t[]\nN35729\tnews\tnewsus\tPorsche\tx\thttps://b\t[]\t[]\n'


@pytest.fixture
def files(tmp_path):
    def written(*rows):
        (tmp_path / "behaviors.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        (tmp_path / "news.tsv").write_text(NEWS, encoding="utf-8")
        return {name: tmp_path / name for name in ("behaviors.tsv", "news.tsv")}

    return written


def test_impressions_become_lists(files):
    lists = read_lists(files(*ROWS)["behaviors.tsv"])
    assert lists.users.tolist() == ["U13740", "U91836", "U13740"] and lists.offsets.tolist() == [0, 2, 3, 6]
    assert lists.items.tolist() == ["N55689", "N35729", "N20678", "N35729", "N20678", "N55689"]
    assert lists.chosen.tolist() == [True, False, False, True, False, True]
    assert lists.times[:2].tolist() == [1573463158, 1573560690]


def test_a_file_that_is_read_in_blocks_gives_the_same_lists(files, monkeypatch):
    whole = read_lists(files(*ROWS)["behaviors.tsv"])
    monkeypatch.setattr(tables, "BLOCK", 100)
    in_blocks = read_lists(files(*ROWS)["behaviors.tsv"])
    assert whole.table().equals(in_blocks.table())


def test_clicks_become_interactions_and_news_items(files):
    found = parse(files(*ROWS))
    assert found.interactions[["user", "item"]].to_numpy().tolist() == [
        ["U13740", "N55689"],
        ["U13740", "N35729"],
        ["U13740", "N55689"],
    ]
    assert found.items.to_dict("records")[0] == {
        "item": "N55689",
        "title": 'Charles "Rogers"',
        "category": "sports",
        "subcategory": "football_nfl",
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("N20678-0", "N20678-2", "behaviors.tsv, line 2: 'N20678-2' is no impression"),
        ("\tN20678-0", "\t", "behaviors.tsv, line 2: '' is no impression"),
        ("N20678-0", "N20678-0 ", "behaviors.tsv, line 2: '' is no impression"),
        ("11/12/2019 12:11:30 PM", "2019-11-12", "behaviors.tsv, line 2: '2019-11-12' is not a time"),
        ("U91836\t", "", "behaviors.tsv, line 2: 4 columns, expected 5"),
    ],
)
def test_a_fault_is_named_by_file_and_line(files, old, new, message):
    assert old in ROWS[1]
    with pytest.raises(BadInput, match=message):
        parse(files(ROWS[0], ROWS[1].replace(old, new), ROWS[2]))


def test_the_sample_is_read(real_raw):
    folder = real_raw / "mind-small-sample"
    if not folder.exists():
        pytest.skip(f"{folder} is not there")
    files = {name: folder / name for name in ("behaviors.tsv", "news.tsv")}
    lists = parse(files).lists
    assert len(lists) == 5000 and len(np.unique(lists.users)) == 4637
    assert len(parse(files).interactions) == lists.chosen.sum()
    found = {each.check: each for each in inspect_lists(lists)}
    assert 0.03 < found["share of chosen"].value < 0.05 and found["lists without a choice"].value == 0


def test_two_packagings_of_the_same_files_are_one_data_set(files, tmp_path):
    inner = files(*ROWS)
    archives = {"flat": "", "nested": "MINDsmall_train/"}
    for place, folder in archives.items():
        (tmp_path / place).mkdir()
        with zipfile.ZipFile(tmp_path / place / "MINDsmall_train.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, file in inner.items():
                archive.write(file, folder + name)
    packed = [(tmp_path / place / "MINDsmall_train.zip").read_bytes() for place in archives]
    about = of_sums(*(hashlib.md5(each).hexdigest() for each in packed), **inner)
    digests = set()
    for place in archives:
        store = tmp_path / place / "store"
        assert fetch(about, store, raw=tmp_path / place)["verified"]
        digests.add(prepare(about, tmp_path / place, store)["digest"])
    assert len(digests) == 1
    (tmp_path / "nested" / "MINDsmall_train.zip").write_bytes(packed[1] + b"\0")
    with pytest.raises(BadInput, match="its checksum is not the one in the card"):
        fetch(about, tmp_path / "other", raw=tmp_path / "nested")


def of_sums(*archives: str, **inner):
    """The card of MIND-small with the sums of made-up archives and files."""
    about = card("mind-small")
    (entry,) = about.downloads
    assert len(entry.archive.md5) == len(archives) == 2
    holds = tuple(replace(f, sha256=(hashlib.sha256(inner[f.file].read_bytes()).hexdigest(),)) for f in entry.holds)
    return replace(about, downloads=(replace(entry, archive=replace(entry.archive, md5=archives), holds=holds),))


def test_the_sample_goes_from_raw_files_to_a_split_and_is_called_a_sample(real_raw, tmp_path):
    if not (real_raw / "mind-small-sample").exists():
        pytest.skip(f"{real_raw} has no sample of MIND-small")
    about = card("mind-small")
    fetch(about, tmp_path / "store", raw=real_raw, accept_unverified=True)
    counts = prepare(about, tmp_path, tmp_path / "store")["counts"]
    assert (counts["lists"], counts["users"]) == (5000, 4637) and counts["interactions"] < counts["shown"]
    found = {finding["check"]: finding for finding in audit(about, tmp_path)}
    assert found["source"]["level"] == found["printed counts"]["level"] == "warning"
    assert "5,000 of 156,965 lists" in found["printed counts"]["meaning"]
    split = make_split("mind-small.loo", tmp_path)
    assert split["verified"] is False and split["rows"]["test"] > 500
    folder = tmp_path / "splits" / "mind-small.loo"
    keys = [pd.read_csv(folder / f"{part}.csv").eval("user * 100000 + item") for part in ("validation", "test")]
    lists = pd.read_parquet(folder / "lists.parquet")
    assert not np.isin(pd.concat(keys), lists["user"] * 100000 + lists["item"]).any()
    assert np.isin(
        pd.concat(keys),
        pd.read_parquet(tmp_path / "data" / "mind-small" / "lists.parquet").eval("user * 100000 + item"),
    ).all()
