"""The targets, evaluated: reached, not reached, or not decided yet, each with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.scoreboard.statistics import Difference, Gap, mean_share
from experiments.statistics import Interval
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE

NEEDED_SEEDS, NEEDED_TRACES = 5, 100
"""Fewer decide nothing."""

TOO_LITTLE = "too little was run"

WIN_PERCENT, WINS, GAP_SHARE = -1.0, 4, 0.25
LOSS_PERCENT, EXACT_PERCENT = 0.2, 1.0
FRONT_PERCENT = 5.0
TRAINING_MINUTES = 10.0
SIGNIFICANT = 0.05
DECISION_US = 100.0


@dataclass(frozen=True)
class Summary:
    """One scenario in numbers.

    Attributes:
        scenario: its name.
        rival: the best other deployable router.
        num_seeds: trainings compared.
        num_traces: test traces compared.
        percent: learned minus rival, in percent of the rival's cost.
        p_holm: its p-value, corrected over the board.
        left_by_dual: from the dual down to ``demand_hindsight``; None where something was not run.
        above_optimum: learned over the exact optimum on the same traces, percent; None where there is none.
        training_minutes: core minutes of each training.
        decision_us: microseconds of a decision of the exported policy, in process; None unless that was timed.
        minus_probe: learned minus the one tuned number, percent of its cost; None unless that was run.
        left_to_rival: what the rival closes of ``left_by_dual``, a share; None where that is.
        absent: deployable routers that have not played all validation and test traces, so could not be the rival.
    """

    scenario: str
    rival: str
    num_seeds: int
    num_traces: int
    percent: Difference
    p_holm: float | None = None
    left_by_dual: Gap | None = None
    above_optimum: Interval | None = None
    training_minutes: tuple[float, ...] = ()
    decision_us: float | None = None
    minus_probe: Difference | None = None
    left_to_rival: float | None = None
    absent: tuple[str, ...] = ()

    @property
    def is_enough(self) -> bool:
        """Whether so many seeds, traces and rivals decide anything."""
        return self.num_seeds >= NEEDED_SEEDS and self.num_traces >= NEEDED_TRACES and not self.absent


@dataclass(frozen=True)
class Volume:
    """Hypervolume of one front: the learned one over the best swept heuristic's, in percent.

    Attributes:
        scenario: its name.
        rival: the heuristic, chosen on validation traces.
        gain: percent, with its interval over training seeds.
        num_seeds: trainings compared.
        num_traces: test traces of each point.
        is_conditioned: whether one policy was trained for all preferences.
        absent: routers whose weights are swept, but not on all validation and test traces.
    """

    scenario: str
    rival: str
    gain: Interval
    num_seeds: int
    num_traces: int
    is_conditioned: bool
    absent: tuple[str, ...] = ()

    @property
    def is_enough(self) -> bool:
        """Whether so many seeds, traces and rivals decide anything."""
        return self.num_seeds >= NEEDED_SEEDS and self.num_traces >= NEEDED_TRACES and not self.absent


@dataclass(frozen=True)
class Verdict:
    """A target.

    Attributes:
        text: what was aimed at.
        is_reached: None as long as it is not decided.
        numbers: what was measured.
    """

    text: str
    is_reached: bool | None
    numbers: str

    @property
    def word(self) -> str:
        """As the page says it."""
        return {True: "reached", False: "**not reached**", None: "not decided"}[self.is_reached]


def is_win(summary: Summary) -> bool | None:
    """Whether the learned router is surely and by a per cent below its rival; None if too little was run."""
    if not summary.is_enough or summary.p_holm is None:
        return None
    is_sure = summary.p_holm < SIGNIFICANT and summary.percent.both.excludes_zero
    return summary.percent.mean <= WIN_PERCENT and is_sure


def is_more_than_a_number(summary: Summary) -> bool:
    """Whether the learned router would win with the one tuned number as its rival; by the interval alone."""
    found = summary.minus_probe
    return found is not None and found.mean <= WIN_PERCENT and found.both.excludes_zero


def is_kept(summary: Summary) -> bool | None:
    """Whether nothing was lost; None if too little was run."""
    return summary.percent.mean <= LOSS_PERCENT if summary.is_enough else None


def verdicts(
    summaries: Sequence[Summary],
    volumes: Sequence[Volume],
    fronts: Sequence[str],
    other_minutes: Sequence[float] = (),
) -> list[Verdict]:
    """All targets.

    Args:
        summaries: of the scenarios where a learned router and its rival were run.
        volumes: of the fronts that were run.
        fronts: scenarios that have to have one.
        other_minutes: core minutes of trainings with preferences and on drawn worlds.
    """
    by_name = {summary.scenario: summary for summary in summaries}
    return [
        _wins(by_name),
        _gap(by_name),
        _kept(by_name),
        _exact(by_name),
        *(_front(name, volumes) for name in fronts),
        _training(summaries, other_minutes),
        _decisions(summaries),
    ]


def _wins(found: dict[str, Summary]) -> Verdict:
    text = f"at least {-WIN_PERCENT:g} % below the best other deployable router, surely, on {WINS} of {len(WINNABLE)}"
    known = {name: is_win(found[name]) for name in WINNABLE if name in found}
    wins = [name for name, won in known.items() if won]
    open_ones = len(WINNABLE) - sum(won is not None for won in known.values())
    is_reached = True if len(wins) >= WINS else False if len(wins) + open_ones < WINS else None
    numbers = "; ".join(
        f"{name} {found[name].percent.mean:+.2f} % ({_yes(known[name])})" for name in WINNABLE if name in known
    )
    return Verdict(text, is_reached, _open(numbers, open_ones))


def _gap(found: dict[str, Summary]) -> Verdict:
    text = f"closes at least {100 * GAP_SHARE:g} % of what the dual leaves to demand_hindsight, averaged over the group"
    known = {name: found[name] for name in WINNABLE if name in found}
    gaps = [gap for gap in (summary.left_by_dual for summary in known.values()) if gap and gap.share is not None]
    is_whole = len(gaps) == len(WINNABLE) and all(summary.is_enough for summary in known.values())
    numbers, is_reached = "", None
    if gaps:
        mean = mean_share(gaps)
        is_reached = mean.mean >= GAP_SHARE if is_whole else None
        ends = "" if mean.low is None or mean.high is None else f" [{100 * mean.low:.1f}, {100 * mean.high:.1f}]"
        numbers = f"{100 * mean.mean:.1f} %{ends} over {len(gaps)}"
        rivals = [summary.left_to_rival for summary in known.values() if summary.left_to_rival is not None]
        numbers += f"; the best other routers {100 * sum(rivals) / len(rivals):.1f} %" if rivals else ""
    return Verdict(text, is_reached, _open(numbers, len(WINNABLE) - len(gaps)))


def _kept(found: dict[str, Summary]) -> Verdict:
    text = f"sanity group: at most {LOSS_PERCENT:g} % above the best other deployable router"
    known = {name: is_kept(found[name]) for name in SANITY if name in found}
    open_ones = len(SANITY) - sum(kept is not None for kept in known.values())
    is_reached = False if False in known.values() else None if open_ones else True
    numbers = "; ".join(f"{name} {found[name].percent.mean:+.2f} % ({_yes(known[name])})" for name in known)
    return Verdict(text, is_reached, _open(numbers, open_ones))


def _exact(found: dict[str, Summary]) -> Verdict:
    text = f"tiny: within {EXACT_PERCENT:g} % of the exact optimum"
    summary = found.get("tiny")
    if summary is None or summary.above_optimum is None:
        return Verdict(text, None, "not run")
    above = summary.above_optimum.mean
    is_reached = above <= EXACT_PERCENT if summary.is_enough else None
    return Verdict(text, is_reached, f"{above:+.2f} % on the same traces")


def _front(scenario: str, volumes: Sequence[Volume]) -> Verdict:
    text = f"{scenario}: hypervolume at least {FRONT_PERCENT:g} % above the best weight-swept heuristic's, surely"
    volume = next((volume for volume in volumes if volume.scenario == scenario), None)
    if volume is None:
        return Verdict(text, None, "not run")
    gain = volume.gain
    numbers = (
        f"{gain.mean:+.1f} %{_ends(gain)} over {volume.num_seeds} seeds against {volume.rival}, "
        f"{volume.num_traces} traces"
    )
    if not volume.is_conditioned:
        return Verdict(text, None, f"{numbers}; the policy was not conditioned on preferences")
    numbers += f"; not played in full: {', '.join(volume.absent)}" if volume.absent else ""
    is_high, is_sure = gain.mean >= FRONT_PERCENT, gain.excludes_zero
    numbers += "; above in the mean, not beyond doubt" if is_high and not is_sure else ""
    return Verdict(text, is_high and is_sure if volume.is_enough else None, numbers)


def _training(summaries: Sequence[Summary], others: Sequence[float]) -> Verdict:
    text = f"a policy trains in about 5 minutes on one core, {TRAINING_MINUTES:g} at most"
    minutes = [*(value for summary in summaries for value in summary.training_minutes), *others]
    if not minutes:
        return Verdict(text, None, "not run")
    is_enough = all(summary.is_enough for summary in summaries)
    numbers = (
        f"{sum(minutes) / len(minutes):.1f} core minutes in the mean, {max(minutes):.1f} at most, of {len(minutes)}"
    )
    return Verdict(text, max(minutes) <= TRAINING_MINUTES if is_enough else None, numbers)


def _decisions(summaries: Sequence[Summary]) -> Verdict:
    text = f"an exported decision takes at most {DECISION_US:g} us in process, bid prices looked up"
    known = {one.scenario: one.decision_us for one in summaries if one.decision_us is not None}
    if not known:
        return Verdict(text, None, "not run")
    slowest = max(known, key=known.__getitem__)
    numbers = f"{known[slowest]:.0f} us on {slowest}, the slowest of {len(known)} (medians over decisions)"
    is_reached = known[slowest] <= DECISION_US
    is_whole = {*WINNABLE, *SANITY, *LITERATURE} <= set(known)
    return Verdict(text, is_reached if is_whole or not is_reached else None, numbers)


def _ends(interval: Interval) -> str:
    return "" if interval.low is None or interval.high is None else f" [{interval.low:+.1f}, {interval.high:+.1f}]"


def _yes(is_reached: bool | None) -> str:
    return {True: "yes", False: "no", None: TOO_LITTLE}[is_reached]


def _open(numbers: str, open_ones: int) -> str:
    rest = f"{open_ones} not decided" if open_ones else ""
    return "; ".join(filter(None, (numbers, rest)))
