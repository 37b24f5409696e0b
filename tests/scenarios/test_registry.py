import pytest

import scenarios
from scenarios import draw_trace, load_scenario, scenario_names
from scenarios.errors import InputError
from scenarios.registry import SCENARIOS

FROM_FILES = {"tables", "olist-pooled"}


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - FROM_FILES))
def test_every_scenario_loads_under_its_name_and_is_drawn(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert load_scenario(scenario.id).public() == scenario.public()
    trace = draw_trace(scenario, 7)
    assert trace.scenario_id == scenario.id
    assert trace.num_orders > 0


def test_names():
    assert scenario_names() == sorted(SCENARIOS)
    assert set(scenarios.__all__) == {"load_scenario", "scenario_names", "draw_trace", "load_trace"}
    with pytest.raises(AttributeError):
        _ = scenarios.no_such_thing


def test_asking_for_names_imports_no_scenario(fresh_process):
    code = "import sys, scenarios; scenarios.scenario_names(); print([m for m in sys.modules if 'catalogue' in m])"
    assert fresh_process(code).strip() == "[]"


@pytest.mark.parametrize("name", ["metr", "Metro", "metro-smal"])
def test_unknown_names_are_answered_with_the_nearest(name):
    with pytest.raises(InputError, match=r"(?i)did you mean 'metro"):
        load_scenario(name)


@pytest.mark.parametrize("name", ["metro@2", "metro@", ""])
def test_unknown_versions_are_refused(name):
    with pytest.raises(InputError, match="scenario"):
        load_scenario(name)


def test_overrides_reach_scenario_settings_and_demand():
    scenario = load_scenario(
        "metro-small", horizon_days=3, max_parcels=2, orders_per_day=50.0, is_decline_a_choice=True
    )
    assert scenario.horizon_days == 3
    assert scenario.settings.max_parcels == 2
    assert scenario.settings.is_decline_a_choice
    assert scenario.demand.orders_per_day == 50.0
    assert scenario.public().published.hourly_orders_milli == round(50_000 / 24)


def test_a_longer_metro_is_restocked():
    week, fortnight = load_scenario("metro-small"), load_scenario("metro-small", horizon_days=14)
    assert len(fortnight.receipts) == 2 * len(week.receipts)


@pytest.mark.parametrize(
    ("override", "nearest"),
    [("horizon_day", "horizon_days"), ("order_per_day", "orders_per_day"), ("max_parcel", "max_parcels")],
)
def test_unknown_overrides_are_answered_with_the_nearest(override, nearest):
    with pytest.raises(InputError, match=rf"(?i)did you mean '{nearest}'"):
        load_scenario("metro-small", **{override: 1})


def test_a_log_has_no_demand_to_override():
    with pytest.raises(InputError, match="orders_per_day"):
        load_scenario("toy-split", orders_per_day=5.0)


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("horizon_days", 0),
        ("horizon_days", 2.5),
        ("orders_per_day", -1),
        ("orders_per_day", float("nan")),
        ("max_parcels", 99),
        ("quote_level", 0),
        ("epoch", "yesterday"),
        ("drain_days", "many"),
    ],
)
def test_overrides_out_of_range_are_refused(override, value):
    with pytest.raises(InputError, match=override):
        load_scenario("metro-small", **{override: value})


def test_the_real_orders_ask_for_their_folder(monkeypatch):
    monkeypatch.delenv("ROUTELAB_DATA", raising=False)
    with pytest.raises(InputError, match="data"):
        load_scenario("olist-pooled")


def test_own_tables_fall_back_to_the_shipped_example():
    assert load_scenario("tables").name == "tables:example"


@pytest.mark.parametrize("name", ["metro-small", "tiny"])
def test_a_text_where_a_number_belongs_is_refused(name):
    with pytest.raises(InputError, match="horizon_days = 'x'"):
        load_scenario(name, horizon_days="x")
