"""Fronts in numbers: hypervolume and expected utility of sets of points, the best heuristic chosen on validation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from experiments.scoreboard.board import Board, short_of, world_of
from experiments.scoreboard.cell import Cell, Store
from experiments.scoreboard.evidence import Evidence
from experiments.scoreboard.front import SWEEP, SWEPT, read_reference_points, sampled_preferences
from experiments.scoreboard.hypervolume import area, expected_utility, hypervolume, nadir
from experiments.scoreboard.plan import policies_of, swept, trained, training_cells
from experiments.scoreboard.points import num_played, points_of, swept_cells, swept_points
from experiments.scoreboard.policies import CONDITIONED
from experiments.scoreboard.statistics import t_interval
from experiments.scoreboard.targets import Volume
from experiments.scoreboard.task import Policy
from experiments.statistics import LEVEL, Interval

RESAMPLES = 500


def weighted(points: np.ndarray) -> np.ndarray:
    """Weighted cost under the weights that each was played with, of objectives (..., weights, traces, 3)."""
    return np.einsum("...wtg,wg->...wt", points, np.array(SWEEP))


@dataclass(frozen=True)
class Front:
    """One scenario's front.

    Attributes:
        board: what was to be run.
        store: of cells.
        scenario: its name.
    """

    board: Board
    store: Store
    scenario: str

    @cached_property
    def reference(self) -> np.ndarray | None:
        """The committed reference point, float (3,)."""
        return read_reference_points(self.board.pages).get(world_of(self.scenario).id)

    @cached_property
    def policies(self) -> list[Policy]:
        """Those that learned preferences."""
        found = trained(policies_of(self.board, self.store, self.scenario, is_conditioned=True))
        self.used.update({cell.id: cell for cell in training_cells(self.store, found)})
        return found

    @cached_property
    def num_traces(self) -> int:
        """The first test traces that all who have begun have played; where bid prices are solved, traces are dear."""
        everybody: list[str | Policy] = [*swept(self.board), *self.policies]
        counts = [num_played(swept_cells(self.board, self.store, self.scenario, who, "test")) for who in everybody]
        return min(filter(None, counts), default=0)

    def _points(self, who: str | Policy, split: str) -> np.ndarray | None:
        cells = swept_cells(self.board, self.store, self.scenario, who, split)
        if split == "test":
            cells = [row[: self.num_traces] for row in cells]
        found = points_of(cells) if cells[0] else None
        if found is not None:
            self.used.update({cell.id: cell for row in cells for cell in row if cell})
        return found

    @cached_property
    def used(self) -> dict[str, Cell]:
        """Cells that were looked at."""
        return {}

    @cached_property
    def trainings(self) -> list[Cell]:
        """Of the policies."""
        return training_cells(self.store, self.policies)

    @cached_property
    def missing(self) -> list[str]:
        """What it has less than the usual board asks for."""
        if self.reference is None or not self.num_traces:
            return ["nothing"]
        played = 0 if self.learned is None else len(self.learned)
        return [
            *short_of(num_front=self.num_traces, num_seeds=played),
            *(f"{who} not in full" for who in self.absent),
        ]

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """Routers to be swept that have not played all validation traces, or not these test traces."""
        played = {who for who in self.heuristics if self._points(who, "validation") is not None}
        return tuple(who for who in SWEPT if who not in played)

    @cached_property
    def reference_now(self) -> np.ndarray | None:
        """What the committed point would be by the present rules, float (3,); None unless that sweep was run."""
        points = swept_points(self.board, self.store, self.scenario, "myopic", "validation")
        return None if points is None else nadir(points.mean(axis=1))

    @cached_property
    def heuristics(self) -> dict[str, np.ndarray]:
        """Router to objectives on these test traces, float (weights, traces, 3)."""
        found = {who: self._points(who, "test") for who in swept(self.board)}
        return {who: points for who, points in found.items() if points is not None}

    @cached_property
    def learned(self) -> np.ndarray | None:
        """Of the policies, float (seeds, weights, traces, 3); None without any."""
        found = [points for points in (self._points(who, "test") for who in self.policies) if points is not None]
        return np.array(found) if found else None

    def volume(self, points: np.ndarray) -> float:
        """Hypervolume of objectives (weights, traces, 3); zero without a reference point."""
        return 0.0 if self.reference is None else hypervolume(points.mean(axis=1), self.reference)

    def area(self, points: np.ndarray) -> float:
        """What objectives (weights, traces, 3) dominate in cost and lateness alone; zero without a reference point."""
        return 0.0 if self.reference is None else area(points.mean(axis=1)[:, :2], self.reference[:2])

    def outside(self, points: np.ndarray) -> np.ndarray:
        """Which of the points of objectives (weights, traces, 3) are no better than the reference, by goal."""
        return np.zeros(points.shape[::2], bool) if self.reference is None else points.mean(axis=1) >= self.reference

    @cached_property
    def rival(self) -> str | None:
        """The swept router of greatest hypervolume on validation traces, if it was run on test traces."""
        volumes = {}
        for who in swept(self.board):
            points = self._points(who, "validation")
            if points is not None:
                volumes[who] = self.volume(points)
        best = max(volumes, key=volumes.__getitem__, default=None)
        return best if best in self.heuristics else None

    @cached_property
    def rivals(self) -> list[str | None]:
        """Under each weight vector the swept router of least weighted cost on validation traces, if it was run here."""
        known = {who: self._points(who, "validation") for who in self.heuristics}
        means = {who: weighted(points).mean(axis=1).round(9) for who, points in known.items() if points is not None}
        return [min(means, key=lambda who: means[who][row], default=None) for row in range(len(SWEEP))]

    @cached_property
    def summary(self) -> Volume | None:
        """Learned over rival; None unless both were run and the rival has a volume."""
        if self.learned is None or self.rival is None:
            return None
        base = self.volume(self.heuristics[self.rival])
        if base <= 0.0:
            return None
        gains = np.array([100 * (self.volume(points) / base - 1) for points in self.learned])
        seeds, _, traces, _ = self.learned.shape
        return Volume(self.scenario, self.rival, t_interval(gains), seeds, traces, bool(CONDITIONED), self.absent)

    def gain_over_traces(self) -> Interval:
        """The gain in percent with a percentile bootstrap over traces, the same draws for learned and rival."""
        assert self.learned is not None
        assert self.rival is not None
        rival, random, drawn = self.heuristics[self.rival], np.random.default_rng(0), []
        count = rival.shape[1]
        for _ in range(RESAMPLES):
            rows = random.integers(0, count, count)
            base = self.volume(rival[:, rows])
            if base > 0:
                drawn.append(100 * (np.mean([self.volume(points[:, rows]) for points in self.learned]) / base - 1))
        base = self.volume(rival)
        mean = 100 * (float(np.mean([self.volume(points) for points in self.learned])) / base - 1)
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Interval(mean, float(low), float(high))

    def utility(self, points: np.ndarray) -> float:
        """Expected weighted cost of objectives (weights, traces, 3) over sampled preferences; lower is better."""
        return expected_utility(points.mean(axis=1), sampled_preferences())

    def check_bound(self) -> int:
        """Asserts ``hindsight`` for every play of the front: the ledger is unweighted whatever weights are shown.

        Returns:
            How many plays were held against it, with those under even weights.
        """
        _ = self.heuristics, self.learned, self.rival
        return Evidence(self.board, self.store, self.scenario).check_bound(self.used.values())
