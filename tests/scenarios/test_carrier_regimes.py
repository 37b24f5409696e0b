import numpy as np
import pytest

from scenarios.carrier_regimes import CarrierRegimes
from scenarios.errors import InputError

MOVES = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", ""),
        ("transit_permille", (1000, 1300)),
        ("transit_permille", (1000, 1300, 99)),
        ("transit_permille", (1000, 1300.5, 2000)),
        ("transit_permille", [1000, 1300, 1800]),
        ("mean_days", (1.0, 2.0)),
        ("mean_days", (1.0, 2.0, 0.0)),
        ("mean_days", (1.0, 2.0, float("nan"))),
        ("moves", MOVES[:2]),
        ("moves", ((0.0, 1.0), *MOVES[1:])),
        ("moves", ((0.5, 1.0, 1.0), *MOVES[1:])),  # to itself
        ("moves", ((0.0, 0.0, 0.0), *MOVES[1:])),  # to nowhere
        ("moves", ((0.0, -1.0, 2.0), *MOVES[1:])),
        ("moves", ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0))),  # never severe
    ],
)
def test_illegal_values(field, value):
    with pytest.raises(InputError, match=f"regimes {field}"):
        CarrierRegimes(**{"service": "ground", field: value})


def test_long_run_shares_of_a_hand_worked_chain():
    """Each regime is visited as often as the others, so that time is shared by mean length."""
    rule = CarrierRegimes(service="ground", mean_days=(6.0, 3.0, 1.0), moves=MOVES)
    assert rule.shares() == pytest.approx([0.6, 0.3, 0.1])


def test_long_run_shares_balance_the_default():
    rule = CarrierRegimes(service="ground")
    flow = rule.shares() / np.array(rule.mean_days)
    moves = np.array(rule.moves) / np.sum(rule.moves, axis=1, keepdims=True)
    assert flow @ moves == pytest.approx(flow)
