"""The page of fronts: one policy under many preferences, and heuristics whose weights are swept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.scoreboard.board import Board
from experiments.scoreboard.front import GOALS, NUM_PREFERENCES, REFERENCE_POINTS, SWEEP, SWEPT
from experiments.scoreboard.pages.fronts import Front, weighted
from experiments.scoreboard.pages.markdown import DASH, NOT_RUN, page, percent, table
from experiments.scoreboard.pages.origin import commands_of, origin, traces_of
from experiments.scoreboard.pages.summaries import percent_of
from experiments.scoreboard.policies import CONDITIONED
from experiments.scoreboard.statistics import t_interval
from experiments.statistics import Interval, pareto_front

REASON = "../scoreboard.md#front-in-two-steps"
"""Why the reference point is what it is, and what comes of that."""

NAME = "one policy" if CONDITIONED else "learned, not conditioned"


def front_page(board: Board, fronts: Sequence[Front], figures: dict[str, str]) -> str:
    """The page as Markdown.

    Args:
        board: what was to be run.
        fronts: one a scenario.
        figures: scenario to a link to its picture.
    """
    cells = {key: cell for front in fronts for key, cell in front.used.items()}
    scenarios = () if board.front_scenarios == Board().front_scenarios else board.front_scenarios
    return page(
        "# Fronts: cost, lateness and carbon",
        f"Each router plays the same traces under {len(SWEEP)} weight vectors; a point is what it then pays of the "
        f"three goals, currency units an order, mean over traces. Hypervolume: the space between points and a "
        f"reference point, the nadir of the myopic sweep on validation traces ({_link(board)}), which is committed "
        f"before preferences are learned ([why, and what comes of it]({REASON})). Expected utility: the weighted cost "
        f"of the best point, mean over {NUM_PREFERENCES:,} preferences drawn over the range of the sweep; lower is "
        f"better. Cost and lateness: the area before the reference point in these two goals. It explains, and no "
        f"target is judged by it: it was added when the first front had been seen.",
        "" if CONDITIONED else _not_conditioned(),
        *(_section(front, figures.get(front.scenario, "")) for front in fronts),
        "## Weight vectors\n\n" + table(("number", *_goals()), _weights()),
        origin(commands_of(board, scenarios, ("front", "pages"), traces_of(fronts)), cells.values()),
    )


def _not_conditioned() -> str:
    return (
        "**No policy was conditioned on preferences yet.** The learned router here was trained for even weights; it "
        "sees others only in the prices of plans: this is what such a policy does, not what one that learned "
        "preferences can."
    )


def _link(board: Board) -> str:
    is_there = (board.pages / REFERENCE_POINTS).is_file()
    return f"[{REFERENCE_POINTS}]({REFERENCE_POINTS})" if is_there else REFERENCE_POINTS


def _goals() -> tuple[str, ...]:
    return tuple(goal.partition("_")[0] for goal in GOALS)


def _weights() -> list[list[str]]:
    return [[str(number), *(f"{weight:g}" for weight in weights)] for number, weights in enumerate(SWEEP, start=1)]


def _section(front: Front, figure: str) -> str:
    title = f"## {front.scenario}"
    if front.reference is None:
        return f"{title}\n\nNot run."
    point = ", ".join(f"{goal} {value:.4f}" for goal, value in zip(_goals(), front.reference, strict=True))
    rows = []
    for who, points in front.heuristics.items():
        numbers = f"{front.volume(points):.6g}", f"{front.area(points):.4f}", f"{front.utility(points):.3f}"
        rows.append([who, *numbers, _inside(front, points), _on_front(points)])
    if front.learned is not None:
        volumes = t_interval(np.array([front.volume(points) for points in front.learned]))
        means = [float(np.mean([of(points) for points in front.learned])) for of in (front.area, front.utility)]
        inside, kept = (
            ", ".join(words) for words in zip(*((_inside(front, p), _on_front(p)) for p in front.learned), strict=True)
        )
        rows.append([f"**{NAME}**", _number(volumes), f"{means[0]:.4f}", f"{means[1]:.3f}", inside, kept])
    else:
        rows.append([f"**{NAME}**", *[NOT_RUN] * 5])
    head = (
        "router",
        "hypervolume",
        "cost and lateness",
        "expected utility",
        "points better than the reference",
        "points that none of its own beats",
    )
    for who in front.absent:
        rows.append([who, *[NOT_RUN] * 5])
    blocks = (
        title,
        f"Reference point: {point}{_since(front)}. Test traces: {front.num_traces}{_short(front)}.",
        figure,
        table(head, rows),
        _words(front),
        _by_weights(front),
    )
    return "\n\n".join(filter(None, blocks))


def _since(front: Front) -> str:
    """Said if rules have changed so that the committed point is not what it was made as."""
    now = front.reference_now
    if front.reference is None or now is None or np.abs(now - front.reference).max() <= 1e-6:
        return ""
    return f" (by the present rules the nadir would be {', '.join(f'{value:.4f}' for value in now)})"


def _short(front: Front) -> str:
    usual = Board().num_front
    return f" of {usual}" if front.num_traces < usual else ""


def _by_weights(front: Front) -> str:
    """What each pays in its own weighted cost, weight vector by weight vector."""
    if front.learned is None and not front.heuristics:
        return ""
    learned = None if front.learned is None else weighted(front.learned)
    costs = {who: weighted(points) for who, points in front.heuristics.items()}
    rows = []
    for row, (weights, rival) in enumerate(zip(SWEEP, front.rivals, strict=True)):
        numbers = [f"{costs[who][row].mean():.3f}" if who in costs else NOT_RUN for who in SWEPT]
        mean, minus = (NOT_RUN, DASH) if learned is None else (f"{learned[:, row].mean():.3f}", DASH)
        if learned is not None and rival is not None:
            minus = f"{percent(percent_of(learned[:, row], costs[rival][row]).both)} ({rival})"
        rows.append([", ".join(f"{weight:g}" for weight in weights), *numbers, mean, minus])
    head = (f"weights ({', '.join(_goals())})", *SWEPT, f"**{NAME}**", "minus the best of the others [95 %]")
    return (
        f"{table(head, rows)}\n\nWeighted cost an order under each weight vector, mean over traces (and training "
        f"seeds); lower is better. The best of the others is chosen on validation traces, for each vector anew."
    )


def _number(interval: Interval) -> str:
    ends = "" if interval.low is None else f" [{interval.low:.6g}, {interval.high:.6g}]"
    return f"{interval.mean:.6g}{ends}"


def _inside(front: Front, points: np.ndarray) -> str:
    return str(int((~front.outside(points).any(axis=1)).sum()))


def _on_front(points: np.ndarray) -> str:
    return str(int(pareto_front(points.mean(axis=1)).sum()))


def _words(front: Front) -> str:
    found = front.summary
    if found is None:
        if front.rival is not None and front.learned is not None:
            return (
                f"{front.rival} has no hypervolume here: none of its points is better than the reference in all goals."
            )
        return ""
    side = "above" if found.gain.mean >= 0 else "below"
    return (
        f"The learned front's hypervolume is **{abs(found.gain.mean):.1f} % {side}** that of {found.rival}, the best "
        f"swept router on validation traces: {percent(found.gain, 1)} over {found.num_seeds} training seeds (Student), "
        f"{percent(front.gain_over_traces(), 1)} over {found.num_traces} traces (bootstrap). {_why(front)}"
    )


def _why(front: Front) -> str:
    """Which goals keep points out of what is measured."""
    assert front.learned is not None
    outside = np.concatenate([front.outside(points) for points in front.learned])
    number = len(outside)
    goals = ", ".join(f"{int(count)} in {goal}" for goal, count in zip(_goals(), outside.sum(axis=0), strict=True))
    return (
        f"Of its {number} points {int(outside.any(axis=1).sum())} are no better than the reference in some goal, and "
        f"so count nothing: {goals}. [Why]({REASON})."
    )
