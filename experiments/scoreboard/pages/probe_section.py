"""One tuned number: how much of what the learned router saves a single price gets."""

from __future__ import annotations

from agents.learned.base import PRIMAL_DUAL
from experiments.scoreboard.evidence import COST, Evidence
from experiments.scoreboard.pages.markdown import DASH, count_of, page, percent, share, table
from experiments.scoreboard.pages.summaries import percent_of, router_percent
from experiments.scoreboard.policies import config_of
from experiments.scoreboard.probes import BASE, LATENESS, PRICES, PROBES, TERMS, Probe
from experiments.scoreboard.statistics import share_of_gap

NAME = "one tuned number"


def probe_section(evidence: Evidence) -> str:
    """The section of a scenario's page, or nothing unless the chosen probe has played all test traces."""
    probe, costs = evidence.probe, evidence.probed()
    if probe is None or costs is None:
        return ""
    learned, rival = evidence.learned(COST), evidence.rival
    against = None if rival is None else evidence.values(rival, COST)
    to_rival = DASH if against is None else percent(router_percent(costs, against))
    to_learned = DASH if learned is None else percent(percent_of(learned, costs).both)
    head = (NAME, "cost an order", f"minus {rival or 'the best'} [95 %]", "learned minus it [95 %]")
    row = [probe.words, f"{costs.mean():.3f}", to_rival, to_learned]
    part = None if against is None or learned is None else share_of_gap(against, costs, learned.mean(axis=0))
    words = (
        ""
        if part is None
        else f"Of what the learned router saves against {rival}, the number alone saves {share(part)}."
    )
    return page(
        f"## {NAME.capitalize()}",
        f"{BASE} with one number more, the best of {len(PROBES)} on "
        f"{count_of(evidence.board.num_validation, 'validation trace')}: {len(PRICES)} settings of each mechanism, and "
        f"the best mechanism chosen besides, which is more than any other router was given. {_kinship(evidence)} "
        f"Prices are currency units for a typical difference between plans, taken off a plan's cost: a negative one "
        f"is a surcharge.",
        table(head, [row]),
        words,
        "The best setting of each mechanism, on the validation traces on which it was chosen (so slightly flattered):",
        _mechanisms(evidence),
    ).rstrip("\n")


def _kinship(evidence: Evidence) -> str:
    """What a probe is to the learner."""
    if config_of(evidence.scenario, 0, False, evidence.board.training).pricing == PRIMAL_DUAL.pricing.name:
        return (
            f"All but the {LATENESS} are what the learner starts from with one term of its linear part, the others "
            f"zero, so this is an ablation of the learner, not a rival."
        )
    return "The learner starts from another router here, so this is a yardstick, neither its ablation nor a rival."


def _mechanisms(evidence: Evidence) -> str:
    base = evidence.values(BASE, COST, "validation") if BASE in evidence.board.routers else None
    rows = []
    for term in (*TERMS, LATENESS):
        best = min((probe for probe in PROBES if probe.term == term), key=lambda probe: _cost(evidence, probe))
        costs = evidence.probed(probe=best, split="validation")
        gap = DASH if base is None or costs is None else percent(router_percent(costs, base))
        rows.append((_cost(evidence, best), [best.words, f"{_cost(evidence, best):.3f}", gap]))
    rows.sort(key=lambda row: round(row[0], 9))
    return table(("mechanism", "cost an order", f"minus {BASE} [95 %]"), [row for _, row in rows])


def _cost(evidence: Evidence, probe: Probe) -> float:
    return round(evidence.probes[probe], 9)
