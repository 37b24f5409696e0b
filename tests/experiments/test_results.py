"""Hand-made cells: means, references, subjects, sentences and tables."""

from __future__ import annotations

import pytest

from experiments.comparison import summary, summary_csv, tables
from experiments.headline import headline, signed
from experiments.results import Results
from scenarios.errors import InputError


@pytest.fixture
def five_traces(some_cell):
    """On each trace the policy costs 1 less than myopic, give or take; random costs 10 more."""
    noise = (0.0, 0.1, -0.1, 0.2, -0.2)
    cells = []
    for position, extra in enumerate(noise):
        cells.append(some_cell("myopic", position, 8.0 + extra, shipping_per_order=5.0, lateness_per_order=3.0 + extra))
        cells.append(
            some_cell(
                "robin", position, 7.0 + 0.5 * extra, shipping_per_order=5.5, lateness_per_order=1.5 + 0.5 * extra
            )
        )
        cells.append(some_cell("random", position, 18.0, shipping_per_order=10.0, lateness_per_order=8.0))
    return cells


def test_policy_is_reference_and_subject(five_traces):
    results = Results.of(five_traces, policies=["robin"])
    assert (results.reference, results.subject, results.rival) == ("robin", "robin", "myopic")
    assert results.by_cost == ("robin", "myopic", "random")
    gap = results.difference("myopic")
    assert gap.mean == pytest.approx(1.0)
    assert 0.8 < gap.low < 1.0 < gap.high < 1.2
    assert results.part_means("robin")["shipping"] == 5.5
    assert results.part_means("robin")["waiting"] == 0.0


def test_without_policy_myopic_is_reference(five_traces):
    assert Results.of(five_traces).reference == "myopic"
    assert Results.of(five_traces).subject == "robin"
    assert Results.of(five_traces, reference="random").reference == "random"
    with pytest.raises(InputError, match="'random'"):
        Results.of(five_traces, reference="rndom")


def test_missing_cells_are_refused(five_traces):
    with pytest.raises(InputError, match="no result of 'robin' on trace 4"):
        Results.of([cell for cell in five_traces if (cell.agent, cell.position) != ("robin", 4)])
    with pytest.raises(InputError, match="at least one finished cell"):
        Results.of([])


def test_headline_says_who_by_how_much_how_sure_and_where(five_traces):
    sentences = headline(Results.of(five_traces, policies=["robin"]), "toy@1", "unseen test traces")
    assert sentences[0].startswith(
        "On 5 unseen test traces of toy@1, robin costs 7.00 per order, 12.5 % less than myopic, the best other router "
        "(difference −1.000 per order, 95 % interval −1.0"
    )
    assert sentences[1] == "Against myopic, the money moved in lateness −1.50, shipping +0.50."
    assert sentences[2] == "It is cheaper than each of the 2 heuristics, every interval below zero."


def test_headline_does_not_claim_what_is_not_sure(some_cell):
    cells = [some_cell("myopic", i, 8.0) for i in range(4)]
    cells += [some_cell("robin", i, 8.0 + gap) for i, gap in enumerate((-1.0, 0.9, -0.8, 0.7))]
    sentences = headline(Results.of(cells, policies=["robin"]), "toy@1")
    assert "cannot be told apart" in sentences[0]
    assert sentences[-1] == "It is surely cheaper than 0 of the 1 heuristics; not than myopic."


def test_headline_of_a_dearer_policy(some_cell):
    cells = [some_cell("myopic", i, 8.0) for i in range(4)] + [some_cell("robin", i, 9.0 + i / 10) for i in range(4)]
    assert "14.4 % more than myopic" in headline(Results.of(cells, policies=["robin"]), "toy@1")[0]


def test_headline_of_one_trace_and_of_one_agent(some_cell):
    cells = [some_cell("myopic", 0, 8.0), some_cell("robin", 0, 7.0)]
    words = headline(Results.of(cells), "toy@1")[0]
    assert "On 1 unseen trace of toy@1" in words
    assert "one trace, so no interval" in words
    assert tables(Results.of(cells))[0].note == "One trace: no mean and no interval."
    assert headline(Results.of(cells[:1]), "toy@1") == ["On 1 unseen trace of toy@1, myopic costs 8.00 per order."]


@pytest.mark.parametrize(
    ("value", "text"), [(1.234, "+1.23"), (-0.5, "−0.50"), (0.001, "0.00"), (-0.001, "0.00"), (10.0, "+10.00")]
)
def test_signed(value, text):
    assert signed(value) == text


def test_tables_hold_every_agent_by_cost(five_traces):
    results = Results.of(five_traces, policies=["robin"])
    for table in tables(results):
        assert [row[0] for row in table.rows] == ["robin", "myopic", "random"]
        assert table.strong == {0}
        assert {len(row) for row in table.rows} == {len(table.columns)}
    cost, _, parts = tables(results)
    assert cost.rows[0][2] == "–"
    assert cost.rows[2][2].startswith("+11.0")
    assert parts.rows[0] == ("robin", "5.50", "0.00", "0.00", "0.00", "1.50", "0.00", "0.00", "7.00")


def test_summary_is_complete(five_traces):
    content = summary(Results.of(five_traces, policies=["robin"]))
    assert content["agents"]["robin"]["difference"] is None
    assert content["agents"]["myopic"]["difference"]["mean"] == pytest.approx(1.0)
    lines = summary_csv(Results.of(five_traces, policies=["robin"])).splitlines()
    assert len(lines) == 4
    assert {line.count(",") for line in lines} == {lines[0].count(",")}
    assert lines[1].startswith('"robin",7.0,')


def test_front_by_hand(some_cell):
    def cell(agent, cost, otif, carbon):
        return some_cell(agent, 0, cost, cost_objective_per_order=cost, otif_rate=otif, carbon_kg_per_order=carbon)

    cells = [cell("cheap", 5, 0.5, 1), cell("fast", 9, 0.99, 2), cell("poor", 9, 0.9, 2), cell("clean", 8, 0.6, 0.5)]
    assert Results.of(cells).front == ("cheap", "fast", "clean")
