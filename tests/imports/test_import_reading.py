"""CSV files as spreadsheets write them: encodings, delimiters, quoted lines, and what no spreadsheet may run."""

import pytest

from core.errors import Invalid
from imports import reading


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings(encoding):
    table = reading.read("name,town\nZoë,Müllheim\n".encode(encoding))
    assert table.rows == [(2, ["Zoë", "Müllheim"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(delimiter):
    table = reading.read(f'a{delimiter}b\n"1,5;6"{delimiter}2\n'.encode())
    assert table.delimiter == delimiter
    assert table.rows == [(2, ["1,5;6", "2"])]


def test_one_column_is_a_file_too():
    table = reading.read(b"email\nada@example.com\n")
    assert (table.headers, table.rows) == (["email"], [(2, ["ada@example.com"])])


def test_lines_are_counted_through_quoted_new_lines_and_empty_lines():
    table = reading.read(b'a,b\r\n1,"x\r\ny"\r\n\r\n,\r\n2,z\r\n')
    assert [line for line, _cells in table.rows] == [2, 6]
    assert table.rows[0][1] == ["1", "x\r\ny"]


def test_a_quote_that_is_never_closed_names_its_line():
    with pytest.raises(Invalid) as refused:
        reading.read(b'a,b\n1,2\n3,"open\n4,5\n')
    assert "line 3" in refused.value.fields["file"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a,b\n", b"PK\x03\x04\x00\x00", b"\xff\xfea"])
def test_what_is_no_table_is_refused_with_a_sentence(content):
    with pytest.raises(Invalid) as refused:
        reading.read(content)
    assert refused.value.fields["file"]


def test_limits(monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    with pytest.raises(Invalid):
        reading.read(b"a\n1\n2\n3\n")
    monkeypatch.setattr(reading, "MAX_BYTES", 5)
    with pytest.raises(Invalid):
        reading.read(b"a\n1\n2\n")


@pytest.mark.parametrize("cell", ["=1+1", "+44 1642 000000", "-1", "@x", "\tx"])
def test_no_cell_becomes_a_formula_and_each_comes_back_as_it_was(cell):
    assert reading.write_cell(cell).startswith("'")
    assert reading.read_cell(reading.write_cell(cell)) == cell
    assert reading.write_cell("O'Brien") == "O'Brien"


def test_the_error_column_of_a_download_says_nothing_when_it_comes_back():
    table = reading.read(b"a,b,error\n1,2,a: This is needed.\n")
    assert (table.headers, table.rows) == (["a", "b"], [(2, ["1", "2"])])
