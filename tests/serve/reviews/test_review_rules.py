"""Rules of the shop for what a person looks at: each condition alone, files that cannot be used, the page's example."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from agents.documents import LineDocument, OrderDocument
from scenarios.errors import InputError
from scenarios.handling import Handling, handling_names
from serve.audit.log import complaints, payload
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.record import find_decision, read_record
from serve.decisions.service import DecisionService
from serve.main import load_desk, main
from serve.monitoring.settings import WatchSettings
from serve.orders.known import Known
from serve.orders.parcel import PlannedLine, PlannedParcel
from serve.reviews.queue import ReviewLimits, list_reviews
from serve.reviews.rules import ReviewRule, names_of, read_rules
from serve.reviews.version import version_of
from serve.storage import tables
from tests.serve.decisions.test_desk import ask, order_of

Request = Callable[..., dict[str, Any]]

ORDER = OrderDocument(
    id="o",
    region="north",
    promise_at="2026-01-01T00:00:00Z",
    lines=[LineDocument(sku="A", units=2), LineDocument(sku="B", units=1)],
)
PARCEL = PlannedParcel(
    "p", "hub", "saver", "queued", (PlannedLine(0, "A", 2, 1000),), None, None, 500, None, 60, 1000 + 3600, 30, 0
)
REQUIREMENTS = int(Handling.COLD | Handling.GIFT)
PARCELS = [PARCEL, replace(PARCEL, warehouse="south hub", service="express")]


@pytest.mark.parametrize(
    ("condition", "holds", "does_not"),
    [
        ("regions", ["south", "north"], ["south"]),
        ("skus", ["B"], ["C"]),
        ("handling", ["cold"], ["bulky"]),
        ("handling", ["bulky", "gift"], ["hazardous"]),
        ("least_units", 3, 4),
        ("warehouses", ["south hub"], ["nowhere"]),
        ("services", ["saver"], ["drone"]),
        ("least_parcels", 2, 3),
        ("least_late_minutes", 60, 61),
    ],
)
def test_a_condition_holds_or_does_not(condition: str, holds: Any, does_not: Any) -> None:
    yes = ReviewRule.model_validate({"name": "yes", condition: holds})
    no = ReviewRule.model_validate({"name": "no", condition: does_not})
    assert names_of([no, yes], ORDER, REQUIREMENTS, PARCELS) == ["yes"]
    both = ReviewRule.model_validate({"name": "both", condition: holds, "least_units": 4})
    assert names_of([both], ORDER, REQUIREMENTS, PARCELS) == []  # all conditions must hold
    is_of_parcels = condition in ("warehouses", "services", "least_parcels", "least_late_minutes")
    assert names_of([yes], ORDER, REQUIREMENTS, []) == ([] if is_of_parcels else ["yes"])


def test_what_a_rule_holds_of_is_looked_at(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    rules = (
        ReviewRule(name="this region", regions=[order["region"]]),
        ReviewRule(name="many parcels", least_parcels=30),
        ReviewRule(name="its goods", skus=[order["lines"][0]["sku"]]),
    )
    settings = DeskSettings(is_request_clock=True, review=ReviewLimits(rules=rules))
    answer = ask(Desk(desk.service, desk.database, desk.known, settings), order)
    with desk.database.reading() as tx:
        (review,) = list_reviews(tx, "open", 0, 9)
    assert (review.reasons, review.detail, review.decision_id) == (
        ["rule"],
        "this region; its goods",
        answer["decision_id"],
    )


def test_an_auditor_finds_the_rules_by_which_an_order_was_put_into_the_queue(desk: Desk, make_request: Request) -> None:
    """Its answer names their version, and a row of the audit log has them; replays are the same under other rules."""
    order = order_of(make_request, "one")
    review = ReviewLimits(least_margin_millicents=5, rules=(ReviewRule(name="this region", regions=[order["region"]]),))
    settings = DeskSettings(is_request_clock=True, review=review, watch=WatchSettings(opens_reviews=True))
    ruled = load_desk(desk.service, desk.database, settings)
    answer, plain = ask(ruled, order), ask(desk, {**order, "id": "two"})
    asked = ask(ruled, {**order, "id": "three"}, snapshot=make_request()["snapshot"])
    assert not any("review_rules" in told for told in (plain, asked))  # none, or not asked
    row, version = tables.audit.c, answer["review_rules"]
    with desk.database.reading() as tx:
        told = tx.execute(select(row.writer, row.seq).where(row.kind == "review_rules", row.subject == version))
        ((writer, seq),) = told.all()
        content = payload(tx, writer, seq)
        record = read_record(tx, find_decision(tx, answer["decision_id"]))
        assert record.replay(desk.service).is_same
        assert list(complaints(tx)) == []
    assert content is not None
    assert hashlib.sha256(content).hexdigest() == version
    assert json.loads(content) == {
        "least_confidence": 0.0,
        "least_margin_millicents": 5,
        "rules": [{"name": "this region", "regions": [order["region"]]}],
        "drift": True,
        "too_old_seconds": None,
    }


def test_a_version_is_of_what_is_asked_for_and_nothing_else() -> None:
    rule, other = ReviewRule(name="a", least_units=2), ReviewRule(name="a", least_units=3)
    limits = [
        ReviewLimits(),
        ReviewLimits(least_confidence=0.5),
        ReviewLimits(least_margin_millicents=0),
        ReviewLimits(rules=(rule,)),
        ReviewLimits(rules=(other,)),
        ReviewLimits(rules=(rule, other)),
    ]
    found = [version_of(*case) for case in itertools.product(limits, (False, True), (None, 600, 1200))]
    assert len(set(found)) == len(found)
    assert found[0] is None
    assert version_of(ReviewLimits(seconds=5), False, None) is None
    assert version_of(ReviewLimits(seconds=5, rules=(rule,)), False, None) == version_of(limits[3], False, None)


def test_goods_that_require_handling_by_themselves_are_looked_at(desk: Desk, make_request: Request) -> None:
    masks = desk.known.network(desk.known.epoch).skus["requirements"].tolist()
    sku, names = next((desk.known.names.skus[i], handling_names(mask)) for i, mask in enumerate(masks) if mask)
    order = order_of(make_request, "one")
    order["lines"] = [{"sku": sku, "units": 1}]
    review = ReviewLimits(rules=(ReviewRule(name="careful", handling=names[:1]),))
    careful = Desk(desk.service, desk.database, desk.known, DeskSettings(is_request_clock=True, review=review))
    ask(careful, order)
    with desk.database.reading() as tx:
        assert [row.detail for row in list_reviews(tx, "open", 0, 9) if row.reasons == ["rule"]] == ["careful"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("rule = 3", "rule"),
        ("", "rule"),
        ("not toml", "--review-rules"),
        ("[[rule]]\nname = 'x'", "rule[0]"),
        ("[[rule]]\nleast_units = 1", "rule[0].name"),
        ("[[rule]]\nname = 'x'\nleast_units = 0", "rule[0].least_units"),
        ("[[rule]]\nname = 'x'\nskus = []", "rule[0].skus"),
        ("[[rule]]\nname = 'x'\ncolour = 'red'", "rule[0].colour"),
        ("[[rule]]\nname = 'x'\nregions = ['nowhere']", "rule[0].region"),
        ("[[rule]]\nname = 'x'\nskus = ['nothing']", "rule[0].sku"),
        ("[[rule]]\nname = 'x'\nwarehouses = ['nowhere']", "rule[0].warehouse"),
        ("[[rule]]\nname = 'x'\nservices = ['drone']", "rule[0].service"),
        ("[[rule]]\nname = 'x'\nhandling = ['loud']", "rule[0].handling"),
        ("[[rule]]\nname = 'x'\nleast_units = 1\n[[rule]]\nname = 'x'\nleast_units = 2", "rule[1].name"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(text: str, key: str, tmp_path: Path, service: DecisionService) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as found:
        read_rules(path, Known(service.reader.public))
    assert found.value.key == key


def test_a_file_of_rules_that_is_not_there(sound_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--review-rules"):
        main(["--bundle", str(sound_bundle), "--review-rules", str(tmp_path / "none.toml")])


def test_the_rules_of_the_page_can_be_read(
    repository: Path, tmp_path: Path, sound_bundle: Path, service: DecisionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = re.search(r"```toml\n(.*?)```", (repository / "docs/serving.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found
    region = service.reader.public.names.regions[0]
    path = tmp_path / "rules.toml"
    path.write_text(found[1].replace("south", region, 2).replace(f"far {region}", "far south"), encoding="utf-8")
    settings: list[DeskSettings] = []
    monkeypatch.setattr("serve.main._serve", lambda *others: settings.append(others[2].keywords["settings"]))
    assert main(["--bundle", str(sound_bundle), "--review-rules", str(path)]) == 0
    assert settings[0].review.rules == read_rules(path, Known(service.reader.public))
    assert [rule.name for rule in settings[0].review.rules] == ["gifts in two parcels", "far south, late"]
