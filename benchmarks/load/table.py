"""The results as a file, and as the table of the page."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from benchmarks.load.phase import Phase
from benchmarks.load.run import TARGET_MS, Outcome
from scenarios.errors import InputError

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


def markdown(phases: Sequence[Phase]) -> str:
    """The table of phases, and what follows from it, as the page quotes them."""
    lines = [
        "| phase | seconds | offered /s | accepted /s | refused | errors | median ms | p99 ms | max ms "
        "| refusals p99 ms | CPU ms a request | memory MB | others' cores |",
        "|---" * len(COLUMNS) + "|",
    ]
    for row in phases:
        numbers = [value for name, value in asdict(row).items() if name != "name"]
        lines.append(f"| {row.name} | " + " | ".join(f"{number:g}" for number in numbers) + " |")
    return "\n".join([*lines, "", *(f"- {sentence}" for sentence in findings(phases))])


def write_page(path: Path, phases: Sequence[Phase]) -> None:
    """Puts the table where the page quotes it."""
    before, begin, rest = path.read_text(encoding="utf-8").partition("<!-- benchmark -->\n")
    _, end, after = rest.partition("<!-- end -->")
    if not end:
        raise InputError(str(path), "no marks", "a benchmark mark and an end mark after it", "put them back")
    path.write_text(f"{before}{begin}{markdown(phases)}\n{end}{after}", encoding="utf-8")


def findings(phases: Sequence[Phase]) -> list[str]:
    """What was reached and what was not, in words and numbers."""
    by_name = {phase.name: phase for phase in phases}
    steady, overload, before = by_name["steady"], by_name["overload"], by_name["normal, before"]
    echoes = (by_name["echo before"].p50_ms + by_name["echo after"].p50_ms) / 2
    climbed = [phase for phase in phases if phase.name.startswith("at ")]
    held = [row.offered_per_s for row in climbed if row.p99_ms <= TARGET_MS and not row.refused and not row.errors]
    grown = 100 * (by_name["normal, after"].memory_mb / before.memory_mb - 1)
    return [
        f"Steady load of {steady.offered_per_s:g} orders a second: p99 {steady.p99_ms:g} ms "
        f"({_verdict(steady.p99_ms <= TARGET_MS)} {TARGET_MS:g} ms), {steady.errors} errors, {steady.refused} refused.",
        f"Median of {steady.p50_ms:g} ms against {echoes:.2f} ms of the echo: {steady.p50_ms / echoes:.1f} times.",
        f"Highest rate of the ladder whose p99 stayed within {TARGET_MS:g} ms: {max(held, default=0):g} a second.",
        f"Overload: accepted p99 {overload.p99_ms / before.p99_ms:.1f} times its normal one, refusals within "
        f"{overload.refusal_p99_ms:g} ms (p99), memory {grown:+.1f} %; after it p99 was "
        f"{by_name['recovery'].p99_ms:g} ms in the first seconds, {before.p99_ms:g} ms before.",
    ]


def _verdict(is_reached: bool) -> str:
    return "within" if is_reached else "MISSED:"
