import json

import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.tables import read_json_lines, read_table

COLUMNS = {"user": "int", "title": "text", "weight": "float"}


def write(tmp_path, content):
    path = tmp_path / "table.dat"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("delimiter", ["\t", ";", "::"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_reads_what_is_there(tmp_path, delimiter, line_end):
    rows = [["7", 'a "quoted: word', "0.5"], ["8", "Amélie", "-1"]]
    path = write(tmp_path, line_end.join(delimiter.join(row) for row in rows) + line_end)
    found = read_table(path, COLUMNS, delimiter)
    assert found.to_numpy().tolist() == [[7, 'a "quoted: word', 0.5], [8, "Amélie", -1.0]]


def test_reads_quoted_fields_and_missing_values(tmp_path):
    path = write(tmp_path, 'user;title;weight\n"7";"a ; \\" b";"1"\nNA;"c";"2"\n')
    found = read_table(path, COLUMNS | {"user": "int?"}, ";", header=True, quoted=True, missing=("NA",))
    assert found["title"].tolist() == ['a ; " b', "c"]
    assert found["user"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("7\ta\t1\n8\tb\n", "line 2: 2 columns, expected 3"),
        ("7\ta\t1\n8\tb\t2\t3\n", "line 2: 4 columns, expected 3"),
        ("7\ta\t1\neight\tb\t2\n", "line 2: user is 'eight'"),
        ("7\ta\t1\n8\tb\t\n", "line 2: weight is ''"),
        (b"7\ta\t1\n8\t\xe9\t2\n", "line 2: not in the encoding utf-8"),
    ],
)
def test_a_fault_is_named_by_file_and_line(tmp_path, content, said):
    path = write(tmp_path, content)
    with pytest.raises(BadInput, match=said) as refusal:
        read_table(path, COLUMNS, "\t")
    assert str(path) in str(refusal.value)


def test_another_header_is_refused(tmp_path):
    path = write(tmp_path, "user\tname\tweight\n1\ta\t2\n")
    with pytest.raises(BadInput, match="line 1: the columns are"):
        read_table(path, COLUMNS, "\t", header=True)


def test_a_header_without_rows_is_refused(tmp_path):
    path = write(tmp_path, "user\ttitle\tweight\n")
    with pytest.raises(BadInput, match="no row"):
        read_table(path, COLUMNS, "\t", header=True)


def test_the_stated_encoding_is_used(tmp_path):
    path = write(tmp_path, "7\tAmélie\t1\n".encode("iso-8859-1"))
    assert read_table(path, COLUMNS, "\t", encoding="iso-8859-1")["title"].tolist() == ["Amélie"]


def test_json_lines_ignore_other_fields(tmp_path):
    path = write(tmp_path, "".join(json.dumps({"user": n, "more": [n], "title": "x"}) + "\n" for n in (3, 4)))
    assert read_json_lines(path, {"user": "int", "title": "text"}).to_numpy().tolist() == [[3, "x"], [4, "x"]]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ('{"user": 4', "line 2: not a JSON object"),
        ('{"title": "x"}', "line 2: no field 'user'"),
        ('{"user": null, "title": "x"}', "line 2: no field 'user'"),
        ('{"user": "four", "title": "x"}', "line 2: no field 'user' of type int"),
    ],
)
def test_faulty_json_is_named_by_line(tmp_path, second, said):
    path = write(tmp_path, '{"user": 3, "title": "x"}\n' + second + "\n")
    with pytest.raises(BadInput, match=said):
        read_json_lines(path, {"user": "int", "title": "text"})
