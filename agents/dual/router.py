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
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.scenario import Scenario

LONG_SECONDS = 2000 * DAY_SECONDS
"""An interval that no episode outlasts."""


def dual_router(
    scenario: Scenario, *, lookahead_hours: int = 72, interval_hours: int = 6, is_static: bool = False
) -> RuleAgent:
    """A router that follows bid prices solved on a schedule, from the past of a scenario.

    Args:
        scenario: whose past is looked at.
        lookahead_hours: how far the sampled futures reach.
        interval_hours: from one solution to the next.
        is_static: prices are solved at second 0 only, and never grow stale.
    """
    lookahead = lookahead_hours * HOUR_SECONDS
    interval = LONG_SECONDS if is_static else interval_hours * HOUR_SECONDS
    name = "static-dual" if is_static else "dual"
    pricer = DualPricer(Forecast(history_of(scenario)), lookahead, interval, name=name)
    return RuleAgent(name, Rule.SCORE, Pricing.SCHEDULED, pricer=pricer)
