"""What the cells say about one scenario: arrays over traces and seeds, the rival chosen, the bound asserted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from envs.costs import MILLICENTS
from experiments.scoreboard.board import DEPLOYABLE_MS, KNOWS_END, SLOW, Board
from experiments.scoreboard.cell import Cell, Store
from experiments.scoreboard.plan import (
    EXACT,
    decision_tasks,
    policies_of,
    probe_plays,
    probe_tasks,
    probes_of,
)
from experiments.scoreboard.probes import Probe
from experiments.scoreboard.task import (
    BOUNDS,
    DEMAND_HINDSIGHT,
    HINDSIGHT,
    OPTIMUM,
    Policy,
    Task,
    bound_task,
    play_task,
    training_task,
)
from experiments.scoreboard.work import TOTAL
from scenarios.catalogue.board.groups import LITERATURE
from scenarios.errors import InputError

COST, WHOLE = "cost_per_order", "whole_cost_per_order"


class Evidence:
    """Cells of one scenario as arrays; only cells of the present code count.

    Args:
        board: what was to be run.
        store: of cells.
        scenario: its name.

    Attributes:
        used: cells that were looked at, by id.
    """

    def __init__(self, board: Board, store: Store, scenario: str) -> None:
        self.board, self.store, self.scenario = board, store, scenario
        self.used: dict[str, Cell] = {}

    def found(self, tasks: Iterable[Task]) -> list[Cell | None]:
        """The cell of each task, None where it was not run."""
        cells = [self.store.get(task.id) for task in tasks]
        self.used |= {cell.id: cell for cell in cells if cell is not None}
        return cells

    def plays(self, who: str | Policy, split: str = "test") -> list[Cell | None]:
        """Of a router on the traces of a split that it has to play."""
        count = self.board.num_validation
        if split == "test":
            count = self.board.num_traces if isinstance(who, Policy) else self.board.slow_traces(who)
        seeds = self.board.seeds(split, count)
        return self.found(play_task(self.scenario, seed, who) for seed in seeds)

    def values(self, who: str | Policy, metric: str = COST, split: str = "test") -> np.ndarray | None:
        """One number a trace, float (traces,); None unless all were played."""
        return column(self.plays(who, split), metric)

    @cached_property
    def routers(self) -> list[str]:
        """Routers that have played all their test traces, cheapest first."""
        costs = {who: self.values(who) for who in self.board.routers}
        known = {who: float(values.mean()) for who, values in costs.items() if values is not None}
        return sorted(known, key=known.__getitem__)

    @cached_property
    def missing(self) -> dict[str, str]:
        """Routers, bounds and policies that were not run in full, and how far they are."""
        counts = {who: self.plays(who) for who in self.board.routers}
        counts |= {who: self._bound_cells(who) for who in BOUNDS}
        counts[f"{HINDSIGHT} on validation traces"] = self._bound_cells(HINDSIGHT, "validation")
        told = {who: _told(cells) for who, cells in counts.items() if None in cells}
        if self.probe is None or self.probed() is None:
            told["one tuned number"] = "not run, or not in full"
        told |= {who: "not asked for" for who in Board().routers if who not in self.board.routers}
        if len(self.policies) < self.board.num_seeds:
            told["learned"] = f"{len(self.policies)} of {self.board.num_seeds} training seeds"
        return told

    @property
    def has_any(self) -> bool:
        """Whether anything of the present code was run."""
        _ = self.routers, self.candidates, self.missing, self.trainings
        return bool(self.used)

    @cached_property
    def policies(self) -> list[Policy]:
        """Trained policies that have played all test traces."""
        trained = [policy for policy in policies_of(self.board, self.store, self.scenario) if policy.sha256]
        return [policy for policy in trained if None not in self.plays(policy)]

    def learned(self, metric: str = COST) -> np.ndarray | None:
        """float (seeds, traces) of the policies; None without any."""
        rows = [column(self.plays(policy), metric) for policy in self.policies]
        return np.array(rows) if rows else None

    @cached_property
    def trainings(self) -> list[Cell]:
        """Of the policies."""
        tasks = [training_task(policy) for policy in self.policies]
        return [cell for cell in self.found(tasks) if cell is not None]

    @cached_property
    def decision(self) -> Cell | None:
        """How long the exported policy takes for a decision."""
        return next(iter(self.found(decision_tasks(self.board, self.policies))), None)

    def bound(self, who: str) -> np.ndarray | None:
        """Of each test trace, currency units an order, float (traces,); None unless all were solved."""
        cells = self._bound_cells(who)
        totals, orders = column(cells, TOTAL), column(cells, "num_orders")
        return None if totals is None or orders is None else totals / MILLICENTS / orders

    def _bound_cells(self, who: str, split: str = "test") -> list[Cell | None]:
        return self.found(bound_task(self.scenario, seed, who) for seed in self.board.all_seeds(split))

    @cached_property
    def candidates(self) -> dict[str, float]:
        """Deployable routers by their mean cost on validation traces; all that played there in full."""
        found = {}
        for who in self.board.routers:
            if who in (SLOW, self.knows_end):
                continue
            costs, times = (self.values(who, key, "validation") for key in (COST, "ms_per_decision"))
            if costs is not None and times is not None and np.median(times) <= DEPLOYABLE_MS:
                found[who] = float(costs.mean())
        return found

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """Routers of the usual board that could be rivals, but have not played all validation and test traces."""
        could = [who for who in Board().routers if who not in (SLOW, self.knows_end)]
        splits = ("validation", "test")
        return tuple(who for who in could if any(self.values(who, split=split) is None for split in splits))

    @property
    def knows_end(self) -> str | None:
        """The router that is no rival because it knows when the episode ends; none where that is published."""
        return None if self.scenario in LITERATURE else KNOWS_END

    @cached_property
    def rival(self) -> str | None:
        """The best deployable router, chosen on validation traces; None unless it has played the test traces."""
        best = min(self.candidates, key=lambda who: (round(self.candidates[who], 9), who != "myopic"), default=None)
        return best if best in self.routers else None

    @cached_property
    def probes(self) -> dict[Probe, float]:
        """Mean costs on validation traces of all probes that played there in full."""
        tried = probes_of(self.board, self.scenario)
        costs = {probe: self.probed(probe=probe, split="validation") for probe in tried}
        return {probe: float(values.mean()) for probe, values in costs.items() if values is not None}

    @cached_property
    def probe(self) -> Probe | None:
        """The best one, chosen on validation traces; None unless all have played there."""
        if len(self.probes) < len(probes_of(self.board, self.scenario)):
            return None
        return min(self.probes, key=lambda probe: round(self.probes[probe], 9))

    def probed(self, metric: str = COST, probe: Probe | None = None, split: str = "test") -> np.ndarray | None:
        """One number a trace of a probe, the chosen one if none is given, float (traces,); None unless all were run."""
        probe = probe or self.probe
        return None if probe is None else column(self._probe_cells(probe, split), metric)

    def _probe_cells(self, probe: Probe, split: str) -> list[Cell | None]:
        return self.found(probe_plays(self.board, self.scenario, probe, split))

    @cached_property
    def optimum(self) -> np.ndarray | None:
        """Whole cost an order of the exact dynamic program's choices, float (traces,), where there is one."""
        return self.values(OPTIMUM, WHOLE) if self.scenario in EXACT else None

    @cached_property
    def num_held(self) -> int:
        """Plays of routers, probes and policies that were held against ``hindsight``, all whose bound is solved."""
        return self.check_bound()

    def check_bound(self, more: Iterable[Cell] = ()) -> int:
        """Asserts that nobody paid less than ``hindsight`` says is possible.

        Args:
            more: plays to look at besides those of routers, probes and policies on test and validation traces.

        Returns:
            How many plays were held against a bound.

        Raises:
            InputError: names router and trace.
        """
        held = [cell for split in ("validation", "test") for cell in self._bound_cells(HINDSIGHT, split)]
        bounds = {cell.trace_sha256: cell for cell in held if cell is not None}
        players: list[str | Policy] = [*self.board.routers, *self.policies]
        plays = [cell for who in players for cell in self.plays(who)]
        plays += [cell for who in self.board.routers for cell in self.plays(who, "validation")]
        plays += self.found(probe_tasks(self.board, self.scenario))
        if self.scenario in EXACT:
            plays += self.plays(OPTIMUM)
        if self.probe is not None:
            plays += self._probe_cells(self.probe, "test")
        return hold_against(bounds, [*plays, *more])

    def gap(self, upper: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Whole cost of a router and ``demand_hindsight`` on the test traces, float (traces,) each."""
        costs, bound = self.values(upper, WHOLE), self.bound(DEMAND_HINDSIGHT)
        if costs is None or bound is None or len(costs) != len(bound):
            return None
        return costs, bound


def hold_against(bounds: Mapping[str, Cell], plays: Iterable[Cell | None]) -> int:
    """Asserts that no play is below the bound of its trace.

    Args:
        bounds: cells of ``hindsight`` by the hash of their trace.
        plays: others; those of traces without a bound are left out.

    Returns:
        How many plays were held against a bound.

    Raises:
        InputError: names router and trace.
    """
    count = 0
    for cell in plays:
        if cell is None or cell.trace_sha256 not in bounds:
            continue
        count += 1
        least = bounds[cell.trace_sha256].values[TOTAL]
        if cell.values[TOTAL] < least:
            raise InputError(
                f"ledger of {cell.who} on trace {cell.seed} of {cell.world}",
                int(cell.values[TOTAL]),
                f"at least hindsight's {int(least)} millicents",
                "the bound or the ledger is wrong, no page is written before that is found",
            )
    return count


def column(cells: list[Cell | None], metric: str) -> np.ndarray | None:
    """One number a cell, float (cells,); None if a cell is missing or there is none."""
    values = [cell.values[metric] for cell in cells if cell is not None]
    return np.array(values) if cells and len(values) == len(cells) else None


def _told(cells: list[Cell | None]) -> str:
    done = sum(cell is not None for cell in cells)
    return f"{done} of {len(cells)} traces" if done else "not run"
