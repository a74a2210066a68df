import numpy as np
import pytest

from datasets.mind_small.parse import parse, read_lists
from datasets.pipeline.errors import BadInput
from datasets.pipeline.list_audit import inspect_lists

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
