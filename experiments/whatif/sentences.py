"""The sentences above a study's tables, computed from its findings."""

from __future__ import annotations

from experiments.headline import between, percent, signed
from experiments.whatif.findings import Findings, Pair
from experiments.whatif.kpi import COST, ON_TIME, POINTS, points
from experiments.whatif.variant import BASELINE

MOST = 6


def sentences(findings: Findings, scenario_id: str) -> list[str]:
    """What is the baseline, and what each of the first variants does to cost and punctuality."""
    router = findings.routers[0]
    cost = findings.mean(BASELINE, router, COST)
    on_time = percent(findings.mean(BASELINE, router, ON_TIME))
    found = [
        f"On {scenario_id}, {router} costs {cost:.2f} per order as things are, with {on_time} of the orders on time "
        f"and in full ({findings.num_replications} replications)."
    ]
    found += [_of_variant(findings, findings.pairs_of(variant)[0]) for variant in list(findings.variants)[:MOST]]
    return found


def _of_variant(findings: Findings, pair: Pair) -> str:
    cost, on_time = findings.gap(pair, COST), findings.gap(pair, ON_TIME)
    name = pair.variant if pair.router == pair.reference else pair.label
    if not cost.mean and cost.low == cost.high == 0.0:
        return f"{name}: the cost per order does not change at all."
    share = signed(100 * cost.mean / max(1e-9, findings.mean(BASELINE, pair.reference, COST)), 1)
    facts = f"{signed(cost.mean)} per order ({share} %), {between(cost)}; on time {points(on_time.mean)}{POINTS}"
    if cost.low is None:
        return f"{name}: {facts}."
    if not cost.excludes_zero:
        return f"{name}: the cost per order cannot be told from the baseline's: {facts}."
    return f"{name}: {facts}{'' if findings.is_sure(pair, COST) else ', not sure among so many differences'}."
