"""Traces of a changed scenario: the same seeds, hence the same luck, as those of the baseline."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.settings import ScenarioChoice
from experiments.traces import scenario_of
from experiments.whatif.variant import Variant
from scenarios.draw import draw_trace
from scenarios.scenario import Scenario
from scenarios.trace import Trace


@dataclass(frozen=True)
class ChangedSource:
    """Traces by position; cheap to send to another process, which draws them itself.

    Attributes:
        scenario: the baseline.
        variant: what is changed.
        seeds: one a replication.
    """

    scenario: ScenarioChoice
    variant: Variant
    seeds: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.seeds)

    def world(self, position: int) -> Scenario:
        """The changed scenario of one replication; those that play a window of a history choose it first.

        Raises:
            InputError: an unknown scenario, or a change that does not fit.
        """
        return self.variant.apply(scenario_of(self.scenario).at(self.seeds[position]))

    def lines(self) -> list[str]:
        """The changes as texts, with what comes of percentages in the first replication; see ``Variant.lines_in``."""
        return self.variant.lines_in(scenario_of(self.scenario).at(self.seeds[0]))

    def load(self, position: int) -> Trace:
        """The trace at ``position``."""
        return draw_trace(self.world(position), self.seeds[position])
