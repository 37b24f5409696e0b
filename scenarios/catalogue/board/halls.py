"""How parcels are picked in the warehouses of the board's scenarios."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.catalogue.board.ring import Ring
from scenarios.money import millicents
from scenarios.quantiles import unit_lognormal
from scenarios.warehouse import ALL_WEEK, Shift, Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """The same in all warehouses of a ring; the number of stations is the site's.

    Attributes:
        opens: ``HH:MM``, every day.
        closes: the same.
        parcel_seconds: expected pick of a parcel without its lines.
        line_seconds: on top, for each line.
        sigma: of the real over the expected pick time.
        parcel_cost: handling, currency units.
        line_cost: the same.
    """

    opens: str = "06:00"
    closes: str = "22:00"
    parcel_seconds: int
    line_seconds: int
    sigma: float = 0.4
    parcel_cost: float = 0.45
    line_cost: float = 0.20

    def warehouses(self, ring: Ring) -> tuple[Warehouse, ...]:
        """One a site."""
        return tuple(
            Warehouse(
                name=site.name,
                latitude=ring.place(position)[0],
                longitude=ring.place(position)[1],
                num_stations=site.num_stations,
                shifts=(Shift(ALL_WEEK, self.opens, self.closes),),
                parcel_millicents=millicents(self.parcel_cost),
                line_millicents=millicents(self.line_cost),
                pick_parcel_seconds=self.parcel_seconds,
                pick_line_seconds=self.line_seconds,
                pick_factor=unit_lognormal(self.sigma),
            )
            for position, site in enumerate(ring.sites)
        )
