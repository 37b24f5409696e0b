"""Figures show the numbers they claim to show, and cope with the smallest cases."""

from __future__ import annotations

import io
import itertools

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from experiments.figures import cost_parts, differences, learning_curve, network_map, tradeoff, utilisation
from experiments.figures.closeness import close_rivals
from experiments.figures.placing import place_names
from experiments.figures.style import colour_of, new_figure, png_of, styled
from experiments.gallery import GALLERY, Material, draw_all
from experiments.report import material_of
from experiments.results import Results


@pytest.fixture
def contest(some_cell):
    """Two close agents and one far off, on six traces."""
    cells = []
    for i in range(6):
        for agent, cost, otif in (("robin", 7.0, 0.95), ("myopic", 7.3, 0.94), ("random", 18.0, 0.5)):
            value = cost + 0.1 * np.sin(3 * i + cost)
            cells.append(
                some_cell(
                    agent,
                    i,
                    value,
                    shipping_per_order=0.7 * value,
                    lateness_per_order=0.3 * value,
                    cost_objective_per_order=0.7 * value,
                    otif_rate=otif,
                    carbon_kg_per_order=0.1 * cost,
                )
            )
    return Results.of(cells, policies=["robin"])


PLACE = {
    "warehouses": [
        {"name": "north", "latitude": 50.0, "longitude": 8.0},
        {"name": "south", "latitude": 48.0, "longitude": 9.0},
    ],
    "regions": [{"name": "town", "latitude": 49.0, "longitude": 8.5, "demand_share": 1.0}],
    "services": ["ground", "express"],
    "local_start_seconds": 1_740_960_000,
    "horizon_hours": 3,
}
PORTRAIT = {
    "flows": [[0, 0, 0, 90], [1, 0, 1, 9], [1, 0, 0, 1]],
    "busy_seconds": [[0, 1800, 3600], [0, 0, 7200]],
    "open_seconds": [[0, 3600, 3600], [7200, 7200, 7200]],
}


def bars_of(axes, row):
    return [bar for bar in axes.patches if abs(bar.get_y() + bar.get_height() / 2 - row) < 0.1]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_every_figure_of_a_run_is_a_picture(tiny_run):
    pictures = draw_all(material_of(tiny_run))
    assert {picture.name for picture in pictures} == {entry.name for entry in GALLERY} - {"learning_curve"}
    for picture in pictures:
        image = matplotlib.image.imread(io.BytesIO(picture.png))
        assert image.shape[0] > 200
        assert image.shape[1] > 1000
        assert image[..., :3].std() > 0.02  # not blank


def test_nothing_to_draw_without_material():
    assert draw_all(Material()) == []


def test_same_figure_same_bytes(contest):
    with styled():
        assert png_of(differences.draw(contest)) == png_of(differences.draw(contest))


def test_bars_end_at_the_cost_and_differences_at_their_sum(contest):
    with styled():
        left, right = cost_parts.draw(contest).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["robin", "myopic", "random"]
    for row, agent in enumerate(contest.by_cost):
        ends = [
            bar.get_x() + bar.get_width() for bar in left.patches if abs(bar.get_y() + bar.get_height() / 2 - row) < 0.1
        ]
        assert max(ends) == pytest.approx(contest.mean(agent))
        moved = [bar.get_width() for bar in bars_of(right, row)]
        assert sum(moved) == pytest.approx(contest.mean(agent) - contest.mean("robin"))
    assert any(text.endswith("▸") for text in texts(right))  # random runs out of the picture


def test_far_off_agents_do_not_squeeze_the_close_ones(contest):
    assert set(close_rivals(contest)) == {"robin", "myopic"}
    with styled():
        everyone, close = differences.draw(contest).axes
    assert everyone.get_xlim()[1] > 10 > 1 > close.get_xlim()[1]
    assert "far right" in texts(close)


def test_a_far_better_agent_is_named_on_the_left(some_cell):
    costs = {"myopic": 7.0, "nearest": 7.01, "fastest": 7.02, "robin": 2.0}
    cells = [some_cell(name, i, cost, shipping_per_order=cost) for name, cost in costs.items() for i in range(3)]
    with styled():
        results = Results.of(cells, (), "myopic")
        assert "robin" not in close_rivals(results)
        assert "far left" in texts(differences.draw(results).axes[1])
        assert any(text.startswith("◂") for text in texts(cost_parts.draw(results).axes[1]))


def test_all_are_close_without_a_gap(some_cell):
    cells = [some_cell(name, i, 7.0 + k + 0.1 * i * k) for i in range(3) for k, name in enumerate("abcd")]
    results = Results.of(cells)
    assert set(close_rivals(results)) == set("abcd")
    with styled():
        assert len(differences.draw(results).axes) == 1


def test_differences_need_two_traces(some_cell):
    assert differences.draw(Results.of([some_cell("a", 0, 1.0), some_cell("b", 0, 2.0)])) is None


def test_tradeoff_names_everyone_once_in_the_panel_that_shows_it_best(contest):
    with styled():
        whole, corner, _ = tradeoff.draw(contest).axes
    assert "random" in texts(whole)
    assert {"robin", "myopic"} <= set(texts(corner))
    assert not {"robin", "myopic"} & set(texts(whole))
    assert whole.get_ylim()[1] <= 110


def test_busiest_flows_carry_the_stated_share():
    flows = [[0, 0, 0, 50], [0, 1, 0, 35], [0, 2, 0, 14], [0, 3, 0, 1]]
    assert [flow[3] for flow in network_map.busiest(flows)] == [35, 50]
    assert network_map.busiest([]) == []


def test_map_names_warehouses_with_their_parcels():
    with styled():
        figure = network_map.draw(PLACE, {"robin": PORTRAIT})
        png_of(figure)
    assert {"north 90", "south 10"} <= set(texts(figure.axes[0]))


def test_map_copes_with_one_place():
    spot = {"name": "only", "latitude": 0.0, "longitude": 0.0}
    place = {**PLACE, "warehouses": [spot], "regions": [{**spot, "demand_share": 0.0}]}
    with styled():
        png_of(network_map.draw(place, {"robin": {**PORTRAIT, "flows": []}}))


def test_load_is_share_of_open_time_and_closed_hours_are_masked():
    with styled():
        figure = utilisation.draw(PLACE, PORTRAIT, "robin")
    load = figure.axes[0].images[0].get_array()
    assert load.mask.tolist() == [[True, False, False], [False, False, False]]
    assert load[0, 1:].tolist() == [0.5, 1.0]
    assert {"75 %", "33 %"} <= set(texts(figure.axes[1]))


def test_learning_curve_shows_references_and_skips_what_is_missing():
    curve = pd.DataFrame({"steps": [100.0, 200.0, 300.0], "cost_per_order": [np.nan, 9.0, 8.0]})
    with styled():
        (axes,) = learning_curve.draw(curve, {"myopic": 8.5, "primal-dual": 8.5}).axes
    assert axes.lines[0].get_xydata().tolist() == [[200.0, 9.0], [300.0, 8.0]]
    names = [text for text in axes.texts if text.get_text().startswith(("myopic", "primal-dual", "policy"))]
    spots = sorted(text.xy[1] for text in names)
    assert len(spots) == 3
    assert min(np.diff(spots)) > 0.01  # not on top of each other
    assert learning_curve.draw(curve[:1], {}) is None


def test_agents_keep_their_colours():
    assert colour_of("myopic", ()) == colour_of("myopic", ("robin",))
    assert len({colour_of(name, ("robin", "wren")) for name in ("myopic", "nearest", "robin", "wren")}) == 4


def test_names_do_not_cover_each_other_or_markers():
    points = {f"name {i}": (0.5 + 0.02 * i, 0.5) for i in range(4)}
    with styled():
        figure = new_figure(6, 4)
        axes = figure.subplots()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        figure.draw_without_rendering()
        place_names(axes, points, list(points.values()))
        boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    for x, y in axes.transData.transform(list(points.values())):
        assert not any(box.contains(x, y) for box in boxes)
