"""Rules of the shop for which decisions a person looks at, from a TOML file that a planner can write."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from agents.documents import Document, Name, OrderDocument, field_error
from scenarios.errors import InputError
from scenarios.handling import handling_mask
from serve.orders.known import Known
from serve.orders.parcel import PlannedParcel

MAX_RULES = 100

Names = Annotated[list[Name], Field(min_length=1, max_length=1000)]


class ReviewRule(Document):
    """One rule; all of its conditions must hold, and of a list one is enough."""

    name: Name = Field(description="why a person looks, as the review tells it")
    regions: Names | None = None
    skus: Names | None = Field(None, description="that the order contains")
    handling: Names | None = Field(None, description="that a line or the whole order requires")
    least_units: Annotated[int, Field(ge=1)] | None = Field(None, description="of all lines together")
    warehouses: Names | None = Field(None, description="that a parcel leaves from")
    services: Names | None = Field(None, description="that a parcel goes by")
    least_parcels: Annotated[int, Field(ge=1)] | None = None
    least_late_minutes: Annotated[int, Field(ge=1)] | None = Field(
        None, description="by which a line is quoted after its promise"
    )

    def holds(self, order: OrderDocument, requirements: int, parcels: Sequence[PlannedParcel]) -> bool:
        """Whether it concerns an order and its plan.

        Args:
            order: what is asked for.
            requirements: bits of all that its lines require, be it of the order or of the goods.
            parcels: of the plan; of none, nothing that is said of parcels holds.
        """
        late = max((p.quoted_at - line.promise_at for p in parcels for line in p.lines), default=0)
        return (
            _any(self.regions, [order.region])
            and _any(self.skus, [line.sku for line in order.lines])
            and (self.handling is None or bool(requirements & handling_mask(self.handling)))
            and (self.least_units is None or sum(line.units for line in order.lines) >= self.least_units)
            and _any(self.warehouses, [parcel.warehouse for parcel in parcels])
            and _any(self.services, [parcel.service for parcel in parcels])
            and (self.least_parcels is None or len(parcels) >= self.least_parcels)
            and (self.least_late_minutes is None or late >= 60 * self.least_late_minutes)
        )


class _File(Document):
    rule: Annotated[list[ReviewRule], Field(min_length=1, max_length=MAX_RULES)]


def read_rules(path: Path, known: Known) -> tuple[ReviewRule, ...]:
    """The rules of a file, each a table ``[[rule]]``.

    Raises:
        InputError: the file is not there or not TOML, a key, value or name that is not known, a name given twice, or a
            rule without conditions.
    """
    try:
        found = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).rule
    except OSError as error:
        raise InputError("--review-rules", str(path), "a file that can be read", "correct the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("--review-rules", str(path), f"TOML ({error})", "correct the file") from error
    except ValidationError as error:
        raise field_error(error.errors(include_url=False)[0]) from error
    for i, rule in enumerate(found):
        key = f"rule[{i}]"
        if rule.name in {other.name for other in found[:i]}:
            raise InputError(f"{key}.name", rule.name, "a name of its own", "rename one of the two")
        if rule.model_fields_set == {"name"}:
            raise InputError(key, rule.name, "at least one condition", "say of which orders it holds")
        for name in rule.regions or ():
            known.check(key, region=name)
        for name in rule.skus or ():
            known.check(key, sku=name)
        for name in rule.warehouses or ():
            known.check(key, warehouse=name)
        for name in rule.services or ():
            known.check(key, service=name)
        try:
            handling_mask(rule.handling or ())
        except InputError as error:
            raise InputError(f"{key}.handling", error.value, error.expected, error.remedy) from error
    return tuple(found)


def names_of(
    rules: Sequence[ReviewRule], order: OrderDocument, requirements: int, parcels: Sequence[PlannedParcel]
) -> list[str]:
    """Names of the rules that hold, see ``ReviewRule.holds``."""
    return [rule.name for rule in rules if rule.holds(order, requirements, parcels)]


def _any(wanted: Sequence[str] | None, found: Sequence[str]) -> bool:
    return wanted is None or not set(wanted).isdisjoint(found)
