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
NUM_SAMPLES, STATIC_SAMPLES = 6, 24
"""Futures; more for prices that are solved once: they have to last."""

MAX_ORDERS = 600

LONG_SECONDS = 2000 * DAY_SECONDS
"""An interval that no episode outlasts."""


def dual_router(
    scenario: Scenario,
    *,
    lookahead_hours: int | None = None,
    interval_hours: int = INTERVAL_HOURS,
    num_samples: int | None = None,
    max_orders: int = MAX_ORDERS,
    is_static: bool = False,
) -> RuleAgent:
    """A router that follows bid prices solved on a schedule, from the past of a scenario.

    Args:
        scenario: whose past is looked at.
        lookahead_hours: how far the sampled futures reach, no further than the past goes on by itself; if None a week,
            or the whole horizon if prices are never solved again or the scenario is one of the literature.
        interval_hours: from one solution to the next.
        num_samples: futures of which prices are averaged; if None 6, or 24 if they are never solved again.
        max_orders: of one of them that are looked at.
        is_static: prices are solved at second 0 only, and never grow stale.
    """
    history, horizon = history_of(scenario), scenario.horizon_days * DAY_SECONDS
    is_published = scenario.name.startswith(LITERATURE)
    hours = LOOKAHEAD_HOURS if lookahead_hours is None else lookahead_hours
    lookahead = min(hours * HOUR_SECONDS, horizon if is_static or is_published else history.period_seconds)
    if lookahead_hours is None and (is_static or is_published):
        lookahead = horizon
    if num_samples is None:
        num_samples = STATIC_SAMPLES if is_static else NUM_SAMPLES
    pricer = DualPricer(
        Forecast(history),
        lookahead,
        LONG_SECONDS if is_static else interval_hours * HOUR_SECONDS,
        num_samples=num_samples,
        max_orders=max_orders,
        ends_at=horizon if is_published else None,  # nowhere else may a router know it
        name="static-dual" if is_static else "dual",
    )
    return RuleAgent(pricer.name, Rule.SCORE, Pricing.SCHEDULED, pricer=pricer)
