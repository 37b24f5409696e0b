"""The load benchmark in its short form: what must hold however slow the machine is. And its page."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.load.phase import Cost, Load, Phase, measured
from benchmarks.load.run import BURST_SECONDS, OVERLOAD, Outcome, Plan, cores_for, run
from benchmarks.load.sender import Reply
from benchmarks.load.stall import CLOSED_SECONDS, DEADLINE_MS, MOST_FAILURES, Stall, stalled
from benchmarks.load.table import (
    findings,
    findings_of_stall,
    markdown,
    read_results,
    read_stall,
    write_page,
    write_results,
    write_stall,
)
from scenarios.errors import InputError
from tests.policy_bundles import make_bundle

COST = Cost(cpu_ms=1.5, memory_mb=200.0, others_cores=0.25)


@pytest.mark.slow
def test_nothing_is_lost_under_load(tmp_path: Path) -> None:
    """Every request is answered or refused as it should be; who was answered is on record; afterwards all is normal."""
    rate = 30.0
    bundle, database = make_bundle(tmp_path / "bundle"), f"sqlite:///{tmp_path / 'shop.db'}"
    plan = Plan(bundle, database, rate, seconds=15.0, ladder=(10.0,), cores=cores_for(2))
    outcome = asyncio.run(run(plan))
    assert [phase.name for phase in outcome.phases if phase.errors] == []
    assert (outcome.lost, outcome.complaints) == (0, 0)
    assert len(outcome.accepted) == len(set(outcome.accepted)) > 15 * rate
    for name in ("steady", "at 10/s"):
        assert (name, outcome.named(name).refused) == (name, 0)
    for name in ("normal, before", "normal, after"):  # a machine that stood still sends too much at once
        assert outcome.named(name).accepted_per_s > rate / 4
    overload = outcome.named("overload")
    assert overload.offered_per_s == OVERLOAD * rate
    assert overload.refused > 0
    stall = outcome.stall
    assert stall is not None
    assert (stall.by_policy, stall.errors) == (0, 0)
    assert stall.answered > 0
    assert stall.late <= 0.1 * (stall.answered + stall.refused)  # a machine that stood still is late
    assert 0 < stall.failures <= MOST_FAILURES
    assert stall.closed_s <= CLOSED_SECONDS
    seconds = plan.seconds / 10
    assert overload.accepted_per_s * seconds <= rate * (seconds + BURST_SECONDS) + 2


def test_what_is_measured_of_a_phase() -> None:
    replies = [Reply(i / 100, i / 1000, 200) for i in range(1, 101)]
    replies += [Reply(0, 0.003, 429, "1"), Reply(0, 0.004, 503, "2")]
    replies += [Reply(0, 0.0, 0), Reply(0, 0.0, 500), Reply(0, 0.0, 503)]  # no answer, a fault, no Retry-After
    phase = measured(Load("x", 105.0, 1.0), replies, COST)
    assert (phase.accepted_per_s, phase.refused, phase.errors) == (100.0, 2, 3)
    assert (phase.p50_ms, phase.p99_ms, phase.max_ms, phase.refusal_p99_ms) == (50.5, 99.01, 100.0, 3.99)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    phase = measured(Load("steady", 10.0, 1.0), [Reply(0, 0.002, 200)], COST)
    write_results(tmp_path / "load.csv", Outcome([phase]))
    assert [asdict(row) for row in read_results(tmp_path / "load.csv")] == [asdict(phase)]


def test_what_is_measured_of_a_stall(tmp_path: Path) -> None:
    """Answers in the order of asking: three failures, then left out but for one that tries, and one too late."""
    reasons = ["the policy gave no answer within 50 ms"] + 2 * ["the policy is still busy with a call"]
    reasons += ["the policy is left out", "the policy is still busy with a call", "the policy is left out"]
    bodies = [json.dumps({"stage": "heuristic", "fallback_reason": reason}).encode() for reason in reasons]
    bodies.append(json.dumps({"stage": "policy", "fallback_reason": None}).encode())
    replies = [Reply(i, 0.02, 200, body=body) for i, body in enumerate(bodies)]
    replies += [Reply(7, (DEADLINE_MS + 9) / 1000, 503, "1"), Reply(8, (DEADLINE_MS + 11) / 1000, 503, "1")]
    replies.append(Reply(9, 0.0, 0))
    stall = stalled(Load("x", 1.0, 10.0), replies, 2.5)
    assert stall == Stall(10.0, 7, 2, 1, 1, 1, 11.0, 3, 2.5)
    for some in (stall, replace(stall, closed_s=float("inf"))):
        write_stall(tmp_path / "stall.csv", some)
        assert read_stall(tmp_path / "stall.csv") == some
    assert read_stall(tmp_path / "none.csv") is None


def test_every_target_of_a_stall_is_judged() -> None:
    good, bad = Stall(6.0, 150, 0, 0, 0, 0, 10.0, 20, 30.0), Stall(6.0, 149, 1, 0, 0, 3, 10.1, 21, float("inf"))
    for some, verdict, other in ((good, "reached", "MISSED"), (bad, "MISSED", "reached")):
        told = "\n".join(findings_of_stall(some))
        assert (told.count(verdict), told.count(other)) == (4, 0)
    assert "2.0 % told later" in told


def test_only_the_table_of_a_page_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.load.table.markdown", lambda phases, stall: "TABLE")
    page = tmp_path / "page.md"
    page.write_text("# Title\n<!-- benchmark -->\n<!-- end -->\nThe rest.\n", encoding="utf-8")
    for _ in range(2):
        write_page(page, [])
        assert page.read_text(encoding="utf-8") == "# Title\n<!-- benchmark -->\nTABLE\n<!-- end -->\nThe rest.\n"
    page.write_text("# Title\n", encoding="utf-8")
    with pytest.raises(InputError, match="marks"):
        write_page(page, [])


def phase(name: str, p50: float, p99: float, memory: float = 100.0, errors: int = 0, refusal_p99: float = 0.0) -> Phase:
    return Phase(name, 5.0, 100.0, 100.0, 0, errors, p50, p99, p99, refusal_p99, 1.0, memory, 0.0)


def test_every_target_is_judged() -> None:
    others = [phase("echo before", 1.0, 2.0), phase("echo after", 1.0, 2.0), phase("recovery", 4.0, 90.0)]
    good = [
        phase("steady", 3.0, 20.0),
        phase("overload", 5.0, 40.0, refusal_p99=50.0),
        phase("normal, before", 3.0, 20.0),
        phase("normal, after", 3.0, 20.0, memory=110.0),
    ]
    bad = [
        phase("steady", 3.1, 20.1, errors=1),
        phase("overload", 5.0, 41.0, refusal_p99=51.0),
        phase("normal, before", 3.0, 20.0),
        phase("normal, after", 3.0, 20.1, memory=111.0),
    ]
    for some, verdict, other in ((good, "reached", "MISSED"), (bad, "MISSED", "reached")):
        told = "\n".join(findings([*others, *some]))
        assert (told.count(verdict), told.count(other)) == (7, 0)
    assert "`.venv/bin/python -m benchmarks.load --rate 100 --seconds 5 --write`" in told


def test_the_page_quotes_the_results(repository: Path) -> None:
    text = (repository / "docs/load.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- benchmark -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    assert found
    results = repository / "docs/results"
    phases = read_results(results / "load.csv")
    assert found[1] == markdown(phases, read_stall(results / "load_stall.csv"))
    (steady,) = (phase for phase in phases if phase.name == "steady")
    quoted = f"200 orders a second for {steady.seconds:.0f} seconds from its own books"
    within = f"half of them within {steady.p50_ms:.1f} ms, 99 % within {steady.p99_ms:.1f} ms"
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert (steady.offered_per_s, steady.errors) == (200, 0)
    assert quoted in readme
    assert within in readme
