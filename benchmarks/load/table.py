"""The results as a file, and as the table of the page."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from benchmarks.load.phase import Phase
from benchmarks.load.run import TARGET_MS, Outcome
from benchmarks.load.stall import CLOSED_SECONDS, DEADLINE_MS, GRACE_MS, MOST_FAILURES, RATE, Stall
from benchmarks.load.stalling import CALL_SECONDS
from scenarios.errors import InputError

TARGET_RATIO = 3.0
"""Of the steady load's median to that of the echo."""
TARGET_SLOWER = 2.0
"""Times the normal 99th percentile, of what is accepted under overload."""
TARGET_REFUSAL_MS = 50.0
"""Of the 99th percentile of refusals under overload."""
TARGET_GROWTH = 10.0
"""Per cent of memory, after overload."""

COLUMNS = tuple(field.name for field in fields(Phase))


def write_results(path: Path, outcome: Outcome) -> None:
    """One line a phase."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(asdict(phase) for phase in outcome.phases)


def read_results(path: Path) -> list[Phase]:
    """What ``write_results`` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        return [_phase(row) for row in csv.DictReader(file)]


def _phase(row: dict[str, str]) -> Phase:
    counts = {name: int(row[name]) for name in ("refused", "errors")}
    numbers = {name: float(value) for name, value in row.items() if name not in (*counts, "name")}
    return Phase(name=row["name"], **counts, **numbers)  # type: ignore[arg-type]


def write_stall(path: Path, stall: Stall) -> None:
    """One line."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, asdict(stall))
        table.writeheader()
        table.writerow(asdict(stall))


def read_stall(path: Path) -> Stall | None:
    """What ``write_stall`` wrote; None if it did not."""
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    numbers = {field.name: (int if field.type == "int" else float)(row[field.name]) for field in fields(Stall)}
    return Stall(**numbers)  # type: ignore[arg-type]


def markdown(phases: Sequence[Phase], stall: Stall | None = None) -> str:
    """The table of phases, and what follows from it, as the page quotes them."""
    lines = [
        "| phase | seconds | offered /s | accepted /s | refused | errors | median ms | p99 ms | max ms "
        "| refusals p99 ms | CPU ms a request | memory MB | others' cores |",
        "|---" * len(COLUMNS) + "|",
    ]
    for row in phases:
        numbers = [value for name, value in asdict(row).items() if name != "name"]
        lines.append(f"| {row.name} | " + " | ".join(f"{number:g}" for number in numbers) + " |")
    sentences = findings(phases) + ([] if stall is None else findings_of_stall(stall))
    return "\n".join([*lines, "", *(f"- {sentence}" for sentence in sentences)])


def write_page(path: Path, phases: Sequence[Phase], stall: Stall | None = None) -> None:
    """Puts the table where the page quotes it."""
    before, begin, rest = path.read_text(encoding="utf-8").partition("<!-- benchmark -->\n")
    _, end, after = rest.partition("<!-- end -->")
    if not end:
        raise InputError(str(path), "no marks", "a benchmark mark and an end mark after it", "put them back")
    path.write_text(f"{before}{begin}{markdown(phases, stall)}\n{end}{after}", encoding="utf-8")


def findings(phases: Sequence[Phase]) -> list[str]:
    """Each target, and whether it was reached, in words and numbers."""
    by_name = {phase.name: phase for phase in phases}
    steady, overload, before = by_name["steady"], by_name["overload"], by_name["normal, before"]
    after = by_name["normal, after"]
    ratio = steady.p50_ms / ((by_name["echo before"].p50_ms + by_name["echo after"].p50_ms) / 2)
    climbed = [phase for phase in phases if phase.name.startswith("at ")]
    held = [row.offered_per_s for row in climbed if row.p99_ms <= TARGET_MS and not row.refused and not row.errors]
    slower, grown = overload.p99_ms / before.p99_ms, 100 * (after.memory_mb - before.memory_mb) / before.memory_mb
    is_fast = after.p99_ms <= max(TARGET_MS, before.p99_ms)
    is_normal = is_fast and after.refused <= before.refused and after.errors <= before.errors
    return [
        f"Played by `.venv/bin/python -m benchmarks.load --rate {steady.offered_per_s:g} "
        f"--seconds {steady.seconds:g} --write`, "
        "as far as the results tell: processes, their cores and database are not among them.",
        f"Steady load of {steady.offered_per_s:g} orders a second for {steady.seconds:g} s: p99 {steady.p99_ms:g} ms "
        f"({_verdict(steady.p99_ms <= TARGET_MS)}: at most {TARGET_MS:g} ms), {steady.errors} errors "
        f"({_verdict(not steady.errors)}: none); {steady.refused} refused.",
        f"Its median is {ratio:.1f} times the echo's ({_verdict(ratio <= TARGET_RATIO)}: at most {TARGET_RATIO:g}).",
        f"Highest rate of the ladder whose p99 stayed within {TARGET_MS:g} ms: {max(held, default=0):g} a second.",
        f"Overload, what is accepted: p99 {slower:.1f} times the normal one "
        f"({_verdict(slower <= TARGET_SLOWER)}: at most {TARGET_SLOWER:g}), which is of "
        f"{before.offered_per_s:g} a second; {overload.p99_ms / steady.p99_ms:.1f} times that of the steady "
        f"load, which is as much as was let in now.",
        f"Overload, what is refused: p99 {overload.refusal_p99_ms:g} ms "
        f"({_verdict(overload.refusal_p99_ms <= TARGET_REFUSAL_MS)}: at most {TARGET_REFUSAL_MS:g} ms).",
        f"Memory after it: {grown:+.1f} % ({_verdict(grown <= TARGET_GROWTH)}: at most {TARGET_GROWTH:+g} %).",
        f"Normal again {by_name['recovery'].seconds:g} s after it: p99 {after.p99_ms:g} ms, "
        f"{before.p99_ms:g} ms before, {after.refused} refused, {before.refused} before "
        f"({_verdict(is_normal)}: within {TARGET_MS:g} ms or as before, and no more refused).",
    ]


def findings_of_stall(stall: Stall) -> list[str]:
    """The same of a policy that stalls."""
    number, by_fallback = stall.answered + stall.refused + stall.errors, stall.answered - stall.by_policy
    late_percent = 100 * stall.late / number
    return [
        f"Each call of the policy takes {CALL_SECONDS:g} s while {RATE:g} orders a second come for {stall.seconds:g} "
        f"s, each with a deadline of {DEADLINE_MS:g} ms: {by_fallback} of {number} decided by a fallback that the "
        f"answer names ({_verdict(by_fallback == number)}: all), {stall.refused} refused; {late_percent:.1f} % "
        f"told later than {GRACE_MS:g} ms after the deadline ({_verdict(not stall.late)}: none), the latest "
        f"{stall.latest_ms:+g} ms from it.",
        f"The policy was left out after {stall.failures} failures "
        f"({_verdict(stall.failures <= MOST_FAILURES)}: at most {MOST_FAILURES}), and decided again "
        f"{stall.closed_s:g} s after the stall ({_verdict(stall.closed_s <= CLOSED_SECONDS)}: "
        f"within {CLOSED_SECONDS:g} s).",
    ]


def _verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "MISSED"
