"""What a bundle knows of its policy's confidence reaches whoever asks why, and whoever lets a policy decide."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from agents.bundle import BundleAgent
from agents.documents import parse_case
from scenarios.errors import InputError
from serve.decisions.plan_writer import to_json
from serve.decisions.record import Record
from serve.decisions.service import DecisionService, Mark
from serve.explanations.explanation import Explanation
from serve.policies.reliability import reliability_of
from tests.policy_bundles import RELIABILITY

PROVENANCE = {"evaluation": {"confidence": RELIABILITY}}


def test_a_confidence_belongs_to_the_band_that_holds_it() -> None:
    known = reliability_of(PROVENANCE)
    assert known is not None
    assert known.model_dump() == RELIABILITY
    lows = {
        confidence: band.low for confidence in (0.0, 0.29, 0.5, 0.69, 0.96, 1.0) if (band := known.band_of(confidence))
    }
    assert lows == {0.0: 0.0, 0.29: 0.0, 0.5: 0.5, 0.69: 0.5, 0.96: 0.95, 1.0: 0.95}
    assert known.band_of(0.4) is None
    assert known.band_of(0.7) is None


@pytest.mark.parametrize("provenance", [{}, {"evaluation": {}}, {"evaluation": "yes"}, {"evaluation": {"stages": {}}}])
def test_a_bundle_need_not_know(provenance: dict[str, Any]) -> None:
    assert reliability_of(provenance) is None


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda told: told.update(bands=[]), "bands"),
        (lambda told: told["bands"][0].update(cheapest_share=1.5), "bands.0.cheapest_share"),
        (lambda told: told.pop("num_decisions"), "num_decisions"),
    ],
)
def test_another_form_is_refused(change: Callable[[dict[str, Any]], object], key: str) -> None:
    told = copy.deepcopy(RELIABILITY)
    change(told)
    with pytest.raises(InputError) as caught:
        reliability_of({"evaluation": {"confidence": told}})
    assert caught.value.key == f"bundle provenance.json evaluation.confidence.{key}"


def test_an_explanation_tells_what_came_of_plans_it_was_as_sure_of(
    service: DecisionService, sound_agent: BundleAgent
) -> None:
    known = reliability_of(PROVENANCE)
    assert known is not None
    seen = 0
    for case in sound_agent.bundle.golden:
        weighed = service.weigh(parse_case(case.document))
        answer = to_json(service.answer(weighed, Mark("a decision", 1.0), 5))
        record = Record(case.document, 5, weighed.choice.heuristic, answer)
        told = Explanation(service, record, record.weighed(service)).answer()
        assert told.confidence is not None
        is_one_of_many = weighed.snapshot.num_plans > 1
        assert told.confidence_seen == (known.band_of(told.confidence) if is_one_of_many else None)
        seen += told.confidence_seen is not None
    assert seen
