"""A small study that several tests look at."""

from __future__ import annotations

import pytest

import routelab
from experiments.record import Run
from scenarios.registry import load_scenario
from scenarios.scenario import Scenario

SMALL = (
    *("tiny", "--routers", "myopic,nearest", "--replications", "3", "workers=1"),
    *("--variant", "short=stock east -60%; price carbon +100%"),
    *("--variant", "rush=demand region=noon +80%"),
    *("--variant", "other=router fastest"),
    *("--variant", "same="),
)


@pytest.fixture(scope="session")
def small_study(tmp_path_factory) -> Run:
    """A finished study of four variants and two routers with two bars of a tornado; not to be changed."""
    root = tmp_path_factory.mktemp("whatif")
    path = root / "bars.yaml"
    path.write_text('sensitivities: {stock: ["stock all -30%", "stock all +30%"]}\n')
    assert routelab.main(["whatif", str(path), *SMALL[1:], "scenario=tiny", f"root={root}", "name=small"]) == 0
    return Run.open(root / "whatif" / "small")


@pytest.fixture(scope="session")
def metro_small() -> Scenario:
    """The everyday network."""
    return load_scenario("metro-small")
