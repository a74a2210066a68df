"""Which line is at fault, whatever stands before it; and what is read all the same."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from datasets.pipeline.tables import read_json_lines, read_table

COLUMNS = {"user": "int", "title": "text"}
FIELDS = {"user": "name", "time": "int"}


def write(tmp_path, content):
    path = tmp_path / "table.dat"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "quoted", "said"),
    [
        ('1;"a\nb"\nx;c\n', True, "line 3: user is 'x'"),  # a line feed within quotes
        ("1;a\n\n\nx;c\n", False, "line 4: user is 'x'"),
        ("1;a\n2;b\n;\n", False, "line 3: user is ''"),
        ("1;a\n2;b\n \n", False, "line 3: 1 columns, expected 2"),
        ("1;a\n2;b\rc\n3;c\n", False, "line 2: a carriage return stands within the line"),
        ("1;a\r2;b\n3;c\n", False, "line 1: a carriage return stands within the line"),
        ("1;a\n9223372036854775808;b\n", False, r"line 2: user is '9223372036854775808', not of type int"),
        ("1;a\n+2;b\n", False, r"line 2: user is '\+2'"),
        ('1;a\n2;"b\n3;c\n', True, r"line 2: not readable \(unexpected end of data"),  # a quote that nothing ends
        (b"1;a\n\n2;\xff\n", False, "line 3: not in the encoding utf-8"),
    ],
)
def test_the_line_of_a_fault_is_that_of_an_editor(tmp_path, content, quoted, said):
    path = write(tmp_path, content)
    with pytest.raises(BadInput, match=said):
        read_table(path, COLUMNS, ";", quoted=quoted)


@pytest.mark.parametrize(
    ("content", "lines"),
    [('1;"a\nb"\n2;c', [1, 3]), ("1;a\r\n\r\n2;b\r\n", [1, 3]), ("1;a\n2;b\n\n\n", [1, 2]), ("1;a\r\r\n2;b\n", [1, 2])],
)
def test_rows_know_their_line(tmp_path, content, lines):
    path = write(tmp_path, content)
    found = read_table(path, COLUMNS, ";", quoted=True)
    assert found.index.tolist() == lines and found.index.name == str(path)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["1;a", '2;"b;\nc"', '3;"""d"""', "4;é", ""]), max_size=8),
    st.sampled_from(["x;y", "1;2;3", "1", "99999999999999999999;a", "1.5;b"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_fault_after_any_rows_is_named_by_its_line(tmp_path_factory, rows, fault, end):
    text = end.join([*rows, fault, "5;e"]) + end
    path = write(tmp_path_factory.getbasetemp(), text)
    line = text.split(fault + end)[0].count("\n") + 1 if rows else 1
    with pytest.raises(BadInput, match=f"line {line}:"):
        read_table(path, COLUMNS, ";", quoted=True)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "cp1252"])
@pytest.mark.parametrize("written", ["named", "utf-8", "utf-8-sig"])
def test_titles_are_read_in_the_named_encoding_and_in_utf8(tmp_path, encoding, written):
    path = write(tmp_path, "1;Amélie\n2;Été\n".encode(encoding if written == "named" else written))
    assert read_table(path, COLUMNS, ";", encoding=encoding)["title"].tolist() == ["Amélie", "Été"]


def test_headers_differ_in_capitals_and_signs_only(tmp_path):
    for header in ("userId;itemId", "user_id;item_id", '"USER-ID";"Item ID"', "\ufeffuserId;itemId"):
        path = write(tmp_path, f"{header}\n1;2\n")
        assert read_table(path, {"userId": "int", "itemId": "int"}, ";", header=True).iloc[0].tolist() == [1, 2]
    with pytest.raises(BadInput, match="line 1: the columns are"):
        read_table(write(tmp_path, "item;user\n1;2\n"), {"userId": "int", "itemId": "int"}, ";", header=True)


def test_whole_numbers_with_gaps_stay_whole(tmp_path):
    path = write(tmp_path, f"{2**53};a\nNA;b\n{2**53 + 1};c\n")
    found = read_table(path, {"user": "int?", "title": "text"}, ";", missing=("NA",))["user"]
    assert found.dropna().tolist() == [2**53, 2**53 + 1] and found.isna().tolist() == [False, True, False]


@pytest.mark.parametrize("name", ["", "  "])
def test_a_name_is_never_empty(tmp_path, name):
    path = write(tmp_path, f"1;a\n2;{name}\n")
    with pytest.raises(BadInput, match="line 2: title is missing"):
        read_table(path, {"user": "int", "title": "name"}, ";")
    rows = [{"user": "a", "time": 1}, {"user": name, "time": 2}]
    path = write(tmp_path, "".join(f"{json.dumps(row)}\n" for row in rows))
    with pytest.raises(BadInput, match="line 2: no field 'user' of type text"):
        read_json_lines(path, FIELDS)


FINE = b'{"user": "a", "time": 1, "text": "\xff"}\n'  # what is not read may be as it will


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (b'{"user": "a\xff", "time": 2}', r"line 3: no field 'user' of type text \(in UTF-8, not empty\).*a.xff"),
        (b'{"user": "a", "time": 9223372036854775808}', "line 3: no field 'time' of type int"),
        (b'{"user": "a", "time": true}', "line 3: no field 'time' of type int"),
        (b'{"user": "a", "time": 1.0}', "line 3: no field 'time' of type int"),
        (b'{"user": "a", "time": 1}{"user": "b", "time": 2}', "line 3: not a JSON object"),
    ],
)
def test_faulty_json_is_named_by_its_line(tmp_path, second, said):
    path = write(tmp_path, FINE + b"\n" + second + b"\n")
    with pytest.raises(BadInput, match=said):
        read_json_lines(path, FIELDS)


def test_lines_of_json_know_their_line(tmp_path):
    found = read_json_lines(write(tmp_path, b"\xef\xbb\xbf" + FINE + b"\n" + FINE), FIELDS)
    assert np.array_equal(found.index, [1, 3]) and found["time"].tolist() == [1, 1]
