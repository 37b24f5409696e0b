"""Policies in worlds that they were not trained on: a matrix over scenarios, and changed worlds."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from experiments.scoreboard.board import MIXED, Board, short_of
from experiments.scoreboard.cell import Cell, Store
from experiments.scoreboard.evidence import COST, Evidence, column, hold_against
from experiments.scoreboard.pages.markdown import DASH, NOT_RUN, page, percent, table
from experiments.scoreboard.pages.origin import command_of, origin
from experiments.scoreboard.pages.summaries import percent_of
from experiments.scoreboard.plan import (
    ELSEWHERE,
    compared,
    elsewhere_bounds,
    elsewhere_tasks,
    homes,
    policies_of,
    trained,
    training_cells,
    visits,
    worlds_elsewhere,
)
from experiments.scoreboard.statistics import Difference
from experiments.scoreboard.task import HINDSIGHT, Policy, play_task
from scenarios.drawn import REACH

FIRST = ELSEWHERE[0]


class Elsewhere:
    """Costs of policies and plain routers, by world.

    Args:
        board: what was to be run.
        store: of cells.
    """

    def __init__(self, board: Board, store: Store) -> None:
        self.board, self.store = board, store
        self.used: dict[str, Cell] = {}
        self._policies: dict[str, list[Policy]] = {}
        self._worlds = {cell.world for cell in store.all()}

    def _values(self, world: str, who: str | Policy) -> np.ndarray | None:
        if world not in self._worlds:
            return None  # without drawing its traces
        seeds = self.board.seeds("test", self.board.num_elsewhere)
        cells = [self.store.get(play_task(world, seed, who).id) for seed in seeds]
        self.used |= {cell.id: cell for cell in cells if cell}
        return column(cells, COST)

    def _known(self, home: str) -> list[Policy]:
        if home not in self._policies:
            self._policies[home] = trained(policies_of(self.board, self.store, home))
            self.used |= {cell.id: cell for cell in training_cells(self.store, self._policies[home])}
        return self._policies[home]

    def reference(self, world: str) -> str:
        """The best one of ``ELSEWHERE`` on the plain scenario's validation traces."""
        name = world.partition("+")[0]
        if name not in self._references:
            evidence = Evidence(self.board, self.store, name)
            costs = {who: evidence.values(who, COST, "validation") for who in compared(self.board)}
            known = {who: float(values.mean()) for who, values in costs.items() if values is not None}
            self._references[name] = min(known, key=known.__getitem__, default=FIRST)
            if len(known) < len(costs):
                self.unchosen.append(name)
        return self._references[name]

    @cached_property
    def mixed_trainings(self) -> list[Cell]:
        """Of the policies for drawn worlds."""
        return training_cells(self.store, self._known(MIXED))

    @cached_property
    def missing(self) -> list[str]:
        """What the usual board has more, and policies that have not played a world that they are to visit."""
        told = short_of(num_elsewhere=self.board.num_elsewhere, num_seeds=self.board.num_seeds)
        for home in homes(self.board):
            short: dict[int, list[str]] = {}
            for world in visits(self.board, home):
                count = sum(self._values(world, policy) is not None for policy in self._known(home))
                if count < self.board.num_seeds:
                    short.setdefault(count, []).append(world)
            told += [
                f"{home}, {count} of {self.board.num_seeds} training seeds: {', '.join(worlds)}"
                for count, worlds in sorted(short.items())
            ]
        return told

    @cached_property
    def unchosen(self) -> list[str]:
        """Scenarios whose reference was not chosen among all, for want of validation traces."""
        return []

    @cached_property
    def num_held(self) -> int:
        """Plays that were held against ``hindsight``, all that have a bound.

        Raises:
            InputError: somebody paid less than is possible.
        """
        tasks = elsewhere_bounds(self.board, self._worlds)
        found = [cell for cell in (self.store.get(task.id) for task in tasks) if cell]
        bounds = {cell.trace_sha256: cell for cell in found}
        self.used |= {cell.id: cell for cell in found}
        return hold_against(bounds, self._plays)

    @property
    def num_plays(self) -> int:
        """All of them."""
        return len(self._plays)

    @cached_property
    def _plays(self) -> list[Cell]:
        cells = (self.store.get(task.id) for task in elsewhere_tasks(self.board, self.store, self._worlds))
        return [cell for cell in cells if cell is not None]

    @cached_property
    def _references(self) -> dict[str, str]:
        return {}

    def cost(self, world: str) -> float | None:
        """Of the reference there; None if it was not run."""
        values = self._values(world, self.reference(world))
        return None if values is None else float(values.mean())

    def difference(self, home: str, world: str) -> Difference | None:
        """Policies of ``home`` minus the reference, in percent of its cost; None unless something was run."""
        if world not in visits(self.board, home):
            return None
        against = self._values(world, self.reference(world))
        rows = [
            values for values in (self._values(world, policy) for policy in self._known(home)) if values is not None
        ]
        return None if against is None or not rows else percent_of(np.array(rows), against)

    @cached_property
    def matrix(self) -> np.ndarray:
        """Percent, float (homes, scenarios); NaN where nothing was run."""
        found = [[self.difference(home, world) for world in self.board.scenarios] for home in homes(self.board)]
        return np.array([[np.nan if one is None else one.mean for one in row] for row in found])


def elsewhere_page(elsewhere: Elsewhere, figure: str) -> str:
    """The page as Markdown.

    Args:
        elsewhere: costs by world.
        figure: a link to the picture, or nothing.
    """
    board = elsewhere.board
    scenarios = () if board.scenarios == Board().scenarios else board.scenarios
    return page(
        "# Other worlds",
        f"Policies on worlds that they were not trained on: costs minus those of the best one of "
        f"{', '.join(compared(board))} (chosen on the scenario's validation traces), in percent, on "
        f"{board.num_elsewhere} test traces, mean over the training seeds. Below zero: better than that router.",
        "## Trained on one scenario, played on another",
        figure,
        _matrix(elsewhere),
        f"`{MIXED}` is one policy (domain randomisation): every training trace is of another scenario of the winnable "
        f"group, with other demand, stock, prices and times (`scenarios/drawn.py`).",
        "## Changed worlds",
        f"Twinned: each warehouse has a twin nearby and twice as much is ordered (`scenarios/twinned.py`). Drawn: "
        f"demand, stock, shipping rates, prices of lateness, pick and transit times are each multiplied by a factor "
        f"from {1 / REACH:g} to {REACH:g}, drawn by the trace's seed. "
        f"A policy whose bid prices are solved on a schedule has them solved from the changed world's own past.",
        _changed(elsewhere),
        _honesty(elsewhere),
        "\n".join(["## Not run yet, or not in full\n", *(f"- {line}" for line in elsewhere.missing)])
        if elsewhere.missing
        else "",
        origin(command_of(board, scenarios, ("generalisation", "pages")), elsewhere.used.values()),
    )


def _honesty(elsewhere: Elsewhere) -> str:
    """What was asserted, and what was not chosen as the page says above; asked for when all references are known."""
    held = ""
    if elsewhere.num_held:
        held = f"`{HINDSIGHT}` is at most the ledger of each of {elsewhere.num_held:,} plays"
        without = elsewhere.num_plays - elsewhere.num_held
        held += f"; the bounds of {without:,} others are not solved." if without else "."
    names = ", ".join(elsewhere.unchosen)
    not_chosen = f"Not chosen, for want of validation traces: the other router of {names}." if names else ""
    return " ".join(filter(None, (held, not_chosen)))


def _matrix(elsewhere: Elsewhere) -> str:
    scenarios = elsewhere.board.scenarios
    rows = [
        [home, *(DASH if np.isnan(value) else f"{round(value, 2) + 0.0:+.2f} %" for value in values)]
        for home, values in zip(homes(elsewhere.board), elsewhere.matrix, strict=True)
        if not np.isnan(values).all()
    ]
    if not rows:
        return "Not run."
    costs = [elsewhere.cost(name) for name in scenarios]
    against = ["*the other router*", *(f"{elsewhere.reference(name)}" for name in scenarios)]
    paid = ["*its cost*", *(NOT_RUN if cost is None else f"{cost:.3f}" for cost in costs)]
    return table(("trained on / played on", *scenarios), [*rows, against, paid])


def _changed(elsewhere: Elsewhere) -> str:
    rows = []
    for world in worlds_elsewhere(elsewhere.board):
        name, _, mark = world.partition("+")
        cost = elsewhere.cost(world) if mark else None
        if cost is None:
            continue
        own, mixed = elsewhere.difference(name, world), elsewhere.difference(MIXED, world)
        at_home = elsewhere.difference(name, name)
        shown = [NOT_RUN if one is None else percent(one.both) for one in (at_home, own, mixed)]
        rows.append([f"{name}, {mark}", f"{elsewhere.reference(world)} {cost:.3f}", *shown])
    if not rows:
        return "Not run."
    return table(("world", "the other router", "own policy at home", "own policy there", f"{MIXED} policy there"), rows)
