"""The first state of a database: the bundle's, or that of a CSV file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, func, select, update

from agents.bundle import BundleAgent
from scenarios.errors import InputError
from scenarios.local_time import parse_utc
from scenarios.registry import load_scenario
from serve.decisions.desk import Desk
from serve.decisions.group import find_group, open_part
from serve.main import load_desk
from serve.orders.ending import Ending, cancel_order
from serve.orders.known import Known
from serve.storage import tables
from serve.storage.database import Database
from serve.storage.seed import read_stock, seed
from tests.serve.decisions.test_desk import ask, change, order_of, total
from tests.serve.decisions.test_groups import decided_group
from tests.serve.lost_sku import without_sku
from tests.serve.orders.test_happened import tell
from tests.serve.reviewed import state_of, take_back


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


@pytest.mark.parametrize(
    ("table", "values", "name"),
    [
        (tables.punctuality, {"service": "airship"}, "airship"),
        (tables.demand, {"kind": "region", "name": "atlantis", "hour": 0}, "atlantis"),
    ],
    ids=["service", "region"],
)
def test_a_name_that_the_network_has_lost_is_refused(
    desk: Desk, table: Table, values: dict[str, Any], name: str
) -> None:
    """Else no snapshot could be read, and every order would be refused."""
    with desk.database.writing() as tx:
        tx.execute(table.insert().values(**values))
    with pytest.raises(InputError, match=f"holds {name}.*still has") as error:
        load_desk(desk.service, desk.database, desk.settings)
    assert error.value.key == "--database"


def test_a_sku_goes_once_nothing_that_is_owed_has_it(
    desk: Desk, make_request: Callable[..., dict[str, Any]], sound_agent: BundleAgent
) -> None:
    """Not while its parcel may lose it; packed, it is out of every later decision."""
    order = order_of(make_request, "one")
    parcels = ask(desk, order, confirm=True)["plan"]["parcels"]
    now, lost = parse_utc("t", order["placed_at"]), parcels[0]["lines"][0]["sku"]
    after = without_sku(sound_agent.bundle.public, lost)
    for stage in ("queued", "picking"):
        with desk.database.writing() as tx:
            tx.execute(update(tables.parcels).values(stage=stage))
        with desk.database.writing() as tx, pytest.raises(InputError, match=f"holds {lost} in order one.*Cancel them"):
            seed(tx, after)
    tell(desk, now + 60, {"kind": "pick_finished", "parcel": parcels[0]["id"]})
    with desk.database.writing() as tx:
        seed(tx, after)


@pytest.mark.parametrize("group_id", [None, "one"], ids=["alone", "of-a-group"])
@pytest.mark.parametrize("state", ["held", "review", "reserved", "expired"])
def test_a_sku_of_an_order_that_waits_does_not_go(
    desk: Desk, make_request: Callable[..., dict[str, Any]], sound_agent: BundleAgent, state: str, group_id: str | None
) -> None:
    """Else it could not be decided, nor could what joins it; what expired or waits for a person alone may go."""
    order = order_of(make_request, "one")
    ask(desk, order)
    after = without_sku(sound_agent.bundle.public, order["lines"][0]["sku"])
    with desk.database.writing() as tx:
        tx.execute(update(tables.lines).values(state="open", parcel_id=None))
        tx.execute(update(tables.orders).values(state=state, group_id=group_id))
    is_given_up = state in ("expired", "review") and group_id is None
    with desk.database.writing() as tx, nullcontext() if is_given_up else pytest.raises(InputError, match="order one"):
        seed(tx, after)


def test_an_order_whose_sku_is_gone_is_not_taken_back(
    desk: Desk, make_request: Callable[..., dict[str, Any]], sound_agent: BundleAgent
) -> None:
    """Else it would wait for a decision that nobody can make, and no endpoint would start with this network."""
    order = order_of(make_request, "one")
    ask(desk, order)
    now, lost = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
    change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("one", now, "declined")))
    desk.known = without_sku(sound_agent.bundle.public, lost)
    with desk.database.writing() as tx:
        seed(tx, desk.known)
    with pytest.raises(InputError, match="a sku of") as error:
        take_back(desk, "one", now)
    assert (error.value.key, error.value.value) == ("order.sku", lost)
    assert state_of(desk, "one") == "declined"


def test_an_order_that_waits_for_a_person_without_its_sku_is_told(
    desk: Desk,
    make_request: Callable[..., dict[str, Any]],
    sound_agent: BundleAgent,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An endpoint that ran before may have taken it back: it starts, and the order can be ended."""
    order = order_of(make_request, "one")
    ask(desk, order)
    now, lost = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
    take_back(desk, "one", now)
    desk.known = without_sku(sound_agent.bundle.public, lost)
    with desk.database.writing() as tx:
        seed(tx, desk.known)
    lacking = "can only be cancelled or rejected: the network has lost their SKUs"
    assert [message for message in caplog.messages if message.endswith(lacking)] == [
        f"1 orders that no router decides {lacking}"
    ]
    change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("one", now + 1)))
    assert state_of(desk, "one") == "cancelled"
    caplog.clear()
    with desk.database.writing() as tx:
        seed(tx, desk.known)
    assert caplog.messages == []


def test_a_sku_of_a_group_that_is_gone_is_told(database_url: str, tmp_path: Path) -> None:
    """As when a person takes back what was declined long ago."""
    with decided_group(database_url, tmp_path) as (desk, answer, now):
        take_back(desk, "first", now)
        lost = answer["plan"]["parcels"][0]["lines"][0]["sku"]
        with desk.database.reading() as tx, pytest.raises(InputError, match="a sku of") as error:
            open_part(tx, without_sku(desk.known.public, lost), find_group(tx, "first", lock=False), now)
        assert (error.value.key, error.value.value) == ("order.sku", lost)


def test_a_truck_that_was_moved_hinders_no_decision(desk: Desk, make_request: Callable[..., dict[str, Any]]) -> None:
    """Bookings at times at which the network has no collection, as if it had collected half an hour before."""
    order, row, parcel = order_of(make_request, "one"), tables.bookings.c, tables.parcels.c
    now = parse_utc("t", order["placed_at"])
    parcels = ask(desk, order, confirm=True)["plan"]["parcels"]
    later = {**order["lines"][0], "units": 1}
    kept = ask(desk, {**order, "id": "kept", "lines": [later]}, at=now + 1, confirm=True)["plan"]["parcels"][0]
    moved = parcel.id.in_([row["id"] for row in parcels])
    first = parse_utc("t", parcels[0]["collection_at"])
    with desk.database.writing() as tx:
        tx.execute(update(tables.bookings).values(collection_at=row.collection_at - 1800))
        tx.execute(update(tables.parcels).values(collection_at=parcel.collection_at - 1800))
        full = {"warehouse": parcels[0]["warehouse"], "service": parcels[0]["service"], "capacity_parcels": 0}
        tx.execute(tables.bookings.insert().values(collection_at=first - 900, **full))  # nobody is aboard
        own = {"collection_at": parse_utc("t", kept["collection_at"]), "booked_parcels": 1}
        own |= {name: kept[name] for name in ("warehouse", "service")}
        tx.execute(tables.bookings.insert().values(**own))
        of_kept = update(tables.parcels).where(parcel.id == kept["id"])
        tx.execute(of_kept.values(collection_at=own["collection_at"]))
    with pytest.raises(InputError, match="collection"):
        ask(desk, {**order, "id": "two"}, at=now + 2)
    restarted = load_desk(desk.service, desk.database, desk.settings)
    with desk.database.reading() as tx:
        assert [found._asdict() for found in tx.execute(select(*(row[name] for name in own)))] == [own]
    with desk.database.reading() as tx:
        assert tx.execute(select(parcel.is_booked, parcel.stage).where(moved).distinct()).all() == [(False, "queued")]
        assert tx.execute(select(parcel.is_booked).where(parcel.id == kept["id"])).scalar_one()
    change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("one", now + 2)))
    assert total(desk, row.booked_parcels) == 1
    assert ask(restarted, {**order, "id": "two"}, at=now + 3)["plan"]["parcels"]


def test_stations_that_were_taken_down_are_closed(desk: Desk, make_request: Callable[..., dict[str, Any]]) -> None:
    row = tables.stations.c
    with desk.database.writing() as tx:
        tx.execute(update(tables.stations).values(num_open=row.num_open + 1))
    with pytest.raises(InputError, match="stations"):
        ask(desk, order_of(make_request, "one"))
    restarted = load_desk(desk.service, desk.database, desk.settings)
    assert ask(restarted, order_of(make_request, "one"))["plan"]["parcels"]
    with desk.database.reading() as tx:
        assert dict(tx.execute(select(row.warehouse, row.num_open)).all()) == desk.known.num_stations


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
