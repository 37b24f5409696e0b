"""Results of an evaluation as arrays over traces: what tables, figures and sentences are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from envs.costs import COST_PARTS
from experiments.cell import Cell
from experiments.statistics import Interval, bootstrap_interval, pareto_front
from scenarios.errors import InputError, unknown_name

COST = "cost_per_order"
PART_METRICS = {part.name: f"{part.name}_per_order" for part in COST_PARTS}
FRONT_METRICS = {"cost_objective_per_order": 1, "otif_rate": -1, "carbon_kg_per_order": 1}
"""Metrics of the Pareto front; -1: higher is better."""


@dataclass(frozen=True)
class Results:
    """Metrics by agent and trace; every agent has played every trace.

    Attributes:
        agents: labels, in the order of the evaluation.
        policies: labels of trained policies among them.
        frame: one row a cell: agent, position, seed, trace_sha256 and metrics.
        reference: label of the agent that differences are taken to.
    """

    agents: tuple[str, ...]
    policies: tuple[str, ...]
    frame: pd.DataFrame
    reference: str

    @classmethod
    def of(cls, cells: Iterable[Cell], policies: Sequence[str] = (), reference: str = "auto") -> Results:
        """From cells.

        Raises:
            InputError: no cells, a cell that is missing, or an unknown reference.
        """
        cells = list(cells)
        if not cells:
            raise InputError("cells", 0, "at least one finished cell", "run the evaluation again in the same run_dir")
        agents = tuple(dict.fromkeys(cell.agent for cell in cells))
        positions = sorted({cell.position for cell in cells})
        present = {(cell.agent, cell.position) for cell in cells}
        missing = [(agent, position) for agent in agents for position in positions if (agent, position) not in present]
        if missing:
            raise InputError(
                "cells",
                f"no result of {missing[0][0]!r} on trace {missing[0][1]}",
                "every agent on every trace",
                "run the evaluation again in the same run_dir; it goes on where it stopped",
            )
        frame = pd.DataFrame(
            [
                {
                    "agent": cell.agent,
                    "position": cell.position,
                    "seed": cell.seed,
                    "trace_sha256": cell.trace_sha256,
                    **cell.metrics,
                }
                for cell in cells
            ]
        )
        known = tuple(label for label in policies if label in agents)
        return cls(agents, known, frame, choose_reference(reference, agents, known))

    @property
    def num_traces(self) -> int:
        """Traces that every agent played."""
        return self.frame["position"].nunique()

    @cached_property
    def _by_agent(self) -> dict[str, pd.DataFrame]:
        return {agent: rows.sort_values("position") for agent, rows in self.frame.groupby("agent", sort=False)}

    def values(self, agent: str, metric: str = COST) -> np.ndarray:
        """One number a trace, float (num_traces,); zero where an agent's network lacks the metric."""
        rows = self._by_agent[agent]
        return rows[metric].fillna(0.0).to_numpy(np.float64) if metric in rows else np.zeros(len(rows))

    def mean(self, agent: str, metric: str = COST) -> float:
        """Mean over traces."""
        return float(self.values(agent, metric).mean())

    def interval(self, agent: str, metric: str = COST) -> Interval:
        """Mean over traces with its bootstrap interval."""
        return bootstrap_interval(self.values(agent, metric))

    def differences(self, agent: str, metric: str = COST, reference: str | None = None) -> np.ndarray:
        """Paired differences to the reference, float (num_traces,)."""
        return self.values(agent, metric) - self.values(reference or self.reference, metric)

    def difference(self, agent: str, metric: str = COST, reference: str | None = None) -> Interval:
        """Mean paired difference to the reference with its bootstrap interval."""
        return bootstrap_interval(self.differences(agent, metric, reference))

    def part_means(self, agent: str) -> dict[str, float]:
        """Mean cost per order by cost part."""
        return {part: self.mean(agent, metric) for part, metric in PART_METRICS.items()}

    @cached_property
    def by_cost(self) -> tuple[str, ...]:
        """Agents, cheapest first."""
        return tuple(sorted(self.agents, key=self.mean))

    @cached_property
    def subject(self) -> str:
        """Whom the headline is about: the cheapest policy, without one the cheapest agent."""
        return next(agent for agent in self.by_cost if not self.policies or agent in self.policies)

    @cached_property
    def rival(self) -> str | None:
        """The cheapest agent besides the subject; None if it is alone."""
        return next((agent for agent in self.by_cost if agent != self.subject), None)

    @cached_property
    def front(self) -> tuple[str, ...]:
        """Agents that no other beats in cost, punctuality and carbon at once."""
        points = np.array([[sign * self.mean(a, m) for m, sign in FRONT_METRICS.items()] for a in self.agents])
        return tuple(agent for agent, is_on in zip(self.agents, pareto_front(points.round(9)), strict=True) if is_on)


def choose_reference(wanted: str, agents: Sequence[str], policies: Sequence[str]) -> str:
    """The reference by label; ``auto``: the only policy, else myopic, else the first agent.

    Raises:
        InputError: an agent that does not take part.
    """
    if wanted != "auto":
        if wanted not in agents:
            raise unknown_name("reference", wanted, [*agents, "auto"])
        return wanted
    if len(policies) == 1:
        return policies[0]
    return "myopic" if "myopic" in agents else agents[0]
