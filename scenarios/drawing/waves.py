"""Waves: promotions and surges as windows of time in which demand is multiplied."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scenarios.drawing.streams import stream
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.promotion import Promotion
from scenarios.scenario import Scenario
from scenarios.surge import Surge


class Wave(NamedTuple):
    """Demand of chosen regions and SKUs times ``factor`` in each of the windows.

    Attributes:
        noun: names the random streams, such as ``promotion 0``.
        number: of its own among all waves, from 1; customers of extra orders are numbered by it.
        windows: ``(start, end)`` seconds, within the horizon.
        factor: see above.
        regions: bool (R,).
        skus: bool (K,).
    """

    noun: str
    number: int
    windows: tuple[tuple[int, int], ...]
    factor: float
    regions: np.ndarray
    skus: np.ndarray


def waves_of(scenario: Scenario, horizon: int, seed: int) -> list[Wave]:
    """All promotions, then all surges; those without a window within the horizon are left out."""
    rules: list[tuple[str, int, Promotion | Surge]] = [
        *((f"promotion {i}", 2 * i + 1, promotion) for i, promotion in enumerate(scenario.promotions)),
        *((f"surge {i}", 2 * i + 2, surge) for i, surge in enumerate(scenario.surges)),
    ]
    regions, skus = [region.name for region in scenario.regions], [sku.name for sku in scenario.skus]
    waves = []
    for noun, number, rule in rules:
        if isinstance(rule, Promotion):
            spans = _promoted(rule, horizon, stream(seed, noun))
        else:
            spans = [(rule.from_day * DAY_SECONDS, rule.to_day * DAY_SECONDS)]
        windows = tuple((round(start), min(round(end), horizon)) for start, end in spans if start < horizon)
        if windows:
            chosen = (_mask(regions, rule.regions), _mask(skus, rule.skus))
            waves.append(Wave(noun, number, windows, rule.factor, *chosen))
    return waves


def _promoted(rule: Promotion, horizon: int, random: np.random.Generator) -> list[tuple[float, float]]:
    """Start and end of each promotion of a rule, seconds."""
    first = rule.from_day * DAY_SECONDS
    last = horizon if rule.to_day is None else min(rule.to_day * DAY_SECONDS, horizon)
    if last < first:
        return []
    number = 1
    if rule.per_28_days is not None:
        number = int(random.poisson(rule.per_28_days * (last - first) / (28 * DAY_SECONDS)))
    starts = np.sort(first + (last - first) * random.random(number))
    return [(float(start), float(start) + rule.hours * HOUR_SECONDS) for start in starts]


def _mask(names: list[str], chosen: tuple[str, ...]) -> np.ndarray:
    """bool: which are chosen; all, if none is."""
    return np.array([not chosen or name in chosen for name in names])


def is_within(wave: Wave, seconds: np.ndarray) -> np.ndarray:
    """bool: which times lie in a window of the wave."""
    inside = np.zeros(len(seconds), bool)
    for start, end in wave.windows:
        inside |= (start <= seconds) & (seconds < end)
    return inside
