"""One sound bundle, a service on it, and requests that it can answer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.bundle import BundleAgent
from serve.service import DecisionService
from tests.policy_bundles import make_bundle

AMPLE_SECONDS = 30.0
"""A budget that a busy machine does not use up."""


@pytest.fixture(scope="session")
def sound_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the hand-made policy for ``metro-small``."""
    return make_bundle(tmp_path_factory.mktemp("bundles") / "policy")


@pytest.fixture(scope="session")
def sound_agent(sound_bundle: Path) -> BundleAgent:
    return BundleAgent(sound_bundle)


@pytest.fixture
def agent(sound_bundle: Path) -> BundleAgent:
    """One whose ``scores`` a test may replace."""
    return BundleAgent(sound_bundle)


@pytest.fixture(scope="session")
def service(sound_agent: BundleAgent) -> DecisionService:
    return DecisionService(sound_agent, AMPLE_SECONDS)


@pytest.fixture
def make_request(sound_agent: BundleAgent) -> Callable[..., dict[str, Any]]:
    """A request from a golden case: the one with the most lines, unless a position is given."""

    def build(position: int | None = None) -> dict[str, Any]:
        documents = [case.document for case in sound_agent.bundle.golden]
        if position is None:
            return copy.deepcopy(max(documents, key=lambda document: len(document["order"]["lines"])))
        return copy.deepcopy(documents[position])

    return build
