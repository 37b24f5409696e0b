"""One tuned number: how much of what the learned router saves a single price gets."""

from __future__ import annotations

from experiments.scoreboard.evidence import COST, Evidence
from experiments.scoreboard.pages.markdown import DASH, count_of, page, percent, share, table
from experiments.scoreboard.pages.summaries import percent_of, router_percent
from experiments.scoreboard.probes import LATENESS, PRICES, TERMS, Probe, is_remembered
from experiments.scoreboard.statistics import share_of_gap
from scenarios.seeds import VALIDATION

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
        f"{probe.base} with one number more, the best of {len(evidence.probes)} on "
        f"{count_of(evidence.board.num_validation, 'validation trace')}: {len(PRICES)} settings of each mechanism, and "
        f"the best mechanism chosen besides, which is more than any other router was given. All but the "
        f"weights of {LATENESS} are what the learner starts from with one term of its linear part, the others zero, so "
        f"this is an ablation of the learner, not a rival. Prices are currency units for a typical difference between "
        f"plans, taken off a plan's cost: a negative one is a surcharge.{_remembering(probe)}",
        table(head, [row]),
        words,
        "The best setting of each mechanism, on the validation traces on which it was chosen (so slightly flattered):",
        _mechanisms(evidence, probe.base),
    ).rstrip("\n")


def _remembering(probe: Probe) -> str:
    if not is_remembered(probe.who, VALIDATION.start):
        return ""
    return (
        f" On validation traces bid prices are those that {probe.base} solved there by itself, as while the learner "
        f"learns; on test traces they are solved for."
    )


def _mechanisms(evidence: Evidence, name: str) -> str:
    base = evidence.values(name, COST, "validation") if name in evidence.board.routers else None
    rows = []
    for term in (*TERMS, LATENESS):
        best = min((probe for probe in evidence.probes if probe.term == term), key=lambda probe: _cost(evidence, probe))
        costs = evidence.probed(probe=best, split="validation")
        gap = DASH if base is None or costs is None else percent(router_percent(costs, base))
        rows.append((_cost(evidence, best), [best.words, f"{_cost(evidence, best):.3f}", gap]))
    rows.sort(key=lambda row: round(row[0], 9))
    return table(("mechanism", "cost an order", f"minus {name} [95 %]"), [row for _, row in rows])


def _cost(evidence: Evidence, probe: Probe) -> float:
    return round(evidence.probes[probe], 9)
