"""The best plan for an order that holds a given parcel: exact, by what the parcels around it may be at best."""

from __future__ import annotations

from functools import cache

import numpy as np

from envs.plan_table import COUNT_PRICED, MAX_BLOCKS, SCORE, Plans
from envs.state import NONE


class Completions:
    """Plans around parcels, for a table that was made for this decision alone.

    Args:
        plans: with all its scratch.
        max_parcels: that a plan may have.

    Attributes:
        num_blocks: of the order, which are routed as one each.
        num_options: parcels that were priced.
    """

    def __init__(self, plans: Plans, max_parcels: int) -> None:
        self._plans, self._max_parcels = plans, min(max_parcels, MAX_BLOCKS)
        self.num_options = int(plans.counts[COUNT_PRICED])
        sizes = plans.subsets["num_lines"]
        self.num_blocks = next((b for b in range(MAX_BLOCKS) if not sizes[1 << b]), MAX_BLOCKS)
        self._everything = (1 << self.num_blocks) - 1
        self._rest = cache(self._best_rest)
        self._ranked = cache(self._ranked_options)

    def least_score(self, option: int, max_parcels: int | None = None) -> int | None:
        """Least weighted score (in thousandths of millicents) of a plan with a priced option; None if there is none.

        Args:
            option: row of ``plans.priced``.
            max_parcels: another limit than the order's.
        """
        key = int(self._plans.option_keys[option])
        others = self._everything ^ int(self._plans.priced["subset"][option])
        limit = self._max_parcels if max_parcels is None else max_parcels
        rest = self._rest(others, limit - 1, frozenset() if key == NONE else frozenset([key]))
        return None if rest is None else int(self._plans.option_rules[option, SCORE]) + rest

    def options_of(self, line: int, warehouse: int) -> np.ndarray:
        """Rows of ``plans.priced`` that send a line from a warehouse."""
        rows = self._plans.priced[: self.num_options]
        return np.flatnonzero((rows["lines_mask"] >> line & 1 == 1) & (rows["warehouse"] == warehouse))

    def _ranked_options(self, subset: int) -> list[tuple[int, int]]:
        """(score, key) of the best options of a subset, the best first."""
        count, plans = int(self._plans.subsets["num_ranked"][subset]), self._plans
        keys = plans.option_keys[plans.ranked[subset, :count]].tolist()
        return list(zip(plans.ranked_scores[subset, :count].tolist(), keys, strict=True))

    def _best_rest(self, blocks: int, num_parcels: int, used: frozenset[int]) -> int | None:
        """Least score of at most so many parcels for ``blocks``, none of which would be one parcel with a used one.

        More options are ranked than parcels can be used, so that the best one that is free is among them.
        """
        if not blocks:
            return 0
        if num_parcels <= 0:
            return None
        lowest, best = blocks & -blocks, None
        others = joined = blocks ^ lowest
        while True:
            left = others ^ joined
            free = self._rest(left, num_parcels - 1, used)
            for score, key in self._ranked(lowest | joined) if free is not None else ():
                if key != NONE and key in used:
                    continue
                rest = free if key == NONE else self._rest(left, num_parcels - 1, used | {key})
                if rest is not None and (best is None or score + rest < best):
                    best = score + rest
                if rest == free:
                    break  # no other option of this subset can be better
            if not joined:
                return best
            joined = (joined - 1) & others
