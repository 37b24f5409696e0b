"""What an experiment is to be: units, share, what is measured, and what ends it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agents.documents import Document, Money, Name
from scenarios.errors import InputError
from serve.trials.assignment import Assignment, UnitKind
from serve.trials.exploring import Exploration
from serve.trials.metric import MetricName
from serve.web.path_names import check_last_word

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="of a bundle, as loading it told")]


_BOTH = ("more than 0 with explore_share, else 0", "correct one of them")


class Guardrail(Document):
    """A limit that the treatment must not be beyond; that it is has to be beyond doubt."""

    metric: MetricName
    limit: Annotated[float, Field(description="in the unit of the metric")]
    of: Literal["difference", "treatment"] = Field(
        "difference", description="what is limited: treatment less control, or the treatment alone"
    )


class Design(Document):
    """An experiment as it was created; nothing of it changes later."""

    name: Annotated[Name, Field(description="its id from now on")]
    treatment: Sha256
    unit: UnitKind = Field("order", description="what an arm is drawn for: block and region_block are switchbacks")
    block_minutes: Annotated[int, Field(ge=0, le=43_200)] = Field(
        0, description="length of a block; of a customer, from the first order on, the time whose orders count"
    )
    washout_minutes: Annotated[int, Field(ge=0, le=43_200)] = Field(
        0, description="at the start of a block, whose orders are decided and not counted"
    )
    share: Annotated[float, Field(gt=0, lt=1, description="of the units that fall to the treatment")] = 0.5
    guardrails: list[Guardrail] = Field([], max_length=20)
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = Field(0.05, description="probability that an interval is ever wrong")
    planned_units: Annotated[int, Field(ge=30, le=100_000_000)] = Field(
        200, description="units at which intervals are to be tightest"
    )

    explore_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="of the orders that get a plan drawn among those nearly as good as the policy's"
    )
    explore_margin_millicents: Money = Field(
        0, description="what is nearly as good: a weighted score not worse by more"
    )

    def check(self) -> None:
        """Refuses what does not fit together.

        Raises:
            InputError: always then.
        """
        check_last_word("name", self.name, "estimate")
        if (self.unit == "order") != (self.block_minutes == 0):
            expected = "0 for unit order, minutes for others"
            raise InputError("block_minutes", self.block_minutes, expected, "correct unit or block_minutes")
        if self.washout_minutes and not self.is_of_blocks:
            raise InputError("washout_minutes", self.washout_minutes, f"0 for unit {self.unit}", "leave it out")
        if (self.explore_share == 0) != (self.explore_margin_millicents == 0):
            raise InputError("explore_margin_millicents", self.explore_margin_millicents, *_BOTH)
        if self.washout_minutes and self.washout_minutes >= self.block_minutes:
            raise InputError("washout_minutes", self.washout_minutes, "less than block_minutes", "correct one of them")

    @property
    def is_of_blocks(self) -> bool:
        """Whether arms are drawn for blocks of time, with all orders in them."""
        return self.unit in ("block", "region_block")

    def assignment(self, salt: str) -> Assignment:
        """How units fall to the arms."""
        return Assignment(salt, self.share, self.unit, 60 * self.block_minutes)

    def exploration(self, salt: str) -> Exploration | None:
        """How plans are drawn; None if they are not."""
        if not self.explore_share:
            return None
        return Exploration(salt, self.explore_share, self.explore_margin_millicents)

    def is_counted(self, at: int) -> bool:
        """Whether an order that comes at ``at`` (UTC seconds) is beyond the washout of its block."""
        return not self.washout_minutes or at % (60 * self.block_minutes) >= 60 * self.washout_minutes
