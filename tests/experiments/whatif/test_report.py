"""The page holds the numbers of the CSV files, needs nothing else, and is made from the record alone."""

from __future__ import annotations

import re
import shutil
from html import unescape

import pandas as pd
import pytest

import routelab
from experiments.record import Run
from experiments.statistics import Interval, bootstrap_interval
from experiments.whatif.kpi import ALL_KPIS, gap_text
from experiments.whatif.report import findings_of, make_report
from scenarios.errors import InputError


@pytest.fixture
def copied(small_study, tmp_path) -> Run:
    """The small study in a folder of its own, which may be changed."""
    shutil.copytree(small_study.folder, tmp_path / "copy")
    return Run.open(tmp_path / "copy")


def page_of(run: Run) -> str:
    return run.path("report.html").read_text(encoding="utf-8")


def words_of(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "|", page))


def section_of(page: str, variant: str) -> str:
    found = re.search(rf'<section class="variant" id="variant-{variant}">(.*?)</section>', page, re.DOTALL)
    assert found, variant
    return words_of(found[1])


def test_page_holds_the_numbers_of_the_csv(small_study):
    table = pd.read_csv(small_study.path("kpis.csv"))
    page = page_of(small_study)
    assert set(table["variant"]) == {"baseline", "short", "rush", "other", "same"}
    kpis = {kpi.name: kpi for kpi in ALL_KPIS}
    checked = 0
    for row in table[table["variant"] != "baseline"].itertuples():
        kpi = kpis[row.kpi]
        words = section_of(page, row.variant)
        if kpi.is_rare and not row.baseline and not row.value:
            assert f"|{kpi.head}|" not in words
            continue
        gap = Interval(row.difference, row.difference_low, row.difference_high)
        line = f"|{kpi.head}||{kpi.write(row.baseline)}||{kpi.write(row.value)}||{gap_text(kpi, gap)}|"
        assert line in words
        checked += 1
    assert checked == 19 * 7  # key figures and cost parts; three variants under two routers, one under its own


def test_numbers_are_paired_means_of_the_replications(small_study):
    kpis = pd.read_csv(small_study.path("kpis.csv"))
    cells = pd.read_csv(small_study.path("replications.csv"))
    row = kpis[(kpis["variant"] == "short") & (kpis["router"] == "nearest") & (kpis["kpi"] == "cost_per_order")].iloc[0]
    by_seed = cells[cells["router"] == "nearest"].pivot(index="seed", columns="variant", values="cost_per_order")
    gaps = by_seed["short"] - by_seed["baseline"]
    assert len(gaps) == 3
    assert row["difference"] == pytest.approx(gaps.mean())
    interval = bootstrap_interval(gaps.to_numpy())
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(interval[1:])
    assert row["difference"] > 0


def test_another_router_is_compared_with_the_planners_own(small_study):
    kpis = pd.read_csv(small_study.path("kpis.csv"))
    assert set(
        kpis.loc[kpis["variant"] == "other", ["router", "baseline_router"]].itertuples(index=False, name=None)
    ) == {("fastest", "myopic")}


def test_an_empty_variant_differs_by_exactly_nothing(small_study):
    rows = pd.read_csv(small_study.path("kpis.csv")).query("variant == 'same'")
    assert len(rows) == 2 * len(ALL_KPIS)
    assert (rows[["difference", "difference_low", "difference_high"]] == 0.0).all(axis=None)
    assert "the cost per order does not change at all" in page_of(small_study)


def test_cost_parts_add_up(small_study):
    findings, _ = findings_of(small_study)
    for pair in findings.pairs:
        parts = sum(findings.gap(pair, kpi.name).mean for kpi in ALL_KPIS if kpi.name.endswith("_per_order"))
        others = ("cost_per_order", "carbon_kg_per_order", "tail_cost_per_order")
        parts -= sum(findings.gap(pair, name).mean for name in others)
        assert parts == pytest.approx(findings.gap(pair, "cost_per_order").mean, abs=1e-9)


def test_flows_and_loads_add_up(small_study):
    flows = pd.read_csv(small_study.path("flows.csv"))
    cells = pd.read_csv(small_study.path("replications.csv"))
    base = cells[(cells["variant"] == "baseline") & (cells["router"] == "myopic")]
    shipped = (base["parcels_per_order"] * base["num_orders"]).mean()
    chosen = flows[(flows["variant"] == "baseline") & (flows["router"] == "myopic")]
    assert chosen["parcels"].sum() == pytest.approx(shipped)
    loads = pd.read_csv(small_study.path("utilisation.csv"))
    rows = loads[(loads["variant"] == "baseline") & (loads["router"] == "myopic")]
    mean = (rows["pick_load"] * rows["open_station_hours"]).sum() / rows["open_station_hours"].sum()
    assert mean == pytest.approx(base["utilisation"].mean(), rel=1e-3)


def test_tornado_stands_on_the_page(small_study):
    bars = pd.read_csv(small_study.path("sensitivities.csv"))
    assert bars["change"].tolist() == [
        "stock all -30% (in whole units: stock -28.6%)",
        "stock all +30% (in whole units: stock +32.1%)",
    ]
    assert bars["cost_difference"].iloc[0] > bars["cost_difference"].iloc[1]
    words = words_of(page_of(small_study))
    assert "|stock all -30% (in whole units: stock -28.6%)|" in words
    assert f"{bars['cost_difference'].iloc[0]:+.3f}" in words


def test_page_has_its_figures_and_refers_to_nothing_outside(small_study):
    page = page_of(small_study)
    names = re.findall(r'<figure id="([^"]+)"', page)
    assert names[:2] == ["gaps", "three_goals"]
    assert names[-1] == "tornado"
    assert {f"{kind}-{variant}" for kind in ("flow_map", "load_map") for variant in ("short", "rush", "other")} < set(
        names
    )
    bare = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    assert "<script" not in bare
    assert "<link" not in bare
    assert not re.search(r"https?:|(?<!/)//\w|@import|url\(", bare)
    assert set(re.findall(r'href="([^"]*)"', bare)) == {
        f"#variant-{name}" for name in ("short", "rush", "other", "same")
    }


def test_page_is_made_from_the_record_alone(copied, capsys):
    before = page_of(copied)
    kept = ("config.yaml", "record.json", "cells.jsonl", "networks.json", "orders")
    for path in copied.folder.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert routelab.main(["report", str(copied.folder)]) == 0
    assert "At a glance" in capsys.readouterr().out
    after = page_of(copied)
    assert re.sub(r"routelab report \S+", "", after) == re.sub(r"routelab report \S+", "", before)
    assert len(list(copied.path("figures").glob("*.png"))) == len(re.findall("<figure", after))


def test_unfinished_and_damaged_studies_are_refused(copied):
    copied.save(status="unfinished")
    with pytest.raises(InputError, match="finished study"):
        make_report(copied)
    copied.path("cells.jsonl").write_text("")
    with pytest.raises(InputError, match="goes on where it stopped"):
        findings_of(copied)
