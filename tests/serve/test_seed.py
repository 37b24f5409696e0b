"""The first state of a database: the bundle's, or that of a CSV file."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from agents.bundle import BundleAgent
from scenarios.errors import InputError
from scenarios.registry import load_scenario
from serve import tables
from serve.database import Database
from serve.known import Known
from serve.seed import read_stock, seed


@pytest.fixture
def known(sound_agent: BundleAgent) -> Known:
    return Known(sound_agent.bundle.public)


def test_an_empty_database_gets_the_networks_stock_once(database: Database, known: Known) -> None:
    with database.writing() as tx:
        assert seed(tx, known)
        tx.execute(update(tables.stock).values(on_hand_units=7))
    with database.writing() as tx:
        assert not seed(tx, known)
        found = {(row.warehouse, row.sku): row.on_hand_units for row in tx.execute(select(tables.stock))}
        stations = {row.warehouse: row.num_open for row in tx.execute(select(tables.stations))}
    assert found == {(row.warehouse, row.sku): 7 for row in known.public.stock}
    assert stations == known.num_stations


def test_a_database_of_another_network_is_refused(database: Database, known: Known) -> None:
    with database.writing() as tx:
        seed(tx, Known(load_scenario("toy-hold").public()))
    with database.writing() as tx, pytest.raises(InputError, match="another database"):
        seed(tx, known)


def test_stock_comes_from_a_file(database: Database, known: Known, tmp_path: Path) -> None:
    house, sku = known.names.warehouses[1], known.names.skus[2]
    path = tmp_path / "stock.csv"
    path.write_text(f"sku,warehouse,on_hand_units\n{sku},{house},41\n")
    with database.writing() as tx:
        tx.execute(delete(tables.stock))
        seed(tx, known, read_stock(path, known))
        assert tx.execute(select(func.sum(tables.stock.c.on_hand_units))).scalar() == 41
        row = tx.execute(select(tables.stock)).one()
    assert (row.warehouse, row.sku, row.reference_units) == (house, sku, 41)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sku,warehouse\n", "a column on_hand_units"),
        ("sku,warehouse,on_hand_units\nSKU,nowhere,1\n", "line 2.warehouse"),
        ("sku,warehouse,on_hand_units\nnothing,HOUSE,1\n", "line 2.sku"),
        ("sku,warehouse,on_hand_units\nSKU,HOUSE,-1\n", "on_hand_units"),
        ("sku,warehouse,on_hand_units\nSKU,HOUSE,1.5\n", "on_hand_units"),
        ("sku,warehouse,on_hand_units\nSKU,HOUSE\n", "on_hand_units"),
        ("sku,warehouse,on_hand_units\nSKU,HOUSE,1\nSKU,HOUSE,2\n", "each pair once"),
    ],
    ids=["column", "warehouse", "sku", "negative", "fraction", "short", "twice"],
)
def test_rows_that_cannot_be_used_are_named(known: Known, tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "stock.csv"
    path.write_text(text.replace("SKU", known.names.skus[0]).replace("HOUSE", known.names.warehouses[0]))
    with pytest.raises(InputError, match=expected):
        read_stock(path, known)


def test_a_file_that_is_not_there_is_named(known: Known, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--inventory"):
        read_stock(tmp_path / "none.csv", known)
