"""From evidence to summaries: differences, shares of gaps, and p-values corrected over the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from experiments.scoreboard.evidence import COST, WHOLE, Evidence
from experiments.scoreboard.statistics import Difference, Gap, difference_of, scaled, share_of_gap
from experiments.scoreboard.targets import Summary
from experiments.statistics import Interval, bootstrap_interval, holm

DUAL, BASE = "dual", "myopic"
"""What is left to the bound is measured from the first; shares of the whole gap from the second."""


def summary_of(evidence: Evidence) -> Summary | None:
    """One scenario; None unless a policy and its rival have played."""
    learned, rival = evidence.learned(COST), evidence.rival
    against = None if rival is None else evidence.values(rival, COST)
    if learned is None or rival is None or against is None:
        return None
    gap, whole, probed = evidence.gap(DUAL), evidence.learned(WHOLE), evidence.probed()
    return Summary(
        scenario=evidence.scenario,
        rival=rival,
        num_seeds=learned.shape[0],
        num_traces=learned.shape[1],
        percent=percent_of(learned, against),
        left_by_dual=None if gap is None or whole is None else Gap(gap[0], whole, gap[1]),
        above_optimum=_above(evidence),
        training_minutes=tuple(cell.values["core_seconds"] / 60 for cell in evidence.trainings),
        decision_us=None if evidence.decision is None else evidence.decision.values["decision_us"],
        minus_probe=None if probed is None else percent_of(learned, probed),
        left_to_rival=_closed_by(evidence, rival),
        absent=evidence.absent,
    )


def _closed_by(evidence: Evidence, who: str) -> float | None:
    gap, whole = evidence.gap(DUAL), evidence.values(who, WHOLE)
    return None if gap is None or whole is None else share_of_gap(gap[0], whole, gap[1])


def _above(evidence: Evidence) -> Interval | None:
    whole, optimum = evidence.learned(WHOLE), evidence.optimum
    if whole is None or optimum is None:
        return None
    return percent_of(whole, optimum).both


def percent_of(learned: np.ndarray, against: np.ndarray) -> Difference:
    """Paired difference in percent of the other's mean.

    Args:
        learned: float (seeds, traces).
        against: float (traces,).
    """
    return difference_of(100 * (learned - against) / against.mean())


def router_percent(values: np.ndarray, against: np.ndarray) -> Interval:
    """The same of a router without seeds, float (traces,) each."""
    return scaled(bootstrap_interval(values - against), 100 / float(against.mean()))


def corrected(summaries: Sequence[Summary]) -> list[Summary]:
    """With Holm's correction over all of them; one without a p-value keeps none."""
    known = [summary.percent.p_value for summary in summaries if summary.percent.p_value is not None]
    adjusted = iter(holm(known))
    return [
        replace(summary, p_holm=None if summary.percent.p_value is None else next(adjusted)) for summary in summaries
    ]


def gap_closed(evidence: Evidence, whole: np.ndarray | None) -> float | None:
    """Share of the gap from myopic to ``demand_hindsight`` that somebody closes; None if it is not known.

    Args:
        evidence: of the scenario.
        whole: costs, float (traces,) or (seeds, traces).
    """
    gap = evidence.gap(BASE)
    if gap is None or whole is None or whole.shape[-1] != len(gap[0]):
        return None
    return share_of_gap(gap[0], whole, gap[1])
