from scenarios import draw_trace, load_scenario


def test_an_exact_dynamic_program_is_possible():
    """Two warehouses, two SKUs, single units, nothing queues, nothing is random after arrival, at most 30 orders."""
    scenario = load_scenario("tiny")
    for seed in range(60):
        trace = draw_trace(scenario, seed)
        network, future = trace.network, trace.future
        assert 1 <= len(future.orders) <= 30
        assert len(future.lines) == len(future.orders)
        assert (future.lines["units"] == 1).all()
        assert not len(future.receipts)
    assert network.stock.shape == (2, 2)
    assert (network.warehouses["num_stations"] >= 30).all()
    assert (network.tables["value"] == network.tables["value"][:, :1]).all()
    assert (network.collections["capacity_parcels"] > 30).all()


def test_some_traces_are_scarce_in_the_east():
    scenario = load_scenario("tiny")
    wanted = [(draw_trace(scenario, seed).future.orders["region"] == 0).sum() for seed in range(20)]
    east = scenario.public().expand().stock["on_hand_units"][0].sum()
    assert max(wanted) > east * 0.9
