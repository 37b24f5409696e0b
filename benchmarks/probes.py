"""Probes: crude routers that use one mechanism each and know nothing else, to see whether it can be used at all."""

from __future__ import annotations

import math

import numpy as np

from agents.priced import PricedAgent
from envs.batch import BatchSnapshot
from envs.costs import MILLICENTS
from envs.feature_schema import (
    COLLECTED,
    CONTEXT_FEATURES,
    DOOR,
    NUM_FEATURES,
    NUM_LINES,
    SCORE_GAP,
    SLACK,
    SLOT_FEATURES,
    TRANSIT_SEEN,
)
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.network import Network

_NAMES = [feature.name for feature in SLOT_FEATURES]


def priced(name: str, prices: tuple[tuple[str, float], ...], pricing: Pricing) -> PricedAgent:
    """The least score, less prices (currency units) times squashed features, by the features' names."""
    vector = np.zeros(NUM_FEATURES)
    for feature, price in prices:
        vector[_NAMES.index(feature)] += price
    return PricedAgent(name, vector, pricing)


class Doubting:
    """The least score, with lateness priced anew as if transit took as much longer as was seen lately.

    Lateness is taken as normal, with a standard deviation of ``SPREAD`` of the transit.
    """

    SPREAD = 0.3
    name, pricing, needs_features = "doubting", Pricing.NONE, True

    def __init__(self) -> None:
        self._step, self._hour = 0.0, 0.0

    def start(self, network: Network) -> None:
        """What lateness costs in this scenario."""
        settings = network.settings[0]
        self._step = float(settings["lateness_step_millicents"]) / MILLICENTS
        self._hour = float(settings["lateness_hour_millicents"]) / MILLICENTS

    def choose(self, snapshot: Snapshot) -> int:
        """Never asked for one decision alone: ``simulate_many`` plays replications side by side."""
        raise NotImplementedError

    def choose_batch(self, batch: BatchSnapshot) -> np.ndarray:
        """The least of score and doubt."""
        hours = {i: batch.features[:, :, i] * SLOT_FEATURES[i].scale for i in (COLLECTED, DOOR, SLACK)}
        transit = np.maximum(0.0, hours[DOOR] - hours[COLLECTED])
        longer = transit * np.maximum(0.0, batch.features[:, :, TRANSIT_SEEN])
        doubt = self._lateness(hours[SLACK] - longer, transit + longer) - self._lateness(hours[SLACK], transit)
        num_lines = batch.context[:, NUM_LINES] * CONTEXT_FEATURES[NUM_LINES].scale
        value = batch.features[:, :, SCORE_GAP] + doubt * num_lines[:, None]
        return np.where(batch.masks(), value, np.inf).argmin(axis=1)

    def _lateness(self, slack: np.ndarray, transit: np.ndarray) -> np.ndarray:
        """Expected lateness cost of a line, currency units; arguments in hours."""
        deviation = np.maximum(0.5, self.SPREAD * transit)
        ratio = slack / deviation
        late = 0.5 * np.vectorize(math.erfc)(ratio / math.sqrt(2.0))
        beyond = deviation * np.exp(-0.5 * ratio**2) / math.sqrt(2.0 * math.pi) - slack * late
        return self._step * late + self._hour * np.maximum(0.0, beyond)
