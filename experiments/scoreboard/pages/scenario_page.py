"""The page of one scenario: every router, the bounds, and the learned one seed by seed."""

from __future__ import annotations

import numpy as np

from experiments.scoreboard.board import DEPLOYABLE_MS, SLOW, world_of
from experiments.scoreboard.cell import Cell
from experiments.scoreboard.evidence import COST, WHOLE, Evidence
from experiments.scoreboard.pages.literature_section import literature_section
from experiments.scoreboard.pages.markdown import DASH, NOT_RUN, count_of, page, percent, share, table
from experiments.scoreboard.pages.origin import command_of, origin
from experiments.scoreboard.pages.probe_section import NAME, probe_section
from experiments.scoreboard.pages.stages import stages_section
from experiments.scoreboard.pages.summaries import BASE, gap_closed, percent_of, router_percent, summary_of
from experiments.scoreboard.targets import Summary
from experiments.scoreboard.task import BOUNDS, DEMAND_HINDSIGHT, HINDSIGHT
from experiments.traces import caveat_of

LEARNED = "learned"
METRICS = (
    ("on time, in full", "otif_rate", lambda value: f"{100 * value:.1f} %"),
    ("split", "split_rate", lambda value: f"{100 * value:.1f} %"),
    ("kg CO2e", "carbon_kg_per_order", lambda value: f"{value:.3f}"),
    ("dearest 5 %", "tail_cost_per_order", lambda value: f"{value:.2f}"),
    ("ms a decision, median", "ms_per_decision", lambda value: f"{value:.3f}"),
    ("solving, s a trace, median", "solving_seconds", lambda value: f"{value:.2f}"),
)
TIMES = ("ms_per_decision", "solving_seconds")


def scenario_page(evidence: Evidence, summary: Summary | None, figure: str) -> str:
    """The page as Markdown.

    Args:
        evidence: of the scenario.
        summary: corrected over the board, if the learned router and its rival were run.
        figure: a link to the picture, or nothing.
    """
    board, scenario, world = evidence.board, evidence.scenario, world_of(evidence.scenario)
    return page(
        f"# {world.id}",
        "[What is hard here and who should win](../board.md). [All scenarios](index.md).",
        _headline(evidence, summary),
        f"Beware: {caveat_of(world)}." if caveat_of(world) else "",
        figure,
        f"## All routers, {board.num_traces} test traces",
        _routers(evidence),
        _notes(evidence),
        _slow(evidence),
        _seeds(evidence),
        probe_section(evidence),
        literature_section(evidence),
        stages_section(evidence.trainings),
        _missing(evidence),
        origin(command_of(board, (scenario,)), evidence.used.values()),
    )


def _headline(evidence: Evidence, summary: Summary | None) -> str:
    if summary is None:
        rival = evidence.rival
        best = f"The best deployable router so far is {rival}. " if rival else ""
        return f"{best}The learned router: {NOT_RUN}, or not in full (see below)."
    found = summary.percent
    surely = "no interval, and no p-value"
    if summary.p_holm is not None:
        sign = "excludes" if found.both.excludes_zero else "**includes**"
        surely = f"the interval {sign} zero, p = {summary.p_holm:.2g} after Holm's correction over the board"
    side = "below" if found.mean < 0 else "above"
    return (
        f"The learned router is **{abs(found.mean):.2f} % {side}** {summary.rival}, the best other deployable router "
        f"(chosen on validation traces): {percent(found.both)}, {count_of(summary.num_seeds, 'training seed')}, "
        f"{count_of(summary.num_traces, 'test trace')}; {surely}."
    )


def _routers(evidence: Evidence) -> str:
    rival = evidence.rival
    against = None if rival is None else evidence.values(rival, COST)
    rows: list[tuple[float, list[str]]] = []
    for who in evidence.routers:
        costs = evidence.values(who, COST)
        if costs is None or (len(costs) < evidence.board.num_traces):
            continue  # shown apart
        difference = DASH if against is None or who == rival else percent(router_percent(costs, against))
        closed = share(gap_closed(evidence, evidence.values(who, WHOLE)))
        values = [evidence.values(who, metric) for _, metric, _ in METRICS]
        rows.append((float(costs.mean()), [who, f"{costs.mean():.3f}", difference, closed, *_shown(values)]))
    learned = evidence.learned(COST)
    if learned is not None:
        difference = DASH if against is None else percent(percent_of(learned, against).both)
        closed = share(gap_closed(evidence, evidence.learned(WHOLE)))
        values = [evidence.learned(metric) for _, metric, _ in METRICS]
        name = f"**{LEARNED}**"
        rows.append((float(learned.mean()), [name, f"{learned.mean():.3f}", difference, closed, *_shown(values)]))
    probed = evidence.probed()
    if probed is not None:
        difference = DASH if against is None else percent(router_percent(probed, against))
        closed = share(gap_closed(evidence, evidence.probed(WHOLE)))
        values = [evidence.probed(metric) for _, metric, _ in METRICS]
        rows.append((float(probed.mean()), [f"*{NAME}*", f"{probed.mean():.3f}", difference, closed, *_shown(values)]))
    rows.sort(key=lambda row: row[0])
    whole = [_bound(evidence, who) for who in BOUNDS]
    columns = ["router", "cost an order", f"minus {rival or 'the best'} [95 %]", "gap closed", *(m[0] for m in METRICS)]
    return table(columns, [*(row for _, row in rows), *(row for row in whole if row), *_optimum(evidence)])


def _shown(values: list[np.ndarray | None]) -> list[str]:
    """Means over traces; of times medians, because a process that was stopped for a while is in them."""
    return [
        DASH if value is None else write(float(np.median(value) if key in TIMES else value.mean()))
        for value, (_, key, write) in zip(values, METRICS, strict=True)
    ]


def _bound(evidence: Evidence, who: str) -> list[str]:
    values = evidence.bound(who)
    if values is None:
        return []
    closed = share(gap_closed(evidence, values))
    return [f"bound: {who}", f"{values.mean():.3f}", DASH, closed, *(DASH for _ in METRICS)]


def _optimum(evidence: Evidence) -> list[list[str]]:
    values = evidence.optimum
    if values is None:
        return []
    closed = share(gap_closed(evidence, values))
    return [["exact optimum, played", f"{values.mean():.3f}", DASH, closed, *(DASH for _ in METRICS)]]


def _notes(evidence: Evidence) -> str:
    knowing = evidence.knows_end if evidence.knows_end in evidence.routers else None
    others = [who for who in evidence.routers if who not in (SLOW, knowing) and who not in evidence.candidates]
    unseen = [who for who in others if evidence.values(who, COST, "validation") is None]
    too_slow = [who for who in others if who not in unseen]
    slow = f" Too slow to be deployed: {', '.join(too_slow)}." if too_slow else ""
    if unseen:
        slow += f" Not run in full on validation traces, so they could not be chosen as rival: {', '.join(unseen)}."
    if knowing:
        slow += f" Not deployable either: {knowing}, which knows when the episode ends{_would_be_best(evidence)}."
    held = evidence.num_held
    asserted = f" `{HINDSIGHT}` is at most the ledger of each of {held:,} plays held against it." if held else ""
    return (
        f"Intervals of routers are BCa bootstraps over traces; that of the learned router also holds the chance of "
        f"training. Gap closed: of the way from {BASE} down to {DEMAND_HINDSIGHT}, a ratio of mean differences. A "
        f"deployable router decides within {DEPLOYABLE_MS:g} ms; the time is that of the whole simulation by "
        f"decisions, without the job that solves bid prices on a schedule, whose seconds stand apart.{slow}{asserted}"
    )


def _would_be_best(evidence: Evidence) -> str:
    """Said if a router that knows the end beat the rival on the traces on which that was chosen."""
    if evidence.knows_end is None or evidence.rival is None:
        return ""
    costs = evidence.values(evidence.knows_end, COST, "validation")
    is_best = costs is not None and costs.mean() < evidence.candidates[evidence.rival] - 1e-9
    return f" (it was better than {evidence.rival} on validation traces)" if is_best else ""


def _slow(evidence: Evidence) -> str:
    """Rollout beside others on the few traces that it plays."""
    values = evidence.values(SLOW, COST) if SLOW in evidence.board.routers else None
    if values is None or len(values) >= evidence.board.num_traces:
        return ""
    count = len(values)
    rows = [[SLOW, f"{values.mean():.3f}", DASH, _ms(evidence, SLOW, count)]]
    for who in dict.fromkeys([who for who in (evidence.rival, BASE) if who]):
        others = evidence.values(who, COST)
        if others is not None:
            gap = percent(router_percent(others[:count], values))
            rows.append([who, f"{others[:count].mean():.3f}", gap, _ms(evidence, who, count)])
    learned = evidence.learned(COST)
    if learned is not None:
        few = learned[:, :count]
        gap = percent(percent_of(few, values).both)
        rows.append([f"**{LEARNED}**", f"{few.mean():.3f}", gap, _ms(evidence, None, count)])
    head = ["router", "cost an order", f"minus {SLOW} [95 %]", "ms a decision"]
    words = f"## {SLOW.capitalize()}, on the first {count} test traces"
    return f"{words}\n\n{table(head, rows)}\n\nIt is shown apart because it takes too long for a shop."


def _ms(evidence: Evidence, who: str | None, count: int) -> str:
    values = evidence.learned("ms_per_decision") if who is None else evidence.values(who, "ms_per_decision")
    return DASH if values is None else f"{values[..., :count].mean():.3f}"


def _seeds(evidence: Evidence) -> str:
    summary, learned = summary_of(evidence), evidence.learned(COST)
    if summary is None or learned is None:
        return ""
    against = evidence.values(summary.rival, COST)
    assert against is not None
    cells = {cell.seed: cell for cell in evidence.trainings}
    rows = []
    for policy, costs in zip(evidence.policies, learned, strict=True):
        gap = percent(router_percent(costs, against))
        spent = cells[policy.seed].values
        times = [f"{spent['seconds'] / 60:.1f}", f"{spent['core_seconds'] / 60:.1f}"]
        rows.append([str(policy.seed), f"{costs.mean():.3f}", gap, *times])
    found = summary.percent
    head = ["training seed", "cost an order", f"minus {summary.rival} [95 % over traces]", "minutes", "core minutes"]
    words = (
        f"Interval over the means of the seeds (Student): {percent(found.over_seeds)}. Over traces (BCa, mean of the "
        f"seeds): {percent(found.over_traces)}. The headline puts both together, as squares: {percent(found.both)}."
    )
    timed = "" if evidence.decision is None else _timed(evidence.decision)
    return page("## The learned router, seed by seed", table(head, rows), words, timed).rstrip("\n")


def _timed(cell: Cell) -> str:
    times = cell.values
    return (
        f"Exported to ONNX, the policy of seed {cell.who.rpartition('/')[2]} takes {times['decision_us']:.0f} us for a "
        f"decision in process, asked one by one: plans, features, bid prices and the world's events; the choice alone "
        f"{times['choice_us']:.0f} us (medians over a test trace, measured on {cell.facts['processor']})."
    )


def _missing(evidence: Evidence) -> str:
    if not evidence.missing:
        return ""
    rows = [f"- {who}: {words}" for who, words in evidence.missing.items()]
    return "\n".join(["## Not run yet\n", *rows])
