"""Missing, misnamed, truncated and garbled files."""

from __future__ import annotations

import pytest

from scenarios.tables.schema import TABLES

REQUIRED = [table.name for table in TABLES if table.is_required]
OPTIONAL = [table.name for table in TABLES if not table.is_required]


@pytest.mark.parametrize("table", REQUIRED)
def test_a_missing_file_is_the_only_problem(folder, table):
    (folder.path / f"{table}.csv").unlink()
    problem = folder.problem()
    assert (problem.file, problem.line, problem.expected) == (f"{table}.csv", 0, "this file")


def test_optional_files_may_be_missing(folder):
    assert OPTIONAL == ["settings", "shifts", "receipts"]
    for table in OPTIONAL:
        (folder.path / f"{table}.csv").unlink()
    scenario, _ = folder.read()
    assert scenario is not None
    assert scenario.receipts == ()
    assert scenario.name == "tables:own"


@pytest.mark.parametrize("table", REQUIRED)
def test_a_table_without_rows(folder, table):
    folder.write(table, folder.rows(table)[:1])
    assert (f"{table}.csv", 1, "") in folder.places()


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_an_empty_file(folder, table):
    (folder.path / f"{table}.csv").write_bytes(b"")
    problem = folder.problem()
    assert problem.file == f"{table}.csv"
    assert problem.expected.startswith("a header")


def test_a_mistyped_file_name_is_not_ignored(folder):
    (folder.path / "receipts.csv").rename(folder.path / "receipt.csv")
    problem = folder.problem()
    assert problem.file == "receipt.csv"
    assert problem.remedy == "rename it to receipts.csv"


def test_a_folder_in_place_of_a_file(folder):
    (folder.path / "stock.csv").unlink()
    (folder.path / "stock.csv").mkdir()
    assert folder.problem().expected == "a file that can be read"


def test_a_missing_column(folder):
    folder.write("skus", [[*row[:1], *row[2:]] for row in folder.rows("skus")])
    problem = folder.problem()
    assert (problem.file, problem.line, problem.column) == ("skus.csv", 1, "weight_grams")


def test_an_unknown_column_gets_a_suggestion(folder):
    rows = folder.rows("orders")
    rows[0][rows[0].index("customer_id")] = "custmer_id"
    folder.write("orders", rows)
    problem = folder.problem()
    assert (problem.line, problem.column, problem.value) == (1, "header", "custmer_id")
    assert "did you mean 'customer_id'" in problem.remedy


def test_a_column_twice(folder):
    folder.write("services", [[*row, row[0]] for row in folder.rows("services")])
    assert folder.problem().expected == "each column once"


def test_columns_in_another_sequence_are_the_same(folder):
    before = folder.read()[0]
    for table in TABLES:
        folder.write(table.name, [row[::-1] for row in folder.rows(table.name)])
    after = folder.read()[0]
    assert before.public().to_json().replace(before.id, after.id) == after.public().to_json()
    assert before.id != after.id
    assert (before.demand.orders == after.demand.orders).all()
    assert (before.demand.lines == after.demand.lines).all()


def test_semicolons_are_recognised(folder):
    path = folder.path / "skus.csv"
    path.write_text(path.read_text().replace(",", ";"))
    assert "';'" in folder.problem().remedy


@pytest.mark.parametrize(
    ("text", "cells"), [("A0004,2025-03-10T08:10:00,madrid", "3 cells"), ("A0004,a,b,c,d,e,f", "7 cells")]
)
def test_a_row_with_another_number_of_cells(folder, text, cells):
    path = folder.path / "orders.csv"
    lines = path.read_text().splitlines()
    lines[4] = text
    path.write_text("\n".join(lines) + "\n")
    problem = folder.problem()
    assert (problem.file, problem.line, problem.value) == ("orders.csv", 5, cells)


def test_a_file_cut_within_its_last_row(folder):
    path = folder.path / "stock.csv"
    whole = path.read_text().rstrip("\n")
    path.write_text(whole[: whole.rindex(",")])
    problem = folder.problem()
    assert (problem.line, problem.value) == (len(whole.splitlines()), "2 cells")


def test_a_file_cut_within_quotes(folder):
    path = folder.path / "stock.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:9], '"zara']))
    problem = folder.problem()
    assert (problem.line, problem.value) == (10, "unreadable from here on")


def test_bytes_that_are_not_utf8(folder):
    path = folder.path / "regions.csv"
    path.write_bytes(path.read_bytes().replace(b"sevilla", b"c\xf3rdoba"))
    problems = folder.read()[1]
    assert (problems[0].file, problems[0].line, problems[0].column) == ("regions.csv", 5, "region_id")
    assert problems[0].expected == "text in UTF-8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_recognised(folder, encoding):
    path = folder.path / "skus.csv"
    path.write_bytes(path.read_text().encode(encoding))
    assert folder.problem().expected == "plain text in UTF-8"


def test_a_compressed_file_is_recognised(folder):
    import gzip

    path = folder.path / "skus.csv"
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert folder.problem().expected == "plain text in UTF-8"


def test_what_spreadsheets_add_is_understood(folder):
    """A byte order mark, other line ends, blanks around cells, blank lines at the end, quotes."""
    before = folder.read()[0]
    for table in TABLES:
        rows = folder.rows(table.name)
        text = "\r\n".join(",".join(f'" {cell} "' for cell in row) for row in rows)
        (folder.path / table.file).write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n\r\n")
    after, problems = folder.read()
    assert not problems
    assert before.public().to_json().replace(before.id, after.id) == after.public().to_json()


def test_lines_are_counted_as_an_editor_does(folder):
    path = folder.path / "skus.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, "", '"coffee\nbeans",1,1,', *rows, "last,x,1,"]) + "\n")
    places = folder.places()
    assert ("skus.csv", 3, "sku_id") in places
    assert ("skus.csv", len(rows) + 5, "weight_grams") in places
