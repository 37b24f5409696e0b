"""The page needs nothing but itself, and comes from the record alone."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser

import pandas as pd
import pytest

import routelab
from experiments.record import Run
from experiments.report import make_report, results_of


@pytest.fixture
def copied(tiny_run, tmp_path) -> Run:
    """The tiny run in a folder of its own, which may be changed."""
    shutil.copytree(tiny_run.folder, tmp_path / "copy")
    return Run.open(tmp_path / "copy")


class Reader(HTMLParser):
    """Collects what a browser would fetch, the ids and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "iframe", "object", "embed")
        for name, value in attributes:
            if name in ("src", "href", "srcset", "data", "poster", "action", "xlink:href"):
                self.fetched.append(value)
            if name == "id":
                self.ids.append(value)

    def handle_data(self, data):
        self.text += data


def read(run: Run) -> Reader:
    reader = Reader()
    reader.feed(run.path("report.html").read_text(encoding="utf-8"))
    return reader


def test_page_refers_to_nothing_outside(tiny_run):
    reader = read(tiny_run)
    assert len(reader.fetched) == 5
    assert all(address.startswith("data:image/png;base64,") for address in reader.fetched)
    page = re.sub(r"base64,[A-Za-z0-9+/=]+", "", tiny_run.path("report.html").read_text(encoding="utf-8"))
    assert not re.search(r"https?:|(?<!/)//\w|@import|url\(", page)


def test_page_has_every_section_and_fact(tiny_run):
    reader = read(tiny_run)
    assert {"headline", "compared", "tables", "figures", "provenance", "again"} <= set(reader.ids)
    assert "On 4 unseen test traces of tiny@1, primal-dual costs" in reader.text
    assert tiny_run.record["git"]["commit"] in reader.text
    assert tiny_run.record["traces"][0]["sha256"] in reader.text
    assert tiny_run.record["command_line"] in reader.text
    assert f"routelab report {tiny_run.folder}" in reader.text
    assert "100.0 % of the orders hold one line" in reader.text
    for row in results_of(tiny_run).by_cost:
        assert row in reader.text


def test_everything_is_remade_from_the_record(copied, capsys):
    made = {
        path.relative_to(copied.folder): path.read_bytes()
        for pattern in ("results.csv", "comparison.*", "figures/*.png")
        for path in copied.folder.glob(pattern)
    }
    assert len(made) == 8
    for name in made:
        (copied.folder / name).unlink()
    copied.path("report.html").unlink()
    capsys.readouterr()
    assert routelab.main(["report", str(copied.folder)]) == 0
    for name, content in made.items():
        assert (copied.folder / name).read_bytes() == content, name
    assert 'id="again"' in copied.path("report.html").read_text()
    assert "primal-dual" in capsys.readouterr().out


def test_results_hold_a_row_for_each_agent_and_trace(tiny_run):
    frame = pd.read_csv(tiny_run.path("results.csv"))
    assert len(frame) == 12
    parts = ["shipping", "handling", "packaging", "lost_margin", "lateness", "waiting", "carbon"]
    total = sum(frame[f"{part}_per_order"] for part in parts)
    assert total.to_numpy() == pytest.approx(frame["cost_per_order"].to_numpy())
    assert frame.groupby("position")["trace_sha256"].nunique().max() == 1


def test_unfinished_run_says_how_to_go_on(copied, refused):
    copied.save(status="unfinished")
    assert "routelab evaluate scenario=tiny" in refused("report", str(copied.folder))


def test_lost_results_are_named(copied, refused):
    path = copied.path("cells.jsonl")
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    assert "1 of 12 missing" in refused("report", str(copied.folder))


def test_markup_in_names_is_text(copied):
    copied.save(notes=["<script>alert(1)</script> & co"])
    make_report(copied)
    assert "<script>alert(1)</script> & co" in read(copied).text


def test_no_folder_or_a_wrong_one(refused, tmp_path):
    assert "`routelab report RUN`" in refused("report")
    assert "the folder of a run" in refused("report", str(tmp_path))


def test_damaged_learning_curve_is_named(copied, refused):
    copied.path("learning_curve.csv").write_text("steps,cost_per_order\n1,many\n")
    assert "learning curve" in refused("report", str(copied.folder))
