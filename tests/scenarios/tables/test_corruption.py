"""Whatever is done to a file, the tables are sound or the problem is reported: never a crash."""

from __future__ import annotations

import csv
import io
import shutil

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scenarios import draw_trace
from scenarios.tables.problems import Problems
from scenarios.tables.read import EXAMPLE, read_folder
from scenarios.tables.schema import TABLES

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", " ", '"', ",", "\n", "\0", "\ud800", "É", "٣", "None", "yes", "UTC", "Asia/Tokyo", "mon-sun"]),
    st.sampled_from(["0", "-1", "1", "0.5", "0.001", "180", "-90", "99999999999", "1e400", "nan", "NaN", "inf", "-0"]),
    st.sampled_from(["zaragoza", "economy", "mug", "A0001", "cold", "currency", "hours", "horizon_days", "start_at"]),
    st.sampled_from(["00:00", "24:00", "2025-03-12T12:00", "1990-01-01T00:00", "2199-12-31T23:59"]),
    st.sampled_from(["2025-03-12T12:00-23:59", "9999-12-31T23:59Z", "0001-01-01T00:00+14:00"]),
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(allow_nan=True).map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("tables") / "own")


def original(table: str) -> bytes:
    return (EXAMPLE / f"{table}.csv").read_bytes()


def outcome(place, table, content):
    """Reads the folder with one file replaced; checks that it is either sound or has problems that can be printed."""
    path = place / f"{table}.csv"
    path.write_bytes(content)
    try:
        found = []
        scenario, _ = read_folder(place, Problems(on_problem=found.append))
        assert (scenario is None) == bool(found)
        for problem in found:
            assert str(problem).isprintable()
            assert problem.file in {each.file for each in TABLES}
            assert problem.expected
            assert problem.remedy
        return scenario
    finally:
        shutil.copyfile(EXAMPLE / path.name, path)


def with_cell(table: str, row: int, column: int, text: str) -> bytes:
    rows = list(csv.reader(io.StringIO(original(table).decode(), newline="")))
    row %= len(rows)
    rows[row][column % len(rows[row])] = text
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogatepass")


@pytest.mark.slow
@settings(max_examples=300)
@given(st.sampled_from([table.name for table in TABLES]), st.integers(0, 400), st.integers(0, 11), TEXTS)
@example("settings", 4, 1, "3660")
@example("settings", 3, 1, "1990-01-01T00:00")
@example("regions", 1, 1, "-90")
def test_any_cell_may_be_spoiled(place, table, row, column, text):
    scenario = outcome(place, table, with_cell(table, row, column, text))
    if scenario is not None and scenario.horizon_days < 30:
        assert draw_trace(scenario, 0).num_orders > 0


@settings(max_examples=60)
@given(st.sampled_from([table.name for table in TABLES]), st.floats(0, 1), st.floats(0, 1))
def test_any_piece_may_be_missing(place, table, begin, end):
    content = original(table)
    cut = sorted((int(begin * len(content)), int(end * len(content))))
    outcome(place, table, content[: cut[0]] + content[cut[1] :])


@settings(max_examples=60)
@given(st.sampled_from([table.name for table in TABLES]), st.floats(0, 1), st.binary(min_size=1, max_size=8))
def test_any_bytes_may_be_put_in(place, table, at, noise):
    content = original(table)
    position = int(at * len(content))
    outcome(place, table, content[:position] + noise + content[position:])
