"""Each parser on a few lines of its format. The real files are looked at in test_real_counts.py."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import scipy.io

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.prepare import build_tables


@pytest.fixture
def parse(tmp_path):
    """A function (data set, {file: text}) -> Parsed."""

    def parse(name, encoding="utf-8", **texts):
        files = {}
        for file, text in texts.items():
            files[file] = tmp_path / file
            files[file].write_bytes(text.encode(encoding))
        return card(name).parse(files)

    return parse


def test_movielens_1m(parse):
    texts = {
        "ratings.dat": "1::31::3::978300019\n1::29::5::978300009\n",
        "movies.dat": "29::Été: II (1995)::Drama|War\n",
    }
    found = parse("movielens-1m", encoding="iso-8859-1", **texts)
    assert found.interactions.to_numpy().tolist() == [[1, 31, 3, 978300019], [1, 29, 5, 978300009]]
    assert found.items.to_dict("records") == [
        {"item": 29, "title": "Été: II (1995)", "genres": "Drama|War", "category": "Drama"}
    ]


def test_movielens_100k(parse):
    texts = {
        "u.data": "196\t242\t3\t881250949\n",
        "u.genre": "unknown|0\nAction|1\nDrama|2\n\n",
        "u.item": "242|Kolya (1996)|24-Jan-1997||http://a/?b|0|1|1\n",
    }
    found = parse("movielens-100k", **texts)
    assert found.interactions.to_numpy().tolist() == [[196, 242, 3, 881250949]]
    assert found.items.to_dict("records") == [
        {"item": 242, "title": "Kolya (1996)", "genres": "Action|Drama", "category": "Action"}
    ]


@pytest.mark.parametrize("name", ["amazon-cds", "amazon-books", "amazon-movies"])
def test_amazon_ratings_keep_items_as_texts(parse, name):
    found = parse(name, **{"ratings.csv": "A2IIIDRK3PRRZY,0000000116,5.0,1395619200\nA1,B00J,3.0,1042502400\n"})
    assert found.interactions.to_numpy().tolist() == [
        ["A2IIIDRK3PRRZY", "0000000116", 5.0, 1395619200], ["A1", "B00J", 3.0, 1042502400],
    ]  # fmt: skip
    with pytest.raises(BadInput, match="ratings.csv, line 2: time is 'x'"):
        parse(name, **{"ratings.csv": "A1,B,3.0,1\nA1,B,3.0,x\n"})


def shelved(book, date):
    return json.dumps({"user_id": "8842", "book_id": book, "rating": 0, "read_at": "", "date_added": date}) + "\n"


def test_goodreads_reads_one_genre_or_all(parse):
    date = "Wed Mar 22 11:37:04 -0700 2017"
    found = parse("goodreads-poetry", **{"goodreads_interactions_poetry.json": shelved("007", date)})
    assert found.interactions.to_numpy().tolist() == [["8842", "007", 1490207824]]
    names = [file.file for entry in card("goodreads").downloads for file in entry.holds]
    assert (
        len(parse("goodreads", **{name: shelved(f"{number}", date) for number, name in enumerate(names)}).interactions)
        == 8
    )
    with pytest.raises(BadInput, match="goodreads_interactions_young_adult.json is not among the raw files; put it"):
        parse("goodreads", **dict.fromkeys(names[:-1], shelved("1", date)))


def test_a_date_of_goodreads_that_is_none_is_named_by_its_line(parse):
    lines = shelved("1", "Wed Mar 22 11:37:04 -0700 2017") + shelved("2", "Wed Mar 32 11:37:04 -0700 2017")
    with pytest.raises(BadInput, match="poetry.json, line 2: 'Wed Mar 32 11:37:04 -0700 2017' is not a time such as"):
        parse("goodreads-poetry", **{"goodreads_interactions_poetry.json": lines})


def test_ciao_is_a_matrix(tmp_path):
    file = tmp_path / "rating_with_timestamp.mat"
    matrix = np.array([[6119, 92579, 24, 5, 4, 959670000], [6094, 92579, 25, 4, 4, 959756400]], np.int32)
    scipy.io.savemat(file, {"rating": matrix})
    found = card("ciao").parse({file.name: file})
    assert found.interactions.to_numpy().tolist() == [[6119, 92579, 5, 959670000], [6094, 92579, 4, 959756400]]
    assert found.items.to_numpy().tolist() == [[92579, 24]]
    scipy.io.savemat(file, {"rating": matrix[:, :5]})
    with pytest.raises(BadInput, match=r"matrix 'rating' has the shape \(2, 5\), expected a row for each rating"):
        card("ciao").parse({file.name: file})


def test_lastfm_takes_the_first_day_of_a_tag(parse):
    texts = {
        "user_artists.dat": "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n",
        "user_taggedartists.dat": "userID\tartistID\ttagID\tday\tmonth\tyear\n"
        "2\t52\t1\t3\t1\t1970\n2\t52\t9\t2\t1\t1970\n",
        "artists.dat": 'id\tname\turl\tpictureURL\n51\tDuran "D" Duran\thttp://a\t\n',
    }
    found = parse("lastfm", **texts)
    assert found.interactions["weight"].tolist() == [13883, 11690]
    assert found.interactions["tagged"].fillna(-1).tolist() == [-1, 86400]
    assert found.items.to_dict("records") == [{"item": 51, "title": 'Duran "D" Duran'}]


def test_lastfm_lives_without_the_optional_files(parse):
    found = parse("lastfm", **{"user_artists.dat": "userID\tartistID\tweight\n2\t51\t13883\n"})
    assert list(found.interactions) == ["user", "item", "weight"] and found.items is None


@pytest.mark.parametrize("name", ["amazon-beauty", "amazon-baby", "amazon-video"])
def test_amazon(parse, name):
    reviews = [{"reviewerID": "A1", "asin": "0001", "overall": 5.0, "unixReviewTime": 86400, "helpful": [0, 1]}]
    file = card(name).downloads[0].holds[0].file
    found = parse(name, **{file: "".join(json.dumps(review) + "\n" for review in reviews)})
    assert found.interactions.to_dict("records") == [{"user": "A1", "item": "0001", "time": 86400}]


def test_amazon_orders_reviews_of_one_day_as_in_the_file(parse):
    days = [("b", 2), ("c", 1), ("a", 1), ("d", 2)]
    text = "".join(json.dumps({"reviewerID": "u", "asin": item, "unixReviewTime": day}) + "\n" for item, day in days)
    tables, _ = build_tables(card("amazon-baby"), parse("amazon-baby", **{"reviews_Baby_5.json": text}))
    originals = tables["items"]["original"].to_numpy()
    assert originals[tables["interactions"]["item"]].tolist() == ["c", "a", "b", "d"]


@pytest.mark.parametrize("form", ["tabs", "commas"])
def test_foursquare_in_both_forms(parse, form):
    row = ["9", "4f0f", "4bf5", "Café", "35.7", "139.6", "540", "Tue Apr 03 18:17:18 +0000 2012"]
    header = "userId,venueId,venueCategoryId,venueCategory,latitude,longitude,timezoneOffset,utcTimestamp\n"
    text = "\t".join(row) + "\n" if form == "tabs" else header + ",".join(row) + "\n"
    found = parse("foursquare", encoding="iso-8859-1", **{"dataset_TSMC2014_TKY.txt": text})
    assert found.interactions.to_dict("records") == [{"user": 9, "item": "4f0f", "time": 1333477038}]
    assert found.items.to_dict("records") == [{"item": "4f0f", "category": "Café"}]


def test_foursquare_names_the_line_of_a_wrong_time(parse):
    rows = [f"9\tv\tc\tCafé\t1\t2\t540\t{time}\n" for time in ("Tue Apr 03 18:17:18 +0000 2012", "2012-04-03")]
    with pytest.raises(BadInput, match="line 2: '2012-04-03'"):
        parse("foursquare", **{"dataset_TSMC2014_TKY.txt": "".join(rows)})


def test_book_crossing_keeps_rows_without_opinion(parse):
    text = '"User-ID";"ISBN";"Book-Rating"\r\n"276725";"034545104X";"0"\r\n"276726";"0155\\"61";"5"\r\n'
    found = parse("book-crossing", **{"BX-Book-Ratings.csv": text})
    assert found.interactions.to_numpy().tolist() == [[276725, "034545104X", 0], [276726, '0155"61', 5]]


def test_diginetica_drops_anonymous_views(parse):
    rows = ["1;NA;81766;526309;2016-05-09", "1;7;31331;1031018;2016-05-09", "2;7;32118;243569;2016-05-08"]
    text = "sessionId;userId;itemId;timeframe;eventdate\n" + "\n".join(rows) + "\n"
    found = parse("diginetica", **{"train-item-views.csv": text})
    assert found.interactions["user"].isna().tolist() == [True, False, False]
    assert found.interactions["time"].tolist() == [1462752000 + 526, 1462752000 + 1031, 1462665600 + 243]


def test_diginetica_names_the_line_of_a_wrong_day(parse):
    text = "sessionId;userId;itemId;timeframe;eventdate\n1;NA;81766;526309;yesterday\n"
    with pytest.raises(BadInput, match="line 2"):
        parse("diginetica", **{"train-item-views.csv": text})


def spreadsheet(path, rows):
    """A minimal .xlsx, which the reader knows by its content."""
    cells = "".join("<row>" + "".join(f"<c><v>{value}</v></c>" for value in row) + "</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w") as archive:
        for name, kind, target in (
            ("_rels/.rels", "officeDocument", "xl/workbook.xml"),
            ("xl/_rels/workbook.xml.rels", "worksheet", "sheet1.xml"),
        ):
            relation = f'<Relationship Id="r1" Type="{related}/{kind}" Target="{target}"/>'
            archive.writestr(name, f'<Relationships xmlns="{package}/relationships">{relation}</Relationships>')
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>')
        sheets = '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{related}">{sheets}</workbook>')
        archive.writestr("xl/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>')


def jester_row(ratings):
    return [len(ratings)] + [ratings.get(joke, 99) for joke in range(1, 101)]


def test_jester_numbers_users_through_the_files(tmp_path):
    files = {f"jester-data-{n}.xls": tmp_path / f"{n}.xlsx" for n in (1, 2)}
    spreadsheet(files["jester-data-1.xls"], [jester_row({3: -9.5, 1: 2}), jester_row({100: 0})])
    spreadsheet(files["jester-data-2.xls"], [jester_row({50: 10})])
    found = card("jester").parse(files).interactions
    assert found.to_numpy().tolist() == [[1, 1, 2], [1, 3, -9.5], [2, 100, 0], [3, 50, 10]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([1, 2, 3], "row 2: expected 101 numbers"),
        ([7] + jester_row({1: 5})[1:], "row 2: 1 ratings, but its first cell says 7"),
    ],
)
def test_a_faulty_row_of_jester_is_named(tmp_path, row, said):
    spreadsheet(tmp_path / "1.xlsx", [jester_row({1: 5}), row])
    with pytest.raises(BadInput, match=said):
        card("jester").parse({"jester-data-1.xls": tmp_path / "1.xlsx"})


def test_what_is_no_spreadsheet_is_refused(tmp_path):
    (tmp_path / "1.xls").write_bytes(b"hello")
    with pytest.raises(BadInput, match="not readable as a spreadsheet"):
        card("jester").parse({"jester-data-1.xls": tmp_path / "1.xls"})


RATINGS = "1::31::3::978300019\n"
TAGS = "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t51\t1\t28\t2\t2009\n2\t51\t1\t31\t2\t2009\n"
PLAYS = "userID\tartistID\tweight\n2\t51\t13883\n"
VIEWS = "sessionId;userId;itemId;timeframe;eventdate\n1;NA;3;5;2016-05-09\n"
CHECKIN = "9\tv\tc\tCafé\t1\t2\t540\tTue Apr 03 18:17:18 +0000 2012\n"
CLICK = "1\tU1\t11/11/2019 9:05:58 AM\t\tN1-1\n"
NEWS = "N1\ta\tb\tc\t\t\t\t\n"
REVIEW = '{"reviewerID": "A1", "asin": "0001", "unixReviewTime": 86400}\n'
BOOKS = '"User-ID";"ISBN";"Book-Rating"\n"7";"0155";"0"\n'


@pytest.mark.parametrize(
    ("name", "texts", "said"),
    [
        ("movielens-1m", {"ratings.dat": RATINGS, "movies.dat": "31::a::b\n29::a::b\n31::c::d\n"},
         "movies.dat, line 3: item '31' stands there once more, first in .*movies.dat, line 1"),
        ("lastfm", {"user_artists.dat": PLAYS, "artists.dat": "id\tname\turl\tpictureURL\n51\ta\t\t\n51\ta\t\t\n"},
         "artists.dat, line 3: item '51' stands there once more, first in .*artists.dat, line 2"),
        ("mind-small", {"behaviors.tsv": CLICK, "news.tsv": NEWS + NEWS},
         "news.tsv, line 2: item 'N1' stands there once more, first in .*news.tsv, line 1"),
        ("mind-small", {"behaviors.tsv": CLICK.replace("U1", ""), "news.tsv": NEWS},
         "behaviors.tsv, line 1: user is missing"),
        ("lastfm", {"user_artists.dat": PLAYS, "user_taggedartists.dat": TAGS},
         "user_taggedartists.dat, line 3: there is no day year 2009, month 2, day 31; correct the line"),
        ("diginetica", {"train-item-views.csv": VIEWS + "\n1;7;NA;5;2016-05-09\n"}, "line 4: itemId is missing .'NA'."),
        ("diginetica", {"train-item-views.csv": VIEWS + "1;7;3;NA;2016-05-09\n"}, "line 3: timeframe is missing"),
        ("foursquare", {"dataset_TSMC2014_TKY.txt": 2 * CHECKIN + CHECKIN.replace("v", "")}, "line 3: venueId is miss"),
        ("amazon-beauty", {"reviews_Beauty_5.json": REVIEW + REVIEW.replace("0001", "")}, "line 2: no field 'asin'"),
        ("book-crossing", {"BX-Book-Ratings.csv": BOOKS + '"7";"";"0"\n'}, "line 3: ISBN is missing"),
    ],
)  # fmt: skip
def test_a_fault_of_the_data_is_named_by_file_and_line(parse, name, texts, said):
    with pytest.raises(BadInput, match=said):
        build_tables(replace(card(name), recipe=()), parse(name, **texts))


def test_diginetica_with_the_other_header(parse):
    text = VIEWS.replace("sessionId;userId;itemId", "session_id;user_id;item_id") + 3 * "2;7;31;9;2016-05-09\n"
    tables, left = build_tables(card("diginetica"), parse("diginetica", **{"train-item-views.csv": text}))
    assert (
        tables["users"]["original"].tolist() == [7] and tables["users"]["original"].dtype == "int64" and left == [3, 3]
    )
