"""Routers that follow the dual: least expected weighted cost plus the bid prices of the units used.

Source: Acimovic and Graves 2015 (static); solving again and averaging over samples: Jasin and Sinha 2015, "An LP-based
correlated rounding scheme for multi-item ecommerce order fulfillment", and the sample average approximation.
"""

from __future__ import annotations

from agents.dual.pricer import DualPricer
from agents.forecast.analogues import Forecast
from agents.forecast.history import history_of
from agents.heuristics import RuleAgent
from envs.plan_table import Rule
from envs.prices import Pricing
from scenarios.catalogue.board.groups import LITERATURE
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.scenario import Scenario

LOOKAHEAD_HOURS = 168
"""How far sampled futures reach at most: scarce stock has to last for days, and demand repeats by the week."""

INTERVAL_HOURS = 6

LONG_SECONDS = 2000 * DAY_SECONDS
"""An interval that no episode outlasts."""


def dual_router(
    scenario: Scenario,
    *,
    lookahead_hours: int | None = None,
    interval_hours: int = INTERVAL_HOURS,
    is_static: bool = False,
) -> RuleAgent:
    """A router that follows bid prices solved on a schedule, from the past of a scenario.

    Args:
        scenario: whose past is looked at.
        lookahead_hours: how far the sampled futures reach; if None a week, but no further than the past goes on by
            itself; or the whole horizon if prices are never solved again or the scenario is one of the literature.
        interval_hours: from one solution to the next.
        is_static: prices are solved at second 0 only, and never grow stale.
    """
    history, horizon = history_of(scenario), scenario.horizon_days * DAY_SECONDS
    is_published = scenario.name.startswith(LITERATURE)
    lookahead = min(LOOKAHEAD_HOURS * HOUR_SECONDS, history.period_seconds)
    if lookahead_hours is not None:
        lookahead = lookahead_hours * HOUR_SECONDS
    elif is_static or is_published:
        lookahead = horizon
    ends_at = horizon if is_published else None  # nowhere else may a router know it
    interval = LONG_SECONDS if is_static else interval_hours * HOUR_SECONDS
    name = "static-dual" if is_static else "dual"
    pricer = DualPricer(Forecast(history), lookahead, interval, ends_at=ends_at, name=name)
    return RuleAgent(name, Rule.SCORE, Pricing.SCHEDULED, pricer=pricer)
