"""The sentences above the table, computed from the results."""

from __future__ import annotations

from experiments.results import PART_METRICS, Results
from experiments.statistics import Interval


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign, a real minus included; a plain zero where it rounds to nothing."""
    text = f"{value:+.{digits}f}".replace("-", "−")
    return text if text.strip("+−0.") else text[1:]


def fine(value: float) -> str:
    """A difference that is to be told from zero."""
    return signed(value, 3)


def percent(value: float) -> str:
    """A share."""
    return f"{100 * value:.1f} %"


def between(interval: Interval) -> str:
    """``95 % interval a to b``, or why there is none."""
    if interval.low is None or interval.high is None:
        return "one trace, so no interval"
    return f"95 % interval {fine(interval.low)} to {fine(interval.high)}"


def headline(results: Results, scenario_id: str, kind: str = "unseen traces") -> list[str]:
    """One to three sentences: who is cheapest, by how much, how sure, and where the money went.

    Args:
        results: of one evaluation.
        scenario_id: what was simulated.
        kind: what the traces are.
    """
    subject, rival = results.subject, results.rival
    num = results.num_traces
    place = f"On {num} {kind if num > 1 else kind.replace('traces', 'trace')} of {scenario_id}"
    cost = results.mean(subject)
    if rival is None:
        return [f"{place}, {subject} costs {cost:.2f} per order."]
    gap = results.difference(subject, reference=rival)
    share = abs(gap.mean) / max(1e-9, results.mean(rival))
    other = f"{rival}, the best other router"
    facts = f"difference {fine(gap.mean)} per order, {between(gap)}"
    if gap.low is None or not gap.excludes_zero:
        sentences = [
            f"{place}, {subject} costs {cost:.2f} per order and {rival} {results.mean(rival):.2f}: "
            f"the two cannot be told apart ({facts})."
        ]
    else:
        word = "less" if gap.mean < 0 else "more"
        sentences = [f"{place}, {subject} costs {cost:.2f} per order, {percent(share)} {word} than {other} ({facts})."]
    return sentences + _where(results, subject, rival) + _against_all(results, subject)


def _where(results: Results, subject: str, rival: str) -> list[str]:
    gaps = {part: results.difference(subject, metric, rival).mean for part, metric in PART_METRICS.items()}
    notable = sorted((part for part in gaps if abs(gaps[part]) >= 0.005), key=lambda part: -abs(gaps[part]))[:3]
    if not notable:
        return []
    named = [f"{part.replace('_', ' ')} {signed(gaps[part])}" for part in notable]
    return [f"Against {rival}, the money moved in {', '.join(named)}."]


def _against_all(results: Results, subject: str) -> list[str]:
    if subject not in results.policies:
        return []
    others = [agent for agent in results.agents if agent not in results.policies]
    gaps = {agent: results.difference(subject, reference=agent) for agent in others}
    beaten = [agent for agent, gap in gaps.items() if gap.excludes_zero and gap.mean < 0]
    if not others:
        return []
    if len(beaten) == len(others):
        return [f"It is cheaper than each of the {len(others)} heuristics, every interval below zero."]
    rest = [agent for agent in others if agent not in beaten]
    return [f"It is surely cheaper than {len(beaten)} of the {len(others)} heuristics; not than {', '.join(rest)}."]
