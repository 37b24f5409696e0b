"""The warehouses that sentences name are those that cannot send a line, whatever the situation."""

from __future__ import annotations

import re

import pytest

from agents.bundle import BundleAgent
from agents.documents import parse_case
from serve.explanations.exclusion import cause_at, cause_by
from serve.explanations.reasons import explain
from tests.serve.random_cases import random_case


@pytest.mark.parametrize("seed", range(40))
def test_named_are_those_that_cannot_send(sound_agent: BundleAgent, seed: int) -> None:
    """Found by asking for each line, warehouse and service alone."""
    case = parse_case(random_case(sound_agent, seed))
    snapshot, names = sound_agent.reader.read(case), sound_agent.reader.names_of(case.order)
    services = range(len(names.services))
    wanted = {}
    for line in range(int(snapshot.seen.order["num_lines"][0])):
        out = [
            name
            for w, name in enumerate(names.warehouses)
            if cause_at(snapshot, line, w) or all(cause_by(snapshot, names, line, w, s) for s in services)
        ]
        if out:
            wanted[case.order.lines[line].sku] = out
    sentences = explain(snapshot, names, 0 if snapshot.num_plans else None, None)
    told = {}
    for sentence in sentences:
        found = re.fullmatch(r"(\S+) cannot leave now from (.*)\.", sentence)
        if found:
            told[found[1]] = re.findall(r"(\S+) \([^)]*\)", found[2])
    assert told == wanted
